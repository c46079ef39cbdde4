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
    /// Softmax and logistic outputs, fixed by the specification: [0, 1) in steps of 1/256.
    pub const UNIT_INTERVAL: Self = Self {
        scale: 1.0 / 256.0,
        zero_point: -128,
    };

    /// Tanh outputs, fixed by the specification: [-1, 1) in steps of 1/128.
    pub const TANH: Self = Self {
        scale: 1.0 / 128.0,
        zero_point: 0,
    };

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
}
