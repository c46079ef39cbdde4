//! Activation functions as chains of operators.

use graph::{Activation, BinaryOp, Op, ReduceOp, TensorId};

use super::LayerProblem;
use crate::assembly::Scope;

/// An activation function, as a layer of its own or as the `activation` of another layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Function {
    /// The identity.
    Linear,
    /// A function that the graph has an operator for.
    Elementwise(Activation),
    /// `min(x, maximum)` for positive `x`, `slope * x` for negative.
    Clipped { slope: f32, maximum: f32 },
    /// `min(max(x, minimum), maximum)`
    Clamp { minimum: f32, maximum: f32 },
    /// `scale * x` for positive `x`, `scale * alpha * (exp(x) - 1)` for negative.
    ScaledElu { scale: f32, alpha: f32 },
    /// `relu6(slope * x + 3) / 6`
    HardSigmoid { slope: f32 },
    /// `x / (1 + |x|)`
    Softsign,
    /// `log(1 + exp(x))`
    Softplus,
    /// `x * tanh(softplus(x))` (Misra, Mish: A Self Regularized Non-Monotonic Activation
    /// Function, 2019).
    Mish,
    /// `log(sigmoid(x))`
    LogSigmoid,
    /// `x - tanh(x)`
    TanhShrink,
    /// `1 / x`
    Reciprocal,
    /// Softmax over an axis; negative axes count from the end.
    Softmax { axis: i64 },
    /// Logarithm of the softmax.
    LogSoftmax { axis: i64 },
}

/// Constants of SELU: Klambauer et al., Self-Normalizing Neural Networks, 2017.
pub(super) const SELU: Function = Function::ScaledElu {
    scale: 1.050_701,
    alpha: 1.673_263_2,
};

impl Function {
    /// Adds the function's operators; the last one is named after `part` of the layer, or after
    /// the layer when that is empty.
    pub(super) fn build(
        &self,
        scope: &mut Scope<'_>,
        part: &str,
        x: TensorId,
    ) -> Result<TensorId, LayerProblem> {
        let step = |name: &str| match part {
            "" => name.to_owned(),
            part => format!("{part}/{name}"),
        };
        match *self {
            Function::Linear => Ok(x),
            Function::Elementwise(function) => scope.unary(part, function, x),
            Function::Clipped { slope, maximum } => {
                let rectified = if slope == 0.0 {
                    Activation::Relu
                } else {
                    Activation::LeakyRelu { alpha: slope }
                };
                if maximum == f32::INFINITY {
                    return scope.unary(part, rectified, x);
                }
                let rectified = scope.unary(&step("rectify"), rectified, x)?;
                scope.with_number(part, BinaryOp::Minimum, rectified, maximum)
            }
            Function::Clamp { minimum, maximum } => {
                let raised = scope.with_number(&step("raised"), BinaryOp::Maximum, x, minimum)?;
                scope.with_number(part, BinaryOp::Minimum, raised, maximum)
            }
            Function::ScaledElu { scale, alpha } => {
                let mut positive = scope.unary(&step("positive"), Activation::Relu, x)?;
                if scale != 1.0 {
                    let part = step("positive/scaled");
                    positive = scope.with_number(&part, BinaryOp::Multiply, positive, scale)?;
                }
                let negative = scope.with_number(&step("negative"), BinaryOp::Minimum, x, 0.0)?;
                let elu = scope.unary(&step("negative/elu"), Activation::Elu, negative)?;
                let name = step("negative/scaled");
                let negative = scope.with_number(&name, BinaryOp::Multiply, elu, scale * alpha)?;
                scope.binary(part, BinaryOp::Add, positive, negative)
            }
            Function::HardSigmoid { slope } => {
                let mut sloped = x;
                if slope != 1.0 {
                    sloped = scope.with_number(&step("sloped"), BinaryOp::Multiply, x, slope)?;
                }
                let shifted = scope.with_number(&step("shifted"), BinaryOp::Add, sloped, 3.0)?;
                let clipped = scope.unary(&step("clipped"), Activation::Relu6, shifted)?;
                scope.with_number(part, BinaryOp::Multiply, clipped, 1.0 / 6.0)
            }
            Function::Softsign => {
                let size = scope.unary(&step("abs"), Activation::Abs, x)?;
                let size = scope.with_number(&step("denominator"), BinaryOp::Add, size, 1.0)?;
                scope.binary(part, BinaryOp::Divide, x, size)
            }
            Function::Softplus => softplus(scope, part, &step, x),
            Function::Mish => {
                let inner = |name: &str| step(&format!("softplus/{name}"));
                let softplus = softplus(scope, &step("softplus"), &inner, x)?;
                let gate = scope.unary(&step("tanh"), Activation::Tanh, softplus)?;
                scope.binary(part, BinaryOp::Multiply, x, gate)
            }
            Function::LogSigmoid => {
                let inner = |name: &str| step(&format!("softplus/{name}"));
                let negated = scope.unary(&step("negated"), Activation::Negate, x)?;
                let softplus = softplus(scope, &step("softplus"), &inner, negated)?;
                scope.unary(part, Activation::Negate, softplus)
            }
            Function::TanhShrink => {
                let tanh = scope.unary(&step("tanh"), Activation::Tanh, x)?;
                scope.binary(part, BinaryOp::Subtract, x, tanh)
            }
            Function::Reciprocal => {
                let one = scope.scalar(&step("one"), 1.0)?;
                scope.binary(part, BinaryOp::Divide, one, x)
            }
            Function::Softmax { axis } => {
                let axis = scope.axis(x, axis)?;
                over_last_axis(scope, part, &step, x, axis, |scope, part, x| {
                    scope.node(part, Op::Softmax, &[x])
                })
            }
            Function::LogSoftmax { axis } => {
                let axis = scope.axis(x, axis)?;
                log_softmax(scope, part, &step, x, axis)
            }
        }
    }
}

