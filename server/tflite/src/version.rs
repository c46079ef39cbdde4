//! Versions of operators, which tell a runtime whether it has the kernel that a file needs.
//!
//! The rules are those of TensorFlow's `lite/tools/versioning/op_version.cc`, for the operators
//! and types of this crate; the runtime versions those of `runtime_version.cc` beside it.

use graph::FusedActivation;

use crate::options::{ACTIVATION, DILATION_H, DILATION_W, KEEP_NUM_DIMS, activation_name};
use crate::planned::PlannedTensor;
use crate::{Builtin, ElementType, OptionValue, Options};

/// What the version of an operator depends on.
pub(crate) struct Facts<'a> {
    pub(crate) builtin: Builtin,
    pub(crate) options: Option<&'a Options>,
    /// The inputs that are given, in the operator's order.
    pub(crate) inputs: &'a [&'a PlannedTensor<'a>],
    pub(crate) output: &'a PlannedTensor<'a>,
}

/// Lowest version of the operator that has what the facts need.
pub(crate) fn operator_version(facts: &Facts) -> i32 {
    let Some(first) = facts.inputs.first() else {
        return 1;
    };
    let element = match facts.builtin {
        // The first input is the output's shape.
        Builtin::TransposeConv => facts.output.element,
        _ => first.element,
    };
    let (int8, int16) = (element == ElementType::Int8, element == ElementType::Int16);
    let rank = first.shape.len();
    match facts.builtin {
        Builtin::Conv2d if grouped(facts) => 6,
        Builtin::Conv2d => pick(int8, 3, int16, 4),
        Builtin::DepthwiseConv2d if int8 || int16 => pick(int8, 3, int16, 5),
        Builtin::DepthwiseConv2d => 1 + i32::from(dilated(facts.options)),
        Builtin::FullyConnected if int16 => 7,
        Builtin::FullyConnected if flag(facts.options, KEEP_NUM_DIMS) => 5,
        Builtin::FullyConnected => pick(int8, 4, int16, 7),
        Builtin::TransposeConv if clamps(facts.options) => 4,
        Builtin::TransposeConv if facts.inputs.len() == 4 => 3,
        Builtin::TransposeConv => pick(int8, 2, int16, 2),
        Builtin::Mul if !int16 && rescales_up(facts) => 3,
        Builtin::Mul => pick(int8, 2, int16, 4),
        Builtin::Add => pick(int8, 2, int16, 3),
        Builtin::Sub if int16 => 5,
        Builtin::Sub | Builtin::Maximum | Builtin::Minimum if !int16 && wide_broadcast(facts) => 3,
        Builtin::Sub => pick(int8, 2, int16, 5),
        Builtin::Maximum | Builtin::Minimum => pick(int8, 2, int16, 4),
        Builtin::Div => 1 + i32::from(wide_broadcast(facts)),
        Builtin::Transpose if rank > 5 => 6,
        Builtin::Transpose if rank > 4 && !int16 => 4,
        Builtin::Transpose => pick(int8, 2, int16, 5),
        Builtin::Slice if rank > 4 => 5,
        Builtin::Slice => pick(int8, 2, int16, 4),
        Builtin::Pad | Builtin::PadV2 if rank > 4 => 4,
        Builtin::ResizeBilinear | Builtin::ResizeNearestNeighbor => pick(true, 3, int16, 4),
        Builtin::Quantize => 1 + i32::from(facts.output.element == ElementType::Int16),
        Builtin::Abs | Builtin::Relu | Builtin::Gelu => {
            pick(int8 || element == ElementType::UInt8, 2, int16, 3)
        }
        Builtin::LeakyRelu => pick(false, 1, int16, 2),
        Builtin::Exp | Builtin::Log => pick(int8, 2, int16, 2),
        Builtin::Sum => pick(int8, 2, int16, 1),
        Builtin::AveragePool2d
        | Builtin::BatchMatMul
        | Builtin::Concatenation
        | Builtin::Dequantize
        | Builtin::Logistic
        | Builtin::MaxPool2d
        | Builtin::Mean
        | Builtin::Pad
        | Builtin::PadV2
        | Builtin::ReduceMax
        | Builtin::ReduceMin
        | Builtin::Relu6
        | Builtin::Rsqrt
        | Builtin::Softmax
        | Builtin::Tanh => pick(int8, 2, int16, 3),
        Builtin::Elu
        | Builtin::HardSwish
        | Builtin::Neg
        | Builtin::PRelu
        | Builtin::Reshape
        | Builtin::Sqrt
        | Builtin::Square => 1,
    }
}

