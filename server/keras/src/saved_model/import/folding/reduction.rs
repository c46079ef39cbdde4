use localization::Text;
use ndarray::{ArrayD, Axis, IxDyn};

use crate::operations::shapes;
use crate::problem::LayerProblem;
use crate::saved_model::attributes::Attributes;
use crate::saved_model::import::attributes::WithDefaults;
use crate::saved_model::import::value::{Elements, Value};

/// Evaluates reductions.
pub(super) fn evaluate(
    op: &str,
    attributes: &Attributes<'_>,
    inputs: &[Value],
) -> Result<Option<Value>, LayerProblem> {
    let [x, axes] = inputs else {
        return Ok(None);
    };
    let function: fn(f64, f64) -> f64 = match op {
        "Sum" | "Mean" => |sum, element| sum + element,
        "Prod" => |product, element| product * element,
        "Max" => f64::max,
        "Min" => f64::min,
        "All" => |all, element| f64::from(all != 0.0 && element != 0.0),
        "Any" => |any, element| f64::from(any != 0.0 || element != 0.0),
        _ => return Ok(None),
    };
    let start = match op {
        "Prod" | "All" => 1.0,
        "Max" => f64::NEG_INFINITY,
        "Min" => f64::INFINITY,
        _ => 0.0,
    };
    let Some(axes) = axes.as_integers() else {
        return Ok(None);
    };
    let axes = shapes::axes(axes, x.shape().len())?;
    let shape = shapes::reduced(x.shape(), &axes, attributes.flag("keep_dims", false)?);
    let reduced: usize = axes
        .iter()
        .filter_map(|&axis| x.shape().get(axis))
        .product();
    // Integers stay exact up to 2^53, far above any extent.
    let numbers = match x.elements() {
        Elements::Integers(elements) => elements.iter().map(|&element| element as f64).collect(),
        Elements::Floats(elements) => elements.iter().map(|&element| f64::from(element)).collect(),
        Elements::Unread => return Ok(Some(Value::unread(shape))),
    };
    let mut array = ArrayD::from_shape_vec(IxDyn(x.shape()), numbers)
        .map_err(|error| LayerProblem::Invalid(Text::verbatim(error.to_string())))?;
    for &axis in axes.iter().rev() {
        array = array.fold_axis(Axis(axis), start, |&so_far, &element| {
            function(so_far, element)
        });
    }
    let divisor = if op == "Mean" { reduced as f64 } else { 1.0 };
    let elements = array.into_iter().map(|element| element / divisor);
    Ok(Some(match x.elements() {
        Elements::Integers(_) => {
            Value::integers(shape, elements.map(|element| element as i64).collect())
        }
        _ => Value::floats(shape, elements.map(|element| element as f32).collect())?,
    }))
}
