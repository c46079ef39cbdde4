//! From decoded pixels to the values a model reads, as data rather than code.

mod apply;
mod describe;
mod fields;
mod geometry;
mod kernel;
mod normalization;
mod preset;
mod resample;

use localization::Message;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use normalization::{Normalization, PerChannel};
pub use preset::Preset;
pub(crate) use resample::shrink;

/// How a picture becomes a model's input: resize, order of the channels, normalization, in that
/// order.
///
/// Written in `configuration.json` as the name of a [`Preset`] or as an object with the keys
/// `resize`, `normalization` and `channel_order`; a key left out is as in `mobilenet`, which is
/// also the [`Default`].
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "fields::Written", into = "fields::Written")]
pub struct Preprocessing {
    /// How the picture is brought to the model's size.
    pub resize: Resize,
    /// What is done to each value after resizing.
    pub normalization: Normalization,
    /// Order of the three channels in the model's input; one-channel models have none.
    pub channel_order: ChannelOrder,
}

/// How a picture is brought to the model's size.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "fields::ResizeFields", into = "fields::ResizeFields")]
pub struct Resize {
    /// What happens when the picture's proportions are not the input's.
    pub fit: Fit,
    /// How values between pixels are found.
    pub interpolation: Interpolation,
    /// `false`: only the nearest pixels count, as OpenCV's `INTER_LINEAR` and `tf.image.resize`
    /// do, and results are not rounded. `true`: the filter grows with the reduction and every
    /// pass rounds to whole grey levels, as Pillow's `Image.resize`. Without effect for
    /// [`Interpolation::Nearest`] and [`Interpolation::Area`].
    pub antialias: bool,
}

/// What happens when the picture's proportions are not the input's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fit {
    /// Keeps the proportions: both sides are multiplied by the one factor that makes the picture
    /// cover `scale` times the input (for a square input: that makes the shorter side
    /// `scale` times the input's side) and rounded; then the centre is cut out, the offset
    /// rounded down.
    Crop {
        /// From 1 (nothing is lost along the shorter side) to [`Fit::MAX_SCALE`].
        scale: f64,
    },
    /// Exactly to the input's size; proportions are lost.
    Stretch,
    /// Keeps the proportions: the whole picture, as large as fits, in the centre, with black
    /// around it, as `tf.image.resize_with_pad`. The black is normalized like any other pixel.
    Pad,
}

impl Fit {
    /// The largest scale of [`Fit::Crop`]: a sixteenth of each side remains.
    pub const MAX_SCALE: f64 = 16.0;

    /// The presets' scale: of 256 pixels the 224 in the centre.
    pub const DEFAULT_SCALE: f64 = 256.0 / 224.0;
}

/// How values between pixels are found. Pixel centres lie at halves in all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Interpolation {
    /// The pixel that the centre falls into.
    Nearest,
    /// Linear between neighbours; with `antialias` the triangle filter.
    #[default]
    Bilinear,
    /// Keys' cubic convolution with a = -0.5, as Pillow and `tf.image.resize` have it (OpenCV
    /// takes -0.75).
    Bicubic,
    /// Mean over the area that an output pixel covers, as `tf.image.resize` and, when reducing,
    /// OpenCV's `INTER_AREA`.
    Area,
}

/// Order of the three channels in the model's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelOrder {
    /// Red, green, blue.
    #[default]
    Rgb,
    /// Blue, green, red, as OpenCV and models converted from Caffe have it.
    Bgr,
}

/// Why a preprocessing is not possible or does not suit a model.
#[derive(Debug, Clone, PartialEq, Error, Message)]
#[non_exhaustive]
pub enum PreprocessingError {
    /// No preset has this name.
    #[error(
        "there is no preprocessing preset \"{name}\"; the presets are {presets}",
        presets = Preset::names().join(", ")
    )]
    UnknownPreset {
        /// The name.
        name: String,
    },
    /// A crop scale below one, above [`Fit::MAX_SCALE`] or not finite.
    #[error("resize.scale is {scale}; it must be from 1 to {most}", most = Fit::MAX_SCALE)]
    Scale {
        /// The scale.
        scale: f64,
    },
    /// A scale with a fit that has none.
    #[error("resize.scale has a meaning only with fit \"crop\"; remove it")]
    ScaleWithoutCrop,
    /// A mean that is not a number or too large.
    #[error("normalization.mean contains {value}; it must be from -1000000 to 1000000")]
    Mean {
        /// The value.
        value: f64,
    },
    /// A standard deviation that is not above zero, or too small or too large.
    #[error("normalization.std contains {value}; it must be above 0, from 0.000001 to 1000000")]
    StandardDeviation {
        /// The value.
        value: f64,
    },
    /// A list with neither one nor three values.
    #[error(
        "normalization.{key} lists {count} values; give one number, or one for each of the model's 1 or 3 channels"
    )]
    ListLength {
        /// `mean` or `std`.
        key: &'static str,
        /// How many values there are.
        count: usize,
    },
    /// Values per channel for another number of channels than the model has.
    #[error(
        "normalization.{key} lists {count} values, but the model's input has {channels} channel(s); give one number or {channels}"
    )]
    ChannelMismatch {
        /// `mean` or `std`.
        key: &'static str,
        /// How many values there are.
        count: usize,
        /// How many channels the model has.
        channels: usize,
    },
    /// The model's input is neither grey nor in colour.
    #[error("the model's input has {channels} channels; pictures have 1 or 3")]
    Channels {
        /// How many channels the model has.
        channels: usize,
    },
    /// A model input with a side of zero or beyond [`Preprocessing::MAX_SIDE`].
    #[error(
        "the model's input is {height} x {width} pixels; sides from 1 to {most} are possible",
        most = Preprocessing::MAX_SIDE
    )]
    Size {
        /// Height in pixels.
        height: usize,
        /// Width in pixels.
        width: usize,
    },
    /// A buffer that is not `height * width * channels` long.
    #[error("the buffer has room for {actual} values, but the model's input has {expected}")]
    BufferLength {
        /// Values that the buffer takes.
        actual: usize,
        /// Values that the input has.
        expected: usize,
    },
}
