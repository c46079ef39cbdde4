//! Element-wise combinations of two tensors.

use graph::{Activation, BinaryOp, Op};

use super::{Call, unsupported};
use crate::layers::LayerProblem;
use crate::saved_model::import::drawing::{Drawn, Pending, Step};
use crate::saved_model::import::term::Term;
use crate::saved_model::import::value::Value;

pub(super) fn add(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    for (index, other) in [(0, 1), (1, 0)] {
        if call.is_known(index) || !call.is_known(other) {
            continue;
        }
        let bias = call.value(other)?;
        let x = if call.op == "BiasAdd" {
            call.image(index)?
        } else {
            call.tensor(index)?
        };
        if call.is_only_reader(index)
            && let Some(output) = biased(call, x, &bias)?
        {
            return call.image_result(output);
        }
        if call.op == "BiasAdd" {
            let bias = call.weight(other, "bias")?;
            let output = call.drawing().binary(BinaryOp::Add, x, bias)?;
            return call.image_result(output);
        }
    }
    let (a, b) = (call.tensor(0)?, call.tensor(1)?);
    call.draw(Op::Binary(BinaryOp::Add), &[a, b])
}

/// The layer that computes `x` with a bias, if it has none and the constant is one.
fn biased(
    call: &mut Call<'_, '_, '_>,
    x: Drawn,
    bias: &Value,
) -> Result<Option<Drawn>, LayerProblem> {
    let drawing = call.drawing();
    // The axes that the bias varies along.
    let mut varying = bias.shape();
    while let [1, rest @ ..] = varying {
        varying = rest;
    }
    let shape = drawing.shape(x).to_vec();
    if bias.shape().len() > shape.len() || !shape.ends_with(varying) || varying.is_empty() {
        return Ok(None);
    }
    // Attention heads: the features of a dense layer, split over several axes.
    let layer = match drawing.op(x) {
        Some((Op::Reshape { .. }, &[source])) => source,
        _ => x,
    };
    let Some((op, &[input, kernel])) = drawing.op(layer) else {
        return Ok(None);
    };
    let op = op.clone();
    let channels = drawing.shape(layer).last().copied();
    if !op.has_kernel()
        || channels != Some(bias.count())
        || (layer != x && !matches!(op, Op::FullyConnected))
        || (layer == x && varying.len() != 1)
    {
        return Ok(None);
    }
    let bias = bias.clone().reshaped(vec![bias.count()])?;
    let bias = call.importer.drawn(&Term::Value(bias), "bias")?;
    let output = call.drawing().add(op, &[input, kernel, bias])?;
    call.drawing().reshape(output, shape).map(Some)
}

pub(super) fn add_all(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let mut sum = call.tensor(0)?;
    for index in 1..call.inputs.len() {
        let next = call.tensor(index)?;
        sum = call.drawing().binary(BinaryOp::Add, sum, next)?;
    }
    Ok(call.result(sum))
}

pub(super) fn binary(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let op = match call.op {
        "Sub" => BinaryOp::Subtract,
        "Mul" => BinaryOp::Multiply,
        "Maximum" => BinaryOp::Maximum,
        "Minimum" => BinaryOp::Minimum,
        _ => BinaryOp::Divide,
    };
    let (a, b) = (call.tensor(0)?, call.tensor(1)?);
    call.draw(Op::Binary(op), &[a, b])
}

pub(super) fn divide_no_nan(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    if !call.is_known(1) {
        return unsupported("its divisor depends on the image and could be zero");
    }
    let x = call.tensor(0)?;
    let divisor = call.value(1)?;
    let factor = match divisor.as_floats() {
        Some(divisor) => {
            let factor = |&element: &f32| if element == 0.0 { 0.0 } else { element.recip() };
            Value::floats(
                divisor.shape().to_vec(),
                divisor.iter().map(factor).collect(),
            )?
        }
        None => divisor,
    };
    let factor = call.drawing().add_value(&factor, "factor")?;
    call.draw(Op::Binary(BinaryOp::Multiply), &[x, factor])
}

pub(super) fn squared_difference(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let (a, b) = (call.tensor(0)?, call.tensor(1)?);
    let difference = call.drawing().binary(BinaryOp::Subtract, a, b)?;
    call.draw(Op::Activation(Activation::Square), &[difference])
}

