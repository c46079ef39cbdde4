use localization::{Text, text};
use ndarray::{ArrayD, ArrayViewD, IxDyn, Zip};

use crate::operations::shapes;
use crate::problem::LayerProblem;
use crate::saved_model::import::value::{Elements, Value};

/// Evaluates element-wise operators.
pub(super) fn evaluate(op: &str, inputs: &[Value]) -> Result<Option<Value>, LayerProblem> {
    match inputs {
        [x] => unary(op, x),
        [a, b] if op != "AddN" => binary(op, a, b),
        [condition, a, b] if op == "SelectV2" || op == "Select" => select(condition, a, b),
        [first, rest @ ..] if op == "AddN" => {
            let mut sum = Some(first.clone());
            for value in rest {
                sum = match sum {
                    Some(sum) => binary("AddV2", &sum, value)?,
                    None => None,
                };
            }
            Ok(sum)
        }
        _ => Ok(None),
    }
}

/// Whether an operator is element-wise and known.
pub(super) fn is_known(op: &str) -> bool {
    real_function(op).is_some()
        || real_operation(op).is_some()
        || integer_operation(op).is_some()
        || op == "LogicalNot"
}

fn unary(op: &str, x: &Value) -> Result<Option<Value>, LayerProblem> {
    let shape = x.shape().to_vec();
    match x.elements() {
        Elements::Integers(elements) => {
            let function: fn(i64) -> i64 = match op {
                "Neg" => i64::wrapping_neg,
                "Abs" => i64::wrapping_abs,
                "Square" => |x| x.wrapping_mul(x),
                "LogicalNot" => |x| i64::from(x == 0),
                _ => return Ok(None),
            };
            let elements = elements.iter().map(|&element| function(element)).collect();
            Ok(Some(Value::integers(shape, elements)))
        }
        Elements::Floats(elements) => Ok(real_function(op).map(|function| {
            let result = elements.mapv(|element| function(f64::from(element)) as f32);
            Value::from(result.into_shared())
        })),
        Elements::Unread => Ok(real_function(op).map(|_| Value::unread(shape))),
    }
}

fn real_function(op: &str) -> Option<fn(f64) -> f64> {
    Some(match op {
        "Neg" => |x| -x,
        "Abs" => f64::abs,
        "Square" => |x| x * x,
        "Sqrt" => f64::sqrt,
        "Rsqrt" => |x| 1.0 / x.sqrt(),
        "Reciprocal" | "Inv" => f64::recip,
        "Exp" => f64::exp,
        "Expm1" => f64::exp_m1,
        "Log" => f64::ln,
        "Log1p" => f64::ln_1p,
        "Sin" => f64::sin,
        "Cos" => f64::cos,
        "Tanh" => f64::tanh,
        "Sigmoid" => |x| 1.0 / (1.0 + (-x).exp()),
        "Softplus" => |x| x.max(0.0) + (-x.abs()).exp().ln_1p(),
        "Relu" => |x| x.max(0.0),
        "Floor" => f64::floor,
        "Ceil" => f64::ceil,
        "Round" => f64::round_ties_even,
        "Sign" => |x| if x == 0.0 { x } else { x.signum() },
        _ => return None,
    })
}

fn binary(op: &str, a: &Value, b: &Value) -> Result<Option<Value>, LayerProblem> {
    match (a.elements(), b.elements()) {
        (Elements::Integers(x), Elements::Integers(y)) => {
            let Some(function) = integer_operation(op) else {
                return Ok(None);
            };
            let shape = broadcast(a.shape(), b.shape())?;
            let (x, y) = (view(a.shape(), x)?, view(b.shape(), y)?);
            let result = combine(&x, &y, &shape, function)?;
            let elements: Option<Vec<i64>> = result.into_iter().collect();
            match elements {
                Some(elements) => Ok(Some(Value::integers(shape, elements))),
                None => Err(LayerProblem::Invalid(text!(
                    "it divides a constant by zero"
                ))),
            }
        }
        (Elements::Floats(x), Elements::Floats(y)) => {
            let shape = broadcast(a.shape(), b.shape())?;
            if let Some(function) = real_operation(op) {
                let result = combine(&x.view(), &y.view(), &shape, |x, y| {
                    function(f64::from(x), f64::from(y)) as f32
                })?;
                return Ok(Some(Value::from(result.into_shared())));
            }
            let Some(function) = comparison(op) else {
                return Ok(None);
            };
            let result = combine(&x.view(), &y.view(), &shape, |x, y| {
                i64::from(function(x, y))
            })?;
            Ok(Some(Value::integers(shape, result.into_iter().collect())))
        }
        (Elements::Integers(_), _) | (_, Elements::Integers(_)) => Ok(None),
        _ => match real_operation(op) {
            Some(_) => Ok(Some(Value::unread(broadcast(a.shape(), b.shape())?))),
            None => Ok(None),
        },
    }
}

