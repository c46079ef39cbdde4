//! How each activation tensor of the quantized model is stored.

use std::collections::HashMap;

use graph::{Graph, TensorId};
use tflite::{ElementType, Encoding};

use crate::error::QuantizationError;
use crate::options::Precision;
use crate::parameters::ActivationParameters;

/// Storage of every activation tensor, and of the constants that operators read with it.
#[derive(Debug, Default)]
pub(crate) struct Storages(HashMap<TensorId, Storage>);

impl Storages {
    pub(crate) fn get(&self, tensor: TensorId) -> Option<Storage> {
        self.0.get(&tensor).copied()
    }

    /// Storage of a tensor that has one.
    ///
    /// # Errors
    /// [`QuantizationError::NotObserved`].
    pub(crate) fn of(&self, graph: &Graph, tensor: TensorId) -> Result<Storage, QuantizationError> {
        let storage = self.get(tensor);
        storage.ok_or_else(|| QuantizationError::not_observed(graph, tensor))
    }

    pub(crate) fn insert(&mut self, tensor: TensorId, storage: Storage) {
        self.0.insert(tensor, storage);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (TensorId, Storage)> {
        self.0.iter().map(|(&tensor, &storage)| (tensor, storage))
    }
}

/// How an activation tensor is stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Storage {
    /// As it is.
    Float,
    /// In 8 bits.
    Int8(ActivationParameters),
    /// In 16 bits with zero at 0, as TFLite's 16-bit kernels want it.
    Int16 {
        /// Step between neighbouring values.
        scale: f32,
    },
}

impl Storage {
    /// Outputs of softmax, sigmoid and tanh in 16 bits: [-1, 1) in steps of 2^-15 (reference
    /// kernels of TFLite).
    pub(crate) const UNIT_INT16: Self = Self::Int16 {
        scale: 1.0 / 32768.0,
    };

    pub(crate) fn precision(self) -> Precision {
        match self {
            Self::Float => Precision::Float,
            Self::Int8(_) => Precision::Int8,
            Self::Int16 { .. } => Precision::Int16,
        }
    }

    /// Step between neighbouring values; `None` for float numbers.
    pub(crate) fn scale(self) -> Option<f32> {
        match self {
            Self::Float => None,
            Self::Int8(parameters) => Some(parameters.scale),
            Self::Int16 { scale } => Some(scale),
        }
    }

    pub(crate) fn encoding(self) -> Encoding {
        match self {
            Self::Float => Encoding::Float32,
            Self::Int8(parameters) => Encoding::Affine {
                element: ElementType::Int8,
                scale: parameters.scale,
                zero_point: parameters.zero_point,
            },
            Self::Int16 { scale } => Encoding::Affine {
                element: ElementType::Int16,
                scale,
                zero_point: 0,
            },
        }
    }

    /// The 16-bit storage that holds every 8-bit value exactly: its step is the 8-bit step divided
    /// by a power of two.
    pub(crate) fn widened(parameters: ActivationParameters) -> Self {
        // 255 * 2^7 and 128 * 2^8 are the largest magnitudes that fit.
        let finer = match parameters.zero_point {
            0 => 256.0,
            _ => 128.0,
        };
        Self::Int16 {
            scale: parameters.scale / finer,
        }
    }

    /// 16 bits that cover magnitudes up to `largest`, in steps of a power of two if asked for.
    pub(crate) fn covering(largest: f64, power_of_two: bool) -> Self {
        let largest = match largest > f64::from(f32::MIN_POSITIVE) {
            true => largest,
            false => 1.0,
        };
        let scale = match power_of_two {
            true => largest.log2().ceil().exp2() / 32768.0,
            false => largest / 32767.0,
        };
        Self::Int16 {
            scale: scale as f32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bits_hold_eight_exactly() {
        let check = |zero_point: i32| {
            let narrow = ActivationParameters {
                scale: 0.37,
                zero_point,
            };
            let Storage::Int16 { scale } = Storage::widened(narrow) else {
                unreachable!();
            };
            for stored in [-128, -1, 0, 127] {
                let wide = narrow.real(stored) / f64::from(scale);
                assert_eq!(wide.fract(), 0.0);
                assert!((-32768.0..=32767.0).contains(&wide), "{wide}");
            }
        };
        check(0);
        check(-128);
        check(127);
        check(-3);
    }

    #[test]
    fn sixteen_bits_cover_what_they_should() {
        let check = |largest: f64, power_of_two: bool, threshold: f64| {
            let scale = Storage::covering(largest, power_of_two).scale().unwrap();
            assert!((f64::from(scale) * 32768.0 - threshold).abs() < 1e-3);
        };
        check(5.0, true, 8.0);
        check(8.0, true, 8.0);
        check(5.0, false, 5.0);
        check(0.0, false, 1.0);
    }
}
