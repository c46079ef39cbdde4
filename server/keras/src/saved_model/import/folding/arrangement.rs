//! Operators that choose elements and put them into another order.
//!
//! Each is computed on the positions of elements instead of the elements, so that integers and
//! real numbers take the same way.

use ndarray::{ArrayD, Axis, IxDyn, Slice, concatenate};

use crate::layers::LayerProblem;
use crate::saved_model::attributes::Attributes;
use crate::saved_model::import::attributes::WithDefaults;
use crate::saved_model::import::extents;
use crate::saved_model::import::slicing::{self, Cut};
use crate::saved_model::import::value::{Elements, Value};

/// Where each element of a result comes from: its position among the elements of all operands,
/// one operand behind the other.
type Positions = ArrayD<u32>;

fn invalid(problem: impl ToString) -> LayerProblem {
    LayerProblem::Invalid(problem.to_string())
}

/// Evaluates operators that move elements.
pub(super) fn evaluate(
    op: &str,
    attributes: &Attributes<'_>,
    inputs: &[Value],
) -> Result<Option<Value>, LayerProblem> {
    let integers = |index: usize| inputs.get(index).and_then(Value::as_integers);
    let Some(x) = inputs.first() else {
        return Ok(None);
    };
    let rank = x.shape().len();
    // Operators that keep the order of elements.
    let shape = match (op, inputs.len()) {
        ("Reshape", 2) => match integers(1) {
            Some(target) => extents::reshape(x.shape(), target)?,
            None => return Ok(None),
        },
        ("ExpandDims", 2) => match integers(1) {
            Some(&[axis]) => extents::expand(x.shape(), axis)?,
            _ => return Ok(None),
        },
        ("Squeeze", 1) => extents::squeeze(attributes, x.shape())?,
        _ => return rearrange(op, attributes, inputs, rank),
    };
    x.clone().reshaped(shape).map(Some)
}

fn rearrange(
    op: &str,
    attributes: &Attributes<'_>,
    inputs: &[Value],
    rank: usize,
) -> Result<Option<Value>, LayerProblem> {
    let integers = |index: usize| inputs.get(index).and_then(Value::as_integers);
    match (op, inputs) {
        ("Transpose", [x, axes]) => {
            let Some(axes) = axes.as_integers() else {
                return Ok(None);
            };
            let axes = extents::permutation(axes, rank)?;
            pick(&[x], positions(&[x])?.remove(0).permuted_axes(IxDyn(&axes)))
        }
        ("StridedSlice", [x, ..]) => {
            let (Some(begin), Some(end), Some(strides)) = (integers(1), integers(2), integers(3))
            else {
                return Ok(None);
            };
            let cut = slicing::strided_slice(attributes, x.shape(), begin, end, strides)?;
            cut_out(x, cut)
        }
        ("Slice", [x, ..]) => {
            let (Some(begin), Some(size)) = (integers(1), integers(2)) else {
                return Ok(None);
            };
            cut_out(x, slicing::slice(x.shape(), begin, size)?)
        }
        ("ReverseV2", [x, axes]) => {
            let Some(axes) = axes.as_integers() else {
                return Ok(None);
            };
            let mut result = positions(&[x])?.remove(0);
            for axis in extents::axes(axes, rank)? {
                result.invert_axis(Axis(axis));
            }
            pick(&[x], result)
        }
        ("Pack", _) => {
            let axis = extents::axis(attributes.whole("axis", 0)?, rank + 1)?;
            let operands: Vec<&Value> = inputs.iter().collect();
            let expanded: Vec<Positions> = positions(&operands)?
                .into_iter()
                .map(|operand| operand.insert_axis(Axis(axis)))
                .collect();
            pick(&operands, join(&expanded, axis)?)
        }
        ("ConcatV2", [operands @ .., axis]) if !operands.is_empty() => {
            let Some(&[axis]) = axis.as_integers() else {
                return Ok(None);
            };
            let axis = extents::axis(axis, rank)?;
            let operands: Vec<&Value> = operands.iter().collect();
            pick(&operands, join(&positions(&operands)?, axis)?)
        }
        // Tables of variables and the first version of the operator look up the first axis.
        ("Gather" | "GatherV2", [x, indices, axis @ ..]) => {
            let axis = match axis {
                [] => Some(&[0][..]),
                [axis, ..] => axis.as_integers(),
            };
            let (Some(chosen), Some(&[axis])) = (indices.as_integers(), axis) else {
                return Ok(None);
            };
            if attributes.whole("batch_dims", 0)? != 0 {
                return Ok(None);
            }
            let axis = extents::axis(axis, rank)?;
            gather(x, indices.shape(), chosen, axis)
        }
        ("Tile", [x, _]) => {
            let Some(multiples) = integers(1) else {
                return Ok(None);
            };
            let mut result = positions(&[x])?.remove(0);
            let multiples = extents::fixed(multiples)?;
            if multiples.len() != rank {
                return Ok(None);
            }
            let grown: Vec<usize> = x
                .shape()
                .iter()
                .zip(&multiples)
                .map(|(&extent, &count)| extent.saturating_mul(count))
                .collect();
            extents::check_growth(&grown, x.count())?;
            for (axis, &count) in multiples.iter().enumerate() {
                if count == 0 {
                    return Ok(None);
                }
                let copies = vec![result.clone(); count];
                result = join(&copies, axis)?;
            }
            pick(&[x], result)
        }
        ("MatrixDiag" | "MatrixDiagV2" | "MatrixDiagV3", [x, ..]) => diagonal(x, inputs),
        ("BroadcastTo", [x, _]) | ("Fill", [_, x]) => {
            let shape = if op == "Fill" {
                integers(0)
            } else {
                integers(1)
            };
            let Some(target) = shape else {
                return Ok(None);
            };
            let shape = extents::fixed(target)?;
            extents::check_growth(&shape, x.count())?;
            let source = positions(&[x])?.remove(0);
            let result = source
                .broadcast(IxDyn(&shape))
                .ok_or_else(|| invalid(format!("it spreads {:?} to {shape:?}", x.shape())))?
                .to_owned();
            pick(&[x], result)
        }
        _ => Ok(None),
    }
}

