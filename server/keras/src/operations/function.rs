//! Functions of one tensor as chains of operators.

use graph::{Activation, BinaryOp, Op, ReduceOp};

use super::shapes;
use crate::draft::{Draft, Pending, ValueId, within};
use crate::problem::LayerProblem;

/// A function of one tensor: of its elements, or of its elements along an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Function {
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
    /// `exp(x) - 1`
    Expm1,
    /// `log(1 + x)`
    Log1p,
    /// The error function, which later operators have to make a GELU of.
    Erf,
    /// One minus the error function, likewise.
    Erfc,
    /// Softmax over an axis; negative axes count from the end.
    Softmax { axis: i64 },
    /// Logarithm of the softmax.
    LogSoftmax { axis: i64 },
}

/// Constants of SELU: Klambauer et al., Self-Normalizing Neural Networks, 2017.
pub(crate) const SELU: Function = Function::ScaledElu {
    scale: 1.050_701,
    alpha: 1.673_263_2,
};

/// Slope of `leaky_relu` as a function of Keras and as an operator of TensorFlow, unlike that of
/// the layer.
pub(crate) const LEAKY_RELU_SLOPE: f32 = 0.2;

impl Function {
    /// The function that an operator of TensorFlow without attributes is.
    pub(crate) fn of_operator(op: &str) -> Option<Self> {
        let elementwise = match op {
            "Erf" => return Some(Function::Erf),
            "Erfc" => return Some(Function::Erfc),
            "Expm1" => return Some(Function::Expm1),
            "Log1p" => return Some(Function::Log1p),
            "LogSoftmax" => return Some(Function::LogSoftmax { axis: -1 }),
            "Softmax" => return Some(Function::Softmax { axis: -1 }),
            "Reciprocal" | "Inv" => return Some(Function::Reciprocal),
            "Selu" => return Some(SELU),
            "Softplus" => return Some(Function::Softplus),
            "Softsign" => return Some(Function::Softsign),
            "Relu" => Activation::Relu,
            "Relu6" => Activation::Relu6,
            "Elu" => Activation::Elu,
            "Sigmoid" => Activation::Sigmoid,
            "Tanh" => Activation::Tanh,
            "Exp" => Activation::Exp,
            "Log" => Activation::Log,
            "Sqrt" => Activation::Sqrt,
            "Rsqrt" => Activation::Rsqrt,
            "Neg" => Activation::Negate,
            "Abs" => Activation::Abs,
            "Square" => Activation::Square,
            _ => return None,
        };
        Some(Function::Elementwise(elementwise))
    }

    /// Adds the function's operators; the last one is named after `part` of the layer, or after
    /// the layer when that is empty.
    pub(crate) fn build(
        &self,
        draft: &mut Draft,
        part: &str,
        x: ValueId,
    ) -> Result<ValueId, LayerProblem> {
        let step = |name: &str| within(part, name);
        match *self {
            Function::Linear => Ok(x),
            Function::Elementwise(function) => draft.unary(part, function, x),
            Function::Clipped { slope, maximum } => clipped(draft, part, x, slope, maximum),
            Function::Clamp { minimum, maximum } => {
                let raised = draft.with_number(&step("raised"), BinaryOp::Maximum, x, minimum)?;
                draft.with_number(part, BinaryOp::Minimum, raised, maximum)
            }
            Function::ScaledElu { scale, alpha } => scaled_elu(draft, part, x, scale, alpha),
            Function::HardSigmoid { slope } => hard_sigmoid(draft, part, x, slope),
            Function::Softsign => {
                let size = draft.unary(&step("abs"), Activation::Abs, x)?;
                let size = draft.with_number(&step("denominator"), BinaryOp::Add, size, 1.0)?;
                draft.binary(part, BinaryOp::Divide, x, size)
            }
            Function::Softplus => softplus(draft, part, x),
            Function::Mish => {
                let softplus = softplus(draft, &step("softplus"), x)?;
                let gate = draft.unary(&step("tanh"), Activation::Tanh, softplus)?;
                draft.binary(part, BinaryOp::Multiply, x, gate)
            }
            Function::LogSigmoid => {
                let negated = draft.unary(&step("negated"), Activation::Negate, x)?;
                let softplus = softplus(draft, &step("softplus"), negated)?;
                draft.unary(part, Activation::Negate, softplus)
            }
            Function::TanhShrink => {
                let tanh = draft.unary(&step("tanh"), Activation::Tanh, x)?;
                draft.binary(part, BinaryOp::Subtract, x, tanh)
            }
            Function::Reciprocal => {
                let one = draft.scalar(&step("one"), 1.0)?;
                draft.binary(part, BinaryOp::Divide, one, x)
            }
            Function::Expm1 => {
                let exponential = draft.unary(&step("exp"), Activation::Exp, x)?;
                draft.with_number(part, BinaryOp::Subtract, exponential, 1.0)
            }
            Function::Log1p => {
                let sum = draft.with_number(&step("sum"), BinaryOp::Add, x, 1.0)?;
                draft.unary(part, Activation::Log, sum)
            }
            Function::Erf | Function::Erfc => {
                let shape = draft.shape(x).to_vec();
                let pending = match self {
                    Function::Erf => Pending::Erf,
                    _ => Pending::Erfc,
                };
                draft.pending(part, pending, &[x], shape)
            }
            Function::Softmax { axis } => {
                let axis = shapes::axis(axis, draft.rank(x))?;
                over_last_axis(draft, part, x, axis, |draft, part, x| {
                    draft.node(part, Op::Softmax, &[x])
                })
            }
            Function::LogSoftmax { axis } => {
                let axis = shapes::axis(axis, draft.rank(x))?;
                log_softmax(draft, part, x, axis)
            }
        }
    }
}