fn pick(int8: bool, int8_version: i32, int16: bool, int16_version: i32) -> i32 {
    if int16 {
        int16_version
    } else if int8 {
        int8_version
    } else {
        1
    }
}

fn grouped(facts: &Facts) -> bool {
    let channels = |index: usize| {
        facts
            .inputs
            .get(index)
            .and_then(|tensor| tensor.shape.get(3))
    };
    channels(0) != channels(1)
}

fn dilated(options: Option<&Options>) -> bool {
    [DILATION_H, DILATION_W].into_iter().any(|name| {
        options
            .and_then(|options| options.get(name))
            .is_some_and(|value| *value != OptionValue::Int(1))
    })
}

fn flag(options: Option<&Options>, name: &str) -> bool {
    options.and_then(|options| options.get(name)) == Some(&OptionValue::Bool(true))
}

fn clamps(options: Option<&Options>) -> bool {
    options
        .and_then(|options| options.get(ACTIVATION))
        .is_some_and(|value| *value != activation_name(FusedActivation::None))
}

/// Whether the product of the input scales reaches the output scale.
fn rescales_up(facts: &Facts) -> bool {
    match (facts.inputs, facts.output.scales.first()) {
        ([a, b, ..], Some(output)) => match (a.scales.first(), b.scales.first()) {
            (Some(a), Some(b)) => a * b / output >= 1.0,
            _ => false,
        },
        _ => false,
    }
}

fn wide_broadcast(facts: &Facts) -> bool {
    let shapes = || facts.inputs.iter().map(|tensor| &tensor.shape);
    shapes().any(|shape| shape.len() > 4) && shapes().any(|shape| *shape != facts.output.shape)
}

/// The oldest TFLite runtime that this crate writes for: it has what no row below names.
pub(crate) const OLDEST_RUNTIME: (u32, u32) = (1, 14);

/// Oldest TFLite runtime `(major, minor)` that has a version of an operator, at least
/// [`OLDEST_RUNTIME`].
pub(crate) fn minimum_runtime(builtin: Builtin, version: i32) -> (u32, u32) {
    match (builtin, version) {
        (Builtin::HardSwish, _) | (Builtin::Mul, 3) | (Builtin::Sum, 2) => (1, 15),
        (Builtin::Quantize, 2) => (1, 15),
        (Builtin::FullyConnected, 5) => (2, 0),
        (Builtin::Relu, 2) => (2, 1),
        (Builtin::ResizeBilinear, 3) | (Builtin::TransposeConv, 2) => (2, 2),
        (Builtin::AveragePool2d | Builtin::MaxPool2d, 3) => (2, 3),
        (Builtin::BatchMatMul, 1 | 2) => (2, 3),
        (Builtin::Concatenation | Builtin::Logistic | Builtin::Tanh | Builtin::Softmax, 3) => {
            (2, 3)
        }
        (Builtin::Conv2d | Builtin::Mul | Builtin::Transpose, 4) => (2, 3),
        (Builtin::DepthwiseConv2d, 5) | (Builtin::FullyConnected, 7) => (2, 3),
        (Builtin::Maximum | Builtin::Minimum, 3 | 4) | (Builtin::Sub, 3) => (2, 3),
        (Builtin::Div | Builtin::LeakyRelu, 2) => (2, 3),
        (Builtin::ResizeNearestNeighbor | Builtin::TransposeConv, 3) => (2, 3),
        (Builtin::Abs, 2) | (Builtin::Add | Builtin::BatchMatMul | Builtin::Mean, 3) => (2, 4),
        (Builtin::Pad | Builtin::PadV2, 3) | (Builtin::ResizeNearestNeighbor, 4) => (2, 4),
        (Builtin::Slice, 4) | (Builtin::Sub | Builtin::Transpose, 5) => (2, 4),
        (Builtin::Abs | Builtin::Relu | Builtin::Relu6, 3) => (2, 5),
        (Builtin::ReduceMax | Builtin::ReduceMin, 3) => (2, 5),
        (Builtin::Rsqrt, 2 | 3) | (Builtin::ResizeBilinear, 4) | (Builtin::Slice, 5) => (2, 5),
        (Builtin::Pad | Builtin::PadV2, 4) => (2, 6),
        (Builtin::Conv2d, 6) | (Builtin::Gelu, _) => (2, 9),
        (Builtin::Exp, 2) => (2, 12),
        (Builtin::TransposeConv, 4) => (2, 13),
        (Builtin::Log, 2) => (2, 15),
        (Builtin::Transpose, 6) => (2, 16),
        _ => OLDEST_RUNTIME,
    }
}
