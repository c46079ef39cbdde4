//! Layers that TensorFlow traced into several operators, recognised when the last one is drawn.
//!
//! The operators that are taken in stay where they are; without readers they are left out of the
//! graph. Each rule holds for all real inputs, up to rounding.

mod activation;
mod affine;
mod arrangement;
mod layer_normalization;
mod rectifier;
mod softmax;

use graph::{Activation, BinaryOp, Op};

use super::drawing::{Drawing, Drawn};
use crate::layers::LayerProblem;

/// The result of an operator, when there is a plainer way to compute it.
pub(super) fn simplify(
    drawing: &mut Drawing,
    op: &Op,
    inputs: &[Drawn],
) -> Result<Option<Drawn>, LayerProblem> {
    match (op, inputs) {
        (Op::Binary(op), &[a, b]) => {
            if let Some(same) = unchanged(drawing, *op, a, b) {
                return Ok(Some(same));
            }
            type Rule =
                fn(&mut Drawing, BinaryOp, Drawn, Drawn) -> Result<Option<Drawn>, LayerProblem>;
            const RULES: [Rule; 4] = [
                activation::recognise,
                rectifier::recognise,
                layer_normalization::recognise,
                affine::recognise,
            ];
            for rule in RULES {
                if let Some(output) = rule(drawing, *op, a, b)? {
                    return Ok(Some(output));
                }
            }
            Ok(None)
        }
        (Op::Activation(Activation::Exp), &[x]) => softmax::recognise(drawing, x),
        (Op::Reshape { shape }, &[x]) => arrangement::reshape(drawing, x, shape),
        (Op::Transpose { permutation }, &[x]) => arrangement::transpose(drawing, x, permutation),
        (Op::Resize { size, method }, &[x]) => arrangement::resize(drawing, x, *size, *method),
        _ => Ok(None),
    }
}

/// The operand that an operator returns as it is: `x + 0`, `x - 0`, `x * 1` and `x / 1`.
fn unchanged(drawing: &Drawing, op: BinaryOp, a: Drawn, b: Drawn) -> Option<Drawn> {
    let neutral = |id: Drawn, number: f32| {
        let constant = drawing.constant(id);
        constant.is_some_and(|constant| constant.iter().all(|&element| element == number))
    };
    let number = match op {
        BinaryOp::Add | BinaryOp::Subtract => 0.0,
        BinaryOp::Multiply | BinaryOp::Divide => 1.0,
        _ => return None,
    };
    let commutes = matches!(op, BinaryOp::Add | BinaryOp::Multiply);
    let candidates = [(a, b, true), (b, a, commutes)];
    candidates
        .into_iter()
        .find(|&(x, constant, allowed)| {
            allowed
                && !drawing.is_constant(x)
                && neutral(constant, number)
                && super::extents::broadcast(drawing.shape(x), drawing.shape(constant))
                    .is_ok_and(|shape| shape == drawing.shape(x))
        })
        .map(|(x, _, _)| x)
}

/// Whether two numbers are equal up to the precision of `f32`.
fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-5 * b.abs().max(1e-3)
}
