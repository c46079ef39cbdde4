//! Optimized rounding: the weights of an output channel are rounded up or down so that the error
//! of what the layer computes gets small, not that of each weight.
//!
//! With `e` the errors of the weights and `H` the second moments of what they are multiplied with,
//! the expected squared error of an output is `e' H e` (M. Nagel et al., "Up or Down? Adaptive
//! Rounding for Post-Training Quantization", 2020, section 3). It is made small weight by weight
//! (K. Behdin et al., "QuantEase", 2023, section 3).

mod layer;
mod moments;
mod sums;

pub use moments::{PatchMoments, PatchSampler, Patches};

#[cfg(test)]
mod tests;
