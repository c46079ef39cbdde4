//! Arguments of operations that compute element by element, of products and of reductions.

use graph::{Activation, BinaryOp, Op, ReduceOp};
use localization::{phrase, text};

use super::bound::{BoundCall, Operand, input};
use super::{Build, of_tensor, one_output};
use crate::layers::activation::softmax_function;
use crate::layers::rectifier;
use crate::operations::einsum::Equation;
use crate::operations::elementwise::{self, Power};
use crate::operations::function::{Function, LEAKY_RELU_SLOPE};
use crate::operations::{product, reduction};
use crate::problem::{LayerProblem, unsupported};

pub(super) fn binary(call: &BoundCall, op: BinaryOp) -> Result<Build, LayerProblem> {
    let (x, y) = (call.operand("x")?, call.operand("y")?);
    one_output(move |scope, inputs| {
        let x = x.build(scope.draft, inputs, "x")?;
        let y = y.build(scope.draft, inputs, "y")?;
        scope.draft.binary("", op, x, y)
    })
}

pub(super) fn unary(call: &BoundCall, function: Function) -> Result<Build, LayerProblem> {
    of_tensor(call, move |draft, x| function.build(draft, "", x))
}

pub(super) fn squared_difference(call: &BoundCall) -> Result<Build, LayerProblem> {
    let (x, y) = (call.operand("x")?, call.operand("y")?);
    one_output(move |scope, inputs| {
        let x = x.build(scope.draft, inputs, "x")?;
        let y = y.build(scope.draft, inputs, "y")?;
        elementwise::squared_difference(scope.draft, x, y)
    })
}

pub(super) fn power(call: &BoundCall) -> Result<Build, LayerProblem> {
    let power = match call.operand("y")? {
        Operand::Constant { values, .. } => match values.as_slice() {
            &[exponent] => Power::of(exponent)?,
            _ => return unsupported(phrase!("its exponent is not one number")),
        },
        Operand::Tensor(_) => return unsupported(phrase!("its exponent is not one number")),
    };
    of_tensor(call, move |draft, x| power.build(draft, x))
}

pub(super) fn add_n(call: &BoundCall) -> Result<Build, LayerProblem> {
    let operands = call.operands("inputs")?;
    one_output(move |scope, inputs| {
        let tensors = super::bound::build_all(&operands, scope.draft, inputs)?;
        elementwise::accumulate(scope.draft, "", BinaryOp::Add, &tensors)
    })
}

pub(super) fn bias_add(call: &BoundCall) -> Result<Build, LayerProblem> {
    call.refuse_channels_first()?;
    let x = call.tensor("x")?;
    let bias = call.operand("bias")?;
    one_output(move |scope, inputs| {
        let bias = bias.build(scope.draft, inputs, "bias")?;
        let x = input(inputs, x)?;
        scope.draft.binary("", BinaryOp::Add, x, bias)
    })
}

pub(super) fn clip(call: &BoundCall) -> Result<Build, LayerProblem> {
    let bound = |name: &str| match call.constants.number(name)? {
        Some(number) => Ok(number),
        None => unsupported(text!("its {name} is not a constant number")),
    };
    let (minimum, maximum) = (bound("minimum")?, bound("maximum")?);
    unary(call, Function::Clamp { minimum, maximum })
}

pub(super) fn relu(call: &BoundCall) -> Result<Build, LayerProblem> {
    unary(call, rectifier::relu_function(&call.constants)?)
}

pub(super) fn leaky_relu(call: &BoundCall) -> Result<Build, LayerProblem> {
    let slope = call.constants.number("negative_slope")?;
    let alpha = slope.unwrap_or(LEAKY_RELU_SLOPE);
    unary(call, Function::Elementwise(Activation::LeakyRelu { alpha }))
}

pub(super) fn elu(call: &BoundCall) -> Result<Build, LayerProblem> {
    unary(call, rectifier::elu_function(&call.constants)?)
}

/// `tf.nn.gelu` is exact unless told otherwise; `keras.ops.gelu` always notes which it is.
pub(super) fn gelu(call: &BoundCall) -> Result<Build, LayerProblem> {
    let approximate = call.constants.flag("approximate", false)?;
    let function = Activation::Gelu { approximate };
    unary(call, Function::Elementwise(function))
}

pub(super) fn softmax(call: &BoundCall) -> Result<Build, LayerProblem> {
    unary(call, softmax_function(&call.constants)?)
}

