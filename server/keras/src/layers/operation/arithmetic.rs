//! Operations that compute element by element.

use graph::{Activation, BinaryOp};

use super::bound::{BoundCall, Operand, input};
use super::{Build, one_output};
use crate::layers::activation::softmax_function;
use crate::layers::function::Function;
use crate::layers::rectifier;
use crate::layers::{LayerProblem, invalid, unsupported};

pub(super) fn binary(call: &BoundCall, op: BinaryOp) -> Result<Build, LayerProblem> {
    let (x, y) = (call.operand("x")?, call.operand("y")?);
    one_output(move |scope, inputs| {
        let x = x.build(scope, inputs, "x")?;
        let y = y.build(scope, inputs, "y")?;
        scope.binary("", op, x, y)
    })
}

pub(super) fn unary(call: &BoundCall, function: Function) -> Result<Build, LayerProblem> {
    let x = call.tensor("x")?;
    one_output(move |scope, inputs| function.build(scope, "", input(inputs, x)?))
}

pub(super) fn squared_difference(call: &BoundCall) -> Result<Build, LayerProblem> {
    let (x, y) = (call.operand("x")?, call.operand("y")?);
    one_output(move |scope, inputs| {
        let x = x.build(scope, inputs, "x")?;
        let y = y.build(scope, inputs, "y")?;
        let difference = scope.binary("difference", BinaryOp::Subtract, x, y)?;
        scope.unary("", Activation::Square, difference)
    })
}

/// Largest whole exponent that is written out as multiplications.
const LARGEST_EXPONENT: f32 = 8.0;

/// Powers whose exponent is a small whole number, or 1/2 with either sign.
pub(super) fn power(call: &BoundCall) -> Result<Build, LayerProblem> {
    let x = call.tensor("x")?;
    let exponent = match call.operand("y")? {
        Operand::Constant { values, .. } if values.len() == 1 => values.first().copied(),
        _ => None,
    };
    let Some(exponent) = exponent else {
        return unsupported("its exponent is not one number");
    };
    let function = match exponent {
        0.5 => Function::Elementwise(Activation::Sqrt),
        -0.5 => Function::Elementwise(Activation::Rsqrt),
        1.0 => Function::Linear,
        2.0 => Function::Elementwise(Activation::Square),
        -1.0 => Function::Reciprocal,
        whole if whole.fract() == 0.0 && (3.0..=LARGEST_EXPONENT).contains(&whole) => {
            return one_output(move |scope, inputs| {
                let x = input(inputs, x)?;
                let mut product = x;
                for factor in 2..=whole as usize {
                    let last = factor == whole as usize;
                    let part = match last {
                        true => String::new(),
                        false => format!("power_{factor}"),
                    };
                    product = scope.binary(&part, BinaryOp::Multiply, product, x)?;
                }
                Ok(product)
            });
        }
        other => return unsupported(format!("its exponent is {other}")),
    };
    unary(call, function)
}

pub(super) fn add_n(call: &BoundCall) -> Result<Build, LayerProblem> {
    let operands = call.operands("inputs")?;
    one_output(move |scope, inputs| {
        let mut sum = None;
        for (index, operand) in operands.iter().enumerate() {
            let next = operand.build(scope, inputs, &format!("operand_{index}"))?;
            let part = match index + 1 == operands.len() {
                true => String::new(),
                false => format!("partial_{index}"),
            };
            sum = Some(match sum {
                None => next,
                Some(sum) => scope.binary(&part, BinaryOp::Add, sum, next)?,
            });
        }
        match sum {
            Some(sum) => Ok(sum),
            None => invalid("it has no inputs"),
        }
    })
}

pub(super) fn bias_add(call: &BoundCall) -> Result<Build, LayerProblem> {
    if call
        .constants
        .text("data_format")
        .is_some_and(|format| format.starts_with("NC"))
    {
        return unsupported("its data_format has channels first");
    }
    let x = call.tensor("x")?;
    let bias = call.operand("bias")?;
    one_output(move |scope, inputs| {
        let bias = bias.build(scope, inputs, "bias")?;
        scope.binary("", BinaryOp::Add, input(inputs, x)?, bias)
    })
}

pub(super) fn clip(call: &BoundCall) -> Result<Build, LayerProblem> {
    let bound = |name: &str| match call.constants.number(name)? {
        Some(number) => Ok(number),
        None => unsupported(format!("its {name} is not a constant number")),
    };
    let (minimum, maximum) = (bound("minimum")?, bound("maximum")?);
    unary(call, Function::Clamp { minimum, maximum })
}

pub(super) fn relu(call: &BoundCall) -> Result<Build, LayerProblem> {
    unary(call, rectifier::relu_function(&call.constants)?)
}

/// The slope of `tf.nn.leaky_relu` and `keras.ops.leaky_relu`, unlike that of the layer.
const LEAKY_RELU_SLOPE: f32 = 0.2;

pub(super) fn leaky_relu(call: &BoundCall) -> Result<Build, LayerProblem> {
    let slope = call.constants.number("negative_slope")?;
    let alpha = slope.unwrap_or(LEAKY_RELU_SLOPE);
    unary(call, Function::Elementwise(Activation::LeakyRelu { alpha }))
}

pub(super) fn elu(call: &BoundCall) -> Result<Build, LayerProblem> {
    unary(call, rectifier::elu_function(&call.constants)?)
}

/// `tf.nn.gelu` is exact unless told otherwise; `keras.ops.gelu` always notes which it is.
pub(super) fn gelu(call: &BoundCall) -> Result<Build, LayerProblem> {
    let approximate = call.constants.flag("approximate", false)?;
    unary(
        call,
        Function::Elementwise(Activation::Gelu { approximate }),
    )
}

pub(super) fn softmax(call: &BoundCall) -> Result<Build, LayerProblem> {
    unary(call, softmax_function(&call.constants)?)
}

pub(super) fn log_softmax(call: &BoundCall) -> Result<Build, LayerProblem> {
    match softmax_function(&call.constants)? {
        Function::Softmax { axis } => unary(call, Function::LogSoftmax { axis }),
        _ => unsupported("it normalizes over several axes"),
    }
}

pub(super) fn silu(call: &BoundCall) -> Result<Build, LayerProblem> {
    if call.constants.number("beta")?.unwrap_or(1.0) != 1.0 {
        return unsupported("it sets beta");
    }
    unary(call, Function::Elementwise(Activation::Swish))
}

/// Between floating-point types a cast is nothing here: all numbers are `f32`.
pub(super) fn cast(call: &BoundCall) -> Result<Build, LayerProblem> {
    let dtype = call.constants.text("dtype").unwrap_or("unnamed");
    if !dtype.contains("float") && dtype != "half" {
        return unsupported(format!("it casts to {dtype}"));
    }
    unary(call, Function::Linear)
}