/// `max(x, 0) + log(1 + exp(-|x|))`, which does not overflow.
fn softplus(
    scope: &mut Scope<'_>,
    part: &str,
    step: &dyn Fn(&str) -> String,
    x: TensorId,
) -> Result<TensorId, LayerProblem> {
    let positive = scope.unary(&step("positive"), Activation::Relu, x)?;
    let size = scope.unary(&step("abs"), Activation::Abs, x)?;
    let negative = scope.with_number(&step("negative"), BinaryOp::Multiply, size, -1.0)?;
    let exponential = scope.unary(&step("exp"), Activation::Exp, negative)?;
    let sum = scope.with_number(&step("sum"), BinaryOp::Add, exponential, 1.0)?;
    let logarithm = scope.unary(&step("log"), Activation::Log, sum)?;
    scope.binary(part, BinaryOp::Add, positive, logarithm)
}

/// `x - max(x) - log(sum(exp(x - max(x))))`
fn log_softmax(
    scope: &mut Scope<'_>,
    part: &str,
    step: &dyn Fn(&str) -> String,
    x: TensorId,
    axis: usize,
) -> Result<TensorId, LayerProblem> {
    let reduce = |kind| Op::Reduce {
        kind,
        axes: vec![axis],
        keep_dims: true,
    };
    let largest = scope.node(&step("max"), reduce(ReduceOp::Max), &[x])?;
    let shifted = scope.binary(&step("shifted"), BinaryOp::Subtract, x, largest)?;
    let exponential = scope.unary(&step("exp"), Activation::Exp, shifted)?;
    let sum = scope.node(&step("sum"), reduce(ReduceOp::Sum), &[exponential])?;
    let logarithm = scope.unary(&step("log"), Activation::Log, sum)?;
    scope.binary(part, BinaryOp::Subtract, shifted, logarithm)
}

/// Brings an axis to the end, adds what works on the last axis, and brings it back. `step` gives
/// the names of the parts between.
pub(super) fn over_last_axis(
    scope: &mut Scope<'_>,
    part: &str,
    step: &dyn Fn(&str) -> String,
    x: TensorId,
    axis: usize,
    build: impl FnOnce(&mut Scope<'_>, &str, TensorId) -> Result<TensorId, LayerProblem>,
) -> Result<TensorId, LayerProblem> {
    let rank = scope.shape(x).len();
    if axis + 1 == rank {
        return build(scope, part, x);
    }
    let forth: Vec<usize> = (0..rank).filter(|&it| it != axis).chain([axis]).collect();
    let back = inverse(&forth);
    let op = Op::Transpose { permutation: forth };
    let moved = scope.node(&step("axis_last"), op, &[x])?;
    let output = build(scope, &step("on_last_axis"), moved)?;
    scope.node(part, Op::Transpose { permutation: back }, &[output])
}

/// The permutation that undoes another.
pub(super) fn inverse(permutation: &[usize]) -> Vec<usize> {
    let mut inverse = vec![0; permutation.len()];
    for (to, &from) in permutation.iter().enumerate() {
        if let Some(slot) = inverse.get_mut(from) {
            *slot = to;
        }
    }
    inverse
}
