//! Operations that join, cut and rearrange tensors.

use graph::{Op, ResizeMethod, TensorId};
use serde_json::Value;

use super::bound::{BoundCall, input};
use super::{Build, one_output};
use crate::assembly::Scope;
use crate::definition::Argument;
use crate::layers::{LayerProblem, invalid, unsupported};

/// Most pieces that a tensor is cut into or joined from.
pub(super) const PIECES: usize = 64;

/// The one axis that an operation works on.
fn axis_setting(call: &BoundCall, default: i64) -> Result<i64, LayerProblem> {
    match call.constants.integers("axis")?.as_deref() {
        None => Ok(default),
        Some(&[axis]) => Ok(axis),
        Some(_) => unsupported("it works on several axes"),
    }
}

/// A count that is at least one and at most [`PIECES`].
fn pieces(count: i64) -> Result<usize, LayerProblem> {
    match usize::try_from(count) {
        Ok(count) if (1..=PIECES).contains(&count) => Ok(count),
        _ => unsupported(format!(
            "it makes {count} pieces, at most {PIECES} are supported"
        )),
    }
}

pub(super) fn concatenate(call: &BoundCall) -> Result<Build, LayerProblem> {
    let operands = call.operands("values")?;
    let axis = axis_setting(call, -1)?;
    one_output(move |scope, inputs| {
        let tensors = operands
            .iter()
            .enumerate()
            .map(|(index, operand)| operand.build(scope, inputs, &format!("operand_{index}")))
            .collect::<Result<Vec<_>, _>>()?;
        let Some(&first) = tensors.first() else {
            return invalid("it has no inputs");
        };
        match scope.axis(first, axis)? {
            0 => unsupported("it joins along the batch axis"),
            axis => scope.node("", Op::Concatenate { axis }, &tensors),
        }
    })
}

pub(super) fn stack(call: &BoundCall) -> Result<Build, LayerProblem> {
    let operands = call.operands("values")?;
    let axis = axis_setting(call, 0)?;
    one_output(move |scope, inputs| {
        let mut parts = Vec::with_capacity(operands.len());
        let mut place = 0;
        for (index, operand) in operands.iter().enumerate() {
            let x = operand.build(scope, inputs, &format!("operand_{index}"))?;
            let mut shape = scope.shape(x).to_vec();
            place = new_axis(&shape, axis)?;
            shape.insert(place, 1);
            let part = format!("expanded_{index}");
            parts.push(scope.node(&part, Op::Reshape { shape }, &[x])?);
        }
        if place == 0 || parts.is_empty() {
            return unsupported("it joins along the batch axis");
        }
        scope.node("", Op::Concatenate { axis: place }, &parts)
    })
}

/// Position of an axis that is added to a shape.
fn new_axis(shape: &[usize], axis: i64) -> Result<usize, LayerProblem> {
    let rank = shape.len() as i64 + 1;
    let position = if axis < 0 { axis + rank } else { axis };
    match usize::try_from(position) {
        Ok(position) if position <= shape.len() => Ok(position),
        _ => invalid(format!("it adds axis {axis} to {} axes", shape.len())),
    }
}

/// Cuts a tensor along an axis into parts of the given extents; without `keep` the axis goes.
fn cut(
    scope: &mut Scope<'_>,
    x: TensorId,
    axis: usize,
    extents: &[usize],
    keep: bool,
) -> Result<Vec<TensorId>, LayerProblem> {
    let shape = scope.shape(x).to_vec();
    let mut start = 0;
    let mut outputs = Vec::with_capacity(extents.len());
    for (index, &extent) in extents.iter().enumerate() {
        let (mut begin, mut size) = (vec![0; shape.len()], shape.clone());
        if let (Some(begin), Some(size)) = (begin.get_mut(axis), size.get_mut(axis)) {
            (*begin, *size) = (start, extent);
        }
        start += extent;
        let mut part = scope.node(&format!("part_{index}"), Op::Slice { begin, size }, &[x])?;
        if !keep {
            let mut shape = shape.clone();
            shape.remove(axis);
            let name = format!("part_{index}/squeezed");
            part = scope.node(&name, Op::Reshape { shape }, &[part])?;
        }
        outputs.push(part);
    }
    Ok(outputs)
}

