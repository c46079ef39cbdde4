use graph::{Op, Padding, Pool, ReduceOp};

use super::{Call, unsupported};
use crate::layers::LayerProblem;
use crate::saved_model::import::attributes::WithDefaults;
use crate::saved_model::import::extents;
use crate::saved_model::import::term::Term;

pub(super) fn pool(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let x = call.image(0)?;
    let padding = match call.attributes.text("padding")? {
        Some("SAME") => Padding::Same,
        Some("VALID") => Padding::Valid,
        other => return unsupported(format!("its padding is {}", other.unwrap_or("missing"))),
    };
    let pool = Pool {
        kernel: call.spatial("ksize")?,
        stride: call.spatial("strides")?,
        padding,
    };
    let op = if call.op == "MaxPool" {
        Op::MaxPool2d(pool)
    } else {
        Op::AveragePool2d(pool)
    };
    let output = call.drawing().draw(op, &[x])?;
    call.image_result(output)
}

pub(super) fn reduce(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let x = call.tensor(0)?;
    let axes = call.integers(1)?;
    let axes = extents::axes(&axes, call.drawing().shape(x).len())?;
    if axes.is_empty() {
        return Ok(call.result(x));
    }
    if axes.first() == Some(&0) && call.drawing().shape(x).len() > 1 {
        return unsupported(
            "it computes batch statistics in this export, save the model as .keras",
        );
    }
    let kind = match call.op {
        "Mean" => ReduceOp::Mean,
        "Sum" => ReduceOp::Sum,
        "Max" => ReduceOp::Max,
        _ => ReduceOp::Min,
    };
    let keep_dims = call.attributes.flag("keep_dims", false)?;
    let op = Op::Reduce {
        kind,
        axes,
        keep_dims,
    };
    call.draw(op, &[x])
}
