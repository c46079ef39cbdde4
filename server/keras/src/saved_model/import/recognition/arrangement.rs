//! Changes of shape and order that cancel out or belong to another operator.

use graph::{Op, ResizeMethod};

use crate::layers::LayerProblem;
use crate::saved_model::import::drawing::{Drawing, Drawn};

pub(super) fn reshape(
    drawing: &mut Drawing,
    x: Drawn,
    shape: &[usize],
) -> Result<Option<Drawn>, LayerProblem> {
    if drawing.shape(x) == shape {
        return Ok(Some(x));
    }
    match drawing.op(x) {
        Some((Op::Reshape { .. }, &[source])) => drawing.reshape(source, shape.to_vec()).map(Some),
        Some((Op::FullyConnected, inputs)) => {
            let inputs = inputs.to_vec();
            dense(drawing, &inputs, shape)
        }
        Some((Op::Concatenate { axis }, inputs)) => {
            let (axis, inputs) = (*axis, inputs.to_vec());
            repeat(drawing, axis, &inputs, shape)
        }
        _ => Ok(None),
    }
}

/// A dense layer on more than two axes is traced as `reshape -> matrix product -> reshape`.
fn dense(
    drawing: &mut Drawing,
    inputs: &[Drawn],
    shape: &[usize],
) -> Result<Option<Drawn>, LayerProblem> {
    let [flattened, operands @ ..] = inputs else {
        return Ok(None);
    };
    let Some((Op::Reshape { .. }, &[x])) = drawing.op(*flattened) else {
        return Ok(None);
    };
    let (source, rows) = (drawing.shape(x), drawing.shape(*flattened));
    let same_features = source.last() == rows.last();
    let same_positions = match (source.split_last(), shape.split_last()) {
        (Some((_, before)), Some((_, after))) => before == after,
        _ => false,
    };
    if !same_features || !same_positions {
        return Ok(None);
    }
    let inputs: Vec<Drawn> = std::iter::once(x).chain(operands.iter().copied()).collect();
    drawing.add(Op::FullyConnected, &inputs).map(Some)
}

/// Rows or columns that are repeated one by one: a new axis, copies along it, and the axis merged
/// with the one before.
fn repeat(
    drawing: &mut Drawing,
    axis: usize,
    copies: &[Drawn],
    shape: &[usize],
) -> Result<Option<Drawn>, LayerProblem> {
    let [first, rest @ ..] = copies else {
        return Ok(None);
    };
    let Some((Op::Reshape { .. }, &[x])) = drawing.op(*first) else {
        return Ok(None);
    };
    let mut expanded = drawing.shape(x).to_vec();
    if rest.iter().any(|copy| copy != first) || expanded.len() != 4 || !(axis == 2 || axis == 3) {
        return Ok(None);
    }
    let mut merged = expanded.clone();
    if let Some(extent) = merged.get_mut(axis - 1) {
        *extent = extent.saturating_mul(copies.len());
    }
    expanded.insert(axis, 1);
    if drawing.shape(*first) != expanded || merged != shape {
        return Ok(None);
    }
    let &[_, height, width, _] = shape else {
        return Ok(None);
    };
    let op = Op::Resize {
        size: [height, width],
        method: ResizeMethod::Nearest,
    };
    drawing.draw(op, &[x]).map(Some)
}

/// Two enlargements to the nearest pixel by whole factors are one.
pub(super) fn resize(
    drawing: &mut Drawing,
    x: Drawn,
    size: [usize; 2],
    method: ResizeMethod,
) -> Result<Option<Drawn>, LayerProblem> {
    let Some((
        Op::Resize {
            size: between,
            method: ResizeMethod::Nearest,
        },
        &[source],
    )) = drawing.op(x)
    else {
        return Ok(None);
    };
    let whole = match *drawing.shape(source) {
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
    drawing
        .add(Op::Resize { size, method }, &[source])
        .map(Some)
}

pub(super) fn transpose(
    drawing: &mut Drawing,
    x: Drawn,
    permutation: &[usize],
) -> Result<Option<Drawn>, LayerProblem> {
    if permutation.iter().copied().eq(0..drawing.shape(x).len()) {
        return Ok(Some(x));
    }
    let Some((Op::Transpose { permutation: first }, &[source])) = drawing.op(x) else {
        return Ok(None);
    };
    let merged: Option<Vec<usize>> = permutation
        .iter()
        .map(|&axis| first.get(axis).copied())
        .collect();
    match merged {
        Some(merged) => drawing.transpose(source, merged).map(Some),
        None => Ok(None),
    }
}