/// Extent of an axis that may be cut.
fn cut_axis(scope: &Scope<'_>, x: TensorId, axis: i64) -> Result<(usize, usize), LayerProblem> {
    match scope.axis(x, axis)? {
        0 => unsupported("it cuts the batch axis"),
        axis => Ok((axis, scope.shape(x).get(axis).copied().unwrap_or(0))),
    }
}

pub(super) fn unstack(call: &BoundCall) -> Result<Build, LayerProblem> {
    let x = call.tensor("x")?;
    let axis = axis_setting(call, 0)?;
    Ok(Box::new(move |scope, inputs| {
        let x = input(inputs, x)?;
        let (axis, extent) = cut_axis(scope, x, axis)?;
        let count = pieces(extent as i64)?;
        cut(scope, x, axis, &vec![1; count], false)
    }))
}

/// `tf.split`: a number of parts, or their extents, of which one may be open.
pub(super) fn split(call: &BoundCall) -> Result<Build, LayerProblem> {
    let x = call.tensor("x")?;
    let axis = axis_setting(call, 0)?;
    let several = call
        .constants
        .get("num_or_size_splits")
        .is_some_and(Value::is_array);
    let Some(numbers) = call.constants.integers("num_or_size_splits")? else {
        return unsupported("the number of its parts is not constant");
    };
    Ok(Box::new(move |scope, inputs| {
        let x = input(inputs, x)?;
        let (axis, extent) = cut_axis(scope, x, axis)?;
        if !several {
            return cut_evenly(scope, x, axis, extent, numbers.first().copied());
        }
        pieces(numbers.len() as i64)?;
        let known: i64 = numbers.iter().filter(|&&number| number >= 0).sum();
        let open = extent as i64 - known;
        let extents = numbers
            .iter()
            .map(|&number| if number < 0 { open } else { number });
        let extents: Option<Vec<usize>> =
            extents.map(|number| usize::try_from(number).ok()).collect();
        match extents {
            Some(extents) if extents.iter().sum::<usize>() == extent => {
                cut(scope, x, axis, &extents, true)
            }
            _ => invalid(format!(
                "its parts {numbers:?} do not fit {extent} elements"
            )),
        }
    }))
}

/// `keras.ops.split`: a number of parts, or the positions where they begin.
pub(super) fn split_at(call: &BoundCall) -> Result<Build, LayerProblem> {
    let x = call.tensor("x")?;
    let axis = axis_setting(call, 0)?;
    let several = call
        .constants
        .get("indices_or_sections")
        .is_some_and(Value::is_array);
    let Some(numbers) = call.constants.integers("indices_or_sections")? else {
        return unsupported("the number of its parts is not constant");
    };
    Ok(Box::new(move |scope, inputs| {
        let x = input(inputs, x)?;
        let (axis, extent) = cut_axis(scope, x, axis)?;
        if !several {
            return cut_evenly(scope, x, axis, extent, numbers.first().copied());
        }
        pieces(numbers.len() as i64 + 1)?;
        let mut start = 0;
        let mut extents = Vec::with_capacity(numbers.len() + 1);
        for end in numbers.iter().copied().chain([extent as i64]) {
            let part = usize::try_from(end)
                .ok()
                .and_then(|end| end.checked_sub(start));
            match part {
                Some(part) if start + part <= extent => extents.push(part),
                _ => return invalid(format!("its parts begin at {numbers:?}")),
            }
            start += part.unwrap_or(0);
        }
        cut(scope, x, axis, &extents, true)
    }))
}

