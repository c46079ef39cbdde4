use std::collections::BTreeMap;

use graph::TensorId;

use crate::ElementType;

/// How a tensor of the graph is stored in the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Encoding {
    /// As it is.
    #[default]
    Float32,
    /// `real = scale * (stored - zero_point)` for every element. A constant with this encoding is
    /// rounded to the nearest stored value while it is written.
    Affine {
        /// [`ElementType::Int8`], [`ElementType::UInt8`] or [`ElementType::Int16`].
        element: ElementType,
        /// Real distance between two stored values; positive.
        scale: f32,
        /// Stored value of the real number zero.
        zero_point: i32,
    },
    /// A constant that the caller has quantized: `real = scale * stored`.
    Quantized(QuantizedConstant),
}

/// Stored values of a constant, with zero points of zero.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantizedConstant {
    /// Stored values in the order of the graph's constant.
    pub values: QuantizedValues,
    /// One scale for the whole tensor or one for each index of `axis`; positive.
    pub scales: Vec<f32>,
    /// Axis that several scales belong to: [`graph::Op::kernel_axis`] for kernels, 0 for biases.
    pub axis: usize,
}

/// Stored integers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuantizedValues {
    /// Weights.
    Int8(Vec<i8>),
    /// Biases of operators on 8-bit activations.
    Int32(Vec<i32>),
    /// Biases of operators on 16-bit activations.
    Int64(Vec<i64>),
}

impl QuantizedValues {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::Int8(values) => values.len(),
            Self::Int32(values) => values.len(),
            Self::Int64(values) => values.len(),
        }
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The encoding of every tensor of a graph; tensors that are not listed stay `float32`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Encodings(BTreeMap<TensorId, Encoding>);

impl Encodings {
    /// All tensors in `float32`.
    pub fn float() -> Self {
        Self::default()
    }

    /// Sets the encoding of a tensor.
    pub fn insert(&mut self, tensor: TensorId, encoding: Encoding) {
        self.0.insert(tensor, encoding);
    }

    /// Stores a tensor as `int8` with one scale and zero point.
    pub fn insert_int8(&mut self, tensor: TensorId, scale: f32, zero_point: i32) {
        self.insert(
            tensor,
            Encoding::Affine {
                element: ElementType::Int8,
                scale,
                zero_point,
            },
        );
    }

    /// Encoding of a tensor.
    pub fn get(&self, tensor: TensorId) -> &Encoding {
        self.0.get(&tensor).unwrap_or(&Encoding::Float32)
    }
}
