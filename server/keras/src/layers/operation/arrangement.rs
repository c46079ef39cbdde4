//! Arguments of operations that join, cut, pick and rearrange.

use graph::{Op, ResizeMethod};
use localization::{phrase, text};
use serde_json::Value;

use super::bound::{BoundCall, build_all, input};
use super::{Build, of_tensor, one_output};
use crate::limits::PIECES;
use crate::operations::arrangement::{self, Mirror};
use crate::operations::slicing::{self, Subscript};
use crate::operations::{blocks, shapes};
use crate::problem::{LayerProblem, invalid, unsupported};
use crate::settings::Argument;

/// The one axis that an operation works on.
fn axis_setting(call: &BoundCall, default: i64) -> Result<i64, LayerProblem> {
    match call.constants.integers("axis")?.as_deref() {
        None => Ok(default),
        Some(&[axis]) => Ok(axis),
        Some(_) => unsupported(phrase!("it works on several axes")),
    }
}

pub(super) fn concatenate(call: &BoundCall) -> Result<Build, LayerProblem> {
    let operands = call.operands("values")?;
    let axis = axis_setting(call, -1)?;
    one_output(move |scope, inputs| {
        let tensors = build_all(&operands, scope.draft, inputs)?;
        arrangement::concatenate(scope.draft, &tensors, axis)
    })
}

pub(super) fn stack(call: &BoundCall) -> Result<Build, LayerProblem> {
    let operands = call.operands("values")?;
    let axis = axis_setting(call, 0)?;
    one_output(move |scope, inputs| {
        let tensors = build_all(&operands, scope.draft, inputs)?;
        arrangement::stack(scope.draft, &tensors, axis)
    })
}

/// Cuts a tensor along an axis into parts whose extents follow from that of the axis.
fn cut(
    call: &BoundCall,
    keep: bool,
    parts: impl Fn(usize) -> Result<Vec<usize>, LayerProblem> + 'static,
) -> Result<Build, LayerProblem> {
    let x = call.tensor("x")?;
    let axis = axis_setting(call, 0)?;
    Ok(Box::new(move |scope, inputs| {
        let x = input(inputs, x)?;
        let axis = scope.axis(x, axis)?;
        let parts = parts(scope.draft.extent(x, axis)?)?;
        arrangement::split(scope.draft, x, axis, &parts, keep)
    }))
}

pub(super) fn unstack(call: &BoundCall) -> Result<Build, LayerProblem> {
    cut(call, false, |extent| {
        shapes::equal_parts(extent, extent as i64)
    })
}

/// How a parameter of a splitting operation, with a list of integers in it or one, gives parts.
fn split_by(
    call: &BoundCall,
    parameter: &str,
    listed: fn(usize, &[i64]) -> Result<Vec<usize>, LayerProblem>,
) -> Result<Build, LayerProblem> {
    let several = call.constants.get(parameter).is_some_and(Value::is_array);
    let Some(numbers) = call.constants.integers(parameter)? else {
        return unsupported(phrase!("the number of its parts is not constant"));
    };
    cut(call, true, move |extent| match numbers.as_slice() {
        &[count] if !several => shapes::equal_parts(extent, count),
        numbers => listed(extent, numbers),
    })
}

/// `tf.split`: a number of parts, or their extents, of which one may be open.
pub(super) fn split(call: &BoundCall) -> Result<Build, LayerProblem> {
    split_by(call, "num_or_size_splits", shapes::given_parts)
}

/// `keras.ops.split`: a number of parts, or the positions where they begin.
pub(super) fn split_at(call: &BoundCall) -> Result<Build, LayerProblem> {
    split_by(call, "indices_or_sections", shapes::parts_between)
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
            None => return unsupported(phrase!("its shape is not in the file")),
        },
    };
    one_output(move |scope, inputs| {
        let x = input(inputs, x)?;
        let mut extents = Vec::new();
        for extent in &target {
            let known = match extent {
                Argument::Constant(value) => {
                    extents.extend(value.as_i64());
                    continue;
                }
                Argument::Tensor(position) => scope.known_integers(input(inputs, *position)?),
                Argument::List(_) => None,
            };
            match known {
                Some(known) => extents.extend(known),
                None => return unsupported(phrase!("its shape is computed")),
            }
        }
        let shape = shapes::reshape(scope.draft.shape(x), &extents)?;
        scope.draft.reshape("", x, shape)
    })
}

