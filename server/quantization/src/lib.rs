//! Post-training quantization: which calibration images to use, what to remember of the float
//! model's activations, and how to turn graph and statistics into an int8 model that obeys
//! TFLite's quantization specification.
//!
//! Activations get one power-of-two threshold a tensor, chosen by the mean squared error on a
//! histogram; kernels get one symmetric threshold an output channel, chosen by the mean squared
//! error on the weights, which counts by how much the values vary that a weight is multiplied with;
//! biases are corrected for the mean shift that rounding the weights causes
//! (the method of Sony's Model Compression Toolkit; HPTQ, arXiv 2109.09113).

mod activations;
mod assignment;
mod bias;
mod centering;
mod channels;
mod equalization;
mod found;
mod histogram;
mod layer;
mod options;
mod parameters;
mod precision;
mod quantize;
mod quantizer;
mod reconstruction;
mod rounding;
mod sampling;
mod search;
mod second_moment;
mod shift_negative;
mod statistics;
mod storage;
mod sums;
mod weights;

pub use activations::{ActivationRange, activation_range};
pub use centering::{center_channels, channel_centers};
pub use channels::ChannelMoments;
pub use equalization::{ChannelScales, channel_scales, scale_channels};
pub use found::FoundThresholds;
pub use histogram::Histogram;
pub use layer::{LayerChanges, LayerSettings, OperatorRule};
pub use options::{
    ActivationMethod, ActivationSettings, ErrorMethod, InputType, Options, Precision, SumScales,
    WeightMethod, WeightSettings,
};
pub use parameters::ActivationParameters;
pub use quantize::{QuantizationError, QuantizedModel, quantize};
pub use reconstruction::{LayerStudy, Reconstruction, Replacement, Rows};
pub use rounding::{PatchMoments, PatchSampler, Patches};
pub use sampling::{Sample, draw_samples};
pub use second_moment::MomentProbe;
pub use shift_negative::{NegativeTail, negative_tails};
pub use statistics::{
    NonFinite, Observation, Observer, Statistics, TensorStatistics, moves_values, observations,
};
pub use sums::is_sum;
pub use tflite::has_int16_kernel;

#[cfg(test)]
mod tests;
