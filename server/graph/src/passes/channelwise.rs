//! Operators that treat each channel alone.

use crate::{Activation, Graph, Node, Op, ReduceOp};

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
        let (x, output) = (graph.shape(node.inputs[0]), graph.shape(node.output));
        if node.inputs[1..]
            .iter()
            .any(|&id| graph.constant(id).is_none())
        {
            return None;
        }
        let both = |homogeneous, moves_along| {
            Some(Self {
                homogeneous,
                moves_along,
            })
        };
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
            Op::Reduce { kind, axes, .. } if !axes.contains(&(x.len() - 1)) => match kind {
                ReduceOp::Mean | ReduceOp::Max => both(true, true),
                ReduceOp::Sum => both(true, false),
                _ => None,
            },
            Op::Reshape { shape }
                if x.last() == output.last() || (shape.len() == 2 && x.first() == Some(&1)) =>
            {
                both(true, true)
            }
            _ => None,
        }
    }
}
