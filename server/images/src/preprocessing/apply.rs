use super::resample::resample;
use super::{Interpolation, Preprocessing, PreprocessingError, Preset, Resize};
use crate::DecodedImage;

impl Preprocessing {
    /// The largest side of a model's input, in pixels.
    pub const MAX_SIDE: usize = 4096;

    /// The preset that this is, if it is one.
    pub fn preset(&self) -> Option<Preset> {
        Preset::ALL
            .into_iter()
            .find(|&preset| *self == Self::from(preset))
    }

    /// Whether this suits a model whose input is `[1, height, width, channels]`; with this one
    /// call before a job, no picture fails later.
    ///
    /// # Errors
    /// For sides beyond [`Preprocessing::MAX_SIDE`], channels other than 1 or 3, and a
    /// normalization that lists another number of channels.
    pub fn check_input(&self, size: [usize; 2], channels: usize) -> Result<(), PreprocessingError> {
        let [height, width] = size;
        let possible = 1..=Self::MAX_SIDE;
        if !possible.contains(&height) || !possible.contains(&width) {
            return Err(PreprocessingError::Size { height, width });
        }
        if !matches!(channels, 1 | 3) {
            return Err(PreprocessingError::Channels { channels });
        }
        self.normalization.check_channels(channels)
    }

    /// The model's input for a picture: `[height, width, channels]` values, channels last.
    ///
    /// `size` is `[height, width]`. With one channel a colour picture becomes grey first; with
    /// three a grey one is repeated.
    ///
    /// # Errors
    /// As [`Preprocessing::check_input`].
    pub fn apply(
        &self,
        image: &DecodedImage,
        size: [usize; 2],
        channels: usize,
    ) -> Result<Vec<f32>, PreprocessingError> {
        self.check_input(size, channels)?;
        let mut values = vec![0.0; size[0] * size[1] * channels];
        self.apply_into(image, size, channels, &mut values)?;
        Ok(values)
    }

    /// As [`Preprocessing::apply`], into a buffer of `height * width * channels` values.
    ///
    /// # Errors
    /// As [`Preprocessing::check_input`], and when the buffer has another length.
    pub fn apply_into(
        &self,
        image: &DecodedImage,
        size: [usize; 2],
        channels: usize,
        values: &mut [f32],
    ) -> Result<(), PreprocessingError> {
        self.check_input(size, channels)?;
        let expected = size[0] * size[1] * channels;
        if values.len() != expected {
            return Err(PreprocessingError::BufferLength {
                actual: values.len(),
                expected,
            });
        }
        values.fill(0.0);
        if channels == 1 {
            resample::<1>(image, &self.resize, size, values);
        } else {
            resample::<3>(image, &self.resize, size, values);
        }
        self.normalization
            .apply(values, channels, self.channel_order);
        Ok(())
    }
}

impl Resize {
    /// Whether every pass rounds to whole grey levels, as Pillow's filters do.
    pub(super) fn rounds(&self) -> bool {
        let filters = matches!(
            self.interpolation,
            Interpolation::Bilinear | Interpolation::Bicubic
        );
        self.antialias && filters
    }
}
