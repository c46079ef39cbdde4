//! Softmax over several axes, which Keras computes as `exp(x - logsumexp(x))`.

use graph::{Activation, BinaryOp, Op, ReduceOp};

use super::draw;
use crate::draft::{Draft, ValueId};
use crate::problem::LayerProblem;

/// The softmax that `exp(difference)` is: `difference = x - (log(sum(exp(x - m))) + m)` with any
/// `m` that is the same along the last axes, over which the sum goes.
pub(super) fn recognize(
    draft: &mut Draft,
    difference: ValueId,
) -> Result<Option<ValueId>, LayerProblem> {
    let Some((x, axes)) = normalized(draft, difference) else {
        return Ok(None);
    };
    let shape = draft.shape(x).to_vec();
    let first = shape.len().saturating_sub(axes);
    let Some((outer, inner)) = shape.split_at_checked(first) else {
        return Ok(None);
    };
    let mut joined = outer.to_vec();
    joined.push(inner.iter().product());
    let x = draw(draft, Op::Reshape { shape: joined }, &[x])?;
    let probabilities = draw(draft, Op::Softmax, &[x])?;
    draw(draft, Op::Reshape { shape }, &[probabilities]).map(Some)
}

/// The operand of the softmax, and over how many of its last axes it goes.
fn normalized(draft: &Draft, difference: ValueId) -> Option<(ValueId, usize)> {
    let [x, denominator] = draft.operands(difference, BinaryOp::Subtract)?;
    let [p, q] = draft.operands(denominator, BinaryOp::Add)?;
    let (log, shift) = match draft.argument(p, Activation::Log) {
        Some(log) => (log, q),
        None => (draft.argument(q, Activation::Log)?, p),
    };
    let Some((
        Op::Reduce {
            kind: ReduceOp::Sum,
            axes,
            keep_dims: true,
        },
        &[exponential],
    )) = draft.op(log)
    else {
        return None;
    };
    let exponent = draft.argument(exponential, Activation::Exp)?;
    let rank = draft.shape(x).len();
    let last = (rank.checked_sub(axes.len())?..rank).eq(axes.iter().copied());
    let same = draft.operands(exponent, BinaryOp::Subtract)? == [x, shift];
    let constant_along_axes = draft.shape(shift) == draft.shape(log);
    (last && same && constant_along_axes).then_some((x, axes.len()))
}