/// The shape of a tensor, for other operations that ask for one.
pub(super) fn shape(call: &BoundCall) -> Result<Build, LayerProblem> {
    let x = call.tensor("x")?;
    one_output(move |scope, inputs| {
        let shape = scope.draft.shape(input(inputs, x)?);
        let shape = shape.iter().map(|&extent| extent as i64).collect();
        scope.integers(shape)
    })
}

pub(super) fn expand_dims(call: &BoundCall) -> Result<Build, LayerProblem> {
    let axis = axis_setting(call, 0)?;
    of_tensor(call, move |draft, x| {
        let shape = shapes::expand(draft.shape(x), axis)?;
        draft.reshape("", x, shape)
    })
}

/// Without axes all of extent one go; the batch has one image only here.
pub(super) fn squeeze(call: &BoundCall) -> Result<Build, LayerProblem> {
    let named = call.constants.integers("axis")?.unwrap_or_default();
    of_tensor(call, move |draft, x| {
        let shape = shapes::squeeze(draft.shape(x), &named, 1)?;
        draft.reshape("", x, shape)
    })
}

pub(super) fn transpose(call: &BoundCall) -> Result<Build, LayerProblem> {
    let wanted = call.constants.integers("perm")?;
    of_tensor(call, move |draft, x| {
        let rank = draft.rank(x);
        let permutation = match &wanted {
            None => (0..rank).rev().collect(),
            Some(axes) => shapes::permutation(axes, rank)?,
        };
        draft.transpose("", x, permutation)
    })
}

pub(super) fn swap_axes(call: &BoundCall) -> Result<Build, LayerProblem> {
    let axis = |name: &str| match call.constants.integers(name)?.as_deref() {
        Some(&[axis]) => Ok(axis),
        _ => invalid(text!("\"{name}\" should be one integer")),
    };
    let (a, b) = (axis("axis1")?, axis("axis2")?);
    of_tensor(call, move |draft, x| {
        let rank = draft.rank(x);
        let mut permutation: Vec<usize> = (0..rank).collect();
        permutation.swap(shapes::axis(a, rank)?, shapes::axis(b, rank)?);
        draft.transpose("", x, permutation)
    })
}

pub(super) fn pad(call: &BoundCall) -> Result<Build, LayerProblem> {
    let mode = call.constants.text("mode").unwrap_or("constant");
    let mirror = match mode.to_lowercase().as_str() {
        "constant" => None,
        "reflect" => Some(Mirror::Reflect),
        "symmetric" => Some(Mirror::Symmetric),
        mode => return unsupported(text!("it pads in mode {mode}")),
    };
    let value = call.constants.number("constant_values")?.unwrap_or(0.0);
    let Some(amounts) = call.constants.get("paddings").and_then(Value::as_array) else {
        return unsupported(phrase!("its paddings are not a constant list"));
    };
    let amount = |side: usize| -> Option<Vec<usize>> {
        let amounts = amounts.iter().map(|pair| pair.get(side)?.as_u64());
        amounts.map(|it| usize::try_from(it?).ok()).collect()
    };
    let (Some(before), Some(after)) = (amount(0), amount(1)) else {
        return invalid(phrase!("its paddings are not pairs of integers"));
    };
    of_tensor(call, move |draft, x| {
        let amounts = [before.clone(), after.clone()];
        match mirror {
            None => arrangement::pad(draft, x, amounts, value),
            Some(mirror) => arrangement::mirror(draft, x, amounts, mirror),
        }
    })
}

pub(super) fn roll(call: &BoundCall) -> Result<Build, LayerProblem> {
    let list = |name: &str| match call.constants.integers(name)? {
        Some(numbers) => Ok(numbers),
        None => unsupported(text!("its argument \"{name}\" is not in the file")),
    };
    let (shifts, axes) = (list("shift")?, list("axis")?);
    of_tensor(call, move |draft, x| {
        arrangement::roll(draft, x, &shifts, &axes)
    })
}

pub(super) fn tile(call: &BoundCall) -> Result<Build, LayerProblem> {
    let Some(counts) = call.constants.integers("multiples")? else {
        return unsupported(phrase!("its multiples are not constant"));
    };
    of_tensor(call, move |draft, x| arrangement::tile(draft, x, &counts))
}

