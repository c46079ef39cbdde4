//! Normalization by statistics of the image itself, as TensorFlow computes it.

use graph::{Activation, BinaryOp, Op};

use crate::layers::LayerProblem;
use crate::saved_model::import::drawing::{Drawing, Drawn};

/// `x * s + (offset - mean * s)` becomes `(x - mean) * s + offset`, with the factors of `s` one
/// after the other.
///
/// Both are equal for real numbers, but in int8 the first subtracts two large numbers and loses
/// what is left; the second is what this program draws for the layer in other formats.
pub(super) fn recognise(
    drawing: &mut Drawing,
    op: BinaryOp,
    a: Drawn,
    b: Drawn,
) -> Result<Option<Drawn>, LayerProblem> {
    if op != BinaryOp::Add {
        return Ok(None);
    }
    for (product, rest) in [(a, b), (b, a)] {
        let Some([p, q]) = drawing.operands(product, BinaryOp::Multiply) else {
            continue;
        };
        for (x, factor) in [(p, q), (q, p)] {
            if drawing.is_constant(x) || drawing.is_constant(factor) {
                continue;
            }
            if let Some((mean, offset)) = shift(drawing, rest, factor) {
                return centered(drawing, x, mean, factor, offset).map(Some);
            }
        }
    }
    Ok(None)
}

/// The mean and the offset of `offset - mean * factor` in one of the forms it is written in.
fn shift(drawing: &Drawing, rest: Drawn, factor: Drawn) -> Option<(Drawn, Option<Drawn>)> {
    let times_factor = |id: Drawn| {
        let [a, b] = drawing.operands(id, BinaryOp::Multiply)?;
        match (a == factor, b == factor) {
            (true, false) => Some(b),
            (false, true) => Some(a),
            _ => None,
        }
    };
    let negated = |id: Drawn| drawing.argument(times_factor(id)?, Activation::Negate);
    if let Some([offset, product]) = drawing.operands(rest, BinaryOp::Subtract) {
        let mean = times_factor(product)?;
        return drawing.is_constant(offset).then_some((mean, Some(offset)));
    }
    if let Some([a, b]) = drawing.operands(rest, BinaryOp::Add) {
        for (product, offset) in [(a, b), (b, a)] {
            if let Some(mean) = negated(product)
                && drawing.is_constant(offset)
            {
                return Some((mean, Some(offset)));
            }
        }
        return None;
    }
    negated(rest).map(|mean| (mean, None))
}

fn centered(
    drawing: &mut Drawing,
    x: Drawn,
    mean: Drawn,
    factor: Drawn,
    offset: Option<Drawn>,
) -> Result<Drawn, LayerProblem> {
    let subtract = Op::Binary(BinaryOp::Subtract);
    // The variance has been computed from the same difference.
    let centered = match drawing.find(&subtract, &[x, mean]) {
        Some(found) => found,
        None => drawing.add(subtract, &[x, mean])?,
    };
    let multiply = Op::Binary(BinaryOp::Multiply);
    let mut output = match drawing.operands(factor, BinaryOp::Multiply) {
        Some([inverse, gamma]) if drawing.is_constant(gamma) => {
            let normalized = drawing.add(multiply.clone(), &[centered, inverse])?;
            drawing.add(multiply, &[normalized, gamma])?
        }
        Some([gamma, inverse]) if drawing.is_constant(gamma) => {
            let normalized = drawing.add(multiply.clone(), &[centered, inverse])?;
            drawing.add(multiply, &[normalized, gamma])?
        }
        _ => drawing.add(multiply, &[centered, factor])?,
    };
    if let Some(offset) = offset {
        output = drawing.add(Op::Binary(BinaryOp::Add), &[output, offset])?;
    }
    Ok(output)
}
