//! What a search for quantization parameters minimizes.

use serde::Deserialize;

/// What a search for quantization parameters minimizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ErrorMethod {
    /// Mean squared error.
    #[default]
    Mse,
    /// Mean absolute error.
    Mae,
    /// Kullback-Leibler divergence.
    Kl,
    /// Mean absolute error to the power `l_p_value`.
    Lp,
    /// No search; nothing is clipped.
    NoClipping,
    /// No search; `percentile` of the values are covered. For activations only.
    Percentile,
}