pub(super) fn power(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    if !call.is_known(1) {
        return unsupported("its exponent depends on the image");
    }
    let x = call.tensor(0)?;
    let exponent = call.value(1)?;
    let exponent = match exponent.as_floats() {
        Some(exponent) if exponent.len() == 1 => exponent.first().copied().unwrap_or(f32::NAN),
        _ => f32::NAN,
    };
    let drawing = call.drawing();
    let output = match exponent {
        1.0 => x,
        2.0 => drawing.activation(Activation::Square, x)?,
        3.0 => {
            let square = drawing.activation(Activation::Square, x)?;
            drawing.binary(BinaryOp::Multiply, square, x)?
        }
        0.5 => drawing.activation(Activation::Sqrt, x)?,
        -0.5 => drawing.activation(Activation::Rsqrt, x)?,
        -1.0 => {
            let one = drawing.add_scalar(1.0)?;
            drawing.binary(BinaryOp::Divide, one, x)?
        }
        _ => return unsupported("its exponent is not 0.5, 1, 2, 3, -0.5 or -1"),
    };
    Ok(call.result(output))
}

pub(super) fn greater(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let (a, b) = (call.tensor(0)?, call.tensor(1)?);
    let shape = call.drawing().shape(a).to_vec();
    let id = call.drawing().pending(Pending::Greater, &[a, b], shape)?;
    Ok(vec![Term::Drawn { id, integer: true }])
}

pub(super) fn finite(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let x = call.tensor(0)?;
    let shape = call.drawing().shape(x).to_vec();
    let id = call.drawing().pending(Pending::Finite, &[x], shape)?;
    Ok(vec![Term::Drawn { id, integer: true }])
}

/// `x > 0 ? elu(x) : alpha * elu(x)`, the ELU of Keras with a factor of its own, and
/// `is_finite(x) ? x : y`, where `x` is finite whenever the model is of use.
pub(super) fn select(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let choice = || unsupported("it chooses between tensors");
    let (condition, a, b) = (call.tensor(0)?, call.tensor(1)?, call.tensor(2)?);
    let drawing = call.drawing();
    let (x, zero) = match drawing.node(condition) {
        Some((Step::Pending(Pending::Greater), &[x, zero])) => (x, zero),
        Some((Step::Pending(Pending::Finite), &[x])) if x == a => {
            return Ok(vec![Term::Drawn {
                id: x,
                integer: false,
            }]);
        }
        _ => return choice(),
    };
    let is_elu = |id: Drawn| drawing.argument(id, Activation::Elu) == Some(x);
    let Some([p, q]) = drawing.operands(b, BinaryOp::Multiply) else {
        return choice();
    };
    let alpha = match (drawing.scalar(p), drawing.scalar(q)) {
        (Some(alpha), None) if is_elu(q) => alpha,
        (None, Some(alpha)) if is_elu(p) => alpha,
        _ => return choice(),
    };
    if drawing.scalar(zero) != Some(0.0) || !(is_elu(a) || a == x) {
        return choice();
    }
    let output = scaled_elu(call, x, 1.0, alpha as f32)?;
    Ok(vec![Term::Drawn {
        id: output,
        integer: false,
    }])
}

/// `scale * x` for positive `x`, `scale * alpha * (exp(x) - 1)` for negative.
pub(super) fn scaled_elu(
    call: &mut Call<'_, '_, '_>,
    x: Drawn,
    scale: f32,
    alpha: f32,
) -> Result<Drawn, LayerProblem> {
    let drawing = call.drawing();
    let mut positive = drawing.activation(Activation::Relu, x)?;
    if scale != 1.0 {
        positive = drawing.with_scalar(BinaryOp::Multiply, positive, scale)?;
    }
    let negative = drawing.with_scalar(BinaryOp::Minimum, x, 0.0)?;
    let elu = drawing.activation(Activation::Elu, negative)?;
    let negative = drawing.with_scalar(BinaryOp::Multiply, elu, scale * alpha)?;
    drawing.binary(BinaryOp::Add, positive, negative)
}