fn cut_evenly(
    scope: &mut Scope<'_>,
    x: TensorId,
    axis: usize,
    extent: usize,
    count: Option<i64>,
) -> Result<Vec<TensorId>, LayerProblem> {
    let count = pieces(count.unwrap_or(0))?;
    if !extent.is_multiple_of(count) {
        return invalid(format!(
            "{extent} elements do not divide into {count} parts"
        ));
    }
    cut(scope, x, axis, &vec![extent / count; count], true)
}

/// The shape may have been computed from that of another tensor.
pub(super) fn reshape(call: &BoundCall) -> Result<Build, LayerProblem> {
    let x = call.tensor("x")?;
    let target = match call.argument("shape") {
        Some(Argument::List(elements)) => elements,
        Some(whole @ Argument::Tensor(_)) => vec![whole],
        _ => match call.constants.integers("shape")? {
            Some(target) => target
                .into_iter()
                .map(|extent| Argument::Constant(extent.into()))
                .collect(),
            None => return unsupported("its shape is not in the file"),
        },
    };
    one_output(move |scope, inputs| {
        let x = input(inputs, x)?;
        let mut extents = Vec::new();
        for extent in &target {
            match extent {
                Argument::Constant(value) => extents.extend(value.as_i64()),
                Argument::Tensor(position) => match scope.known_integers(input(inputs, *position)?)
                {
                    Some(known) => extents.extend(known),
                    None => return unsupported("its shape is computed"),
                },
                Argument::List(_) => return unsupported("its shape is computed"),
            }
        }
        let elements = scope.shape(x).iter().product();
        let shape = close_shape(&extents, elements)?;
        scope.node("", Op::Reshape { shape }, &[x])
    })
}

/// Fills in the one extent that may be open.
fn close_shape(extents: &[i64], elements: usize) -> Result<Vec<usize>, LayerProblem> {
    let open = extents.iter().filter(|&&extent| extent == -1).count();
    let known = extents
        .iter()
        .filter(|&&extent| extent != -1)
        .try_fold(1usize, |product, &extent| {
            product.checked_mul(usize::try_from(extent).ok()?)
        })
        .filter(|&known| known > 0 && open <= 1 && elements.is_multiple_of(known));
    let Some(known) = known else {
        return invalid(format!(
            "{elements} elements do not fit the shape {extents:?}"
        ));
    };
    let close = |&extent: &i64| usize::try_from(extent).unwrap_or(elements / known);
    Ok(extents.iter().map(close).collect())
}

/// The shape of a tensor, for other operations that ask for one.
pub(super) fn shape(call: &BoundCall) -> Result<Build, LayerProblem> {
    let x = call.tensor("x")?;
    one_output(move |scope, inputs| {
        let shape = scope.shape(input(inputs, x)?);
        let shape = shape.iter().map(|&extent| extent as i64).collect();
        scope.integers("", shape)
    })
}

pub(super) fn expand_dims(call: &BoundCall) -> Result<Build, LayerProblem> {
    let x = call.tensor("x")?;
    let axis = axis_setting(call, 0)?;
    one_output(move |scope, inputs| {
        let x = input(inputs, x)?;
        let mut shape = scope.shape(x).to_vec();
        let place = new_axis(&shape, axis)?;
        shape.insert(place, 1);
        scope.node("", Op::Reshape { shape }, &[x])
    })
}

pub(super) fn squeeze(call: &BoundCall) -> Result<Build, LayerProblem> {
    let x = call.tensor("x")?;
    let wanted = call.constants.integers("axis")?;
    one_output(move |scope, inputs| {
        let x = input(inputs, x)?;
        let shape = scope.shape(x);
        // Without axes all of extent one go; the batch has one image only here.
        let axes = match &wanted {
            None => (1..shape.len())
                .filter(|&axis| shape.get(axis) == Some(&1))
                .collect(),
            Some(axes) => axes
                .iter()
                .map(|&axis| scope.axis(x, axis))
                .collect::<Result<Vec<_>, _>>()?,
        };
        let kept = shape
            .iter()
            .enumerate()
            .filter(|(axis, _)| !axes.contains(axis));
        let shape = kept.map(|(_, &extent)| extent).collect();
        scope.node("", Op::Reshape { shape }, &[x])
    })
}

