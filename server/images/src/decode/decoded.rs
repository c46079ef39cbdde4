/// Decoded pixels: 8 bits a channel, rows from the top, channels interleaved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedImage {
    width: usize,
    height: usize,
    channels: usize,
    pixels: Vec<u8>,
    exif_orientation: u8,
}

impl DecodedImage {
    /// An image from its pixels, `height * width * channels` of them; `channels` is 1 (grey) or
    /// 3 (RGB). `None` when the numbers do not fit each other or a side is zero.
    pub fn new(width: usize, height: usize, channels: usize, pixels: Vec<u8>) -> Option<Self> {
        let expected = width.checked_mul(height)?.checked_mul(channels)?;
        let fits = pixels.len() == expected && expected > 0 && matches!(channels, 1 | 3);
        fits.then_some(Self {
            width,
            height,
            channels,
            pixels,
            exif_orientation: 1,
        })
    }

    pub(super) fn with_exif_orientation(self, exif_orientation: u8) -> Self {
        Self {
            exif_orientation,
            ..self
        }
    }

    /// Width in pixels, at least one.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels, at least one.
    pub fn height(&self) -> usize {
        self.height
    }

    /// 1 for grey, 3 for RGB.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The pixels: `[height, width, channels]`, row by row.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// How the file says that the picture is to be turned for showing (EXIF 2.32, tag 0x0112):
    /// 1 as it is, 2 to 8 mirrored or turned. The pixels here are not turned.
    pub fn exif_orientation(&self) -> u8 {
        self.exif_orientation
    }

    /// Whether a viewer would show the picture mirrored or turned against these pixels.
    pub fn is_reoriented_by_exif(&self) -> bool {
        self.exif_orientation != 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_must_fit_the_size() {
        let check = |width, height, channels, pixels: usize, fits: bool| {
            let image = DecodedImage::new(width, height, channels, vec![0; pixels]);
            assert_eq!(image.is_some(), fits, "{width} x {height} x {channels}");
        };
        check(2, 3, 3, 18, true);
        check(2, 3, 1, 6, true);
        check(2, 3, 3, 17, false);
        check(2, 3, 4, 24, false);
        check(0, 3, 3, 0, false);
        check(usize::MAX, 2, 3, 6, false);
    }
}
