//! Operations that reduce axes.

use graph::{Activation, BinaryOp, Op, ReduceOp, TensorId};

use super::bound::{BoundCall, input};
use super::{Build, one_output};
use crate::assembly::Scope;
use crate::layers::{LayerProblem, unsupported};

/// The axes of a reduction, counted from the front and ascending.
fn axes(scope: &Scope<'_>, x: TensorId, axes: Option<&[i64]>) -> Result<Vec<usize>, LayerProblem> {
    let mut axes = match axes {
        None => (0..scope.shape(x).len()).collect(),
        Some(axes) => axes
            .iter()
            .map(|&axis| scope.axis(x, axis))
            .collect::<Result<Vec<_>, _>>()?,
    };
    axes.sort_unstable();
    axes.dedup();
    if axes.contains(&0) {
        return unsupported("it reduces the batch axis");
    }
    Ok(axes)
}

pub(super) fn reduce(call: &BoundCall, kind: ReduceOp) -> Result<Build, LayerProblem> {
    let x = call.tensor("x")?;
    let wanted = call.constants.integers("axis")?;
    let keep_dims = call.constants.flag("keepdims", false)?;
    one_output(move |scope, inputs| {
        let x = input(inputs, x)?;
        let axes = axes(scope, x, wanted.as_deref())?;
        let op = Op::Reduce {
            kind,
            axes,
            keep_dims,
        };
        scope.node("", op, &[x])
    })
}

pub(super) fn variance(call: &BoundCall) -> Result<Build, LayerProblem> {
    spread(call, false)
}

pub(super) fn deviation(call: &BoundCall) -> Result<Build, LayerProblem> {
    spread(call, true)
}

/// Mean of the squared distances from the mean, or the root of that.
fn spread(call: &BoundCall, root: bool) -> Result<Build, LayerProblem> {
    let x = call.tensor("x")?;
    let wanted = call.constants.integers("axis")?;
    let keep_dims = call.constants.flag("keepdims", false)?;
    one_output(move |scope, inputs| {
        let x = input(inputs, x)?;
        let axes = axes(scope, x, wanted.as_deref())?;
        let mean = |keep_dims| Op::Reduce {
            kind: ReduceOp::Mean,
            axes: axes.clone(),
            keep_dims,
        };
        let center = scope.node("mean", mean(true), &[x])?;
        let centered = scope.binary("centered", BinaryOp::Subtract, x, center)?;
        let squared = scope.unary("squared", Activation::Square, centered)?;
        if !root {
            return scope.node("", mean(keep_dims), &[squared]);
        }
        let variance = scope.node("variance", mean(keep_dims), &[squared])?;
        scope.unary("", Activation::Sqrt, variance)
    })
}

/// `tf.math.l2_normalize`: the sum of squares is at least `epsilon`.
pub(super) fn l2_normalize(call: &BoundCall) -> Result<Build, LayerProblem> {
    let least = call.constants.number("epsilon")?.unwrap_or(1e-12);
    normalize_to(call, least)
}

/// `keras.ops.normalize`: the norm, not its square, is at least `epsilon`.
pub(super) fn normalize(call: &BoundCall) -> Result<Build, LayerProblem> {
    if call.constants.number("order")?.unwrap_or(2.0) != 2.0 {
        return unsupported("its order is not 2");
    }
    let epsilon = call.constants.number("epsilon")?.unwrap_or(1e-7);
    normalize_to(call, epsilon * epsilon)
}

fn normalize_to(call: &BoundCall, least: f32) -> Result<Build, LayerProblem> {
    let x = call.tensor("x")?;
    let wanted = call.constants.integers("axis")?;
    one_output(move |scope, inputs| {
        let x = input(inputs, x)?;
        let axes = axes(scope, x, wanted.as_deref().or(Some(&[-1])))?;
        unit_length(scope, "", x, axes, least)
    })
}

/// `x / sqrt(max(sum(x^2), least))` over axes; the last operator is named after `part`.
pub(in crate::layers) fn unit_length(
    scope: &mut Scope<'_>,
    part: &str,
    x: TensorId,
    axes: Vec<usize>,
    least: f32,
) -> Result<TensorId, LayerProblem> {
    let step = |name: &str| match part {
        "" => name.to_owned(),
        part => format!("{part}/{name}"),
    };
    let squared = scope.unary(&step("squared"), Activation::Square, x)?;
    let sum = Op::Reduce {
        kind: ReduceOp::Sum,
        axes,
        keep_dims: true,
    };
    let sum = scope.node(&step("sum"), sum, &[squared])?;
    // The least positive number keeps a row of zeros from being divided by zero.
    let least = least.max(f32::MIN_POSITIVE);
    let bounded = scope.with_number(&step("bounded"), BinaryOp::Maximum, sum, least)?;
    let inverse = scope.unary(&step("inverse_norm"), Activation::Rsqrt, bounded)?;
    scope.binary(part, BinaryOp::Multiply, x, inverse)
}