pub(super) fn transpose(call: &BoundCall) -> Result<Build, LayerProblem> {
    let x = call.tensor("x")?;
    let wanted = call.constants.integers("perm")?;
    one_output(move |scope, inputs| {
        let x = input(inputs, x)?;
        let rank = scope.shape(x).len();
        let permutation = match &wanted {
            None => (0..rank).rev().collect(),
            Some(axes) => axes
                .iter()
                .map(|&axis| scope.axis(x, axis))
                .collect::<Result<Vec<_>, _>>()?,
        };
        scope.node("", Op::Transpose { permutation }, &[x])
    })
}

pub(super) fn swap_axes(call: &BoundCall) -> Result<Build, LayerProblem> {
    let x = call.tensor("x")?;
    let axis = |name: &str| match call.constants.integers(name)?.as_deref() {
        Some(&[axis]) => Ok(axis),
        _ => invalid(format!("\"{name}\" should be one integer")),
    };
    let (a, b) = (axis("axis1")?, axis("axis2")?);
    one_output(move |scope, inputs| {
        let x = input(inputs, x)?;
        let mut permutation: Vec<usize> = (0..scope.shape(x).len()).collect();
        permutation.swap(scope.axis(x, a)?, scope.axis(x, b)?);
        scope.node("", Op::Transpose { permutation }, &[x])
    })
}

pub(super) fn pad(call: &BoundCall) -> Result<Build, LayerProblem> {
    let x = call.tensor("x")?;
    let mode = call
        .constants
        .text("mode")
        .unwrap_or("constant")
        .to_lowercase();
    if mode != "constant" {
        return unsupported(format!("it pads in mode {mode}"));
    }
    let value = call.constants.number("constant_values")?.unwrap_or(0.0);
    let Some(amounts) = call.constants.get("paddings").and_then(Value::as_array) else {
        return unsupported("its paddings are not a constant list");
    };
    let amount = |pair: &Value, side: usize| {
        let extent = pair.get(side)?.as_u64()?;
        usize::try_from(extent).ok()
    };
    let side = |side: usize| -> Option<Vec<usize>> {
        amounts.iter().map(|pair| amount(pair, side)).collect()
    };
    let (Some(before), Some(after)) = (side(0), side(1)) else {
        return invalid("its paddings are not pairs of integers");
    };
    one_output(move |scope, inputs| {
        let op = Op::Pad {
            before: before.clone(),
            after: after.clone(),
            value,
        };
        scope.node("", op, &[input(inputs, x)?])
    })
}

pub(super) fn tile(call: &BoundCall) -> Result<Build, LayerProblem> {
    let x = call.tensor("x")?;
    let Some(counts) = call.constants.integers("multiples")? else {
        return unsupported("its multiples are not constant");
    };
    one_output(move |scope, inputs| {
        let mut tiled = input(inputs, x)?;
        if counts.len() != scope.shape(tiled).len() || counts.first() != Some(&1) {
            return unsupported(format!("it tiles by {counts:?}"));
        }
        for (axis, &count) in counts.iter().enumerate() {
            let copies = vec![tiled; pieces(count)?];
            if copies.len() > 1 {
                let op = Op::Concatenate { axis };
                tiled = scope.node(&format!("axis_{axis}"), op, &copies)?;
            }
        }
        Ok(tiled)
    })
}

