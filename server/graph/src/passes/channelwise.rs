//! Operators that treat each channel alone.

use crate::{Activation, Graph, Node, Op, ReduceOp, TensorId};

/// What an operator that treats each channel of its first input alone does to the values of one.
/// A flattened map has its channels one after the other at each position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Channelwise {
    /// `f(s x) = s f(x)` for `s > 0`; a clamp at six is counted among these.
    pub(super) homogeneous: bool,
    /// `f(x + c) = f(x) + c`.
    pub(super) moves_along: bool,
}

impl Channelwise {
    /// `None` where channels meet, or where another input than the first varies. The fused
    /// activation is not looked at.
    pub(super) fn of(graph: &Graph, node: &Node) -> Option<Self> {
        let constant = |&id: &TensorId| graph.constant(id).is_some();
        if !node.others().iter().all(constant) {
            return None;
        }
        let both = |homogeneous, moves_along| {
            Some(Self {
                homogeneous,
                moves_along,
            })
        };
        let input = graph.shape(node.input());
        match &node.op {
            Op::Activation(Activation::Relu | Activation::Relu6 | Activation::LeakyRelu { .. })
            | Op::PRelu => both(true, false),
            Op::MaxPool2d(_) | Op::AveragePool2d(_) | Op::Resize { .. } => both(true, true),
            Op::Pad {
                value,
                before,
                after,
            } if before.last() == Some(&0) && after.last() == Some(&0) => {
                both(*value == 0.0, false)
            }
            Op::Reduce { kind, axes, .. } if !axes.contains(&(input.len() - 1)) => match kind {
                ReduceOp::Mean | ReduceOp::Max => both(true, true),
                ReduceOp::Sum => both(true, false),
                ReduceOp::Min => None,
            },
            Op::Reshape { shape } if keeps_channels(input, shape) => both(true, true),
            Op::Pad { .. }
            | Op::Reduce { .. }
            | Op::Reshape { .. }
            | Op::Conv2d { .. }
            | Op::DepthwiseConv2d { .. }
            | Op::SeparableConv2d { .. }
            | Op::TransposeConv2d { .. }
            | Op::FullyConnected
            | Op::BatchMatMul { .. }
            | Op::BatchNormalization { .. }
            | Op::Activation(
                Activation::Elu
                | Activation::Sigmoid
                | Activation::Tanh
                | Activation::Swish
                | Activation::HardSwish
                | Activation::Gelu { .. }
                | Activation::Exp
                | Activation::Log
                | Activation::Sqrt
                | Activation::Rsqrt
                | Activation::Negate
                | Activation::Abs
                | Activation::Square,
            )
            | Op::Softmax
            | Op::Binary(_)
            | Op::Concatenate { .. }
            | Op::Slice { .. }
            | Op::Transpose { .. }
            | Op::Convert => None,
        }
    }
}

/// Whether channels stay the last axis, or a map becomes a vector.
fn keeps_channels(input: &[usize], shape: &[usize]) -> bool {
    input.last() == shape.last() || (shape.len() == 2 && input.first() == Some(&1))
}
