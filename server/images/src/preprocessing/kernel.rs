//! Which source pixels make an output pixel, along one axis, and with which weights.

use super::Interpolation;
use super::geometry::Placement;

/// The source pixels of each output pixel along one axis. Starts and ends never decrease from one
/// output pixel to the next.
#[derive(Debug)]
pub(super) struct Kernel {
    windows: Vec<Window>,
    weights: Vec<f32>,
}

/// Source pixels `start..end` of one output pixel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) start: usize,
    pub(super) end: usize,
    first_weight: usize,
}

impl Kernel {
    /// The kernel for the pixels `placement.first..placement.first + placement.length` of an axis
    /// of `source` pixels resized to `placement.resized`. Weights of pixels beyond the picture are
    /// spread over those inside, as Pillow and TensorFlow do.
    pub(super) fn new(
        source: usize,
        placement: Placement,
        interpolation: Interpolation,
        antialias: bool,
    ) -> Self {
        let step = source as f64 / placement.resized as f64;
        let width = if antialias { step.max(1.0) } else { 1.0 };
        let mut kernel = Self {
            windows: Vec::with_capacity(placement.length),
            weights: Vec::new(),
        };
        for position in placement.first..placement.first + placement.length {
            let (low, high) = (position as f64 * step, (position + 1) as f64 * step);
            let centre = (position as f64 + 0.5) * step;
            // Pixels whose centres lie within the filter's support.
            let around = |support: f64| {
                let reach = support * width - 0.5;
                (centre - reach, centre + reach)
            };
            let distance = |pixel: usize| (pixel as f64 + 0.5 - centre) / width;
            match interpolation {
                Interpolation::Nearest => kernel.push(source, (centre, centre), |_| 1.0),
                Interpolation::Bilinear => {
                    kernel.push(source, around(1.0), |pixel| triangle(distance(pixel)));
                }
                Interpolation::Bicubic => {
                    kernel.push(source, around(2.0), |pixel| cubic(distance(pixel)));
                }
                Interpolation::Area => kernel.push(source, (low, high), |pixel| {
                    let pixel = pixel as f64;
                    (high.min(pixel + 1.0) - low.max(pixel)).max(0.0)
                }),
            }
        }
        kernel
    }

    /// The windows of the output pixels, in order.
    pub(super) fn windows(&self) -> &[Window] {
        &self.windows
    }

    /// The weights of a window's source pixels.
    pub(super) fn weights(&self, window: Window) -> &[f32] {
        let length = window.end - window.start;
        &self.weights[window.first_weight..window.first_weight + length]
    }

    /// Adds a window over the pixels that `low..high` touches, at least one; weights sum to one.
    fn push(&mut self, source: usize, (low, high): (f64, f64), weight: impl Fn(usize) -> f64) {
        let start = (low.floor().max(0.0) as usize).min(source - 1);
        let end = (high.ceil().max(0.0) as usize).clamp(start + 1, source);
        let sum: f64 = (start..end).map(&weight).sum();
        self.windows.push(Window {
            start,
            end,
            first_weight: self.weights.len(),
        });
        self.weights
            .extend((start..end).map(|pixel| (weight(pixel) / sum) as f32));
    }
}

fn triangle(x: f64) -> f64 {
    (1.0 - x.abs()).max(0.0)
}

/// R. G. Keys, "Cubic convolution interpolation for digital image processing" (1981), a = -0.5.
fn cubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocessing::Fit;

    fn kernel(source: usize, length: usize, interpolation: Interpolation, aa: bool) -> Kernel {
        let [placement, _] = Fit::Stretch.place([source, source], [length, length]);
        Kernel::new(source, placement, interpolation, aa)
    }

    #[test]
    fn weights_of_small_cases() {
        let check = |source, length, interpolation, aa, expected: &[(usize, &[f32])]| {
            let kernel = kernel(source, length, interpolation, aa);
            let actual: Vec<(usize, &[f32])> = kernel
                .windows()
                .iter()
                .map(|&window| (window.start, kernel.weights(window)))
                .collect();
            assert_eq!(actual, expected, "{source} -> {length} {interpolation:?}");
        };
        use Interpolation::*;
        check(4, 2, Nearest, false, &[(1, &[1.0]), (3, &[1.0])]);
        check(4, 2, Bilinear, false, &[(0, &[0.5, 0.5]), (2, &[0.5, 0.5])]);
        check(
            2,
            4,
            Bilinear,
            false,
            &[
                (0, &[1.0]),
                (0, &[0.75, 0.25]),
                (0, &[0.25, 0.75]),
                (1, &[1.0]),
            ],
        );
        check(
            4,
            2,
            Bilinear,
            true,
            &[
                (0, &[3.0 / 7.0, 3.0 / 7.0, 1.0 / 7.0]),
                (1, &[1.0 / 7.0, 3.0 / 7.0, 3.0 / 7.0]),
            ],
        );
        check(
            3,
            2,
            Area,
            false,
            &[(0, &[2.0 / 3.0, 1.0 / 3.0]), (1, &[1.0 / 3.0, 2.0 / 3.0])],
        );
    }

    #[test]
    fn windows_advance_and_weights_sum_to_one() {
        use Interpolation::*;
        for interpolation in [Nearest, Bilinear, Bicubic, Area] {
            for antialias in [false, true] {
                for (source, length) in [(1, 1), (1, 97), (640, 1), (333, 224), (50, 640)] {
                    let kernel = kernel(source, length, interpolation, antialias);
                    assert_eq!(kernel.windows().len(), length);
                    assert!(
                        kernel
                            .windows()
                            .is_sorted_by_key(|window| (window.start, window.end))
                    );
                    for &window in kernel.windows() {
                        let sum: f32 = kernel.weights(window).iter().sum();
                        assert!((sum - 1.0).abs() < 1e-4, "{interpolation:?} {source}");
                        assert!(window.end <= source);
                    }
                }
            }
        }
    }
}
