//! Operators that treat every element alike.

use graph::{Activation, BinaryOp, Node};

use super::{Context, Lowered, no_operator};
use crate::options::{
    self, ALPHA, APPROXIMATE, BETA, OptionValue, Options, OptionsTable, POT_SCALE_INT16,
};
use crate::{Builtin, ElementType};

pub(super) fn activation(node: &Node, activation: Activation) -> Result<Lowered, String> {
    let plain = |builtin| (builtin, None);
    let table = |builtin, table: &'static OptionsTable| (builtin, Some(Options::new(table)));
    let (builtin, options) = match activation {
        Activation::Relu => plain(Builtin::Relu),
        Activation::Relu6 => plain(Builtin::Relu6),
        Activation::LeakyRelu { alpha } => {
            let options = Options::new(options::LEAKY_RELU).with(ALPHA, OptionValue::Float(alpha));
            (Builtin::LeakyRelu, Some(options))
        }
        Activation::Elu => plain(Builtin::Elu),
        Activation::Sigmoid => plain(Builtin::Logistic),
        Activation::Tanh => plain(Builtin::Tanh),
        Activation::Swish => return Err(no_operator()),
        Activation::HardSwish => table(Builtin::HardSwish, options::HARD_SWISH),
        Activation::Gelu { approximate } => {
            let options =
                Options::new(options::GELU).with(APPROXIMATE, OptionValue::Bool(approximate));
            (Builtin::Gelu, Some(options))
        }
        Activation::Exp => table(Builtin::Exp, options::EXP),
        Activation::Log => plain(Builtin::Log),
        Activation::Sqrt => plain(Builtin::Sqrt),
        Activation::Rsqrt => plain(Builtin::Rsqrt),
        Activation::Negate => table(Builtin::Neg, options::NEG),
        Activation::Abs => table(Builtin::Abs, options::ABS),
        Activation::Square => table(Builtin::Square, options::SQUARE),
    };
    Ok(Lowered::plain(builtin, options, node))
}

pub(super) fn softmax(node: &Node) -> Lowered {
    let options = Options::new(options::SOFTMAX).with(BETA, OptionValue::Float(1.0));
    Lowered::plain(Builtin::Softmax, Some(options), node)
}

pub(super) fn binary(context: &Context, node: &Node, op: BinaryOp) -> Lowered {
    let (builtin, table) = match op {
        BinaryOp::Add => (Builtin::Add, options::ADD),
        BinaryOp::Subtract => (Builtin::Sub, options::SUB),
        BinaryOp::Multiply => (Builtin::Mul, options::MUL),
        BinaryOp::Divide => (Builtin::Div, options::DIV),
        BinaryOp::Maximum => (Builtin::Maximum, options::MAXIMUM_MINIMUM),
        BinaryOp::Minimum => (Builtin::Minimum, options::MAXIMUM_MINIMUM),
    };
    let mut options = Options::new(table);
    // By default the runtime expects 16-bit operands to have power-of-two scales.
    if context.element(node.output) == ElementType::Int16 && options.has(POT_SCALE_INT16) {
        options = options.with(POT_SCALE_INT16, OptionValue::Bool(false));
    }
    Lowered::plain(builtin, Some(options), node)
}

/// To a quantized tensor from a float or from another quantized one it is `QUANTIZE`, to a float
/// tensor `DEQUANTIZE`.
pub(super) fn convert(context: &Context, node: &Node) -> Result<Lowered, String> {
    let from = node.inputs.first().map(|&input| context.element(input));
    let to = context.element(node.output);
    let (builtin, table) = match (from, to) {
        (Some(ElementType::Float32), ElementType::Float32) => {
            return Err("converts nothing, because both its tensors are float32".to_owned());
        }
        (_, ElementType::Float32) => (Builtin::Dequantize, options::DEQUANTIZE),
        _ => (Builtin::Quantize, options::QUANTIZE),
    };
    Ok(Lowered::plain(builtin, Some(Options::new(table)), node))
}
