//! Softmax over several axes, which Keras computes as `exp(x - logsumexp(x))`.

use graph::{Activation, BinaryOp, Op, ReduceOp};

use crate::layers::LayerProblem;
use crate::saved_model::import::drawing::{Drawing, Drawn};

/// The softmax that `exp(difference)` is: `difference = x - (log(sum(exp(x - m))) + m)` with any
/// `m` that is the same along the last axes, over which the sum goes.
pub(super) fn recognise(
    drawing: &mut Drawing,
    difference: Drawn,
) -> Result<Option<Drawn>, LayerProblem> {
    let Some((x, axes)) = normalized(drawing, difference) else {
        return Ok(None);
    };
    let shape = drawing.shape(x).to_vec();
    let first = shape.len().saturating_sub(axes);
    let Some((outer, inner)) = shape.split_at_checked(first) else {
        return Ok(None);
    };
    let mut joined = outer.to_vec();
    joined.push(inner.iter().product());
    let x = drawing.reshape(x, joined)?;
    let probabilities = drawing.draw(Op::Softmax, &[x])?;
    drawing.reshape(probabilities, shape).map(Some)
}

/// The operand of the softmax, and over how many of its last axes it goes.
fn normalized(drawing: &Drawing, difference: Drawn) -> Option<(Drawn, usize)> {
    let [x, denominator] = drawing.operands(difference, BinaryOp::Subtract)?;
    let [p, q] = drawing.operands(denominator, BinaryOp::Add)?;
    let (log, shift) = match drawing.argument(p, Activation::Log) {
        Some(log) => (log, q),
        None => (drawing.argument(q, Activation::Log)?, p),
    };
    let Some((
        Op::Reduce {
            kind: ReduceOp::Sum,
            axes,
            keep_dims: true,
        },
        &[exponential],
    )) = drawing.op(log)
    else {
        return None;
    };
    let exponent = drawing.argument(exponential, Activation::Exp)?;
    let rank = drawing.shape(x).len();
    let last = (rank.checked_sub(axes.len())?..rank).eq(axes.iter().copied());
    let same = drawing.operands(exponent, BinaryOp::Subtract)? == [x, shift];
    let constant_along_axes = drawing.shape(shift) == drawing.shape(log);
    (last && same && constant_along_axes).then_some((x, axes.len()))
}
