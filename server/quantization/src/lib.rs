//! Post-training quantization: which calibration images to use, what to remember of the float
//! model's activations, and how to turn graph and statistics into an int8 model that obeys
//! TFLite's quantization specification.
//!
//! Activations get one power-of-two threshold a tensor, chosen by the mean squared error on a
//! histogram; kernels get one symmetric threshold an output channel, chosen by the mean squared
//! error on the weights, which counts by how much the values vary that a weight is multiplied with;
//! biases are corrected for the mean shift that rounding the weights causes
//! (the method of Sony's Model Compression Toolkit; HPTQ, arXiv 2109.09113).

#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

mod activations;
mod assignment;
mod bias;
mod centering;
mod descent;
mod equalization;
mod error;
mod found;
mod histogram;
mod model;
mod operators;
mod options;
mod parameters;
mod patches;
mod quantize;
mod quantizer;
mod reconstruction;
mod rounding;
mod sampling;
mod search;
mod second_moment;
mod statistics;
mod storage;
mod threads;
mod weights;

pub use assignment::{NegativeTail, is_sum, negative_tails};
pub use centering::{center_channels, channel_centers};
pub use equalization::{ChannelScales, channel_scales, scale_channels};
pub use error::QuantizationError;
pub use found::FoundThresholds;
pub use histogram::Histogram;
pub use model::QuantizedModel;
pub use operators::{moves_values, needs_float};
pub use options::{
    ActivationMethod, ActivationSettings, ErrorMethod, InputType, LayerChanges, LayerSettings,
    OperatorRule, Options, Precision, SumScales, WeightMethod, WeightSettings,
};
pub use parameters::ActivationParameters;
pub use quantize::{check_operators, quantize, without_int8_kernel};
pub use reconstruction::{LayerStudy, Reconstruction, Replacement, Rows};
pub use rounding::{PatchMoments, PatchSampler, Patches};
pub use sampling::{Sample, draw_samples};
pub use second_moment::MomentProbe;
pub use statistics::{
    ChannelMoments, NonFinite, Observation, Observer, Statistics, TensorStatistics, observations,
};
pub use tflite::has_int16_kernel;

#[cfg(test)]
mod tests;
