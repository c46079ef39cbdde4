//! Evaluation of operators whose inputs are all known: shapes and their parts, and what the graph
//! computes from weights alone.

mod arithmetic;
mod arrangement;
mod reduction;

use localization::text;
use ndarray::IxDyn;

use super::attributes::WithDefaults;
use super::value::{Elements, Value};
use crate::error::ErrorKind;
use crate::limits;
use crate::problem::{LayerProblem, invalid};
use crate::saved_model::attributes::Attributes;

/// Evaluates an operator; `None` when this program does not know how.
///
/// Operators that only need the shapes of their inputs (`Shape`, `Rank`, `ZerosLike`, ..) are
/// [`of_shape`].
///
/// # Errors
/// [`LayerProblem::Invalid`] when the inputs do not fit the operator.
pub(super) fn evaluate(
    op: &str,
    attributes: &Attributes<'_>,
    inputs: &[Value],
) -> Result<Option<Vec<Value>>, LayerProblem> {
    let value = match op {
        "Cast" => cast(attributes, inputs)?,
        "Range" => range(inputs)?,
        "Split" | "SplitV" | "Unpack" => {
            return arrangement::split(op, attributes, inputs).map(Some);
        }
        _ => {
            let arranged = arrangement::evaluate(op, attributes, inputs)?;
            let reduced = match arranged {
                None => reduction::evaluate(op, attributes, inputs)?,
                some => some,
            };
            match reduced {
                None => arithmetic::evaluate(op, inputs)?,
                some => some,
            }
        }
    };
    Ok(value.map(|value| vec![value]))
}

/// Evaluates an operator that sees nothing of its input but the shape.
pub(super) fn of_shape(
    op: &str,
    attributes: &Attributes<'_>,
    shape: &[usize],
) -> Result<Option<Value>, LayerProblem> {
    if op.ends_with("Like") {
        check_growth(shape, 0)?;
    }
    let extents = shape.iter().map(|&extent| extent as i64);
    let value = match op {
        "Shape" => Value::vector(extents.collect()),
        "Rank" => Value::integer(shape.len() as i64),
        "Size" => Value::integer(extents.product()),
        "ZerosLike" | "OnesLike" => {
            let count = shape.iter().product();
            let one = op == "OnesLike";
            if attributes.is_float("T")? {
                Value::floats(shape.to_vec(), vec![f32::from(u8::from(one)); count])?
            } else {
                Value::integers(shape.to_vec(), vec![i64::from(one); count])
            }
        }
        _ => return Ok(None),
    };
    Ok(Some(value))
}

/// Whether an operator casts to real numbers.
pub(super) fn casts_to_float(attributes: &Attributes<'_>) -> Result<bool, LayerProblem> {
    attributes.is_float("DstT")
}

/// Whether [`evaluate`] or [`of_shape`] know an operator, given inputs that are all known.
pub(super) fn is_known(op: &str) -> bool {
    needs_only_shape(op)
        || matches!(op, "Range" | "Fill" | "Prod" | "All" | "Any" | "AddN")
        || op.starts_with("MatrixDiag")
        || arithmetic::is_known(op)
}

/// Whether [`of_shape`] evaluates an operator.
pub(super) fn needs_only_shape(op: &str) -> bool {
    matches!(op, "Shape" | "Rank" | "Size" | "ZerosLike" | "OnesLike")
}

fn cast(attributes: &Attributes<'_>, inputs: &[Value]) -> Result<Option<Value>, LayerProblem> {
    let [x] = inputs else {
        return Ok(None);
    };
    let shape = x.shape().to_vec();
    let to_float = attributes.is_float("DstT")?;
    Ok(Some(match x.elements() {
        Elements::Integers(elements) if to_float => {
            Value::floats(shape, elements.iter().map(|&value| value as f32).collect())?
        }
        Elements::Floats(elements) if !to_float => {
            Value::integers(shape, elements.iter().map(|&value| value as i64).collect())
        }
        Elements::Unread if !to_float => return Ok(None),
        _ => x.clone(),
    }))
}

/// Most elements of a range; it would be a table of positions.
const RANGE: i64 = 1 << 20;

fn range(inputs: &[Value]) -> Result<Option<Value>, LayerProblem> {
    let [start, limit, delta] = inputs else {
        return Ok(None);
    };
    let number = |value: &Value| {
        value
            .as_integers()
            .and_then(|elements| elements.first().copied())
    };
    if let (Some(start), Some(limit), Some(delta)) = (number(start), number(limit), number(delta)) {
        let span = if delta > 0 {
            limit.checked_sub(start)
        } else {
            start.checked_sub(limit)
        };
        let step = delta.checked_abs().filter(|&step| step > 0);
        let count = span
            .zip(step)
            .map(|(span, step)| span.max(0) / step + i64::from(span.max(0) % step != 0));
        return match count.filter(|&count| count <= RANGE) {
            Some(count) => Ok(Some(Value::vector(
                (0..count).map(|index| start + index * delta).collect(),
            ))),
            None => Err(LayerProblem::Invalid(text!(
                "a range goes from {start} to {limit} in steps of {delta}"
            ))),
        };
    }
    let number = |value: &Value| {
        value
            .as_floats()
            .and_then(|elements| elements.first().copied())
    };
    let (Some(start), Some(limit), Some(delta)) = (number(start), number(limit), number(delta))
    else {
        return Ok(None);
    };
    let count = ((f64::from(limit) - f64::from(start)) / f64::from(delta)).ceil();
    if !(0.0..=RANGE as f64).contains(&count) {
        return Err(LayerProblem::Invalid(text!(
            "a range goes from {start} to {limit} in steps of {delta}"
        )));
    }
    let elements: Vec<f32> = (0..count as usize)
        .map(|index| start + index as f32 * delta)
        .collect();
    Value::floats(vec![elements.len()], elements).map(Some)
}

/// A value with its axes in another order.
pub(super) fn transposed(value: &Value, permutation: &[usize]) -> Result<Value, LayerProblem> {
    match value.elements() {
        Elements::Floats(array) if array.ndim() == permutation.len() => {
            let array = array.view().permuted_axes(IxDyn(permutation));
            Ok(Value::from(
                array.as_standard_layout().into_owned().into_shared(),
            ))
        }
        _ => {
            let extent = |&axis: &usize| value.shape().get(axis).copied();
            match permutation.iter().map(extent).collect() {
                Some(shape) => Ok(Value::unread(shape)),
                None => invalid(text!(
                    "it permutes {rank} axes by {permutation:?}",
                    rank = value.shape().len()
                )),
            }
        }
    }
}

/// Checks the number of elements of a tensor that is computed from known ones: it may be as large
/// as a table of positions, or twice the largest of these.
pub(super) fn check_growth(shape: &[usize], largest: usize) -> Result<(), LayerProblem> {
    let elements = shape
        .iter()
        .try_fold(1u64, |product, &extent| product.checked_mul(extent as u64));
    let most = (largest as u64)
        .saturating_mul(2)
        .max(limits::FOLDED_ELEMENTS);
    match elements {
        Some(elements) if elements <= most => Ok(()),
        _ => Err(LayerProblem::Other(ErrorKind::Limit {
            what: text!("a constant of shape {shape:?} that is computed from small ones"),
            limit: text!(
                "{count} million elements",
                count = limits::FOLDED_ELEMENTS >> 20
            ),
        })),
    }
}
