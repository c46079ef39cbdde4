//! Rectifiers that Keras computes from two halves, and functions that clip.

use graph::{Activation, BinaryOp, Op};

use crate::layers::LayerProblem;
use crate::saved_model::import::drawing::{Drawing, Drawn};

pub(super) fn recognise(
    drawing: &mut Drawing,
    op: BinaryOp,
    a: Drawn,
    b: Drawn,
) -> Result<Option<Drawn>, LayerProblem> {
    match op {
        BinaryOp::Add => match two_sided(drawing, a, b, true)? {
            None => two_sided(drawing, b, a, true),
            some => Ok(some),
        },
        BinaryOp::Subtract => two_sided(drawing, a, b, false),
        BinaryOp::Maximum | BinaryOp::Minimum => clip(drawing, op, a, b),
        _ => Ok(None),
    }
}

/// `relu(x) + factor * relu(-x)`, which Keras writes for PReLU with a factor of `-alpha`, or the
/// difference of both. The first half may be clipped: `min(relu(x), maximum)`.
fn two_sided(
    drawing: &mut Drawing,
    positive: Drawn,
    negative: Drawn,
    is_sum: bool,
) -> Result<Option<Drawn>, LayerProblem> {
    let (half, maximum) = match drawing.operands(positive, BinaryOp::Minimum) {
        Some([half, maximum]) if drawing.scalar(maximum).is_some_and(|m| m >= 0.0) => {
            (half, Some(maximum))
        }
        _ => (positive, None),
    };
    let Some(x) = drawing.argument(half, Activation::Relu) else {
        return Ok(None);
    };
    let Some([p, q]) = drawing.operands(negative, BinaryOp::Multiply) else {
        return Ok(None);
    };
    let reflected = |id: Drawn| {
        let argument = drawing.argument(id, Activation::Relu)?;
        drawing.argument(argument, Activation::Negate)
    };
    let factor = match (reflected(p), reflected(q)) {
        (Some(found), None) if found == x && drawing.is_constant(q) => q,
        (None, Some(found)) if found == x && drawing.is_constant(p) => p,
        _ => return Ok(None),
    };
    let sign = if is_sum { -1.0 } else { 1.0 };
    let rectified = if let Some(number) = drawing.scalar(factor) {
        let alpha = sign * number as f32;
        drawing.add(Op::Activation(Activation::LeakyRelu { alpha }), &[x])?
    } else {
        // Without the batch axis, if the factor has one.
        let mut shape = drawing.shape(factor).to_vec();
        let rank = drawing.shape(x).len();
        if shape.len() == rank && shape.first() == Some(&1) {
            shape.remove(0);
        }
        if shape.len() + 1 != rank {
            return Ok(None);
        }
        let slopes = drawing.constant(factor).map(|value| {
            let slopes = value.iter().map(|&element| element * sign);
            slopes.collect::<Vec<f32>>()
        });
        let slopes = match slopes {
            Some(slopes) => drawing.add_constant(&shape, slopes, "alpha")?,
            None => {
                let unread = crate::saved_model::import::value::Value::unread(shape);
                drawing.add_value(&unread, "alpha")?
            }
        };
        drawing.add(Op::PRelu, &[x, slopes])?
    };
    match maximum {
        Some(maximum) => drawing
            .add(Op::Binary(BinaryOp::Minimum), &[rectified, maximum])
            .map(Some),
        None => Ok(Some(rectified)),
    }
}

/// Clipping to `[0, 6]`, to `[0, 1]`, and to at least 0 of what is never negative.
fn clip(
    drawing: &mut Drawing,
    op: BinaryOp,
    a: Drawn,
    b: Drawn,
) -> Result<Option<Drawn>, LayerProblem> {
    let (x, bound) = match (drawing.scalar(a), drawing.scalar(b)) {
        (None, Some(bound)) => (a, bound),
        (Some(bound), None) => (b, bound),
        _ => return Ok(None),
    };
    if op == BinaryOp::Maximum && bound == 0.0 && is_never_negative(drawing, x) {
        return Ok(Some(x));
    }
    let inner = match op {
        BinaryOp::Maximum => BinaryOp::Minimum,
        _ => BinaryOp::Maximum,
    };
    // The other bound, which may have been a ReLU.
    let inside = drawing.operands(x, inner).and_then(|[p, q]| {
        let second = drawing.scalar(q).map(|other| (p, other));
        second.or_else(|| drawing.scalar(p).map(|other| (q, other)))
    });
    let inside = inside.or_else(|| {
        let argument = drawing.argument(x, Activation::Relu)?;
        (op == BinaryOp::Minimum).then_some((argument, 0.0))
    });
    let Some((y, other)) = inside else {
        return Ok(None);
    };
    match (bound.min(other), bound.max(other)) {
        (0.0, 6.0) => drawing.activation(Activation::Relu6, y).map(Some),
        // As the layers of .h5 files do: relu6(6 y) / 6 has an exact counterpart in int8.
        (0.0, 1.0) => {
            let scaled = drawing.with_scalar(BinaryOp::Multiply, y, 6.0)?;
            let clipped = drawing.activation(Activation::Relu6, scaled)?;
            drawing
                .with_scalar(BinaryOp::Multiply, clipped, 1.0 / 6.0)
                .map(Some)
        }
        _ => Ok(None),
    }
}

fn is_never_negative(drawing: &Drawing, id: Drawn) -> bool {
    match drawing.op(id) {
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
            matches!(drawing.op(a), Some((Op::Activation(Activation::Relu), _)))
                && drawing.scalar(b).is_some_and(|bound| bound >= 0.0)
        }
        _ => false,
    }
}