/// A square matrix with the elements of a vector on its diagonal, as `tf.eye` makes it; `None` for
/// other forms.
fn diagonal(x: &Value, inputs: &[Value]) -> Result<Option<Value>, LayerProblem> {
    let &[size] = x.shape() else {
        return Ok(None);
    };
    // Which diagonal, and rows and columns: the main one, and as many as needed.
    let number = |index: usize| inputs.get(index).and_then(Value::as_integers);
    let fits = |index: usize, expected: &[i64]| match number(index) {
        Some(&[number]) => expected.contains(&number),
        Some(_) => false,
        None => index >= inputs.len(),
    };
    let square = [-1, i64::try_from(size).unwrap_or(-1)];
    if !fits(1, &[0]) || !fits(2, &square) || !fits(3, &square) {
        return Ok(None);
    }
    let shape = vec![size, size];
    extents::check_growth(&shape, size)?;
    let places = |position: usize| position.checked_rem(size + 1) == Some(0);
    let count = size * size;
    Ok(match x.elements() {
        Elements::Floats(elements) => {
            let mut elements = elements.iter().copied();
            let matrix = (0..count).map(|position| match places(position) {
                true => elements.next().unwrap_or_default(),
                false => 0.0,
            });
            Some(Value::floats(shape, matrix.collect())?)
        }
        Elements::Unread => Some(Value::unread(shape)),
        Elements::Integers(_) => None,
    })
}

/// Evaluates operators that cut a tensor into several.
pub(super) fn split(
    op: &str,
    attributes: &Attributes<'_>,
    inputs: &[Value],
) -> Result<Vec<Value>, LayerProblem> {
    let integers = |index: usize| inputs.get(index).and_then(Value::as_integers);
    let x = inputs.get(usize::from(op == "Split"));
    let (Some(x), Some(&[axis])) = (
        x,
        match op {
            "Split" => integers(0),
            "SplitV" => integers(2),
            _ => Some(&[0][..]),
        },
    ) else {
        return Err(invalid("its axis depends on the image"));
    };
    let axis = match op {
        "Unpack" => attributes.whole("axis", 0)?,
        _ => axis,
    };
    let axis = extents::axis(axis, x.shape().len())?;
    let extent = x.shape().get(axis).copied().unwrap_or(0);
    let parts = match op {
        "Split" => extents::equal_parts(extent, attributes.whole("num_split", 0)?)?,
        "SplitV" => extents::given_parts(extent, integers(1).unwrap_or(&[]))?,
        _ => extents::equal_parts(extent, extent as i64)?,
    };
    let all = positions(&[x])?.remove(0);
    let mut first = 0;
    let mut results = Vec::new();
    for part in parts {
        let mut result = all
            .slice_axis(Axis(axis), Slice::from(first..first + part))
            .to_owned();
        first += part;
        if op == "Unpack" {
            result = result.remove_axis(Axis(axis));
        }
        let value = pick(&[x], result)?;
        results.extend(value);
    }
    Ok(results)
}

