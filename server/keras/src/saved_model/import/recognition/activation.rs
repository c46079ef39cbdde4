//! Functions that are a product of their argument and a gate: swish, hard swish and GELU.

use graph::{Activation, BinaryOp, Op};

use super::close;
use crate::layers::LayerProblem;
use crate::saved_model::import::drawing::{Drawing, Drawn, Pending, Step};

/// Coefficients of a polynomial of degree three, the constant first.
type Polynomial = [f64; 4];

const SQRT_HALF: f64 = std::f64::consts::FRAC_1_SQRT_2;
/// `sqrt(2 / pi)`
const TANH_SCALE: f64 = 0.797_884_560_802_865_4;
/// Factor of the cube: Hendrycks and Gimpel, Gaussian Error Linear Units, 2016.
const TANH_CUBE: f64 = 0.044_715;

/// Steps that a pattern is followed through.
const DEPTH: usize = 6;

pub(super) fn recognise(
    drawing: &mut Drawing,
    op: BinaryOp,
    a: Drawn,
    b: Drawn,
) -> Result<Option<Drawn>, LayerProblem> {
    let function = match op {
        BinaryOp::Multiply => gated(drawing, 1.0, a, b).or_else(|| {
            let (number, product) = match (drawing.scalar(a), drawing.scalar(b)) {
                (Some(number), None) => (number, b),
                (None, Some(number)) => (number, a),
                _ => return None,
            };
            scaled_product(drawing, number, product)
        }),
        BinaryOp::Divide => drawing
            .scalar(b)
            .and_then(|number| scaled_product(drawing, number.recip(), a)),
        _ => None,
    };
    match function {
        Some((function, x)) => drawing.add(Op::Activation(function), &[x]).map(Some),
        None => Ok(None),
    }
}

/// `number * (a * b)`
fn scaled_product(drawing: &Drawing, number: f64, product: Drawn) -> Option<(Activation, Drawn)> {
    let [a, b] = drawing.operands(product, BinaryOp::Multiply)?;
    gated(drawing, number, a, b)
}

/// The function that `number * a * b` is.
fn gated(drawing: &Drawing, number: f64, a: Drawn, b: Drawn) -> Option<(Activation, Drawn)> {
    let (first, second) = (unscaled(drawing, a), unscaled(drawing, b));
    for &(p, x) in &first {
        for &(q, gate) in &second {
            let factor = number * p * q;
            let found = function(drawing, factor, x, gate).map(|found| (found, x));
            let found = found
                .or_else(|| function(drawing, factor, gate, x).map(|function| (function, gate)));
            if found.is_some() {
                return found;
            }
        }
    }
    None
}

/// The ways to see a tensor as a number times another tensor.
fn unscaled(drawing: &Drawing, id: Drawn) -> Vec<(f64, Drawn)> {
    let mut ways = vec![(1.0, id)];
    for _ in 0..DEPTH {
        let Some(&(factor, id)) = ways.last() else {
            break;
        };
        let next = if let Some(x) = drawing.argument(id, Activation::Negate) {
            Some((-1.0, x))
        } else if let Some([a, b]) = drawing.operands(id, BinaryOp::Divide) {
            drawing.scalar(b).map(|number| (number.recip(), a))
        } else if let Some([a, b]) = drawing.operands(id, BinaryOp::Multiply) {
            let second = drawing.scalar(b).map(|number| (number, a));
            second.or_else(|| drawing.scalar(a).map(|number| (number, b)))
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
fn function(drawing: &Drawing, factor: f64, x: Drawn, gate: Drawn) -> Option<Activation> {
    if drawing.shape(x) != drawing.shape(gate) {
        return None;
    }
    let (step, inputs) = drawing.node(gate)?;
    let linear = |id: Drawn, offset: f64, slope: f64| {
        polynomial(drawing, id, x, DEPTH)
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
            let inner = match (drawing.scalar(a), drawing.scalar(b)) {
                (Some(1.0), None) => b,
                (None, Some(1.0)) => a,
                _ => return None,
            };
            match drawing.node(inner)? {
                (Step::Pending(Pending::Erf), &[argument]) => linear(argument, 0.0, SQRT_HALF)
                    .then_some(Activation::Gelu { approximate: false }),
                (Step::Op(Op::Activation(Activation::Tanh)), &[argument]) => {
                    let [a, b, c, d] = polynomial(drawing, argument, x, DEPTH)?;
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
fn polynomial(drawing: &Drawing, id: Drawn, x: Drawn, depth: usize) -> Option<Polynomial> {
    if id == x {
        return Some([0.0, 1.0, 0.0, 0.0]);
    }
    if let Some(number) = drawing.scalar(id) {
        return Some([number, 0.0, 0.0, 0.0]);
    }
    let depth = depth.checked_sub(1)?;
    let of = |id: Drawn| polynomial(drawing, id, x, depth);
    match drawing.op(id)? {
        (Op::Activation(Activation::Negate), &[a]) => Some(of(a)?.map(|c| -c)),
        (Op::Activation(Activation::Square), &[a]) => product(of(a)?, of(a)?),
        (Op::Binary(op), &[a, b]) => match op {
            BinaryOp::Add => Some(sum(of(a)?, of(b)?)),
            BinaryOp::Subtract => Some(sum(of(a)?, of(b)?.map(|c| -c))),
            BinaryOp::Multiply => product(of(a)?, of(b)?),
            BinaryOp::Divide => {
                let divisor = drawing.scalar(b)?;
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
