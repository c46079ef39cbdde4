//! Normalization by statistics of the image itself, as TensorFlow computes it.

use graph::{Activation, BinaryOp, Op};

use crate::draft::{Draft, ValueId};
use crate::problem::LayerProblem;

/// `x * s + (offset - mean * s)` becomes `(x - mean) * s + offset`, with the factors of `s` one
/// after the other.
///
/// Both are equal for real numbers, but in int8 the first subtracts two large numbers and loses
/// what is left; the second is what this program draws for the layer in other formats.
pub(super) fn recognize(
    draft: &mut Draft,
    op: BinaryOp,
    a: ValueId,
    b: ValueId,
) -> Result<Option<ValueId>, LayerProblem> {
    if op != BinaryOp::Add {
        return Ok(None);
    }
    for (product, rest) in [(a, b), (b, a)] {
        let Some([p, q]) = draft.operands(product, BinaryOp::Multiply) else {
            continue;
        };
        for (x, factor) in [(p, q), (q, p)] {
            if draft.is_constant(x) || draft.is_constant(factor) {
                continue;
            }
            if let Some((mean, offset)) = shift(draft, rest, factor) {
                return centered(draft, x, mean, factor, offset).map(Some);
            }
        }
    }
    Ok(None)
}

/// The mean and the offset of `offset - mean * factor` in one of the forms it is written in.
fn shift(draft: &Draft, rest: ValueId, factor: ValueId) -> Option<(ValueId, Option<ValueId>)> {
    let times_factor = |id: ValueId| {
        let [a, b] = draft.operands(id, BinaryOp::Multiply)?;
        match (a == factor, b == factor) {
            (true, false) => Some(b),
            (false, true) => Some(a),
            _ => None,
        }
    };
    let negated = |id: ValueId| draft.argument(times_factor(id)?, Activation::Negate);
    if let Some([offset, product]) = draft.operands(rest, BinaryOp::Subtract) {
        let mean = times_factor(product)?;
        return draft.is_constant(offset).then_some((mean, Some(offset)));
    }
    if let Some([a, b]) = draft.operands(rest, BinaryOp::Add) {
        for (product, offset) in [(a, b), (b, a)] {
            if let Some(mean) = negated(product)
                && draft.is_constant(offset)
            {
                return Some((mean, Some(offset)));
            }
        }
        return None;
    }
    negated(rest).map(|mean| (mean, None))
}

fn centered(
    draft: &mut Draft,
    x: ValueId,
    mean: ValueId,
    factor: ValueId,
    offset: Option<ValueId>,
) -> Result<ValueId, LayerProblem> {
    let subtract = Op::Binary(BinaryOp::Subtract);
    // The variance has been computed from the same difference.
    let centered = match draft.find(&subtract, &[x, mean]) {
        Some(found) => found,
        None => draft.node("", subtract, &[x, mean])?,
    };
    let multiply = Op::Binary(BinaryOp::Multiply);
    let mut output = match draft.operands(factor, BinaryOp::Multiply) {
        Some([inverse, gamma]) if draft.is_constant(gamma) => {
            let normalized = draft.node("", multiply.clone(), &[centered, inverse])?;
            draft.node("", multiply, &[normalized, gamma])?
        }
        Some([gamma, inverse]) if draft.is_constant(gamma) => {
            let normalized = draft.node("", multiply.clone(), &[centered, inverse])?;
            draft.node("", multiply, &[normalized, gamma])?
        }
        _ => draft.node("", multiply, &[centered, factor])?,
    };
    if let Some(offset) = offset {
        output = draft.node("", Op::Binary(BinaryOp::Add), &[output, offset])?;
    }
    Ok(output)
}