pub(super) fn log_softmax(call: &BoundCall) -> Result<Build, LayerProblem> {
    match softmax_function(&call.constants)? {
        Function::Softmax { axis } => unary(call, Function::LogSoftmax { axis }),
        _ => unsupported(phrase!("it normalizes over several axes")),
    }
}

pub(super) fn silu(call: &BoundCall) -> Result<Build, LayerProblem> {
    if call.constants.number("beta")?.unwrap_or(1.0) != 1.0 {
        return unsupported(phrase!("it sets beta"));
    }
    unary(call, Function::Elementwise(Activation::Swish))
}

/// Between floating-point types a cast is nothing here: all numbers are `f32`.
pub(super) fn cast(call: &BoundCall) -> Result<Build, LayerProblem> {
    let dtype = call.constants.text("dtype").unwrap_or("unnamed");
    if !dtype.contains("float") && dtype != "half" {
        return unsupported(text!("it casts to {dtype}"));
    }
    unary(call, Function::Linear)
}

/// `x @ y`, either of them transposed on request.
pub(super) fn matmul(call: &BoundCall) -> Result<Build, LayerProblem> {
    let (x, y) = (call.operand("x")?, call.operand("y")?);
    let transpose_x = call.constants.flag("transpose_a", false)?;
    let transpose_y = call.constants.flag("transpose_b", false)?;
    one_output(move |scope, inputs| {
        let draft = &mut *scope.draft;
        let mut x = x.build(draft, inputs, "x")?;
        if transpose_x {
            x = product::transposed(draft, x)?;
        }
        if let Operand::Constant { shape, values } = &y
            && let &[rows, columns] = shape.as_slice()
        {
            let kernel = match transpose_y {
                true => draft.constant("y", &[rows, columns], values.clone())?,
                false => {
                    let values = transposed(values, columns);
                    draft.constant("y", &[columns, rows], values)?
                }
            };
            return draft.node("", Op::FullyConnected, &[x, kernel]);
        }
        let y = y.build(draft, inputs, "y")?;
        product::matmul(draft, "", x, y, transpose_y)
    })
}

fn transposed(values: &[f32], columns: usize) -> Vec<f32> {
    (0..columns)
        .flat_map(|column| values.iter().skip(column).step_by(columns).copied())
        .collect()
}

pub(super) fn einsum(call: &BoundCall) -> Result<Build, LayerProblem> {
    let (x, y) = (call.tensor("x")?, call.tensor("y")?);
    let equation = Equation::parse(call.constants.text("subscripts").unwrap_or(""))?;
    one_output(move |scope, inputs| {
        let (x, y) = (input(inputs, x)?, input(inputs, y)?);
        let draft = &mut *scope.draft;
        let contraction = equation.contraction(draft.shape(x), draft.shape(y))?;
        contraction.of_tensors(draft, x, y)
    })
}

pub(super) fn reduce(call: &BoundCall, kind: ReduceOp) -> Result<Build, LayerProblem> {
    let wanted = call.constants.integers("axis")?;
    let keep_dims = call.constants.flag("keepdims", false)?;
    of_tensor(call, move |draft, x| {
        let axes = reduction::axes(draft, x, wanted.as_deref())?;
        reduction::reduce(draft, x, kind, axes, keep_dims)
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
    let wanted = call.constants.integers("axis")?;
    let keep_dims = call.constants.flag("keepdims", false)?;
    of_tensor(call, move |draft, x| {
        let axes = reduction::axes(draft, x, wanted.as_deref())?;
        if !root {
            return reduction::variance(draft, "", x, axes, keep_dims);
        }
        let variance = reduction::variance(draft, "variance", x, axes, keep_dims)?;
        draft.unary("", Activation::Sqrt, variance)
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
        return unsupported(phrase!("its order is not 2"));
    }
    let epsilon = call.constants.number("epsilon")?.unwrap_or(1e-7);
    normalize_to(call, epsilon * epsilon)
}

fn normalize_to(call: &BoundCall, least: f32) -> Result<Build, LayerProblem> {
    let wanted = call.constants.integers("axis")?;
    of_tensor(call, move |draft, x| {
        let axes = reduction::axes(draft, x, wanted.as_deref().or(Some(&[-1])))?;
        reduction::unit_length(draft, "", x, axes, least)
    })
}
