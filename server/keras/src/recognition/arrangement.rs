//! Changes of shape and order that cancel out or belong to another operator.

use graph::{Op, ResizeMethod};

use super::draw;
use crate::draft::{Draft, ValueId};
use crate::problem::LayerProblem;

pub(super) fn reshape(
    draft: &mut Draft,
    x: ValueId,
    shape: &[usize],
) -> Result<Option<ValueId>, LayerProblem> {
    if draft.shape(x) == shape {
        return Ok(Some(x));
    }
    match draft.op(x) {
        Some((Op::Reshape { .. }, &[source])) => draw(
            draft,
            Op::Reshape {
                shape: shape.to_vec(),
            },
            &[source],
        )
        .map(Some),
        Some((Op::FullyConnected, inputs)) => {
            let inputs = inputs.to_vec();
            dense(draft, &inputs, shape)
        }
        Some((Op::Concatenate { axis }, inputs)) => {
            let (axis, inputs) = (*axis, inputs.to_vec());
            repeat(draft, axis, &inputs, shape)
        }
        _ => Ok(None),
    }
}

/// A box that is all of a tensor.
pub(super) fn slice(draft: &Draft, x: ValueId, begin: &[usize], size: &[usize]) -> Option<ValueId> {
    (draft.shape(x) == size && begin.iter().all(|&first| first == 0)).then_some(x)
}

/// A dense layer on more than two axes is traced as `reshape -> matrix product -> reshape`.
fn dense(
    draft: &mut Draft,
    inputs: &[ValueId],
    shape: &[usize],
) -> Result<Option<ValueId>, LayerProblem> {
    let [flattened, operands @ ..] = inputs else {
        return Ok(None);
    };
    let Some((Op::Reshape { .. }, &[x])) = draft.op(*flattened) else {
        return Ok(None);
    };
    let (source, rows) = (draft.shape(x), draft.shape(*flattened));
    let same_features = source.last() == rows.last();
    let same_positions = match (source.split_last(), shape.split_last()) {
        (Some((_, before)), Some((_, after))) => before == after,
        _ => false,
    };
    if !same_features || !same_positions {
        return Ok(None);
    }
    let inputs: Vec<ValueId> = std::iter::once(x).chain(operands.iter().copied()).collect();
    draft.node("", Op::FullyConnected, &inputs).map(Some)
}

/// Rows or columns that are repeated one by one: a new axis, copies along it, and the axis merged
/// with the one before.
fn repeat(
    draft: &mut Draft,
    axis: usize,
    copies: &[ValueId],
    shape: &[usize],
) -> Result<Option<ValueId>, LayerProblem> {
    let [first, rest @ ..] = copies else {
        return Ok(None);
    };
    let Some((Op::Reshape { .. }, &[x])) = draft.op(*first) else {
        return Ok(None);
    };
    let mut expanded = draft.shape(x).to_vec();
    if rest.iter().any(|copy| copy != first) || expanded.len() != 4 || !(axis == 2 || axis == 3) {
        return Ok(None);
    }
    let mut merged = expanded.clone();
    if let Some(extent) = merged.get_mut(axis - 1) {
        *extent = extent.saturating_mul(copies.len());
    }
    expanded.insert(axis, 1);
    if draft.shape(*first) != expanded || merged != shape {
        return Ok(None);
    }
    let &[_, height, width, _] = shape else {
        return Ok(None);
    };
    let op = Op::Resize {
        size: [height, width],
        method: ResizeMethod::Nearest,
    };
    draw(draft, op, &[x]).map(Some)
}

/// Two enlargements to the nearest pixel by whole factors are one.
pub(super) fn resize(
    draft: &mut Draft,
    x: ValueId,
    size: [usize; 2],
    method: ResizeMethod,
) -> Result<Option<ValueId>, LayerProblem> {
    let Some((
        Op::Resize {
            size: between,
            method: ResizeMethod::Nearest,
        },
        &[source],
    )) = draft.op(x)
    else {
        return Ok(None);
    };
    let whole = match *draft.shape(source) {
        [_, height, width, _] => [height, width].iter().zip(between.iter().zip(&size)).all(
            |(&first, (&second, &third))| {
                second.checked_rem(first) == Some(0) && third.checked_rem(second) == Some(0)
            },
        ),
        _ => false,
    };
    if method != ResizeMethod::Nearest || !whole {
        return Ok(None);
    }
    draft
        .node("", Op::Resize { size, method }, &[source])
        .map(Some)
}

pub(super) fn transpose(
    draft: &mut Draft,
    x: ValueId,
    permutation: &[usize],
) -> Result<Option<ValueId>, LayerProblem> {
    if permutation.iter().copied().eq(0..draft.shape(x).len()) {
        return Ok(Some(x));
    }
    let Some((Op::Transpose { permutation: first }, &[source])) = draft.op(x) else {
        return Ok(None);
    };
    let merged: Option<Vec<usize>> = permutation
        .iter()
        .map(|&axis| first.get(axis).copied())
        .collect();
    match merged {
        Some(merged) => draw(
            draft,
            Op::Transpose {
                permutation: merged,
            },
            &[source],
        )
        .map(Some),
        None => Ok(None),
    }
}
