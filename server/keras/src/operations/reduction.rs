//! Operations that reduce axes, and what they are made of.

use graph::{Activation, BinaryOp, Op, ReduceOp};
use localization::phrase;

use super::shapes;
use crate::draft::{Draft, ValueId, within};
use crate::problem::{LayerProblem, unsupported};

/// The axes of a reduction, counted from the front and ascending; all when none are given.
pub(crate) fn axes(
    draft: &Draft,
    x: ValueId,
    axes: Option<&[i64]>,
) -> Result<Vec<usize>, LayerProblem> {
    let rank = draft.rank(x);
    let axes = match axes {
        None => (0..rank).collect(),
        Some(axes) => shapes::axes(axes, rank)?,
    };
    if axes.first() == Some(&0) && rank > 1 {
        return unsupported(phrase!("it reduces the batch axis"));
    }
    Ok(axes)
}

pub(crate) fn reduce(
    draft: &mut Draft,
    x: ValueId,
    kind: ReduceOp,
    axes: Vec<usize>,
    keep_dims: bool,
) -> Result<ValueId, LayerProblem> {
    reduce_part(draft, "", x, kind, axes, keep_dims)
}

fn reduce_part(
    draft: &mut Draft,
    part: &str,
    x: ValueId,
    kind: ReduceOp,
    axes: Vec<usize>,
    keep_dims: bool,
) -> Result<ValueId, LayerProblem> {
    let op = Op::Reduce {
        kind,
        axes,
        keep_dims,
    };
    draft.node(part, op, &[x])
}

/// The distance from the mean over axes, and the mean of its square, named after a part.
fn moments(
    draft: &mut Draft,
    part: &str,
    x: ValueId,
    axes: Vec<usize>,
    keep_dims: bool,
) -> Result<(ValueId, ValueId), LayerProblem> {
    let mean = reduce_part(draft, "mean", x, ReduceOp::Mean, axes.clone(), true)?;
    let centered = draft.binary("centered", BinaryOp::Subtract, x, mean)?;
    let squared = draft.unary("squared", Activation::Square, centered)?;
    let variance = reduce_part(draft, part, squared, ReduceOp::Mean, axes, keep_dims)?;
    Ok((centered, variance))
}

/// Mean of the squared distances from the mean.
pub(crate) fn variance(
    draft: &mut Draft,
    part: &str,
    x: ValueId,
    axes: Vec<usize>,
    keep_dims: bool,
) -> Result<ValueId, LayerProblem> {
    moments(draft, part, x, axes, keep_dims).map(|(_, variance)| variance)
}

/// `(x - mean) / sqrt(variance + epsilon)` over axes.
pub(crate) fn standardize(
    draft: &mut Draft,
    part: &str,
    x: ValueId,
    axes: Vec<usize>,
    epsilon: f32,
) -> Result<ValueId, LayerProblem> {
    let (centered, variance) = moments(draft, "variance", x, axes, true)?;
    let shifted = draft.with_number("variance/shifted", BinaryOp::Add, variance, epsilon)?;
    let inverse = draft.unary("inverse_deviation", Activation::Rsqrt, shifted)?;
    draft.binary(part, BinaryOp::Multiply, centered, inverse)
}

/// `x / sqrt(max(sum(x^2), least))` over axes; the last operator is named after `part`.
pub(crate) fn unit_length(
    draft: &mut Draft,
    part: &str,
    x: ValueId,
    axes: Vec<usize>,
    least: f32,
) -> Result<ValueId, LayerProblem> {
    let squared = draft.unary(&within(part, "squared"), Activation::Square, x)?;
    let sum = &within(part, "sum");
    let sum = reduce_part(draft, sum, squared, ReduceOp::Sum, axes, true)?;
    // The least positive number keeps a row of zeros from being divided by zero.
    let least = least.max(f32::MIN_POSITIVE);
    let bounded = &within(part, "bounded");
    let bounded = draft.with_number(bounded, BinaryOp::Maximum, sum, least)?;
    let inverse = draft.unary(&within(part, "inverse_norm"), Activation::Rsqrt, bounded)?;
    draft.binary(part, BinaryOp::Multiply, x, inverse)
}
