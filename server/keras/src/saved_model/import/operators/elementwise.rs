use graph::{Activation, BinaryOp, Op, ReduceOp};

use super::combination::scaled_elu;
use super::{Call, unsupported};
use crate::layers::LayerProblem;
use crate::saved_model::import::attributes::WithDefaults;
use crate::saved_model::import::drawing::{Drawn, Pending};
use crate::saved_model::import::term::Term;

/// Constants of SELU: Klambauer et al., Self-Normalizing Neural Networks, 2017.
const SELU_SCALE: f32 = 1.050_701;
const SELU_ALPHA: f32 = 1.673_263_2;

/// Slope of `LeakyRelu` when it states none.
const LEAKY_RELU_ALPHA: f32 = 0.2;

/// The function of the graph that an operator is.
fn activation(op: &str) -> Option<Activation> {
    Some(match op {
        "Relu" => Activation::Relu,
        "Relu6" => Activation::Relu6,
        "Elu" => Activation::Elu,
        "Sigmoid" => Activation::Sigmoid,
        "Tanh" => Activation::Tanh,
        "Exp" => Activation::Exp,
        "Log" => Activation::Log,
        "Sqrt" => Activation::Sqrt,
        "Rsqrt" => Activation::Rsqrt,
        "Neg" => Activation::Negate,
        "Abs" => Activation::Abs,
        "Square" => Activation::Square,
        _ => return None,
    })
}

/// Whether [`function`] draws an operator.
pub(super) fn is_function(op: &str) -> bool {
    activation(op).is_some()
        || matches!(
            op,
            "Erf"
                | "Erfc"
                | "Expm1"
                | "Inv"
                | "LeakyRelu"
                | "Log1p"
                | "LogSoftmax"
                | "Reciprocal"
                | "Selu"
                | "Softplus"
                | "Softsign"
        )
}

/// Functions of one tensor.
pub(super) fn function(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let x = call.tensor(0)?;
    let alpha = call.attributes.real("alpha", LEAKY_RELU_ALPHA)?;
    let op = call.op;
    let drawing = call.drawing();
    let output = match op {
        "LeakyRelu" => drawing.activation(Activation::LeakyRelu { alpha }, x)?,
        "Erf" | "Erfc" => {
            let shape = drawing.shape(x).to_vec();
            let pending = if op == "Erf" {
                Pending::Erf
            } else {
                Pending::Erfc
            };
            drawing.pending(pending, &[x], shape)?
        }
        "Expm1" => {
            let exp = drawing.activation(Activation::Exp, x)?;
            drawing.with_scalar(BinaryOp::Subtract, exp, 1.0)?
        }
        "Log1p" => {
            let sum = drawing.with_scalar(BinaryOp::Add, x, 1.0)?;
            drawing.activation(Activation::Log, sum)?
        }
        "Reciprocal" | "Inv" => {
            let one = drawing.add_scalar(1.0)?;
            drawing.binary(BinaryOp::Divide, one, x)?
        }
        "Selu" => scaled_elu(call, x, SELU_SCALE, SELU_ALPHA)?,
        "Softsign" => {
            let size = drawing.activation(Activation::Abs, x)?;
            let size = drawing.with_scalar(BinaryOp::Add, size, 1.0)?;
            drawing.binary(BinaryOp::Divide, x, size)?
        }
        "Softplus" => softplus(call, x)?,
        "LogSoftmax" => log_softmax(call, x)?,
        op => match activation(op) {
            Some(function) => drawing.activation(function, x)?,
            None => return unsupported(super::reason(op)),
        },
    };
    Ok(call.result(output))
}

/// `log(1 + exp(x))` as `relu(x) + log(1 + exp(-|x|))`, which does not overflow.
fn softplus(call: &mut Call<'_, '_, '_>, x: Drawn) -> Result<Drawn, LayerProblem> {
    let drawing = call.drawing();
    let size = drawing.activation(Activation::Abs, x)?;
    let size = drawing.activation(Activation::Negate, size)?;
    let exp = drawing.activation(Activation::Exp, size)?;
    let sum = drawing.with_scalar(BinaryOp::Add, exp, 1.0)?;
    let log = drawing.activation(Activation::Log, sum)?;
    let positive = drawing.activation(Activation::Relu, x)?;
    drawing.binary(BinaryOp::Add, positive, log)
}

/// `x - max - log(sum(exp(x - max)))`
fn log_softmax(call: &mut Call<'_, '_, '_>, x: Drawn) -> Result<Drawn, LayerProblem> {
    let drawing = call.drawing();
    let over_last = |kind, rank: usize| Op::Reduce {
        kind,
        axes: vec![rank.saturating_sub(1)],
        keep_dims: true,
    };
    let rank = drawing.shape(x).len();
    let largest = drawing.draw(over_last(ReduceOp::Max, rank), &[x])?;
    let shifted = drawing.binary(BinaryOp::Subtract, x, largest)?;
    let exp = drawing.activation(Activation::Exp, shifted)?;
    let sum = drawing.draw(over_last(ReduceOp::Sum, rank), &[exp])?;
    let log = drawing.activation(Activation::Log, sum)?;
    drawing.binary(BinaryOp::Subtract, shifted, log)
}

pub(super) fn softmax(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let x = call.tensor(0)?;
    call.draw(Op::Softmax, &[x])
}

/// Pixels become real numbers, and real numbers of any precision stay what they are.
pub(super) fn cast(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let from_truth = call
        .attributes
        .data_type("SrcT")?
        .is_some_and(|source| source == crate::saved_model::data_type::DataType::Bool);
    if super::fourier::is_complex(call, "DstT")? {
        return super::fourier::complex(call);
    }
    if super::fourier::is_complex(call, "SrcT")? {
        return super::fourier::real_part(call);
    }
    let to_float = call.attributes.is_float("DstT")?;
    match call.input(0)? {
        _ if from_truth => unsupported("it computes with comparisons"),
        Term::Drawn { id, .. } if to_float => Ok(vec![Term::Drawn {
            id: *id,
            integer: false,
        }]),
        Term::Drawn { id, integer: true } => Ok(vec![Term::Drawn {
            id: *id,
            integer: true,
        }]),
        _ => unsupported("it rounds to integers"),
    }
}