fn cut_out(x: &Value, cut: Cut) -> Result<Option<Value>, LayerProblem> {
    let mut result = positions(&[x])?.remove(0);
    for (axis, steps) in cut.steps.iter().enumerate() {
        let chosen: Vec<usize> = steps.positions().collect();
        result = result.select(Axis(axis), &chosen);
    }
    match pick(&[x], result)? {
        Some(value) => value.reshaped(cut.shape).map(Some),
        None => Ok(None),
    }
}

fn gather(
    x: &Value,
    shape: &[usize],
    chosen: &[i64],
    axis: usize,
) -> Result<Option<Value>, LayerProblem> {
    let extent = x.shape().get(axis).copied().unwrap_or(0);
    let chosen: Option<Vec<usize>> = chosen
        .iter()
        .map(|&index| usize::try_from(index).ok().filter(|&index| index < extent))
        .collect();
    let chosen = chosen.ok_or_else(|| invalid(format!("it looks beyond {extent} elements")))?;
    let (before, after) = x.shape().split_at(axis);
    let shape = [before, shape, after.get(1..).unwrap_or(&[])].concat();
    extents::check_growth(&shape, x.count())?;
    let result = positions(&[x])?.remove(0).select(Axis(axis), &chosen);
    match pick(&[x], result)? {
        Some(value) => value.reshaped(shape).map(Some),
        None => Ok(None),
    }
}

/// Positions of the elements of operands.
fn positions(operands: &[&Value]) -> Result<Vec<Positions>, LayerProblem> {
    let counts = operands.iter().map(|operand| operand.count());
    extents::check_growth(&[counts.clone().sum()], counts.max().unwrap_or(0))?;
    let mut first = 0u32;
    operands
        .iter()
        .map(|operand| {
            let count = u32::try_from(operand.count()).map_err(invalid)?;
            let next = first
                .checked_add(count)
                .ok_or_else(|| invalid("its constants are too large"))?;
            let range = (first..next).collect();
            first = next;
            ArrayD::from_shape_vec(IxDyn(operand.shape()), range).map_err(invalid)
        })
        .collect()
}

fn join(operands: &[Positions], axis: usize) -> Result<Positions, LayerProblem> {
    let count: usize = operands.iter().map(|operand| operand.len()).sum();
    let largest = operands.iter().map(|operand| operand.len()).max();
    extents::check_growth(&[count], largest.unwrap_or(0))?;
    let views: Vec<_> = operands.iter().map(|operand| operand.view()).collect();
    concatenate(Axis(axis), &views).map_err(|_| invalid("it joins constants that do not fit"))
}

/// The elements at positions; `None` when the operands have different types.
fn pick(operands: &[&Value], positions: Positions) -> Result<Option<Value>, LayerProblem> {
    let shape = positions.shape().to_vec();
    if operands
        .iter()
        .all(|operand| matches!(operand.elements(), Elements::Integers(_)))
    {
        let all: Vec<i64> = operands
            .iter()
            .filter_map(|operand| operand.as_integers())
            .flatten()
            .copied()
            .collect();
        return Ok(Some(Value::integers(shape, choose(&all, positions))));
    }
    let unread = |operand: &&Value| matches!(operand.elements(), Elements::Unread);
    if operands.iter().any(unread) {
        return Ok(Some(Value::unread(shape)));
    }
    let floats: Option<Vec<_>> = operands.iter().map(|operand| operand.as_floats()).collect();
    let Some(floats) = floats else {
        return Ok(None);
    };
    let all: Vec<f32> = floats
        .iter()
        .flat_map(|array| array.iter().copied())
        .collect();
    Value::floats(shape, choose(&all, positions)).map(Some)
}

fn choose<T: Copy + Default>(elements: &[T], positions: Positions) -> Vec<T> {
    positions
        .iter()
        .map(|&position| elements.get(position as usize).copied().unwrap_or_default())
        .collect()
}
