//! Functions that are a product of their argument and a gate: swish, hard swish and GELU.

use graph::{Activation, BinaryOp, Op};

use super::close;
use crate::draft::{Draft, Pending, Step, ValueId};
use crate::problem::LayerProblem;

/// Coefficients of a polynomial of degree three, the constant first.
type Polynomial = [f64; 4];

const SQRT_HALF: f64 = std::f64::consts::FRAC_1_SQRT_2;
/// `sqrt(2 / pi)`
const TANH_SCALE: f64 = 0.797_884_560_802_865_4;
/// Factor of the cube: Hendrycks and Gimpel, Gaussian Error Linear Units, 2016.
const TANH_CUBE: f64 = 0.044_715;

/// Steps that a pattern is followed through.
const DEPTH: usize = 6;

pub(super) fn recognize(
    draft: &mut Draft,
    op: BinaryOp,
    a: ValueId,
    b: ValueId,
) -> Result<Option<ValueId>, LayerProblem> {
    let function = match op {
        BinaryOp::Multiply => gated(draft, 1.0, a, b).or_else(|| {
            let (number, product) = match (draft.number(a), draft.number(b)) {
                (Some(number), None) => (number, b),
                (None, Some(number)) => (number, a),
                _ => return None,
            };
            scaled_product(draft, number, product)
        }),
        BinaryOp::Divide => draft
            .number(b)
            .and_then(|number| scaled_product(draft, number.recip(), a)),
        _ => None,
    };
    match function {
        Some((function, x)) => draft.node("", Op::Activation(function), &[x]).map(Some),
        None => Ok(None),
    }
}

/// `number * (a * b)`
fn scaled_product(draft: &Draft, number: f64, product: ValueId) -> Option<(Activation, ValueId)> {
    let [a, b] = draft.operands(product, BinaryOp::Multiply)?;
    gated(draft, number, a, b)
}

/// The function that `number * a * b` is.
fn gated(draft: &Draft, number: f64, a: ValueId, b: ValueId) -> Option<(Activation, ValueId)> {
    let (first, second) = (unscaled(draft, a), unscaled(draft, b));
    for &(p, x) in &first {
        for &(q, gate) in &second {
            let factor = number * p * q;
            let found = function(draft, factor, x, gate).map(|found| (found, x));
            let found =
                found.or_else(|| function(draft, factor, gate, x).map(|function| (function, gate)));
            if found.is_some() {
                return found;
            }
        }
    }
    None
}

/// The ways to see a tensor as a number times another tensor.
fn unscaled(draft: &Draft, id: ValueId) -> Vec<(f64, ValueId)> {
    let mut ways = vec![(1.0, id)];
    for _ in 0..DEPTH {
        let Some(&(factor, id)) = ways.last() else {
            break;
        };
        let next = if let Some(x) = draft.argument(id, Activation::Negate) {
            Some((-1.0, x))
        } else if let Some([a, b]) = draft.operands(id, BinaryOp::Divide) {
            draft.number(b).map(|number| (number.recip(), a))
        } else if let Some([a, b]) = draft.operands(id, BinaryOp::Multiply) {
            let second = draft.number(b).map(|number| (number, a));
            second.or_else(|| draft.number(a).map(|number| (number, b)))
        } else {
            None
        };
        match next {
            Some((number, x)) => ways.push((factor * number, x)),
            None => break,
        }
    }
    ways
}

/// The function that `factor * x * gate` is.
fn function(draft: &Draft, factor: f64, x: ValueId, gate: ValueId) -> Option<Activation> {
    if draft.shape(x) != draft.shape(gate) {
        return None;
    }
    let (step, inputs) = draft.step(gate)?;
    let linear = |id: ValueId, offset: f64, slope: f64| {
        polynomial(draft, id, x, DEPTH)
            .is_some_and(|[a, b, c, d]| close(a, offset) && close(b, slope) && c == 0.0 && d == 0.0)
    };
    match (step, inputs) {
        (Step::Op(Op::Activation(Activation::Sigmoid)), &[argument]) => {
            (close(factor, 1.0) && linear(argument, 0.0, 1.0)).then_some(Activation::Swish)
        }
        (Step::Op(Op::Activation(Activation::Relu6)), &[argument]) => (close(factor, 1.0 / 6.0)
            && linear(argument, 3.0, 1.0))
        .then_some(Activation::HardSwish),
        (Step::Pending(Pending::Erfc), &[argument]) => (close(factor, 0.5)
            && linear(argument, 0.0, -SQRT_HALF))
        .then_some(Activation::Gelu { approximate: false }),
        (Step::Op(Op::Binary(BinaryOp::Add)), &[a, b]) if close(factor, 0.5) => {
            let inner = match (draft.number(a), draft.number(b)) {
                (Some(1.0), None) => b,
                (None, Some(1.0)) => a,
                _ => return None,
            };
            match draft.step(inner)? {
                (Step::Pending(Pending::Erf), &[argument]) => linear(argument, 0.0, SQRT_HALF)
                    .then_some(Activation::Gelu { approximate: false }),
                (Step::Op(Op::Activation(Activation::Tanh)), &[argument]) => {
                    let [a, b, c, d] = polynomial(draft, argument, x, DEPTH)?;
                    let matches = a == 0.0
                        && close(b, TANH_SCALE)
                        && c == 0.0
                        && close(d, TANH_SCALE * TANH_CUBE);
                    matches.then_some(Activation::Gelu { approximate: true })
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// A tensor as a polynomial of `x`.
fn polynomial(draft: &Draft, id: ValueId, x: ValueId, depth: usize) -> Option<Polynomial> {
    if id == x {
        return Some([0.0, 1.0, 0.0, 0.0]);
    }
    if let Some(number) = draft.number(id) {
        return Some([number, 0.0, 0.0, 0.0]);
    }
    let depth = depth.checked_sub(1)?;
    let of = |id: ValueId| polynomial(draft, id, x, depth);
    match draft.op(id)? {
        (Op::Activation(Activation::Negate), &[a]) => Some(of(a)?.map(|c| -c)),
        (Op::Activation(Activation::Square), &[a]) => product(of(a)?, of(a)?),
        (Op::Binary(op), &[a, b]) => match op {
            BinaryOp::Add => Some(sum(of(a)?, of(b)?)),
            BinaryOp::Subtract => Some(sum(of(a)?, of(b)?.map(|c| -c))),
            BinaryOp::Multiply => product(of(a)?, of(b)?),
            BinaryOp::Divide => {
                let divisor = draft.number(b)?;
                Some(of(a)?.map(|c| c / divisor))
            }
            _ => None,
        },
        _ => None,
    }
}

fn sum(a: Polynomial, b: Polynomial) -> Polynomial {
    let mut sum = a;
    for (term, other) in sum.iter_mut().zip(b) {
        *term += other;
    }
    sum
}

/// The product, when its degree is at most three.
fn product(a: Polynomial, b: Polynomial) -> Option<Polynomial> {
    let mut product = [0.0; 4];
    for (i, p) in a.into_iter().enumerate() {
        for (j, q) in b.into_iter().enumerate() {
            if p * q != 0.0 {
                *product.get_mut(i + j)? += p * q;
            }
        }
    }
    Some(product)
}