/// Every element several times in a row: copies side by side along a new axis.
pub(super) fn repeat(call: &BoundCall) -> Result<Build, LayerProblem> {
    let x = call.tensor("x")?;
    let axis = axis_setting(call, 0)?;
    let count = match call.constants.integers("repeats")?.as_deref() {
        Some(&[count]) => pieces(count)?,
        _ => return unsupported("its number of repeats is not one constant"),
    };
    one_output(move |scope, inputs| {
        let x = input(inputs, x)?;
        let (axis, extent) = cut_axis(scope, x, axis)?;
        let mut shape = scope.shape(x).to_vec();
        let mut expanded = shape.clone();
        expanded.insert(axis + 1, 1);
        let expanded = scope.node("expanded", Op::Reshape { shape: expanded }, &[x])?;
        let op = Op::Concatenate { axis: axis + 1 };
        let repeated = scope.node("repeated", op, &vec![expanded; count])?;
        match (shape.get_mut(axis), extent.checked_mul(count)) {
            (Some(slot), Some(extent)) => *slot = extent,
            _ => return invalid("its output is out of range"),
        }
        scope.node("", Op::Reshape { shape }, &[repeated])
    })
}

/// The block size of an operation between channels and pixels.
fn block(call: &BoundCall) -> Result<usize, LayerProblem> {
    let format = call.constants.text("data_format");
    if format.is_some_and(|format| format.starts_with("NC") || format == "channels_first") {
        return unsupported("its data_format has channels first");
    }
    call.constants.count("block_size")
}

/// `[h, w, b * b * c]` becomes `[h * b, w * b, c]`.
pub(super) fn depth_to_space(call: &BoundCall) -> Result<Build, LayerProblem> {
    let (x, block) = (call.tensor("x")?, block(call)?);
    one_output(move |scope, inputs| {
        let x = input(inputs, x)?;
        let (height, width, channels) = match *scope.shape(x) {
            [1, height, width, channels] => (height, width, channels),
            _ => return invalid("its input is not an image"),
        };
        let depth = channels / block.saturating_mul(block).max(1);
        let blocks = vec![height, width, block, block, depth];
        let blocks = scope.node("blocks", Op::Reshape { shape: blocks }, &[x])?;
        let permutation = vec![0, 2, 1, 3, 4];
        let rows = scope.node("rows", Op::Transpose { permutation }, &[blocks])?;
        let shape = vec![
            1,
            height.saturating_mul(block),
            width.saturating_mul(block),
            depth,
        ];
        scope.node("", Op::Reshape { shape }, &[rows])
    })
}

/// `[h * b, w * b, c]` becomes `[h, w, b * b * c]`.
pub(super) fn space_to_depth(call: &BoundCall) -> Result<Build, LayerProblem> {
    let (x, block) = (call.tensor("x")?, block(call)?);
    one_output(move |scope, inputs| {
        let x = input(inputs, x)?;
        let (height, width, channels) = match *scope.shape(x) {
            [1, height, width, channels] => (height / block, width / block, channels),
            _ => return invalid("its input is not an image"),
        };
        let blocks = vec![height, block, width, block, channels];
        let blocks = scope.node("blocks", Op::Reshape { shape: blocks }, &[x])?;
        let permutation = vec![0, 2, 1, 3, 4];
        let rows = scope.node("columns", Op::Transpose { permutation }, &[blocks])?;
        let depth = channels.saturating_mul(block).saturating_mul(block);
        let shape = vec![1, height, width, depth];
        scope.node("", Op::Reshape { shape }, &[rows])
    })
}

pub(super) fn resize(call: &BoundCall) -> Result<Build, LayerProblem> {
    let x = call.tensor("x")?;
    for flag in [
        "preserve_aspect_ratio",
        "antialias",
        "crop_to_aspect_ratio",
        "pad_to_aspect_ratio",
    ] {
        call.refuse_flag(flag)?;
    }
    if call.constants.text("data_format") == Some("channels_first") {
        return unsupported("its data_format has channels first");
    }
    let method = match call.constants.text("interpolation").unwrap_or("bilinear") {
        "nearest" => ResizeMethod::Nearest,
        "bilinear" => ResizeMethod::Bilinear,
        other => return unsupported(format!("its interpolation is \"{other}\"")),
    };
    let Some(size) = call.constants.pair("size")? else {
        return unsupported("its size is not constant");
    };
    one_output(move |scope, inputs| {
        let op = Op::Resize { size, method };
        scope.pixelwise_node("", op, input(inputs, x)?)
    })
}
