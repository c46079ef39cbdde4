//! Where the picture and the model's input lie on each other, along one axis.

use super::{Fit, PreprocessingError};

/// One axis of a resize: the source is resized to `resized` pixels, of which `first..first +
/// length` land in the input at `offset..offset + length`. What the input has beyond that is
/// padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placement {
    pub(super) resized: usize,
    pub(super) first: usize,
    pub(super) offset: usize,
    pub(super) length: usize,
}

impl Fit {
    /// A crop of this scale.
    ///
    /// # Errors
    /// When `scale` is not from 1 to [`Fit::MAX_SCALE`].
    pub fn crop(scale: f64) -> Result<Self, PreprocessingError> {
        if (1.0..=Self::MAX_SCALE).contains(&scale) {
            Ok(Self::Crop { scale })
        } else {
            Err(PreprocessingError::Scale { scale })
        }
    }

    /// Places a source of `[height, width]` in an input of `[height, width]`; all at least one.
    pub(super) fn place(self, source: [usize; 2], input: [usize; 2]) -> [Placement; 2] {
        match self {
            Self::Stretch => input.map(|length| Placement {
                resized: length,
                first: 0,
                offset: 0,
                length,
            }),
            Self::Crop { scale } => {
                let factor = |axis: usize| scale * input[axis] as f64 / source[axis] as f64;
                let factor = factor(0).max(factor(1));
                [0, 1].map(|axis| {
                    // Fields of `Fit` are public: a scale below one must not reach outside.
                    let resized = (factor * source[axis] as f64).round() as usize;
                    let resized = resized.max(input[axis]);
                    Placement {
                        resized,
                        first: (resized - input[axis]) / 2,
                        offset: 0,
                        length: input[axis],
                    }
                })
            }
            Self::Pad => [0, 1].map(|axis| {
                // The axis whose factor is smaller decides; fractions as numerator / divisor.
                let product = |a: usize, b: usize| a as u128 * b as u128;
                let limiting = if product(input[0], source[1]) <= product(input[1], source[0]) {
                    0
                } else {
                    1
                };
                let divisor = source[limiting] as u128;
                let resized = product(source[axis], input[limiting]);
                let margin = product(input[axis], source[limiting]).saturating_sub(resized);
                let length = ((resized / divisor) as usize).clamp(1, input[axis]);
                let offset = (margin / (2 * divisor)) as usize;
                Placement {
                    resized: length,
                    first: 0,
                    offset: offset.min(input[axis] - length),
                    length,
                }
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placement(resized: usize, first: usize, offset: usize, length: usize) -> Placement {
        Placement {
            resized,
            first,
            offset,
            length,
        }
    }

    #[test]
    fn places_the_picture() {
        let check = |fit: Fit, source, input, expected: [Placement; 2]| {
            assert_eq!(fit.place(source, input), expected, "{fit:?} {source:?}");
        };
        let crop = Fit::default();
        check(
            crop,
            [300, 400],
            [224, 224],
            [placement(256, 16, 0, 224), placement(341, 58, 0, 224)],
        );
        // Above 256 pixels, where a fixed offset leaves the picture.
        check(
            crop,
            [300, 300],
            [320, 320],
            [placement(366, 23, 0, 320); 2],
        );
        // The axis that needs the larger factor decides when the input is not square.
        check(
            Fit::Crop { scale: 1.0 },
            [100, 100],
            [50, 200],
            [placement(200, 75, 0, 50), placement(200, 0, 0, 200)],
        );
        check(
            Fit::Stretch,
            [7, 900],
            [96, 64],
            [placement(96, 0, 0, 96), placement(64, 0, 0, 64)],
        );
        check(
            Fit::Pad,
            [30, 40],
            [20, 20],
            [placement(15, 0, 2, 15), placement(20, 0, 0, 20)],
        );
        check(
            Fit::Pad,
            [40, 30],
            [10, 10],
            [placement(10, 0, 0, 10), placement(7, 0, 1, 7)],
        );
        // A picture so narrow that nothing would be left keeps one pixel.
        check(
            Fit::Pad,
            [32_768, 1],
            [4, 4],
            [placement(4, 0, 0, 4), placement(1, 0, 1, 1)],
        );
    }

    #[test]
    fn a_crop_lies_inside_whatever_the_sizes() {
        for scale in [1.0, 256.0 / 224.0, 1.5, 16.0] {
            for side in [1, 2, 31, 224, 331, 1024] {
                for source in [[1, 1], [1, 32_768], [32_768, 3], [223, 225]] {
                    for place in (Fit::Crop { scale }).place(source, [side, side]) {
                        assert!(place.first + place.length <= place.resized);
                        assert_eq!(place.length, side);
                    }
                }
            }
        }
    }

    #[test]
    fn scales_are_bounded() {
        for scale in [0.99, 0.0, -1.0, 16.1, f64::NAN, f64::INFINITY] {
            assert!(Fit::crop(scale).is_err(), "{scale}");
        }
        assert_eq!(Fit::crop(1.0), Ok(Fit::Crop { scale: 1.0 }));
    }
}
