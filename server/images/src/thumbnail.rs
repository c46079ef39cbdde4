use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;

use crate::DecodedImage;
use crate::preprocessing::shrink;

/// Enough for a picture of a hundred pixels to be recognized.
const QUALITY: u8 = 80;

/// A small copy of a picture as a JPEG file. Nothing of the original file is in it but pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumbnail {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// The file, some kilobytes.
    pub jpeg: Vec<u8>,
}

impl DecodedImage {
    /// The picture made small enough to fit a square of `side` pixels; one that fits already keeps
    /// its size. `None` when the encoder refuses it, which it does for no picture within the limits
    /// of a decoder.
    pub fn thumbnail(&self, side: usize) -> Option<Thumbnail> {
        let longest = self.width().max(self.height());
        let scaled = |length: usize| match longest <= side {
            true => length,
            // Rounded; a thin picture keeps one pixel.
            false => ((length * side + longest / 2) / longest).max(1),
        };
        let (width, height) = (scaled(self.width()), scaled(self.height()));
        let levels = shrink(self, [height, width]);
        // A conversion to u8 keeps within 0 and 255.
        let pixels: Vec<u8> = levels.iter().map(|level| (level + 0.5) as u8).collect();
        let color = match self.channels() {
            1 => ExtendedColorType::L8,
            _ => ExtendedColorType::Rgb8,
        };
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
            .encode(
                &pixels,
                width.try_into().ok()?,
                height.try_into().ok()?,
                color,
            )
            .ok()?;
        Some(Thumbnail {
            width,
            height,
            jpeg,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{DecodeLimits, decode_bytes};

    #[track_caller]
    fn check(width: usize, height: usize, channels: usize, expected: [usize; 2]) {
        let pixels = (0..width * height * channels)
            .map(|index| (index.wrapping_mul(2_654_435_761) >> 7) as u8)
            .collect();
        let image = DecodedImage::new(width, height, channels, pixels).unwrap();
        let thumbnail = image.thumbnail(96).unwrap();
        assert_eq!([thumbnail.width, thumbnail.height], expected);
        // Noise is what JPEG compresses worst.
        assert!(thumbnail.jpeg.len() < 24_000, "{}", thumbnail.jpeg.len());
        let limits = DecodeLimits::default();
        let again = decode_bytes(&thumbnail.jpeg, Path::new("thumbnail"), &limits).unwrap();
        assert_eq!([again.width(), again.height()], expected);
        assert_eq!(again.channels(), channels);
    }

    #[test]
    fn the_longer_side_decides() {
        check(400, 300, 3, [96, 72]);
        check(300, 400, 1, [72, 96]);
        check(96, 96, 3, [96, 96]);
        check(32, 20, 3, [32, 20]);
        check(5_000, 1, 3, [96, 1]);
    }

    #[test]
    fn colours_stay() {
        let pixels = [200, 40, 90].repeat(500 * 500);
        let image = DecodedImage::new(500, 500, 3, pixels).unwrap();
        let jpeg = image.thumbnail(96).unwrap().jpeg;
        let again = decode_bytes(&jpeg, Path::new("x"), &DecodeLimits::default()).unwrap();
        for (level, expected) in again.pixels().iter().zip([200u8, 40, 90].iter().cycle()) {
            assert!(level.abs_diff(*expected) <= 3, "{level} for {expected}");
        }
    }
}
