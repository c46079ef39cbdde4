//! What TFLite's specification and kernels say of operators on integers.

use graph::{Activation, BinaryOp, Graph, Node, Op, ReduceOp};

use crate::parameters::ActivationParameters;

/// Operators whose output takes the scale of their input, so that its range is not needed: they
/// only move values, pick among them or average them.
pub fn moves_values(op: &Op) -> bool {
    matches!(
        op,
        Op::Reshape { .. }
            | Op::Transpose { .. }
            | Op::MaxPool2d(_)
            | Op::AveragePool2d(_)
            | Op::Pad { .. }
            | Op::Slice { .. }
            | Op::Resize { .. }
            | Op::Reduce {
                kind: ReduceOp::Max | ReduceOp::Min,
                ..
            }
    )
}

/// Whether an operator computes in whatever its input is stored in, if nothing else is said of it.
pub(crate) fn follows_input(op: &Op) -> bool {
    moves_values(op) || *op == Op::Convert
}

/// Parameters that TFLite's specification fixes for an operator's output.
pub(crate) fn fixed_parameters(op: &Op) -> Option<ActivationParameters> {
    match op {
        Op::Softmax | Op::Activation(Activation::Sigmoid) => {
            Some(ActivationParameters::UNIT_INTERVAL)
        }
        Op::Activation(Activation::Tanh) => Some(ActivationParameters::TANH),
        _ => None,
    }
}

/// Whether the values of an operator's output decide over its parameters.
pub(crate) fn chooses_parameters(op: &Op) -> bool {
    !moves_values(op) && fixed_parameters(op).is_none()
}

/// Whether the operands of an operator want the parameters of its output.
pub(crate) fn wants_equal_parameters(op: &Op) -> bool {
    matches!(
        op,
        Op::Concatenate { .. } | Op::Binary(BinaryOp::Maximum | BinaryOp::Minimum)
    )
}

/// Whether TFLite computes the operator on 8-bit activations.
pub(crate) fn has_int8_kernel(op: &Op) -> bool {
    !matches!(
        op,
        Op::Binary(BinaryOp::Divide)
            | Op::SeparableConv2d { .. }
            | Op::BatchNormalization { .. }
            | Op::Activation(
                Activation::Swish | Activation::Sqrt | Activation::Square | Activation::Negate
            )
    )
}

/// Whether TFLite 2.17 computes the operator on 16-bit activations, found by running each.
pub fn has_int16_kernel(graph: &Graph, node: &Node) -> bool {
    match &node.op {
        Op::Conv2d { groups, .. } => *groups == 1,
        Op::DepthwiseConv2d { .. }
        | Op::TransposeConv2d { .. }
        | Op::Softmax
        | Op::Concatenate { .. }
        | Op::MaxPool2d(_)
        | Op::AveragePool2d(_)
        | Op::Pad { .. }
        | Op::Slice { .. }
        | Op::Resize { .. }
        | Op::Reshape { .. }
        | Op::Transpose { .. }
        | Op::Convert => true,
        // With more axes only the first rows are computed, without a word.
        Op::FullyConnected => graph.shape(node.output).len() == 2,
        Op::Activation(activation) => matches!(
            activation,
            Activation::Relu
                | Activation::Relu6
                | Activation::LeakyRelu { .. }
                | Activation::Sigmoid
                | Activation::Tanh
        ),
        Op::Binary(op) => match op {
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply => {
                node.inputs.iter().all(|&id| graph.shape(id).len() <= 4)
            }
            BinaryOp::Maximum | BinaryOp::Minimum => true,
            BinaryOp::Divide => false,
        },
        Op::Reduce { kind, .. } => matches!(kind, ReduceOp::Mean | ReduceOp::Max | ReduceOp::Min),
        Op::BatchMatMul { .. }
        | Op::PRelu
        | Op::SeparableConv2d { .. }
        | Op::BatchNormalization { .. } => false,
    }
}
