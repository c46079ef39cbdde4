//! Operations that pick elements: subscripts, constant indices, reversal.

use graph::{Op, Pool, TensorId};
use serde_json::Value;

use super::arrangement::PIECES;
use super::bound::{BoundCall, input};
use super::{Build, one_output};
use crate::assembly::Scope;
use crate::definition::Argument;
use crate::layers::{LayerProblem, invalid, unsupported};

/// One element of a subscript.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Subscript {
    /// `start:stop:step`
    Range {
        start: Option<i64>,
        stop: Option<i64>,
        step: i64,
    },
    /// One element; the axis goes.
    Index(i64),
    /// `...`
    Ellipsis,
    /// A new axis.
    NewAxis,
}

const WHOLE: Subscript = Subscript::Range {
    start: None,
    stop: None,
    step: 1,
};

impl Subscript {
    /// Reads the forms of Keras 2, `{"start": ..., "stop": ..., "step": ...}`, and of Keras 3, where
    /// a class surrounds that.
    fn parse(value: &Value) -> Option<Self> {
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
}

/// `x[...]`
pub(super) fn get_item(call: &BoundCall) -> Result<Build, LayerProblem> {
    let x = call.tensor("x")?;
    let key = ["slice_spec", "key"]
        .iter()
        .find_map(|name| call.argument(name));
    let Some(Argument::Constant(key)) = key else {
        return unsupported("its subscript is not constant");
    };
    let list = match key {
        Value::Array(elements) => elements,
        single => vec![single],
    };
    let subscripts: Option<Vec<Subscript>> = list.iter().map(Subscript::parse).collect();
    let Some(subscripts) = subscripts else {
        return unsupported("its subscript is neither integers nor ranges");
    };
    one_output(move |scope, inputs| pick(scope, input(inputs, x)?, &subscripts))
}

/// Positions that a subscript picks along an axis, as `(start, count, step)`, and whether the axis
/// stays.
fn positions(subscript: Subscript, extent: usize) -> Option<(usize, usize, i64)> {
    let extent = i64::try_from(extent).ok()?;
    let absolute = |position: i64| {
        if position < 0 {
            position + extent
        } else {
            position
        }
    };
    let (start, count, step) = match subscript {
        Subscript::Index(index) => (absolute(index), 1, 1),
        Subscript::Range { start, stop, step } if step > 0 => {
            let start = start.map_or(0, |start| absolute(start).clamp(0, extent));
            let stop = stop.map_or(extent, |stop| absolute(stop).clamp(0, extent));
            (
                start,
                (stop - start).max(0).div_euclid(step)
                    + i64::from((stop - start).max(0) % step != 0),
                step,
            )
        }
        Subscript::Range { start, stop, step } if step < 0 => {
            let start = start.map_or(extent - 1, |start| absolute(start).clamp(-1, extent - 1));
            let stop = stop.map_or(-1, |stop| absolute(stop).clamp(-1, extent - 1));
            let span = (start - stop).max(0);
            let size = step.checked_neg()?;
            (start, span / size + i64::from(span % size != 0), step)
        }
        _ => return None,
    };
    let inside = (0..extent).contains(&start) && count > 0;
    inside.then_some((
        usize::try_from(start).ok()?,
        usize::try_from(count).ok()?,
        step,
    ))
}

fn pick(
    scope: &mut Scope<'_>,
    x: TensorId,
    subscripts: &[Subscript],
) -> Result<TensorId, LayerProblem> {
    let shape = scope.shape(x).to_vec();
    let taken = subscripts
        .iter()
        .filter(|it| !matches!(it, Subscript::Ellipsis | Subscript::NewAxis))
        .count();
    let Some(open) = shape.len().checked_sub(taken) else {
        return invalid(format!(
            "it has {taken} subscripts for {} axes",
            shape.len()
        ));
    };
    let mut full = Vec::new();
    for &subscript in subscripts {
        match subscript {
            Subscript::Ellipsis => full.extend(vec![WHOLE; open]),
            subscript => full.push(subscript),
        }
    }
    if !subscripts.contains(&Subscript::Ellipsis) {
        full.extend(vec![WHOLE; open]);
    }
    if let (&[Subscript::Index(index)], Some(known)) = (full.as_slice(), scope.known_integers(x)) {
        let picked = positions(Subscript::Index(index), known.len())
            .and_then(|(position, ..)| known.get(position).copied());
        return match picked {
            Some(value) => scope.integers("", vec![value]),
            None => invalid(format!("its subscript {index} is out of range")),
        };
    }
    let mut picked = x;
    let mut result = Vec::new();
    let mut axis = 0;
    for subscript in full {
        if subscript == Subscript::NewAxis {
            result.push(1);
            continue;
        }
        let extent = shape.get(axis).copied().unwrap_or(0);
        let Some((start, count, step)) = positions(subscript, extent) else {
            return invalid(format!("its subscript of axis {axis} picks nothing"));
        };
        picked = along_axis(scope, picked, axis, start, count, step)?;
        if !matches!(subscript, Subscript::Index(_)) {
            result.push(count);
        }
        axis += 1;
    }
    scope.node("", Op::Reshape { shape: result }, &[picked])
}

/// Picks every `step`-th of `count` elements from `start` on.
fn along_axis(
    scope: &mut Scope<'_>,
    x: TensorId,
    axis: usize,
    start: usize,
    count: usize,
    step: i64,
) -> Result<TensorId, LayerProblem> {
    let extent = scope.shape(x).get(axis).copied().unwrap_or(0);
    if start == 0 && count == extent && step == 1 {
        return Ok(x);
    }
    if step < 0 || (step > 1 && !(scope.shape(x).len() == 4 && (axis == 1 || axis == 2))) {
        let indices = (0..count as i64).map(|index| start as i64 + index * step);
        let indices: Vec<usize> = indices
            .filter_map(|index| usize::try_from(index).ok())
            .collect();
        return pick_indices(scope, x, axis, &indices, &format!("axis_{axis}"));
    }
    // Pixels at a distance are what a pooling window of one pixel reads.
    let step = usize::try_from(step).unwrap_or(1);
    let span = (count - 1).saturating_mul(step) + 1;
    let x = slice(scope, x, axis, start, span, &format!("axis_{axis}"))?;
    if step == 1 {
        return Ok(x);
    }
    let pool = Pool {
        kernel: [1, 1],
        stride: if axis == 1 { [step, 1] } else { [1, step] },
        padding: graph::Padding::Valid,
    };
    scope.node(&format!("axis_{axis}/strided"), Op::MaxPool2d(pool), &[x])
}

fn slice(
    scope: &mut Scope<'_>,
    x: TensorId,
    axis: usize,
    start: usize,
    extent: usize,
    part: &str,
) -> Result<TensorId, LayerProblem> {
    let mut size = scope.shape(x).to_vec();
    let mut begin = vec![0; size.len()];
    if let (Some(begin), Some(size)) = (begin.get_mut(axis), size.get_mut(axis)) {
        (*begin, *size) = (start, extent);
    }
    scope.node(part, Op::Slice { begin, size }, &[x])
}

/// Joins the elements of a list of positions; neighbours are cut out together.
fn pick_indices(
    scope: &mut Scope<'_>,
    x: TensorId,
    axis: usize,
    indices: &[usize],
    part: &str,
) -> Result<TensorId, LayerProblem> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &index in indices {
        match runs.last_mut() {
            Some((start, extent)) if *start + *extent == index => *extent += 1,
            _ => runs.push((index, 1)),
        }
    }
    if runs.len() > PIECES {
        return unsupported(format!(
            "it picks {} separate elements, at most {PIECES} are supported",
            runs.len()
        ));
    }
    let parts = runs
        .iter()
        .enumerate()
        .map(|(index, &(start, extent))| {
            let part = format!("{part}/part_{index}");
            slice(scope, x, axis, start, extent, &part)
        })
        .collect::<Result<Vec<_>, _>>()?;
    scope.node(part, Op::Concatenate { axis }, &parts)
}

