//! Operators that treat every element alike.

use graph::{Activation, BinaryOp, Node};
use localization::{Text, text};

use super::{Context, Lowered};
use crate::options::{self, ALPHA, APPROXIMATE, BETA, OptionValue, Options, POT_SCALE_INT16};
use crate::{Builtin, ElementType};

pub(super) fn activation(node: &Node, activation: Activation) -> Result<Lowered, Text> {
    let table = |table| Some(Options::new(table));
    let options = match activation {
        Activation::LeakyRelu { alpha } => {
            Some(Options::new(options::LEAKY_RELU).with(ALPHA, OptionValue::Float(alpha)))
        }
        Activation::Gelu { approximate } => {
            Some(Options::new(options::GELU).with(APPROXIMATE, OptionValue::Bool(approximate)))
        }
        Activation::HardSwish => table(options::HARD_SWISH),
        Activation::Exp => table(options::EXP),
        Activation::Negate => table(options::NEG),
        Activation::Abs => table(options::ABS),
        Activation::Square => table(options::SQUARE),
        Activation::Relu
        | Activation::Relu6
        | Activation::Elu
        | Activation::Sigmoid
        | Activation::Tanh
        | Activation::Swish
        | Activation::Log
        | Activation::Sqrt
        | Activation::Rsqrt => None,
    };
    Lowered::new(node, options)
}

pub(super) fn softmax(node: &Node) -> Result<Lowered, Text> {
    let options = Options::new(options::SOFTMAX).with(BETA, OptionValue::Float(1.0));
    Lowered::new(node, Some(options))
}

pub(super) fn binary(context: &Context, node: &Node, op: BinaryOp) -> Result<Lowered, Text> {
    let table = match op {
        BinaryOp::Add => options::ADD,
        BinaryOp::Subtract => options::SUB,
        BinaryOp::Multiply => options::MUL,
        BinaryOp::Divide => options::DIV,
        BinaryOp::Maximum | BinaryOp::Minimum => options::MAXIMUM_MINIMUM,
    };
    let mut options = Options::new(table);
    // By default the runtime expects 16-bit operands to have power-of-two scales.
    if context.element(node.output) == ElementType::Int16 && options.has(POT_SCALE_INT16) {
        options = options.with(POT_SCALE_INT16, OptionValue::Bool(false));
    }
    Lowered::new(node, Some(options))
}

/// To a quantized tensor from a float or from another quantized one it is `QUANTIZE`, to a float
/// tensor `DEQUANTIZE`.
pub(super) fn convert(context: &Context, node: &Node) -> Result<Lowered, Text> {
    let from = context.element(node.input());
    let to = context.element(node.output);
    let (builtin, table) = match (from, to) {
        (ElementType::Float32, ElementType::Float32) => {
            return Err(text!(
                "converts nothing, because both its tensors are float32"
            ));
        }
        (_, ElementType::Float32) => (Builtin::Dequantize, options::DEQUANTIZE),
        _ => (Builtin::Quantize, options::QUANTIZE),
    };
    Ok(Lowered::of(builtin, node, Some(Options::new(table))))
}
