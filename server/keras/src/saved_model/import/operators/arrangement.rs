use graph::{Op, Padding, Pool};

use super::{Call, invalid, unsupported};
use crate::layers::LayerProblem;
use crate::saved_model::import::attributes::WithDefaults;
use crate::saved_model::import::drawing::Drawn;
use crate::saved_model::import::extents;
use crate::saved_model::import::slicing::{self, Cut, Steps};
use crate::saved_model::import::term::Term;

/// Pieces that a tensor is cut into and put together from.
const PIECES: usize = 256;

pub(super) fn pad(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let x = call.tensor(0)?;
    let amounts = call.integers(1)?;
    let (before, after) = extents::paddings(&amounts, call.drawing().shape(x).len())?;
    if before.first() != Some(&0) || after.first() != Some(&0) {
        return unsupported("it pads the batch");
    }
    let value = if call.op == "PadV2" {
        let value = call.value(2)?;
        match value.as_floats().and_then(|floats| floats.first().copied()) {
            Some(value) => value,
            None => value
                .as_integers()
                .and_then(|v| v.first().copied())
                .unwrap_or(0) as f32,
        }
    } else {
        0.0
    };
    if before.iter().chain(&after).all(|&amount| amount == 0) {
        return Ok(call.result(x));
    }
    let op = Op::Pad {
        before,
        after,
        value,
    };
    call.draw(op, &[x])
}

/// Padding with the pixels next to the border: from the second one on, or from the first.
pub(super) fn mirror(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let skipped = match call.attributes.text("mode")? {
        Some("REFLECT") => 1,
        Some("SYMMETRIC") => 0,
        mode => return unsupported(format!("its mode is {}", mode.unwrap_or("missing"))),
    };
    let mut output = call.tensor(0)?;
    let amounts = call.integers(1)?;
    let shape = call.drawing().shape(output).to_vec();
    let (before, after) = extents::paddings(&amounts, shape.len())?;
    for (axis, &extent) in shape.iter().enumerate() {
        let amounts = [&before, &after].map(|amounts| amounts.get(axis).copied().unwrap_or(0));
        if amounts == [0, 0] {
            continue;
        }
        match extents::mirrored(extent, amounts, skipped) {
            Some(positions) => output = pick(call, output, axis, &positions)?,
            None => return invalid(format!("it mirrors {amounts:?} of {extent} elements")),
        }
    }
    Ok(call.result(output))
}

/// Moves elements along axes; those that leave at one end come in at the other.
pub(super) fn roll(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let mut output = call.tensor(0)?;
    let (shifts, axes) = (call.integers(1)?, call.integers(2)?);
    let shape = call.drawing().shape(output).to_vec();
    if shifts.len() != axes.len() {
        return invalid("it has not one shift for each axis");
    }
    for (&shift, &axis) in shifts.iter().zip(&axes) {
        let axis = extents::axis(axis, shape.len())?;
        let extent = shape.get(axis).copied().unwrap_or(0);
        output = pick(call, output, axis, &extents::rolled(extent, shift))?;
    }
    Ok(call.result(output))
}

pub(super) fn concatenate(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let Some(last) = call.inputs.len().checked_sub(1) else {
        return invalid("it has no inputs");
    };
    let axis = call.integer(last)?;
    let operands = (0..last)
        .map(|index| call.tensor(index))
        .collect::<Result<Vec<_>, _>>()?;
    let rank = operands
        .first()
        .map_or(0, |&first| call.drawing().shape(first).len());
    match extents::axis(axis, rank)? {
        0 if rank > 1 => unsupported("it joins along the batch axis"),
        axis => call.draw(Op::Concatenate { axis }, &operands),
    }
}

pub(super) fn pack(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let axis = call.attributes.whole("axis", 0)?;
    let mut operands = Vec::new();
    for index in 0..call.inputs.len() {
        let x = call.tensor(index)?;
        let shape = extents::expand(call.drawing().shape(x), axis)?;
        operands.push(call.drawing().reshape(x, shape)?);
    }
    let rank = operands
        .first()
        .map_or(0, |&first| call.drawing().shape(first).len());
    let axis = extents::axis(axis, rank)?;
    call.draw(Op::Concatenate { axis }, &operands)
}

