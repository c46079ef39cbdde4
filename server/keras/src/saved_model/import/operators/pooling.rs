use graph::{Op, Pool, ReduceOp};
use localization::phrase;

use super::call::{Call, Outputs};
use crate::operations::{reduction, shapes};
use crate::problem::unsupported;
use crate::saved_model::import::attributes::WithDefaults;

pub(super) fn pool(call: &mut Call<'_, '_>) -> Outputs {
    let x = call.image(0)?;
    let pool = Pool {
        kernel: call.spatial("ksize")?,
        stride: call.spatial("strides")?,
        padding: call.padding()?,
    };
    let op = match call.op {
        "MaxPool" => Op::MaxPool2d(pool),
        _ => Op::AveragePool2d(pool),
    };
    let output = call.draft().node("", op, &[x])?;
    call.image_result(output)
}

pub(super) fn reduce(call: &mut Call<'_, '_>) -> Outputs {
    let (x, axes) = (call.tensor(0)?, call.integers(1)?);
    let axes = shapes::axes(&axes, call.draft().rank(x))?;
    if axes.is_empty() {
        return Ok(call.result(x));
    }
    if axes.first() == Some(&0) && call.draft().rank(x) > 1 {
        return unsupported(phrase!(
            "it computes batch statistics in this export, save the model as .keras"
        ));
    }
    let kind = match call.op {
        "Mean" => ReduceOp::Mean,
        "Sum" => ReduceOp::Sum,
        "Max" => ReduceOp::Max,
        _ => ReduceOp::Min,
    };
    let keep_dims = call.attributes.flag("keep_dims", false)?;
    let output = reduction::reduce(call.draft(), x, kind, axes, keep_dims)?;
    Ok(call.result(output))
}
