//! Operations that combine tensors element by element.

use graph::{Activation, BinaryOp};
use localization::{phrase, text};

use super::function::Function;
use crate::draft::{Draft, ValueId};
use crate::limits;
use crate::problem::{LayerProblem, invalid, unsupported};

/// Combines tensors from the first on; `last` is the part that the last operator is named after.
pub(crate) fn accumulate(
    draft: &mut Draft,
    last: &str,
    op: BinaryOp,
    tensors: &[ValueId],
) -> Result<ValueId, LayerProblem> {
    let Some((&first, rest)) = tensors.split_first() else {
        return invalid(phrase!("it has no inputs"));
    };
    let mut result = first;
    for (index, &next) in rest.iter().enumerate() {
        let part = match index + 1 == rest.len() {
            true => last.to_owned(),
            false => format!("partial_{index}"),
        };
        result = draft.binary(&part, op, result, next)?;
    }
    Ok(result)
}

/// `(x - y)^2`
pub(crate) fn squared_difference(
    draft: &mut Draft,
    x: ValueId,
    y: ValueId,
) -> Result<ValueId, LayerProblem> {
    let difference = draft.binary("difference", BinaryOp::Subtract, x, y)?;
    draft.unary("", Activation::Square, difference)
}

/// A power whose exponent is a small whole number, -1, or 1/2 with either sign.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Power {
    Function(Function),
    /// Multiplications, one less than this.
    Product(usize),
}

impl Power {
    pub(crate) fn of(exponent: f32) -> Result<Self, LayerProblem> {
        Ok(Power::Function(match exponent {
            0.5 => Function::Elementwise(Activation::Sqrt),
            -0.5 => Function::Elementwise(Activation::Rsqrt),
            1.0 => Function::Linear,
            2.0 => Function::Elementwise(Activation::Square),
            -1.0 => Function::Reciprocal,
            other => {
                let whole = (3..=limits::EXPONENT).find(|&whole| whole as f32 == other);
                return match whole {
                    Some(whole) => Ok(Power::Product(whole)),
                    None => unsupported(text!("its exponent is {other}")),
                };
            }
        }))
    }

    pub(crate) fn build(self, draft: &mut Draft, x: ValueId) -> Result<ValueId, LayerProblem> {
        let whole = match self {
            Power::Function(function) => return function.build(draft, "", x),
            Power::Product(whole) => whole,
        };
        let mut product = x;
        for factor in 2..=whole {
            let part = match factor == whole {
                true => String::new(),
                false => format!("power_{factor}"),
            };
            product = draft.binary(&part, BinaryOp::Multiply, product, x)?;
        }
        Ok(product)
    }
}

/// The function of two tensors that an operator of TensorFlow is.
pub(crate) fn binary_operator(op: &str) -> Option<BinaryOp> {
    Some(match op {
        "Add" | "AddV2" => BinaryOp::Add,
        "Sub" => BinaryOp::Subtract,
        "Mul" => BinaryOp::Multiply,
        "RealDiv" | "Div" => BinaryOp::Divide,
        "Maximum" => BinaryOp::Maximum,
        "Minimum" => BinaryOp::Minimum,
        _ => return None,
    })
}
