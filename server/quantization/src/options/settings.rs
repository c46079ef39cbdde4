//! How ranges of activations and thresholds of kernels are chosen.

use serde::{Deserialize, Serialize};

/// Smallest threshold by default, 2^-16.
const SMALLEST_THRESHOLD: f64 = 1.0 / 65536.0;

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
