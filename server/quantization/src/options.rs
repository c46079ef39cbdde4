use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::activations::SMALLEST_THRESHOLD;
use crate::layer::{LayerChanges, OperatorRule};

/// Element type of the int8 model's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InputType {
    /// `uint8` in, `int8` out: what a camera delivers.
    #[default]
    UInt8,
    /// `int8` in and out.
    Int8,
    /// `float32` in and out, converted at the ends.
    Float32,
}

/// In what a layer computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Precision {
    /// 8-bit activations and weights.
    #[default]
    Int8,
    /// 16-bit activations with zero at 0, 8-bit weights, 64-bit biases (TFLite's 16x8).
    Int16,
    /// Nothing is quantized.
    Float,
}

/// Which ranges a quantizer of activations may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivationMethod {
    /// `[-t, t)` or `[0, t)` with a power of two `t`.
    #[default]
    PowerOfTwo,
    /// `[-t, t)` or `[0, t)` with any `t`.
    Symmetric,
    /// `[low, high]` with any ends around zero, which is represented exactly.
    Uniform,
}

/// Which ranges a quantizer of weights may have. TFLite's kernels want zero points of zero, so
/// there is none with two free ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightMethod {
    /// Thresholds are powers of two.
    PowerOfTwo,
    /// Any threshold.
    #[default]
    Symmetric,
}

/// What a search for a threshold makes as small as it can.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum ErrorMethod {
    /// Nothing: the threshold covers every value.
    NoClipping,
    /// Mean squared error.
    #[default]
    Mse,
    /// Mean absolute error.
    Mae,
    /// Kullback-Leibler divergence of the quantized distribution from the original.
    Kl,
    /// Mean of the absolute error to this power.
    Lp(f64),
    /// Nothing: the threshold covers this percentage of the values, above 50 and up to 100. Weights
    /// are covered whole.
    Percentile(f64),
}

/// How ranges of activations are chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ActivationSettings {
    /// Ranges to choose from.
    pub method: ActivationMethod,
    /// What the choice minimizes.
    pub error_method: ErrorMethod,
    /// Values farther from the mean than this many standard deviations do not count; infinite for
    /// all to count.
    pub z_threshold: f64,
    /// No threshold is smaller.
    pub min_threshold: f64,
}

impl Default for ActivationSettings {
    fn default() -> Self {
        Self {
            method: ActivationMethod::default(),
            error_method: ErrorMethod::default(),
            z_threshold: f64::INFINITY,
            min_threshold: SMALLEST_THRESHOLD,
        }
    }
}

/// How thresholds of kernels are chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightSettings {
    /// Thresholds to choose from.
    pub method: WeightMethod,
    /// What the choice minimizes.
    pub error_method: ErrorMethod,
    /// One threshold for each output channel, not one for the whole kernel.
    pub per_channel: bool,
    /// The error of a weight counts by how much the values vary that it is multiplied with.
    pub activation_aware: bool,
    /// No threshold is smaller.
    pub min_threshold: f64,
}

impl Default for WeightSettings {
    fn default() -> Self {
        Self {
            method: WeightMethod::default(),
            error_method: ErrorMethod::default(),
            per_channel: true,
            activation_aware: true,
            min_threshold: SMALLEST_THRESHOLD,
        }
    }
}

/// How coarsely the operands of additions are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SumScales {
    /// As suits their own values.
    #[default]
    Own,
    /// Like the sum, where nothing else reads them and the sum is stored more coarsely.
    Operands,
    /// Like the coarsest of all tensors that additions connect.
    Streams,
}

/// What the user can choose.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Element type of the input.
    pub input_type: InputType,
    /// Ranges of activations.
    pub activations: ActivationSettings,
    /// Thresholds of kernels.
    pub weights: WeightSettings,
    /// Whether the target allows activations of 16 bits.
    pub int16: bool,
    /// Whether the target allows layers to stay in float.
    pub float: bool,
    /// What the target says of single operators; later rules win.
    pub operators: Vec<OperatorRule>,
    /// What the user says of single layers, by the name of the node.
    pub layers: BTreeMap<String, LayerChanges>,
    /// Correct biases for the mean shift that rounding the weights causes.
    pub bias_correction: bool,
    /// Let the input's range end at its largest value, whatever ranges activations may have.
    pub input_scaling: bool,
    /// How coarsely the operands of additions are stored.
    pub sum_scales: SumScales,
    /// Use the levels that a small negative tail leaves idle, where the tail is no larger than this
    /// share of the threshold; `None` to leave it.
    pub shift_negative_ratio: Option<f64>,
    /// Nodes that do not compute in 8 bits, by their names. An operator that only moves values,
    /// such as pooling or a reshape, takes the precision of its input where it is not listed.
    pub precisions: BTreeMap<String, Precision>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            input_type: InputType::default(),
            activations: ActivationSettings::default(),
            weights: WeightSettings::default(),
            int16: true,
            float: true,
            operators: Vec::new(),
            layers: BTreeMap::new(),
            bias_correction: true,
            input_scaling: false,
            sum_scales: SumScales::default(),
            shift_negative_ratio: None,
            precisions: BTreeMap::new(),
        }
    }
}
