//! What TFLite's table of kernels says of operators on integers, in the words of the quantizer.

use graph::{Activation, BinaryOp, Op};
use tflite::{KernelTraits, Scales};

use crate::parameters::ActivationParameters;

/// Operators whose output takes the scale of their input, so that its range is not needed: they
/// only move values, pick among them or average them.
pub fn moves_values(op: &Op) -> bool {
    scales(op) == Scales::OfInput
}

/// Whether an operator computes in whatever its input is stored in, if nothing else is said of it.
pub(crate) fn follows_input(op: &Op) -> bool {
    moves_values(op) || *op == Op::Convert
}

/// Parameters that TFLite's specification fixes for an operator's output.
pub(crate) fn fixed_parameters(op: &Op) -> Option<ActivationParameters> {
    match scales(op) {
        Scales::Fixed { scale, zero_point } => Some(ActivationParameters { scale, zero_point }),
        Scales::Own | Scales::OfInput | Scales::Equal => None,
    }
}

/// Whether the values of an operator's output decide over its parameters.
pub(crate) fn chooses_parameters(op: &Op) -> bool {
    !moves_values(op) && fixed_parameters(op).is_none()
}

/// Whether the operands of an operator want the parameters of its output.
pub(crate) fn wants_equal_parameters(op: &Op) -> bool {
    scales(op) == Scales::Equal
}

/// Whether TFLite cannot compute the operator on 8-bit activations, given which of its operands behind
/// the first are constants.
pub(crate) fn lacks_int8_kernel(op: &Op, mut constants: impl Iterator<Item = bool>) -> bool {
    let has_kernel = KernelTraits::of(op.opcode()).has_int8();
    !has_kernel || (op.has_kernel() && constants.any(|constant| !constant))
}

/// [`lacks_int8_kernel`] for an operator of a model of which nothing is rewritten yet: passes replace those
/// that TFLite does not have, squares, negations and divisions by constants.
pub fn needs_float(op: &Op, constants: impl IntoIterator<Item = bool>) -> bool {
    let mut constants = constants.into_iter();
    match op {
        Op::BatchNormalization { .. }
        | Op::Activation(Activation::Swish | Activation::Square | Activation::Negate) => false,
        Op::SeparableConv2d { .. } => constants.any(|constant| !constant),
        Op::Binary(BinaryOp::Divide) => constants.next() != Some(true),
        op => lacks_int8_kernel(op, constants),
    }
}

fn scales(op: &Op) -> Scales {
    KernelTraits::of(op.opcode()).scales
}
