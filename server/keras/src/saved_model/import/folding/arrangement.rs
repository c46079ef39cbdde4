//! Operators that choose elements and put them into another order.
//!
//! Each is computed on the positions of elements instead of the elements, so that integers and
//! real numbers take the same way.

use localization::{Text, phrase, text};
use ndarray::{ArrayD, Axis, IxDyn, Slice, concatenate};

use crate::operations::shapes;
use crate::operations::slicing::{self, Cut};
use crate::problem::LayerProblem;
use crate::saved_model::attributes::Attributes;
use crate::saved_model::import::attributes::WithDefaults;
use crate::saved_model::import::value::{Elements, Value};
use crate::saved_model::import::{slices, splits};

/// Where each element of a result comes from: its position among the elements of all operands,
/// one operand behind the other.
type Positions = ArrayD<u32>;

fn invalid(problem: impl Into<Text>) -> LayerProblem {
    LayerProblem::Invalid(problem.into())
}

fn unread(error: &dyn std::error::Error) -> LayerProblem {
    invalid(Text::verbatim(error.to_string()))
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
            Some(target) => shapes::reshape(x.shape(), target)?,
            None => return Ok(None),
        },
        ("ExpandDims", 2) => match integers(1) {
            Some(&[axis]) => shapes::expand(x.shape(), axis)?,
            _ => return Ok(None),
        },
        ("Squeeze", 1) => shapes::squeeze(x.shape(), &attributes.squeezed()?, 0)?,
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
    match (op, inputs) {
        ("StridedSlice" | "Slice", [x, bounds @ ..]) => slice(op, attributes, x, bounds),
        ("Pack", _) => {
            let axis = shapes::axis(attributes.whole("axis", 0)?, rank + 1)?;
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
            let axis = shapes::axis(axis, rank)?;
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
            gather(x, indices.shape(), chosen, shapes::axis(axis, rank)?)
        }
        ("MatrixDiag" | "MatrixDiagV2" | "MatrixDiagV3", [x, ..]) => diagonal(x, inputs),
        ("Fill", [target, x]) | ("BroadcastTo", [x, target]) => match target.as_integers() {
            Some(target) => spread(x, target),
            None => Ok(None),
        },
        (_, [x, given]) => match given.as_integers() {
            Some(given) => reorder(op, x, given),
            None => Ok(None),
        },
        _ => Ok(None),
    }
}

/// Evaluates operators of a tensor and one number for each axis, or one axis.
fn reorder(op: &str, x: &Value, given: &[i64]) -> Result<Option<Value>, LayerProblem> {
    let rank = x.shape().len();
    let result = match op {
        "Transpose" => {
            let axes = shapes::permutation(given, rank)?;
            positions(&[x])?.remove(0).permuted_axes(IxDyn(&axes))
        }
        "ReverseV2" => {
            let mut result = positions(&[x])?.remove(0);
            for axis in shapes::axes(given, rank)? {
                result.invert_axis(Axis(axis));
            }
            result
        }
        "Tile" => {
            let counts = shapes::fixed(given)?;
            if counts.len() != rank || counts.contains(&0) {
                return Ok(None);
            }
            let grown = x.shape().iter().zip(&counts);
            let grown: Vec<usize> = grown.map(|(a, &b)| a.saturating_mul(b)).collect();
            super::check_growth(&grown, x.count())?;
            let mut result = positions(&[x])?.remove(0);
            for (axis, &count) in counts.iter().enumerate() {
                result = join(&vec![result; count], axis)?;
            }
            result
        }
        _ => return Ok(None),
    };
    pick(&[x], result)
}

fn slice(
    op: &str,
    attributes: &Attributes<'_>,
    x: &Value,
    bounds: &[Value],
) -> Result<Option<Value>, LayerProblem> {
    let bounds: Vec<&[i64]> = bounds.iter().filter_map(Value::as_integers).collect();
    match (op, bounds.as_slice()) {
        ("Slice", [begin, size, ..]) => cut_out(x, slicing::boxed(x.shape(), begin, size)?),
        ("StridedSlice", &[begin, end, strides, ..]) => {
            let cut = slices::strided(attributes, x.shape(), [begin, end, strides])?;
            cut_out(x, cut)
        }
        _ => Ok(None),
    }
}

fn spread(x: &Value, target: &[i64]) -> Result<Option<Value>, LayerProblem> {
    let shape = shapes::fixed(target)?;
    super::check_growth(&shape, x.count())?;
    let source = positions(&[x])?.remove(0);
    let result = source
        .broadcast(IxDyn(&shape))
        .ok_or_else(|| invalid(text!("it spreads {part:?} to {shape:?}", part = x.shape())))?
        .to_owned();
    pick(&[x], result)
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
    super::check_growth(&shape, size)?;
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
    let Some(x) = inputs.get(usize::from(op == "Split")) else {
        return Err(invalid(phrase!("its axis depends on the image")));
    };
    let integers = |index: usize| inputs.get(index).and_then(Value::as_integers);
    let (axis, parts) = splits::parts(op, attributes, x.shape(), integers)?;
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
    let Some(&extent) = x.shape().get(axis) else {
        return Ok(None);
    };
    let chosen = shapes::positions(chosen, extent)?;
    let (before, after) = x.shape().split_at(axis);
    let shape = [before, shape, after.get(1..).unwrap_or(&[])].concat();
    super::check_growth(&shape, x.count())?;
    let result = positions(&[x])?.remove(0).select(Axis(axis), &chosen);
    match pick(&[x], result)? {
        Some(value) => value.reshaped(shape).map(Some),
        None => Ok(None),
    }
}

/// Positions of the elements of operands.
fn positions(operands: &[&Value]) -> Result<Vec<Positions>, LayerProblem> {
    let counts = operands.iter().map(|operand| operand.count());
    super::check_growth(&[counts.clone().sum()], counts.max().unwrap_or(0))?;
    let mut first = 0u32;
    operands
        .iter()
        .map(|operand| {
            let count = u32::try_from(operand.count()).map_err(|error| unread(&error))?;
            let next = first
                .checked_add(count)
                .ok_or_else(|| invalid(phrase!("its constants are too large")))?;
            let range = (first..next).collect();
            first = next;
            ArrayD::from_shape_vec(IxDyn(operand.shape()), range).map_err(|error| unread(&error))
        })
        .collect()
}

fn join(operands: &[Positions], axis: usize) -> Result<Positions, LayerProblem> {
    let count: usize = operands.iter().map(|operand| operand.len()).sum();
    let largest = operands.iter().map(|operand| operand.len()).max();
    super::check_growth(&[count], largest.unwrap_or(0))?;
    let views: Vec<_> = operands.iter().map(|operand| operand.view()).collect();
    concatenate(Axis(axis), &views)
        .map_err(|_| invalid(phrase!("it joins constants that do not fit")))
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
        return Ok(Some(Value::integers(shape, choose(&all, &positions)?)));
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
    Value::floats(shape, choose(&all, &positions)?).map(Some)
}

fn choose<T: Copy>(elements: &[T], positions: &Positions) -> Result<Vec<T>, LayerProblem> {
    let chosen = positions.iter();
    let chosen = chosen.map(|&position| elements.get(position as usize).copied());
    let missing = || invalid(phrase!("its constants are too large"));
    chosen.collect::<Option<Vec<T>>>().ok_or_else(missing)
}
