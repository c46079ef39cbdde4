use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::{ChannelOrder, PreprocessingError};

/// A number for all channels, or one for each.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(
    untagged,
    expecting = "expected a number or a list of numbers, one a channel"
)]
pub enum PerChannel {
    /// The same for every channel.
    All(f64),
    /// One a channel, in the order of the model's input.
    Each(Vec<f64>),
}

impl PerChannel {
    /// The values, one or one a channel.
    pub fn values(&self) -> &[f64] {
        match self {
            Self::All(value) => std::slice::from_ref(value),
            Self::Each(values) => values,
        }
    }

    /// Three values, the last ones unused when there are fewer channels.
    fn broadcast(&self) -> [f32; 3] {
        let values = self.values();
        let first = values.first().copied().unwrap_or_default();
        std::array::from_fn(|channel| values.get(channel).copied().unwrap_or(first) as f32)
    }

    fn check_channels(&self, key: &'static str, channels: usize) -> Result<(), PreprocessingError> {
        match self {
            Self::Each(values) if values.len() != channels => {
                Err(PreprocessingError::ChannelMismatch {
                    key,
                    count: values.len(),
                    channels,
                })
            }
            _ => Ok(()),
        }
    }
}

/// `(x - mean) / std` for grey levels x from 0 to 255.
///
/// Values per channel follow the channels as the model reads them, after
/// [`ChannelOrder`] is applied: with `bgr` the first is blue's, as Keras lists its `caffe` means.
/// In `configuration.json` a missing `mean` is 0 and a missing `std` is 1.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "NormalizationFields", into = "NormalizationFields")]
pub struct Normalization {
    mean: PerChannel,
    std: PerChannel,
}

impl Normalization {
    /// Bounds that keep every result finite in 32 bits.
    const MEAN_RANGE: RangeInclusive<f64> = -1e6..=1e6;
    const STD_RANGE: RangeInclusive<f64> = 1e-6..=1e6;

    /// Checks that lists have one or three values, that means are at most a million by amount, and
    /// that standard deviations are from a millionth to a million.
    ///
    /// # Errors
    /// The first value at fault.
    pub fn new(mean: PerChannel, std: PerChannel) -> Result<Self, PreprocessingError> {
        for (key, list) in [("mean", &mean), ("std", &std)] {
            let count = list.values().len();
            if !matches!(count, 1 | 3) {
                return Err(PreprocessingError::ListLength { key, count });
            }
        }
        let outside = |value: &&f64| !Self::MEAN_RANGE.contains(*value);
        if let Some(&value) = mean.values().iter().find(outside) {
            return Err(PreprocessingError::Mean { value });
        }
        let outside = |value: &&f64| !Self::STD_RANGE.contains(*value);
        if let Some(&value) = std.values().iter().find(outside) {
            return Err(PreprocessingError::StandardDeviation { value });
        }
        Ok(Self { mean, std })
    }

    pub(super) fn uniform(mean: f64, std: f64) -> Self {
        Self {
            mean: PerChannel::All(mean),
            std: PerChannel::All(std),
        }
    }

    pub(super) fn per_channel(mean: [f64; 3], std: [f64; 3]) -> Self {
        Self {
            mean: PerChannel::Each(mean.into()),
            std: PerChannel::Each(std.into()),
        }
    }

    /// What is subtracted, in grey levels.
    pub fn mean(&self) -> &PerChannel {
        &self.mean
    }

    /// What the difference is divided by, in grey levels.
    pub fn std(&self) -> &PerChannel {
        &self.std
    }

    pub(super) fn check_channels(&self, channels: usize) -> Result<(), PreprocessingError> {
        self.mean.check_channels("mean", channels)?;
        self.std.check_channels("std", channels)
    }

    /// Normalizes values `[pixels, channels]` in place, reordering the channels first.
    pub(super) fn apply(&self, values: &mut [f32], channels: usize, order: ChannelOrder) {
        let (mean, std) = (self.mean.broadcast(), self.std.broadcast());
        if channels == 1 {
            for value in values {
                *value = (*value - mean[0]) / std[0];
            }
            return;
        }
        for pixel in values.as_chunks_mut::<3>().0 {
            if order == ChannelOrder::Bgr {
                pixel.swap(0, 2);
            }
            for ((value, mean), std) in pixel.iter_mut().zip(mean).zip(std) {
                *value = (*value - mean) / std;
            }
        }
    }
}

/// The written form.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct NormalizationFields {
    #[serde(default = "zero")]
    mean: PerChannel,
    #[serde(default = "one")]
    std: PerChannel,
}

fn zero() -> PerChannel {
    PerChannel::All(0.0)
}

fn one() -> PerChannel {
    PerChannel::All(1.0)
}

impl TryFrom<NormalizationFields> for Normalization {
    type Error = PreprocessingError;

    fn try_from(fields: NormalizationFields) -> Result<Self, Self::Error> {
        Self::new(fields.mean, fields.std)
    }
}

impl From<Normalization> for NormalizationFields {
    fn from(normalization: Normalization) -> Self {
        Self {
            mean: normalization.mean().clone(),
            std: normalization.std().clone(),
        }
    }
}