pub(super) fn split(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let (x, axis) = match call.op {
        "Split" => (call.tensor(1)?, call.integer(0)?),
        "SplitV" => (call.tensor(0)?, call.integer(2)?),
        _ => (call.tensor(0)?, call.attributes.whole("axis", 0)?),
    };
    let shape = call.drawing().shape(x).to_vec();
    let axis = extents::axis(axis, shape.len())?;
    let extent = shape.get(axis).copied().unwrap_or(0);
    let parts = match call.op {
        "Split" => extents::equal_parts(extent, call.attributes.whole("num_split", 0)?)?,
        "SplitV" => {
            let sizes = call.integers(1)?;
            extents::given_parts(extent, &sizes)?
        }
        _ => extents::equal_parts(extent, extent as i64)?,
    };
    let mut first = 0;
    let mut terms = Vec::new();
    for part in parts {
        let mut output = cut_axis(call, x, axis, first, part)?;
        first += part;
        if call.op == "Unpack" {
            let mut shape = shape.clone();
            shape.remove(axis);
            output = call.drawing().reshape(output, shape)?;
        }
        terms.push(call.term(output));
    }
    Ok(terms)
}

/// `count` elements of an axis.
fn cut_axis(
    call: &mut Call<'_, '_, '_>,
    x: Drawn,
    axis: usize,
    first: usize,
    count: usize,
) -> Result<Drawn, LayerProblem> {
    let mut size = call.drawing().shape(x).to_vec();
    let mut begin = vec![0; size.len()];
    if let (Some(begin), Some(size)) = (begin.get_mut(axis), size.get_mut(axis)) {
        if (first, count) == (0, *size) {
            return Ok(x);
        }
        (*begin, *size) = (first, count);
    }
    call.drawing().draw(Op::Slice { begin, size }, &[x])
}

pub(super) fn reshape(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let x = call.tensor(0)?;
    if !call.is_known(1) {
        return unsupported("its shape depends on the image");
    }
    let target = call.integers(1)?;
    let shape = extents::reshape(call.drawing().shape(x), &target)?;
    let output = call.drawing().reshape(x, shape)?;
    Ok(call.result(output))
}

pub(super) fn squeeze(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let x = call.tensor(0)?;
    let shape = extents::squeeze(call.attributes, &call.shape(0)?)?;
    let output = call.drawing().reshape(x, shape)?;
    Ok(call.result(output))
}

pub(super) fn expand(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let x = call.tensor(0)?;
    let axis = call.integer(1)?;
    let shape = extents::expand(call.drawing().shape(x), axis)?;
    let output = call.drawing().reshape(x, shape)?;
    Ok(call.result(output))
}

pub(super) fn transpose(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let x = call.tensor(0)?;
    let axes = call.integers(1)?;
    let permutation = extents::permutation(&axes, call.drawing().shape(x).len())?;
    let output = call.drawing().transpose(x, permutation)?;
    Ok(call.result(output))
}

pub(super) fn slice(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let x = call.tensor(0)?;
    if (1..call.inputs.len()).any(|index| !call.is_known(index)) {
        return unsupported("where it cuts depends on the image");
    }
    let shape = call.drawing().shape(x).to_vec();
    let (begin, end) = (call.integers(1)?, call.integers(2)?);
    let cut = if call.op == "Slice" {
        slicing::slice(&shape, &begin, &end)?
    } else {
        let strides = call.integers(3)?;
        slicing::strided_slice(call.attributes, &shape, &begin, &end, &strides)?
    };
    let Cut { steps, shape } = cut;
    let mut output = x;
    for (axis, steps) in steps.iter().enumerate() {
        if steps.count == 0 {
            return unsupported("it cuts out nothing");
        }
        if steps.step == 1 {
            output = cut_axis(call, output, axis, steps.first, steps.count)?;
        }
    }
    output = thin_out(call, output, &steps)?;
    let output = call.drawing().reshape(output, shape)?;
    Ok(call.result(output))
}

/// Takes every n-th element where steps are not 1.
///
/// Of rows and columns that is a pooling window of one pixel, which every runtime has.
fn thin_out(call: &mut Call<'_, '_, '_>, x: Drawn, steps: &[Steps]) -> Result<Drawn, LayerProblem> {
    let mut output = x;
    let mut stride = [1, 1];
    for (axis, steps) in steps.iter().enumerate() {
        match usize::try_from(steps.step) {
            Ok(1) => {}
            Ok(step) if steps.count > 1 && (axis == 1 || axis == 2) && is_image(call, x) => {
                let last = (steps.count - 1).saturating_mul(step);
                output = cut_axis(call, output, axis, steps.first, last.saturating_add(1))?;
                if let Some(stride) = stride.get_mut(axis - 1) {
                    *stride = step;
                }
            }
            _ => output = pick(call, output, axis, &steps.positions().collect::<Vec<_>>())?,
        }
    }
    if stride == [1, 1] {
        return Ok(output);
    }
    let pool = Pool {
        kernel: [1, 1],
        stride,
        padding: Padding::Valid,
    };
    call.drawing().draw(Op::MaxPool2d(pool), &[output])
}

