//! What TFLite says of every operator of the graph, a row each: which of its operators compute it,
//! and what their quantized kernels take. All of it was found by running every operator in TFLite
//! 2.17.1 with and without XNNPACK: the runtime itself checks only a part, and some kernels compute
//! wrong numbers without a word.
//!
//! `graph` has a table with the same rows for what operators are, whoever computes them.

use graph::{Graph, Node, Op, Opcode};

use crate::{Builtin, ElementType};

use Int16::{Always, Matrix, Never, Ungrouped, UpToFourAxes};
use Scales::{Equal, Fixed, OfInput, Own};

/// What TFLite says of an operator of the graph.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KernelTraits {
    /// The operators of a file that compute it, of which attributes and encodings decide. Empty
    /// where none does, so that passes replace it before a file is written.
    pub builtins: &'static [Builtin],
    /// What its quantized kernels do with scales and zero points.
    pub scales: Scales,
    /// Types of 8 bits on which a kernel computes it.
    pub(crate) eight_bits: &'static [ElementType],
    /// Whether a kernel computes it on 16-bit activations.
    pub(crate) int16: Int16,
}

/// What the quantized kernels of an operator do with scales and zero points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scales {
    /// The output has whatever suits its values.
    Own,
    /// The output has those of the first operand, because its values are moved, picked or averaged.
    OfInput,
    /// All operands and the output have the same.
    Equal,
    /// An `int8` output always has these.
    Fixed {
        /// Step between neighbouring values.
        scale: f32,
        /// Stored value of zero.
        zero_point: i32,
    },
}

/// Whether an operator has a kernel on 16-bit activations that computes right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Int16 {
    /// It has none.
    Never,
    /// It has one.
    Always,
    /// For convolutions in one group.
    Ungrouped,
    /// Where the output has two axes: with more, only the first rows are computed.
    Matrix,
    /// Where no operand has more than four axes.
    UpToFourAxes,
}

const BOTH: &[ElementType] = &[ElementType::Int8, ElementType::UInt8];
const UNSIGNED: &[ElementType] = &[ElementType::UInt8];
const NONE: &[ElementType] = &[];

/// Results in [0, 1) in steps of 1/256.
const UNIT_INTERVAL: Scales = Fixed {
    scale: 1.0 / 256.0,
    zero_point: -128,
};

/// Results in [-1, 1) in steps of 1/128.
const SIGNED_UNIT_INTERVAL: Scales = Fixed {
    scale: 1.0 / 128.0,
    zero_point: 0,
};

const fn row(
    builtins: &'static [Builtin],
    scales: Scales,
    eight_bits: &'static [ElementType],
    int16: Int16,
) -> KernelTraits {
    KernelTraits {
        builtins,
        scales,
        eight_bits,
        int16,
    }
}