pub(super) fn broadcast_to(call: &BoundCall) -> Result<Build, LayerProblem> {
    let Some(target) = call.constants.integers("shape")? else {
        return unsupported(phrase!("its shape is not in the file"));
    };
    of_tensor(call, move |draft, x| {
        arrangement::broadcast(draft, x, &shapes::fixed(&target)?)
    })
}

pub(super) fn repeat(call: &BoundCall) -> Result<Build, LayerProblem> {
    let axis = axis_setting(call, 0)?;
    let count = match call.constants.integers("repeats")?.as_deref() {
        Some(&[count]) => shapes::pieces(count, PIECES)?,
        _ => return unsupported(phrase!("its number of repeats is not one constant")),
    };
    of_tensor(call, move |draft, x| {
        let axis = shapes::axis(axis, draft.rank(x))?;
        arrangement::repeat(draft, x, axis, count)
    })
}

/// `[h, w, b * b * c]` becomes `[h * b, w * b, c]`.
pub(super) fn depth_to_space(call: &BoundCall) -> Result<Build, LayerProblem> {
    call.refuse_channels_first()?;
    let block = call.constants.count("block_size")?;
    of_tensor(call, move |draft, x| {
        blocks::depth_to_space(draft, x, block)
    })
}

/// `[h * b, w * b, c]` becomes `[h, w, b * b * c]`.
pub(super) fn space_to_depth(call: &BoundCall) -> Result<Build, LayerProblem> {
    call.refuse_channels_first()?;
    let block = call.constants.count("block_size")?;
    of_tensor(call, move |draft, x| {
        blocks::space_to_depth(draft, x, [block, block])
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
    call.refuse_channels_first()?;
    let method = match call.constants.text("interpolation").unwrap_or("bilinear") {
        "nearest" => ResizeMethod::Nearest,
        "bilinear" => ResizeMethod::Bilinear,
        other => return unsupported(text!("its interpolation is \"{other}\"")),
    };
    let Some(size) = call.constants.pair("size")? else {
        return unsupported(phrase!("its size is not constant"));
    };
    one_output(move |scope, inputs| {
        let op = Op::Resize { size, method };
        scope.pixelwise_node("", op, input(inputs, x)?)
    })
}

/// Reads the forms of Keras 2, `{"start": ..., "stop": ..., "step": ...}`, and of Keras 3, where a
/// class surrounds that.
fn subscript(value: &Value) -> Option<Subscript> {
    let class = value.get("class_name").and_then(Value::as_str);
    match (value, class) {
        (Value::Null, _) => Some(Subscript::NewAxis),
        (Value::Number(number), _) => number.as_i64().map(Subscript::Index),
        (_, Some("__ellipsis__")) => Some(Subscript::Ellipsis),
        (Value::Object(object), _) => {
            let range = object.get("config").unwrap_or(value);
            let bound = |name: &str| match range.get(name)? {
                Value::Null => Some(None),
                bound => bound.as_i64().map(Some),
            };
            Some(Subscript::Range {
                start: bound("start")?,
                stop: bound("stop")?,
                step: bound("step")?.unwrap_or(1),
            })
        }
        _ => None,
    }
}

/// `x[...]`
pub(super) fn get_item(call: &BoundCall) -> Result<Build, LayerProblem> {
    let x = call.tensor("x")?;
    let key = ["slice_spec", "key"]
        .iter()
        .find_map(|name| call.argument(name));
    let Some(Argument::Constant(key)) = key else {
        return unsupported(phrase!("its subscript is not constant"));
    };
    let list = match key {
        Value::Array(elements) => elements,
        single => vec![single],
    };
    let subscripts: Option<Vec<Subscript>> = list.iter().map(subscript).collect();
    let Some(subscripts) = subscripts else {
        return unsupported(phrase!("its subscript is neither integers nor ranges"));
    };
    one_output(move |scope, inputs| {
        let x = input(inputs, x)?;
        if let (&[Subscript::Index(index)], Some(known)) =
            (subscripts.as_slice(), scope.known_integers(x))
        {
            let picked = slicing::element(index, known.len());
            return match picked.and_then(|position| known.get(position).copied()) {
                Some(value) => scope.integers(vec![value]),
                None => invalid(text!("its subscript {index} is out of range")),
            };
        }
        let cut = slicing::subscripted(scope.draft.shape(x), &subscripts)?;
        slicing::cut(scope.draft, x, &cut)
    })
}

/// Constant indices along an axis.
pub(super) fn gather(call: &BoundCall) -> Result<Build, LayerProblem> {
    if call
        .constants
        .get("batch_dims")
        .is_some_and(|count| count.as_i64() != Some(0))
    {
        return unsupported(phrase!("it sets batch_dims"));
    }
    let axis = match call.constants.integers("axis")?.as_deref() {
        Some(&[axis]) => axis,
        _ => return unsupported(phrase!("it picks from several axes")),
    };
    let Some(indices) = call.constants.integers("indices")? else {
        return unsupported(phrase!("its indices are not constant"));
    };
    let list = call.constants.get("indices").is_some_and(Value::is_array);
    of_tensor(call, move |draft, x| {
        let axis = shapes::axis(axis, draft.rank(x))?;
        let extent = draft.extent(x, axis)?;
        let positions = indices.iter().map(|&index| slicing::element(index, extent));
        let Some(positions) = positions.collect::<Option<Vec<usize>>>() else {
            return invalid(text!("an index is out of the range of {extent} elements"));
        };
        let picked: &[usize] = if list { &[positions.len()] } else { &[] };
        arrangement::gather(draft, x, axis, &positions, picked)
    })
}

/// Elements in the opposite order.
pub(super) fn flip(call: &BoundCall) -> Result<Build, LayerProblem> {
    let Some(axes) = call.constants.integers("axis")? else {
        return unsupported(phrase!("it reverses the batch axis too"));
    };
    of_tensor(call, move |draft, x| {
        let rank = draft.rank(x);
        let axes = axes.iter().map(|&axis| shapes::axis(axis, rank));
        let axes = axes.collect::<Result<Vec<_>, _>>()?;
        arrangement::reverse(draft, x, &axes)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::draft::{Draft, ValueId};

    #[test]
    fn subscripts_pick_what_python_picks() {
        let check = |value: Value, extent: usize, expected: Option<&[usize]>| {
            let parsed = subscript(&value).unwrap();
            let cut = slicing::subscripted(&[extent], &[parsed]).ok();
            let steps = cut.and_then(|cut| cut.steps.first().copied());
            let found: Option<Vec<usize>> = steps.map(|steps| steps.positions().collect());
            assert_eq!(found.as_deref(), expected, "{value} of {extent}");
        };
        let range = |start: Value, stop: Value, step: Value| json!({"start": start, "stop": stop, "step": step});
        let null = || Value::Null;
        check(json!(1), 3, Some(&[1]));
        check(json!(-1), 3, Some(&[2]));
        check(json!(3), 3, None);
        check(range(null(), null(), null()), 3, Some(&[0, 1, 2]));
        check(range(json!(1), json!(-1), null()), 4, Some(&[1, 2]));
        check(range(null(), null(), json!(2)), 5, Some(&[0, 2, 4]));
        check(range(json!(1), null(), json!(2)), 6, Some(&[1, 3, 5]));
        check(range(null(), null(), json!(-1)), 3, Some(&[2, 1, 0]));
        check(range(json!(-2), null(), json!(-2)), 5, Some(&[3, 1]));
        check(range(json!(2), json!(9), null()), 4, Some(&[2, 3]));
        check(range(json!(2), json!(2), null()), 4, Some(&[]));
        let wrapped =
            json!({"class_name": "__slice__", "config": {"start": 1, "stop": 2, "step": null}});
        check(wrapped, 4, Some(&[1]));
    }

    #[test]
    fn what_picks_nothing_is_refused() {
        let mut draft = Draft::without_names(true);
        let x: ValueId = draft.input("x", vec![1, 4]).unwrap();
        let empty = Subscript::Range {
            start: Some(2),
            stop: Some(2),
            step: 1,
        };
        let cut = slicing::subscripted(&[1, 4], &[Subscript::Ellipsis, empty]).unwrap();
        assert!(slicing::cut(&mut draft, x, &cut).is_err());
    }
}
