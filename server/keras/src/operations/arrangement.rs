//! Operations that join, cut and rearrange tensors.

use graph::Op;
use localization::{phrase, text};

use super::shapes;
use crate::draft::{Draft, ValueId};
use crate::limits::PIECES;
use crate::problem::{LayerProblem, invalid, unsupported};

/// Joins tensors along an axis; negative axes count from the end.
pub(crate) fn concatenate(
    draft: &mut Draft,
    tensors: &[ValueId],
    axis: i64,
) -> Result<ValueId, LayerProblem> {
    let Some(&first) = tensors.first() else {
        return invalid(phrase!("it has no inputs"));
    };
    let rank = draft.rank(first);
    match shapes::axis(axis, rank)? {
        0 if rank > 1 => unsupported(phrase!("it joins along the batch axis")),
        axis => draft.node("", Op::Concatenate { axis }, tensors),
    }
}

/// Joins tensors along a new axis.
pub(crate) fn stack(
    draft: &mut Draft,
    tensors: &[ValueId],
    axis: i64,
) -> Result<ValueId, LayerProblem> {
    let mut parts = Vec::with_capacity(tensors.len());
    let mut rank = 0;
    for (index, &x) in tensors.iter().enumerate() {
        let shape = shapes::expand(draft.shape(x), axis)?;
        rank = shape.len();
        parts.push(draft.reshape(&format!("expanded_{index}"), x, shape)?);
    }
    if parts.is_empty() {
        return invalid(phrase!("it has no inputs"));
    }
    let axis = shapes::axis(axis, rank)?;
    draft.node("", Op::Concatenate { axis }, &parts)
}

/// Cuts a tensor along an axis into parts of the given extents; without `keep` the axis goes.
pub(crate) fn split(
    draft: &mut Draft,
    x: ValueId,
    axis: usize,
    extents: &[usize],
    keep: bool,
) -> Result<Vec<ValueId>, LayerProblem> {
    let mut start = 0;
    let mut outputs = Vec::with_capacity(extents.len());
    for (index, &extent) in extents.iter().enumerate() {
        let name = format!("part_{index}");
        let mut part = run(draft, &name, x, axis, start, extent)?;
        start += extent;
        if !keep {
            let shape = shapes::reduced(draft.shape(part), &[axis], false);
            part = draft.reshape(&format!("{name}/squeezed"), part, shape)?;
        }
        outputs.push(part);
    }
    Ok(outputs)
}

/// `count` elements of an axis from a position on.
pub(super) fn run(
    draft: &mut Draft,
    part: &str,
    x: ValueId,
    axis: usize,
    start: usize,
    count: usize,
) -> Result<ValueId, LayerProblem> {
    let mut size = draft.shape(x).to_vec();
    let mut begin = vec![0; size.len()];
    match (begin.get_mut(axis), size.get_mut(axis)) {
        (Some(begin), Some(size)) => (*begin, *size) = (start, count),
        _ => {
            return invalid(text!(
                "its input has {rank} axes, not axis {axis}",
                rank = size.len()
            ));
        }
    }
    draft.node(part, Op::Slice { begin, size }, &[x])
}

/// Elements of an axis in any order, cut out and joined; neighbours stay together.
pub(crate) fn pick(
    draft: &mut Draft,
    part: &str,
    x: ValueId,
    axis: usize,
    positions: &[usize],
) -> Result<ValueId, LayerProblem> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &position in positions {
        match runs.last_mut() {
            Some((start, count)) if *start + *count == position => *count += 1,
            _ => runs.push((position, 1)),
        }
    }
    if runs.is_empty() || runs.len() > PIECES {
        return unsupported(text!(
            "it picks {count} separate elements, at most {PIECES} are supported",
            count = runs.len()
        ));
    }
    let mut parts = Vec::with_capacity(runs.len());
    for (index, (start, count)) in runs.into_iter().enumerate() {
        let name = crate::draft::within(part, &format!("part_{index}"));
        parts.push(run(draft, &name, x, axis, start, count)?);
    }
    draft.node(part, Op::Concatenate { axis }, &parts)
}

/// Elements of an axis by their positions, in an array of the shape `picked`.
pub(crate) fn gather(
    draft: &mut Draft,
    x: ValueId,
    axis: usize,
    positions: &[usize],
    picked: &[usize],
) -> Result<ValueId, LayerProblem> {
    if picked.len() == 1 {
        return pick(draft, "", x, axis, positions);
    }
    let output = pick(draft, "picked", x, axis, positions)?;
    let (before, after) = draft.shape(x).split_at(axis);
    let shape = [before, picked, after.get(1..).unwrap_or_default()].concat();
    draft.reshape("", output, shape)
}