impl KernelTraits {
    /// The row of an operator.
    #[rustfmt::skip]
    pub const fn of(operator: Opcode) -> Self {
        match operator {
            Opcode::Conv2d => row(&[Builtin::Conv2d], Own, BOTH, Ungrouped),
            Opcode::DepthwiseConv2d => row(&[Builtin::DepthwiseConv2d], Own, BOTH, Always),
            Opcode::SeparableConv2d => row(&[], Own, NONE, Never),
            Opcode::TransposeConv2d => row(&[Builtin::TransposeConv], Own, BOTH, Always),
            Opcode::FullyConnected => row(&[Builtin::FullyConnected], Own, BOTH, Matrix),
            Opcode::BatchMatMul => row(&[Builtin::BatchMatMul], Own, BOTH, Never),
            Opcode::BatchNormalization => row(&[], Own, NONE, Never),
            Opcode::Relu => row(&[Builtin::Relu], Own, BOTH, Always),
            Opcode::Relu6 => row(&[Builtin::Relu6], Own, BOTH, Always),
            Opcode::LeakyRelu => row(&[Builtin::LeakyRelu], Own, BOTH, Always),
            Opcode::Elu => row(&[Builtin::Elu], Own, BOTH, Never),
            Opcode::Sigmoid => row(&[Builtin::Logistic], UNIT_INTERVAL, BOTH, Always),
            Opcode::Tanh => row(&[Builtin::Tanh], SIGNED_UNIT_INTERVAL, BOTH, Always),
            Opcode::Swish => row(&[], Own, NONE, Never),
            Opcode::HardSwish => row(&[Builtin::HardSwish], Own, BOTH, Never),
            Opcode::Gelu => row(&[Builtin::Gelu], Own, BOTH, Never),
            Opcode::Exp => row(&[Builtin::Exp], Own, BOTH, Never),
            Opcode::Log => row(&[Builtin::Log], Own, BOTH, Never),
            Opcode::Sqrt => row(&[Builtin::Sqrt], Own, NONE, Never),
            Opcode::Rsqrt => row(&[Builtin::Rsqrt], Own, BOTH, Never),
            Opcode::Negate => row(&[Builtin::Neg], Own, NONE, Never),
            Opcode::Abs => row(&[Builtin::Abs], Own, BOTH, Never),
            Opcode::Square => row(&[Builtin::Square], Own, NONE, Never),
            Opcode::PRelu => row(&[Builtin::PRelu], Own, BOTH, Never),
            Opcode::Softmax => row(&[Builtin::Softmax], UNIT_INTERVAL, BOTH, Always),
            Opcode::Add => row(&[Builtin::Add], Own, BOTH, UpToFourAxes),
            Opcode::Subtract => row(&[Builtin::Sub], Own, BOTH, UpToFourAxes),
            Opcode::Multiply => row(&[Builtin::Mul], Own, BOTH, UpToFourAxes),
            Opcode::Divide => row(&[Builtin::Div], Own, UNSIGNED, Never),
            Opcode::Maximum => row(&[Builtin::Maximum], Equal, BOTH, Always),
            Opcode::Minimum => row(&[Builtin::Minimum], Equal, BOTH, Always),
            Opcode::Concatenate => row(&[Builtin::Concatenation], Equal, BOTH, Always),
            Opcode::MaxPool2d => row(&[Builtin::MaxPool2d], OfInput, BOTH, Always),
            Opcode::AveragePool2d => row(&[Builtin::AveragePool2d], OfInput, BOTH, Always),
            Opcode::Mean => row(&[Builtin::Mean], Own, BOTH, Always),
            Opcode::Sum => row(&[Builtin::Sum], Own, BOTH, Never),
            Opcode::ReduceMax => row(&[Builtin::ReduceMax], OfInput, BOTH, Always),
            Opcode::ReduceMin => row(&[Builtin::ReduceMin], OfInput, BOTH, Always),
            Opcode::Pad => row(&[Builtin::Pad, Builtin::PadV2], OfInput, BOTH, Always),
            Opcode::Slice => row(&[Builtin::Slice], OfInput, BOTH, Always),
            Opcode::Resize => {
                let builtins = &[Builtin::ResizeBilinear, Builtin::ResizeNearestNeighbor];
                row(builtins, OfInput, BOTH, Always)
            }
            Opcode::Reshape => row(&[Builtin::Reshape], OfInput, BOTH, Always),
            Opcode::Transpose => row(&[Builtin::Transpose], OfInput, BOTH, Always),
            Opcode::Convert => row(&[Builtin::Quantize, Builtin::Dequantize], Own, BOTH, Always),
        }
    }

    /// Whether a kernel computes the operator on `int8`.
    pub fn has_int8(&self) -> bool {
        self.eight_bits.contains(&ElementType::Int8)
    }

    /// Whether all tensors of the operator have the scale and zero point of its output.
    pub(crate) fn keeps_scale(&self) -> bool {
        matches!(self.scales, OfInput | Equal)
    }
}

/// Whether a kernel computes a node on 16-bit activations.
pub fn has_int16_kernel(graph: &Graph, node: &Node) -> bool {
    match KernelTraits::of(node.op.opcode()).int16 {
        Never => false,
        Always => true,
        Ungrouped => matches!(node.op, Op::Conv2d { groups: 1, .. }),
        Matrix => graph.shape(node.output).len() == 2,
        UpToFourAxes => node.inputs.iter().all(|&id| graph.shape(id).len() <= 4),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::samples::samples;

    #[test]
    fn every_operator_that_tflite_has_is_among_the_samples() {
        let samples = samples().unwrap();
        let nodes = samples.iter().flat_map(|sample| sample.graph.nodes());
        let sampled: BTreeSet<Opcode> = nodes.map(|node| node.op.opcode()).collect();
        let known = Opcode::ALL.iter().copied().filter(|&operator| {
            // A conversion needs encodings that differ, and has tests of its own.
            operator != Opcode::Convert && !KernelTraits::of(operator).builtins.is_empty()
        });
        assert_eq!(sampled, known.collect());
    }

    #[test]
    fn every_operator_that_is_written_belongs_to_one_of_the_graph() {
        let mut of: Vec<Builtin> = Opcode::ALL
            .iter()
            .flat_map(|&operator| KernelTraits::of(operator).builtins)
            .copied()
            .collect();
        of.sort();
        assert_eq!(of, Builtin::ALL);
    }
}
