//! Rectifiers that Keras computes from two halves, and functions that clip.

use graph::{Activation, BinaryOp, Op};

use super::{draw, with_number};
use crate::draft::{Draft, ValueId};
use crate::problem::LayerProblem;

pub(super) fn recognize(
    draft: &mut Draft,
    op: BinaryOp,
    a: ValueId,
    b: ValueId,
) -> Result<Option<ValueId>, LayerProblem> {
    match op {
        BinaryOp::Add => match two_sided(draft, a, b, true)? {
            None => two_sided(draft, b, a, true),
            some => Ok(some),
        },
        BinaryOp::Subtract => two_sided(draft, a, b, false),
        BinaryOp::Maximum | BinaryOp::Minimum => clip(draft, op, a, b),
        _ => Ok(None),
    }
}

/// `relu(x) + factor * relu(-x)`, which Keras writes for PReLU with a factor of `-alpha`, or the
/// difference of both. The first half may be clipped: `min(relu(x), maximum)`.
fn two_sided(
    draft: &mut Draft,
    positive: ValueId,
    negative: ValueId,
    is_sum: bool,
) -> Result<Option<ValueId>, LayerProblem> {
    let (half, maximum) = match draft.operands(positive, BinaryOp::Minimum) {
        Some([half, maximum]) if draft.number(maximum).is_some_and(|m| m >= 0.0) => {
            (half, Some(maximum))
        }
        _ => (positive, None),
    };
    let Some(x) = draft.argument(half, Activation::Relu) else {
        return Ok(None);
    };
    let Some([p, q]) = draft.operands(negative, BinaryOp::Multiply) else {
        return Ok(None);
    };
    let reflected = |id: ValueId| {
        let argument = draft.argument(id, Activation::Relu)?;
        draft.argument(argument, Activation::Negate)
    };
    let factor = match (reflected(p), reflected(q)) {
        (Some(found), None) if found == x && draft.is_constant(q) => q,
        (None, Some(found)) if found == x && draft.is_constant(p) => p,
        _ => return Ok(None),
    };
    let sign = if is_sum { -1.0 } else { 1.0 };
    let rectified = if let Some(number) = draft.number(factor) {
        let alpha = sign * number as f32;
        draft.node("", Op::Activation(Activation::LeakyRelu { alpha }), &[x])?
    } else {
        // Without the batch axis, if the factor has one.
        let mut shape = draft.shape(factor).to_vec();
        let rank = draft.shape(x).len();
        if shape.len() == rank && shape.first() == Some(&1) {
            shape.remove(0);
        }
        if shape.len() + 1 != rank {
            return Ok(None);
        }
        let slopes = draft.constant_value(factor).map(|value| {
            let slopes = value.iter().map(|&element| element * sign);
            slopes.collect::<Vec<f32>>()
        });
        let slopes = match slopes {
            Some(slopes) => draft.constant("alpha", &shape, slopes)?,
            None => draft.weight("alpha", shape, None)?,
        };
        draft.node("", Op::PRelu, &[x, slopes])?
    };
    match maximum {
        Some(maximum) => draft
            .node("", Op::Binary(BinaryOp::Minimum), &[rectified, maximum])
            .map(Some),
        None => Ok(Some(rectified)),
    }
}

/// Clipping to `[0, 6]`, to `[0, 1]`, and to at least 0 of what is never negative.
fn clip(
    draft: &mut Draft,
    op: BinaryOp,
    a: ValueId,
    b: ValueId,
) -> Result<Option<ValueId>, LayerProblem> {
    let (x, bound) = match (draft.number(a), draft.number(b)) {
        (None, Some(bound)) => (a, bound),
        (Some(bound), None) => (b, bound),
        _ => return Ok(None),
    };
    if op == BinaryOp::Maximum && bound == 0.0 && is_never_negative(draft, x) {
        return Ok(Some(x));
    }
    let inner = match op {
        BinaryOp::Maximum => BinaryOp::Minimum,
        _ => BinaryOp::Maximum,
    };
    // The other bound, which may have been a ReLU.
    let inside = draft.operands(x, inner).and_then(|[p, q]| {
        let second = draft.number(q).map(|other| (p, other));
        second.or_else(|| draft.number(p).map(|other| (q, other)))
    });
    let inside = inside.or_else(|| {
        let argument = draft.argument(x, Activation::Relu)?;
        (op == BinaryOp::Minimum).then_some((argument, 0.0))
    });
    let Some((y, other)) = inside else {
        return Ok(None);
    };
    match (bound.min(other), bound.max(other)) {
        (0.0, 6.0) => draw(draft, Op::Activation(Activation::Relu6), &[y]).map(Some),
        // As the layers of .h5 files do: relu6(6 y) / 6 has an exact counterpart in int8.
        (0.0, 1.0) => {
            let scaled = with_number(draft, BinaryOp::Multiply, y, 6.0)?;
            let clipped = draw(draft, Op::Activation(Activation::Relu6), &[scaled])?;
            with_number(draft, BinaryOp::Multiply, clipped, 1.0 / 6.0).map(Some)
        }
        _ => Ok(None),
    }
}

fn is_never_negative(draft: &Draft, id: ValueId) -> bool {
    match draft.op(id) {
        Some((Op::Activation(function), _)) => matches!(
            function,
            Activation::Relu
                | Activation::Relu6
                | Activation::Sigmoid
                | Activation::Abs
                | Activation::Square
                | Activation::Exp
        ),
        Some((Op::Binary(BinaryOp::Minimum), &[a, b])) => {
            matches!(draft.op(a), Some((Op::Activation(Activation::Relu), _)))
                && draft.number(b).is_some_and(|bound| bound >= 0.0)
        }
        _ => false,
    }
}