/// Elements of axes in the opposite order.
pub(crate) fn reverse(
    draft: &mut Draft,
    x: ValueId,
    axes: &[usize],
) -> Result<ValueId, LayerProblem> {
    let mut output = x;
    for &axis in axes {
        let positions: Vec<usize> = (0..draft.extent(output, axis)?).rev().collect();
        output = pick(draft, &format!("axis_{axis}"), output, axis, &positions)?;
    }
    Ok(output)
}

/// Moves elements along axes; those that leave at one end come in at the other.
pub(crate) fn roll(
    draft: &mut Draft,
    x: ValueId,
    shifts: &[i64],
    axes: &[i64],
) -> Result<ValueId, LayerProblem> {
    if shifts.len() != axes.len() {
        return invalid(phrase!("it has not one shift for each axis"));
    }
    let mut output = x;
    for (&shift, &axis) in shifts.iter().zip(axes) {
        let axis = shapes::axis(axis, draft.rank(x))?;
        let positions = shapes::rolled(draft.extent(x, axis)?, shift);
        output = pick(draft, &format!("axis_{axis}"), output, axis, &positions)?;
    }
    Ok(output)
}

/// Copies of a tensor, one behind the other, along each axis.
pub(crate) fn tile(draft: &mut Draft, x: ValueId, counts: &[i64]) -> Result<ValueId, LayerProblem> {
    if counts.len() != draft.rank(x) {
        return invalid(text!("it tiles by {counts:?}"));
    }
    let mut output = x;
    for (axis, &count) in counts.iter().enumerate() {
        let copies = vec![output; shapes::pieces(count, PIECES)?];
        if copies.len() > 1 {
            output = draft.node(&format!("axis_{axis}"), Op::Concatenate { axis }, &copies)?;
        }
    }
    Ok(output)
}

/// Copies of a tensor until it has a shape.
pub(crate) fn broadcast(
    draft: &mut Draft,
    x: ValueId,
    target: &[usize],
) -> Result<ValueId, LayerProblem> {
    let mut shape = draft.shape(x).to_vec();
    while shape.len() < target.len() {
        shape.insert(0, 1);
    }
    let counts: Option<Vec<i64>> = shape
        .iter()
        .zip(target)
        .map(|(&own, &wanted)| match own {
            own if own == wanted => Some(1),
            1 => i64::try_from(wanted).ok(),
            _ => None,
        })
        .collect();
    match counts.filter(|_| shape.len() == target.len()) {
        Some(counts) => {
            let expanded = draft.reshape("expanded", x, shape)?;
            tile(draft, expanded, &counts)
        }
        None => invalid(text!("it spreads {shape:?} to {target:?}")),
    }
}

/// Every element several times in a row: copies side by side along a new axis.
pub(crate) fn repeat(
    draft: &mut Draft,
    x: ValueId,
    axis: usize,
    count: usize,
) -> Result<ValueId, LayerProblem> {
    let mut expanded = draft.shape(x).to_vec();
    let mut merged = expanded.clone();
    let extent = draft.extent(x, axis)?.checked_mul(count);
    match (merged.get_mut(axis), extent) {
        (Some(slot), Some(extent)) => *slot = extent,
        _ => return invalid(phrase!("its output is out of range")),
    }
    expanded.insert(axis + 1, 1);
    let expanded = draft.reshape("expanded", x, expanded)?;
    let op = Op::Concatenate { axis: axis + 1 };
    let repeated = draft.node("repeated", op, &vec![expanded; count])?;
    draft.reshape("", repeated, merged)
}

/// Elements of one value around a tensor.
pub(crate) fn pad(
    draft: &mut Draft,
    x: ValueId,
    [before, after]: [Vec<usize>; 2],
    value: f32,
) -> Result<ValueId, LayerProblem> {
    if before.iter().chain(&after).all(|&amount| amount == 0) {
        return Ok(x);
    }
    if before.first() != Some(&0) || after.first() != Some(&0) {
        return unsupported(phrase!("it pads the batch"));
    }
    let op = Op::Pad {
        before,
        after,
        value,
    };
    draft.node("", op, &[x])
}

/// Padding with the elements next to the border: from the second one on, or from the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Mirror {
    Reflect,
    Symmetric,
}

/// Surrounds a tensor with its own elements.
pub(crate) fn mirror(
    draft: &mut Draft,
    x: ValueId,
    [before, after]: [Vec<usize>; 2],
    mirror: Mirror,
) -> Result<ValueId, LayerProblem> {
    let mut output = x;
    for (axis, amounts) in before.into_iter().zip(after).enumerate() {
        if amounts == (0, 0) {
            continue;
        }
        let (extent, amounts) = (draft.extent(x, axis)?, amounts.into());
        let skipped = usize::from(mirror == Mirror::Reflect);
        match shapes::mirrored(extent, amounts, skipped) {
            Some(positions) => {
                output = pick(draft, &format!("axis_{axis}"), output, axis, &positions)?;
            }
            None => return invalid(text!("it mirrors {amounts:?} of {extent} elements")),
        }
    }
    Ok(output)
}