fn clipped(
    draft: &mut Draft,
    part: &str,
    x: ValueId,
    slope: f32,
    maximum: f32,
) -> Result<ValueId, LayerProblem> {
    let rectifier = if slope == 0.0 {
        Activation::Relu
    } else {
        Activation::LeakyRelu { alpha: slope }
    };
    if maximum == f32::INFINITY {
        return draft.unary(part, rectifier, x);
    }
    let rectified = draft.unary(&within(part, "rectify"), rectifier, x)?;
    draft.with_number(part, BinaryOp::Minimum, rectified, maximum)
}

fn scaled_elu(
    draft: &mut Draft,
    part: &str,
    x: ValueId,
    scale: f32,
    alpha: f32,
) -> Result<ValueId, LayerProblem> {
    let step = |name: &str| within(part, name);
    let mut positive = draft.unary(&step("positive"), Activation::Relu, x)?;
    if scale != 1.0 {
        let part = step("positive/scaled");
        positive = draft.with_number(&part, BinaryOp::Multiply, positive, scale)?;
    }
    let negative = draft.with_number(&step("negative"), BinaryOp::Minimum, x, 0.0)?;
    let elu = draft.unary(&step("negative/elu"), Activation::Elu, negative)?;
    let name = step("negative/scaled");
    let negative = draft.with_number(&name, BinaryOp::Multiply, elu, scale * alpha)?;
    draft.binary(part, BinaryOp::Add, positive, negative)
}

fn hard_sigmoid(
    draft: &mut Draft,
    part: &str,
    x: ValueId,
    slope: f32,
) -> Result<ValueId, LayerProblem> {
    let mut sloped = x;
    if slope != 1.0 {
        sloped = draft.with_number(&within(part, "sloped"), BinaryOp::Multiply, x, slope)?;
    }
    let shifted = draft.with_number(&within(part, "shifted"), BinaryOp::Add, sloped, 3.0)?;
    let clipped = draft.unary(&within(part, "clipped"), Activation::Relu6, shifted)?;
    draft.with_number(part, BinaryOp::Multiply, clipped, 1.0 / 6.0)
}

/// `max(x, 0) + log(1 + exp(-|x|))`, which does not overflow.
fn softplus(draft: &mut Draft, part: &str, x: ValueId) -> Result<ValueId, LayerProblem> {
    let step = |name: &str| within(part, name);
    let positive = draft.unary(&step("positive"), Activation::Relu, x)?;
    let size = draft.unary(&step("abs"), Activation::Abs, x)?;
    let negative = draft.with_number(&step("negative"), BinaryOp::Multiply, size, -1.0)?;
    let exponential = draft.unary(&step("exp"), Activation::Exp, negative)?;
    let sum = draft.with_number(&step("sum"), BinaryOp::Add, exponential, 1.0)?;
    let logarithm = draft.unary(&step("log"), Activation::Log, sum)?;
    draft.binary(part, BinaryOp::Add, positive, logarithm)
}

/// `x - max(x) - log(sum(exp(x - max(x))))`
fn log_softmax(
    draft: &mut Draft,
    part: &str,
    x: ValueId,
    axis: usize,
) -> Result<ValueId, LayerProblem> {
    let step = |name: &str| within(part, name);
    let reduce = |kind| Op::Reduce {
        kind,
        axes: vec![axis],
        keep_dims: true,
    };
    let largest = draft.node(&step("max"), reduce(ReduceOp::Max), &[x])?;
    let shifted = draft.binary(&step("shifted"), BinaryOp::Subtract, x, largest)?;
    let exponential = draft.unary(&step("exp"), Activation::Exp, shifted)?;
    let sum = draft.node(&step("sum"), reduce(ReduceOp::Sum), &[exponential])?;
    let logarithm = draft.unary(&step("log"), Activation::Log, sum)?;
    draft.binary(part, BinaryOp::Subtract, shifted, logarithm)
}

/// Brings an axis to the end, adds what works on the last axis, and brings it back.
pub(crate) fn over_last_axis<D: AsMut<Draft>>(
    builder: &mut D,
    part: &str,
    x: ValueId,
    axis: usize,
    build: impl FnOnce(&mut D, &str, ValueId) -> Result<ValueId, LayerProblem>,
) -> Result<ValueId, LayerProblem> {
    let draft = builder.as_mut();
    let rank = draft.rank(x);
    if axis + 1 == rank {
        return build(builder, part, x);
    }
    let forth: Vec<usize> = (0..rank).filter(|&it| it != axis).chain([axis]).collect();
    let back = shapes::inverse(&forth);
    let moved = draft.transpose(&within(part, "axis_last"), x, forth)?;
    let output = build(builder, &within(part, "on_last_axis"), moved)?;
    builder.as_mut().transpose(part, output, back)
}
