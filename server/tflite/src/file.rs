use std::borrow::Cow;

use crate::{Builtin, ElementType, Options};

/// A TFLite file as it was read: its first subgraph, which is the model.
#[derive(Debug, Clone, PartialEq)]
pub struct File<'a> {
    /// Text for people.
    pub description: &'a str,
    /// Number of subgraphs; the runtime runs the first.
    pub subgraphs: usize,
    /// Name of the model.
    pub name: &'a str,
    /// Tensors, which operators, inputs and outputs refer to by position.
    pub tensors: Vec<Tensor<'a>>,
    /// Operators in execution order.
    pub operators: Vec<Operator<'a>>,
    /// Inputs of the model, as positions in `tensors`.
    pub inputs: Vec<usize>,
    /// Outputs of the model, as positions in `tensors`.
    pub outputs: Vec<usize>,
    /// Names and contents of metadata.
    pub metadata: Vec<(&'a str, &'a [u8])>,
    /// Signatures, which name inputs and outputs.
    pub signatures: Vec<Signature<'a>>,
}

impl File<'_> {
    /// Position of the tensor with a name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.tensors.iter().position(|tensor| tensor.name == name)
    }
}

/// A tensor of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor<'a> {
    /// Its name, which need not be unique.
    pub name: &'a str,
    /// Extent of each axis.
    pub shape: Vec<usize>,
    /// Type of the elements.
    pub element: ElementType,
    /// How stored integers stand for real numbers; `None` where they do not.
    pub quantization: Option<Quantization>,
    /// Little-endian elements of a constant; empty for a tensor that is computed.
    pub data: &'a [u8],
}

/// `real = scale * (stored - zero point)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantization {
    /// One scale, or one for each index of `axis`.
    pub scales: Vec<f32>,
    /// As many zero points.
    pub zero_points: Vec<i64>,
    /// Axis of several scales.
    pub axis: usize,
}

/// An operator of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Operator<'a> {
    /// What it computes.
    pub kind: OperatorKind<'a>,
    /// Version of the operator that the runtime must have.
    pub version: i32,
    /// Positions in [`File::tensors`]; `None` for an optional input that is not given.
    pub inputs: Vec<Option<usize>>,
    /// Positions in [`File::tensors`].
    pub outputs: Vec<usize>,
    /// Options, where this crate knows their table.
    pub options: Option<Options>,
}

/// Which operator it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperatorKind<'a> {
    /// One that this crate writes.
    Builtin(Builtin),
    /// Another of TFLite's, by its code in the schema.
    Other(i32),
    /// One that an application adds.
    Custom(&'a str),
}

impl<'a> OperatorKind<'a> {
    /// Name for people.
    pub fn name(&self) -> Cow<'a, str> {
        match *self {
            Self::Builtin(builtin) => builtin.name().into(),
            Self::Other(code) => format!("builtin {code}").into(),
            Self::Custom(name) => name.into(),
        }
    }
}

/// Names for the inputs and outputs of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature<'a> {
    /// Its name.
    pub key: &'a str,
    /// Names and positions of inputs.
    pub inputs: Vec<(&'a str, usize)>,
    /// Names and positions of outputs.
    pub outputs: Vec<(&'a str, usize)>,
}