/// Constant indices along an axis.
pub(super) fn gather(call: &BoundCall) -> Result<Build, LayerProblem> {
    let x = call.tensor("x")?;
    if call
        .constants
        .get("batch_dims")
        .is_some_and(|count| count.as_i64() != Some(0))
    {
        return unsupported("it sets batch_dims");
    }
    let axis = match call.constants.integers("axis")?.as_deref() {
        Some(&[axis]) => axis,
        _ => return unsupported("it picks from several axes"),
    };
    let Some(indices) = call.constants.integers("indices")? else {
        return unsupported("its indices are not constant");
    };
    let single = !call.constants.get("indices").is_some_and(Value::is_array);
    one_output(move |scope, inputs| {
        let x = input(inputs, x)?;
        let axis = scope.axis(x, axis)?;
        let extent = scope.shape(x).get(axis).copied().unwrap_or(0);
        let places: Option<Vec<usize>> = indices
            .iter()
            .map(|&index| positions(Subscript::Index(index), extent).map(|(place, ..)| place))
            .collect();
        let Some(places) = places else {
            return invalid(format!("an index is out of the range of {extent} elements"));
        };
        if !single {
            return pick_indices(scope, x, axis, &places, "");
        }
        let picked = pick_indices(scope, x, axis, &places, "picked")?;
        let mut shape = scope.shape(picked).to_vec();
        shape.remove(axis);
        scope.node("", Op::Reshape { shape }, &[picked])
    })
}

/// Elements in the opposite order.
pub(super) fn flip(call: &BoundCall) -> Result<Build, LayerProblem> {
    let x = call.tensor("x")?;
    let Some(axes) = call.constants.integers("axis")? else {
        return unsupported("it reverses the batch axis too");
    };
    one_output(move |scope, inputs| {
        let mut x = input(inputs, x)?;
        for &axis in &axes {
            let axis = scope.axis(x, axis)?;
            let extent = scope.shape(x).get(axis).copied().unwrap_or(0);
            let indices: Vec<usize> = (0..extent).rev().collect();
            x = pick_indices(scope, x, axis, &indices, &format!("axis_{axis}"))?;
        }
        Ok(x)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn subscripts_pick_what_python_picks() {
        let check = |subscript: Value, extent: usize, expected: Option<&[usize]>| {
            let parsed = Subscript::parse(&subscript).unwrap();
            let found = positions(parsed, extent).map(|(start, count, step)| {
                let places = (0..count as i64).map(|index| start as i64 + index * step);
                places.map(|place| place as usize).collect::<Vec<_>>()
            });
            assert_eq!(found.as_deref(), expected, "{subscript} of {extent}");
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
        check(range(json!(2), json!(2), null()), 4, None);
        let wrapped =
            json!({"class_name": "__slice__", "config": {"start": 1, "stop": 2, "step": null}});
        check(wrapped, 4, Some(&[1]));
    }
}
