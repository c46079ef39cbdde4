//! Element-wise combinations of two tensors.

use graph::{Activation, BinaryOp};
use localization::phrase;

use super::call::{Call, Outputs};
use crate::draft::{Pending, Step, ValueId};
use crate::operations::elementwise::{self, Power};
use crate::operations::function::Function;
use crate::problem::unsupported;
use crate::saved_model::import::operand::Operand;
use crate::saved_model::import::value::Value;

/// A sum with a constant may be the bias of the layer in front of it.
pub(super) fn add(call: &mut Call<'_, '_>) -> Outputs {
    let is_bias = call.op == "BiasAdd";
    let mut operands = Vec::with_capacity(2);
    let (mut biased, mut is_image) = (false, false);
    for (index, other) in [(0, 1), (1, 0)] {
        let (known, other_known) = (call.is_known(index), call.is_known(other));
        operands.push(match (is_bias, known, other_known) {
            (true, true, false) => call.weight(index, "bias")?,
            (true, false, true) => call.image(index)?,
            _ => call.tensor(index)?,
        });
        biased |= !known && other_known && call.is_only_reader(index);
        is_image |= is_bias && !known && other_known;
    }
    let output = match *operands.as_slice() {
        [a, b] if biased => call.draft().bias(a, b)?,
        [a, b] => call.draft().binary("", BinaryOp::Add, a, b)?,
        _ => return unsupported(phrase!("it has no inputs")),
    };
    if is_image {
        return call.image_result(output);
    }
    Ok(call.result(output))
}

pub(super) fn add_all(call: &mut Call<'_, '_>) -> Outputs {
    let tensors = call.tensors(0..call.inputs.len())?;
    let output = elementwise::accumulate(call.draft(), "", BinaryOp::Add, &tensors)?;
    Ok(call.result(output))
}

pub(super) fn binary(call: &mut Call<'_, '_>) -> Outputs {
    let Some(op) = elementwise::binary_operator(call.op) else {
        return unsupported(super::reason::reason(call.op));
    };
    let (a, b) = (call.tensor(0)?, call.tensor(1)?);
    let output = call.draft().binary("", op, a, b)?;
    Ok(call.result(output))
}

pub(super) fn divide_no_nan(call: &mut Call<'_, '_>) -> Outputs {
    if !call.is_known(1) {
        return unsupported(phrase!(
            "its divisor depends on the image and could be zero"
        ));
    }
    let x = call.tensor(0)?;
    let mut factor = call.value(1)?;
    if let Some(divisor) = factor.as_floats() {
        let factors = divisor.mapv(|element| match element {
            0.0 => 0.0,
            element => element.recip(),
        });
        factor = Value::from(factors.into_shared());
    }
    let factor = call.constant(&factor, "factor")?;
    let output = call.draft().binary("", BinaryOp::Multiply, x, factor)?;
    Ok(call.result(output))
}

pub(super) fn squared_difference(call: &mut Call<'_, '_>) -> Outputs {
    let (a, b) = (call.tensor(0)?, call.tensor(1)?);
    let output = elementwise::squared_difference(call.draft(), a, b)?;
    Ok(call.result(output))
}

pub(super) fn power(call: &mut Call<'_, '_>) -> Outputs {
    if !call.is_known(1) {
        return unsupported(phrase!("its exponent depends on the image"));
    }
    let x = call.tensor(0)?;
    let exponent = call.value(1)?;
    let exponent = match exponent.as_floats() {
        Some(exponent) if exponent.len() == 1 => exponent.first().copied(),
        _ => None,
    };
    let Some(exponent) = exponent else {
        return unsupported(phrase!("its exponent is not one number"));
    };
    let output = Power::of(exponent)?.build(call.draft(), x)?;
    Ok(call.result(output))
}

pub(super) fn greater(call: &mut Call<'_, '_>) -> Outputs {
    let (a, b) = (call.tensor(0)?, call.tensor(1)?);
    let shape = call.draft().shape(a).to_vec();
    let id = call.draft().pending("", Pending::Greater, &[a, b], shape)?;
    Ok(vec![Operand::Computed { id, integer: true }])
}

pub(super) fn finite(call: &mut Call<'_, '_>) -> Outputs {
    let x = call.tensor(0)?;
    let shape = call.draft().shape(x).to_vec();
    let id = call.draft().pending("", Pending::Finite, &[x], shape)?;
    Ok(vec![Operand::Computed { id, integer: true }])
}

/// `x > 0 ? elu(x) : alpha * elu(x)`, the ELU of Keras with a factor of its own, and
/// `is_finite(x) ? x : y`, where `x` is finite whenever the model is of use.
pub(super) fn select(call: &mut Call<'_, '_>) -> Outputs {
    let choice = || unsupported(phrase!("it chooses between tensors"));
    let (condition, a, b) = (call.tensor(0)?, call.tensor(1)?, call.tensor(2)?);
    let draft = call.draft();
    let real = |id| Operand::Computed { id, integer: false };
    let (x, zero) = match draft.step(condition) {
        Some((Step::Pending(Pending::Greater), &[x, zero])) => (x, zero),
        Some((Step::Pending(Pending::Finite), &[x])) if x == a => return Ok(vec![real(x)]),
        _ => return choice(),
    };
    let is_elu = |id: ValueId| draft.argument(id, Activation::Elu) == Some(x);
    let Some([p, q]) = draft.operands(b, BinaryOp::Multiply) else {
        return choice();
    };
    let alpha = match (draft.number(p), draft.number(q)) {
        (Some(alpha), None) if is_elu(q) => alpha as f32,
        (None, Some(alpha)) if is_elu(p) => alpha as f32,
        _ => return choice(),
    };
    if draft.number(zero) != Some(0.0) || !(is_elu(a) || a == x) {
        return choice();
    }
    let scaled = Function::ScaledElu { scale: 1.0, alpha };
    Ok(vec![real(scaled.build(draft, "", x)?)])
}
