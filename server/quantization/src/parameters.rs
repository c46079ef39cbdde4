use std::collections::HashMap;

use graph::TensorId;

/// 8-bit parameters that the values of each tensor ask for.
pub(crate) type Candidates = HashMap<TensorId, ActivationParameters>;

/// Affine int8 quantization of an activation tensor: `real = scale * (quantized - zero_point)`,
/// with `quantized` in [-128, 127] (TFLite 8-bit quantization specification).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ActivationParameters {
    /// Step between neighbouring values.
    pub scale: f32,
    /// Quantized value of zero.
    pub zero_point: i32,
}

impl ActivationParameters {
    /// `[-threshold, threshold)` with zero at 0, or `[0, threshold)` with zero at -128.
    pub fn from_threshold(threshold: f64, signed: bool) -> Self {
        if signed {
            Self {
                scale: (threshold / 128.0) as f32,
                zero_point: 0,
            }
        } else {
            Self {
                scale: (threshold / 256.0) as f32,
                zero_point: -128,
            }
        }
    }

    /// 256 steps from about `low <= 0` to `high >= 0`: both move by the same half step at most, so
    /// that zero is one of them.
    pub(crate) fn from_ends(low: f64, high: f64) -> Self {
        let scale = (high - low) / 255.0;
        let below_zero = (-low / scale).round_ties_even().clamp(0.0, 255.0);
        Self {
            scale: scale as f32,
            zero_point: -128 + below_zero as i32,
        }
    }

    /// Whether zero is the middle or the lowest level, as [`Self::from_threshold`] has it.
    pub(crate) fn is_symmetric(&self) -> bool {
        matches!(self.zero_point, 0 | -128)
    }

    /// Real value of an integer.
    pub fn real(&self, quantized: i32) -> f64 {
        f64::from(self.scale) * f64::from(quantized - self.zero_point)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_with_two_ends_holds_zero_and_both_ends_to_half_a_step() {
        let check = |low: f64, high: f64, zero_point: i32| {
            let parameters = ActivationParameters::from_ends(low, high);
            assert_eq!(parameters.zero_point, zero_point, "[{low}, {high}]");
            let half = f64::from(parameters.scale) / 2.0 * 1.0001;
            assert!((parameters.real(-128) - low).abs() <= half);
            assert!((parameters.real(127) - high).abs() <= half);
            assert_eq!(parameters.real(zero_point), 0.0);
        };
        check(0.0, 6.0, -128);
        check(-6.0, 0.0, 127);
        check(-1.0, 1.0, 0);
        check(-0.2785, 7.0, -118);
        check(-0.001, 300.0, -128);
    }

    #[test]
    fn thresholds_give_hardware_parameters() {
        let check = |signed: bool, scale: f32, zero_point: i32| {
            let parameters = ActivationParameters::from_threshold(8.0, signed);
            assert_eq!(parameters, ActivationParameters { scale, zero_point });
        };
        check(true, 0.0625, 0);
        check(false, 0.03125, -128);
    }
}