fn is_image(call: &mut Call<'_, '_, '_>, x: Drawn) -> bool {
    call.drawing().shape(x).len() == 4
}

/// Elements of an axis in any order, cut out and put together; runs stay together.
fn pick(
    call: &mut Call<'_, '_, '_>,
    x: Drawn,
    axis: usize,
    positions: &[usize],
) -> Result<Drawn, LayerProblem> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &position in positions {
        match runs.last_mut() {
            Some((first, count)) if *first + *count == position => *count += 1,
            _ => runs.push((position, 1)),
        }
    }
    if runs.is_empty() || runs.len() > PIECES {
        return unsupported(format!("it puts {} pieces together", runs.len()));
    }
    let pieces = runs
        .into_iter()
        .map(|(first, count)| cut_axis(call, x, axis, first, count))
        .collect::<Result<Vec<_>, _>>()?;
    match *pieces.as_slice() {
        [piece] => Ok(piece),
        _ => call.drawing().draw(Op::Concatenate { axis }, &pieces),
    }
}

pub(super) fn reverse(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let mut output = call.tensor(0)?;
    let axes = call.integers(1)?;
    let shape = call.drawing().shape(output).to_vec();
    for axis in extents::axes(&axes, shape.len())? {
        let extent = shape.get(axis).copied().unwrap_or(0);
        let positions: Vec<usize> = (0..extent).rev().collect();
        output = pick(call, output, axis, &positions)?;
    }
    Ok(call.result(output))
}

pub(super) fn gather(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let x = call.tensor(0)?;
    let given = call.inputs.len() > 2;
    if !call.is_known(1) || (given && !call.is_known(2)) {
        return unsupported("which elements it takes depends on the image");
    }
    if call.attributes.whole("batch_dims", 0)? != 0 {
        return unsupported("it takes other elements for each image");
    }
    let indices = call.value(1)?;
    let axis = if given { call.integer(2)? } else { 0 };
    let shape = call.drawing().shape(x).to_vec();
    let axis = extents::axis(axis, shape.len())?;
    let extent = shape.get(axis).copied().unwrap_or(0);
    let positions: Option<Vec<usize>> = indices
        .as_integers()
        .unwrap_or(&[])
        .iter()
        .map(|&index| usize::try_from(index).ok().filter(|&index| index < extent))
        .collect();
    let Some(positions) = positions else {
        return invalid(format!("it looks beyond {extent} elements"));
    };
    let output = pick(call, x, axis, &positions)?;
    let (before, after) = shape.split_at(axis);
    let shape = [before, indices.shape(), after.get(1..).unwrap_or(&[])].concat();
    let output = call.drawing().reshape(output, shape)?;
    Ok(call.result(output))
}

pub(super) fn tile(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let x = call.tensor(0)?;
    let multiples = call.integers(1)?;
    if multiples.len() != call.drawing().shape(x).len() {
        return invalid(format!("it repeats {:?} times", multiples));
    }
    repeat(call, x, &multiples)
}

pub(super) fn spread(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let mut x = call.tensor(0)?;
    let target = extents::fixed(&call.integers(1)?)?;
    let mut shape = call.drawing().shape(x).to_vec();
    while shape.len() < target.len() {
        shape.insert(0, 1);
    }
    x = call.drawing().reshape(x, shape.clone())?;
    let multiples: Option<Vec<i64>> = shape
        .iter()
        .zip(&target)
        .map(|(&own, &wanted)| match own {
            own if own == wanted => Some(1),
            1 => i64::try_from(wanted).ok(),
            _ => None,
        })
        .collect();
    match multiples {
        Some(multiples) if shape.len() == target.len() => repeat(call, x, &multiples),
        _ => invalid(format!("it spreads {shape:?} to {target:?}")),
    }
}

fn repeat(
    call: &mut Call<'_, '_, '_>,
    x: Drawn,
    multiples: &[i64],
) -> Result<Vec<Term>, LayerProblem> {
    let mut output = x;
    for (axis, &count) in multiples.iter().enumerate() {
        match usize::try_from(count) {
            Ok(1) => {}
            Ok(count) if (1..=PIECES).contains(&count) => {
                let copies = vec![output; count];
                output = call.drawing().draw(Op::Concatenate { axis }, &copies)?;
            }
            _ => return unsupported(format!("it repeats a tensor {count} times")),
        }
    }
    Ok(call.result(output))
}