fn integer_operation(op: &str) -> Option<fn(i64, i64) -> Option<i64>> {
    Some(match op {
        "Add" | "AddV2" => |x, y| Some(x.wrapping_add(y)),
        "Sub" => |x, y| Some(x.wrapping_sub(y)),
        "Mul" => |x, y| Some(x.wrapping_mul(y)),
        "FloorDiv" | "Div" => {
            |x, y| Some(x.checked_div(y)? - i64::from(x % y != 0 && (x < 0) != (y < 0)))
        }
        "TruncateDiv" => i64::checked_div,
        "FloorMod" | "Mod" => |x, y| {
            let remainder = x.checked_rem(y)?;
            Some(if remainder != 0 && (remainder < 0) != (y < 0) {
                remainder + y
            } else {
                remainder
            })
        },
        "Maximum" => |x, y| Some(x.max(y)),
        "Minimum" => |x, y| Some(x.min(y)),
        "Equal" => |x, y| Some(i64::from(x == y)),
        "NotEqual" => |x, y| Some(i64::from(x != y)),
        "Less" => |x, y| Some(i64::from(x < y)),
        "LessEqual" => |x, y| Some(i64::from(x <= y)),
        "Greater" => |x, y| Some(i64::from(x > y)),
        "GreaterEqual" => |x, y| Some(i64::from(x >= y)),
        "LogicalAnd" => |x, y| Some(i64::from(x != 0 && y != 0)),
        "LogicalOr" => |x, y| Some(i64::from(x != 0 || y != 0)),
        _ => return None,
    })
}

fn real_operation(op: &str) -> Option<fn(f64, f64) -> f64> {
    Some(match op {
        "Add" | "AddV2" | "BiasAdd" => |x, y| x + y,
        "Sub" => |x, y| x - y,
        "Mul" => |x, y| x * y,
        "RealDiv" | "Div" => |x, y| x / y,
        "DivNoNan" => |x, y| if y == 0.0 { 0.0 } else { x / y },
        "FloorDiv" => |x, y| (x / y).floor(),
        "FloorMod" => |x, y| x - (x / y).floor() * y,
        "Maximum" => f64::max,
        "Minimum" => f64::min,
        "Pow" => f64::powf,
        "SquaredDifference" => |x, y| (x - y) * (x - y),
        _ => return None,
    })
}

fn comparison(op: &str) -> Option<fn(f32, f32) -> bool> {
    Some(match op {
        "Equal" => |x, y| x == y,
        "NotEqual" => |x, y| x != y,
        "Less" => |x, y| x < y,
        "LessEqual" => |x, y| x <= y,
        "Greater" => |x, y| x > y,
        "GreaterEqual" => |x, y| x >= y,
        _ => return None,
    })
}

fn select(condition: &Value, a: &Value, b: &Value) -> Result<Option<Value>, LayerProblem> {
    let Elements::Integers(chosen) = condition.elements() else {
        return Ok(None);
    };
    let shape = broadcast(a.shape(), b.shape())?;
    let shape = broadcast(condition.shape(), &shape)?;
    let chosen = view(condition.shape(), chosen)?;
    Ok(match (a.elements(), b.elements()) {
        (Elements::Integers(x), Elements::Integers(y)) => {
            let (x, y) = (view(a.shape(), x)?, view(b.shape(), y)?);
            let result = choose(&chosen, &x, &y, &shape)?;
            Some(Value::integers(shape, result.into_iter().collect()))
        }
        (Elements::Floats(x), Elements::Floats(y)) => {
            let result = choose(&chosen, &x.view(), &y.view(), &shape)?;
            Some(Value::from(result.into_shared()))
        }
        (Elements::Integers(_), _) | (_, Elements::Integers(_)) => None,
        _ => Some(Value::unread(shape)),
    })
}

/// Shape of a combination of two known tensors.
fn broadcast(a: &[usize], b: &[usize]) -> Result<Vec<usize>, LayerProblem> {
    let shape = shapes::broadcast(a, b)?;
    let count = |shape: &[usize]| shape.iter().product::<usize>();
    super::check_growth(&shape, count(a).max(count(b)))?;
    Ok(shape)
}

fn view<'a, T>(shape: &[usize], elements: &'a [T]) -> Result<ArrayViewD<'a, T>, LayerProblem> {
    ArrayViewD::from_shape(IxDyn(shape), elements)
        .map_err(|error| LayerProblem::Invalid(Text::verbatim(error.to_string())))
}

fn misfit() -> LayerProblem {
    LayerProblem::Invalid(text!("it combines constants that do not fit"))
}

fn combine<T: Copy, R>(
    a: &ArrayViewD<'_, T>,
    b: &ArrayViewD<'_, T>,
    shape: &[usize],
    function: impl Fn(T, T) -> R,
) -> Result<ArrayD<R>, LayerProblem> {
    let a = a.broadcast(IxDyn(shape)).ok_or_else(misfit)?;
    let b = b.broadcast(IxDyn(shape)).ok_or_else(misfit)?;
    Ok(Zip::from(a).and(b).map_collect(|&x, &y| function(x, y)))
}

fn choose<T: Copy>(
    condition: &ArrayViewD<'_, i64>,
    a: &ArrayViewD<'_, T>,
    b: &ArrayViewD<'_, T>,
    shape: &[usize],
) -> Result<ArrayD<T>, LayerProblem> {
    let condition = condition.broadcast(IxDyn(shape)).ok_or_else(misfit)?;
    let a = a.broadcast(IxDyn(shape)).ok_or_else(misfit)?;
    let b = b.broadcast(IxDyn(shape)).ok_or_else(misfit)?;
    Ok(Zip::from(condition)
        .and(a)
        .and(b)
        .map_collect(|&first, &x, &y| if first != 0 { x } else { y }))
}
