//! Layers that were traced into several operators, recognized in a finished draft.
//!
//! The draft is gone through once and written anew. Operators that are taken in stay where they are;
//! without readers they are left out of the graph. Each rule holds for all real inputs, up to rounding.

mod activation;
mod affine;
mod arrangement;
mod bias;
mod layer_normalization;
mod rectifier;
mod softmax;

use graph::{Activation, BinaryOp, Op};
use localization::phrase;

use crate::draft::{Content, Draft, Entry, Step, ValueId};
use crate::problem::{LayerProblem, invalid};

/// A draft in which layers have been recognized.
pub(crate) struct Recognized {
    pub(crate) draft: Draft,
    /// Where the outputs are in it.
    pub(crate) outputs: Vec<ValueId>,
}

/// Recognizes what operators compute together.
///
/// # Errors
/// The origin of the value at fault, and the problem.
pub(crate) fn recognize(
    draft: &Draft,
    outputs: &[ValueId],
) -> Result<Recognized, (usize, LayerProblem)> {
    let mut plain = draft.successor();
    let mut places: Vec<ValueId> = Vec::with_capacity(draft.entries().len());
    for entry in draft.entries() {
        plain.continue_at(entry);
        let place = anew(&mut plain, entry, &places);
        places.push(place.map_err(|problem| (entry.origin, problem))?);
    }
    let outputs = outputs.iter().map(|&output| place_of(output, &places));
    Ok(Recognized {
        outputs: outputs
            .collect::<Result<_, _>>()
            .map_err(|problem| (plain.origin(), problem))?,
        draft: plain,
    })
}

/// Where a value is in the new draft.
fn place_of(id: ValueId, places: &[ValueId]) -> Result<ValueId, LayerProblem> {
    match places.get(Draft::position(id)) {
        Some(&place) => Ok(place),
        None => invalid(phrase!("an input is missing")),
    }
}

/// Adds an entry to the new draft.
fn anew(draft: &mut Draft, entry: &Entry, places: &[ValueId]) -> Result<ValueId, LayerProblem> {
    let Content::Node { step, inputs } = &entry.content else {
        return draft.copy(entry, entry.content.clone());
    };
    let inputs = inputs.iter().map(|&input| place_of(input, places));
    let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
    match step {
        Step::Op(op) => draw(draft, op.clone(), &inputs),
        Step::Bias => bias::recognize(draft, &inputs),
        Step::Pending(_) => {
            let step = step.clone();
            draft.copy(entry, Content::Node { step, inputs })
        }
    }
}

/// Adds an operator, or what is known to compute the same.
fn draw(draft: &mut Draft, op: Op, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
    match simplify(draft, &op, inputs)? {
        Some(output) => Ok(output),
        None => draft.node("", op, inputs),
    }
}

fn with_number(
    draft: &mut Draft,
    op: BinaryOp,
    x: ValueId,
    number: f32,
) -> Result<ValueId, LayerProblem> {
    let number = draft.scalar("number", number)?;
    draw(draft, Op::Binary(op), &[x, number])
}

/// The result of an operator, when there is a plainer way to compute it.
fn simplify(
    draft: &mut Draft,
    op: &Op,
    inputs: &[ValueId],
) -> Result<Option<ValueId>, LayerProblem> {
    match (op, inputs) {
        (Op::Binary(op), &[a, b]) => {
            if let Some(same) = unchanged(draft, *op, a, b) {
                return Ok(Some(same));
            }
            type Rule =
                fn(&mut Draft, BinaryOp, ValueId, ValueId) -> Result<Option<ValueId>, LayerProblem>;
            const RULES: [Rule; 4] = [
                activation::recognize,
                rectifier::recognize,
                layer_normalization::recognize,
                affine::recognize,
            ];
            for rule in RULES {
                if let Some(output) = rule(draft, *op, a, b)? {
                    return Ok(Some(output));
                }
            }
            Ok(None)
        }
        (Op::Activation(Activation::Exp), &[x]) => softmax::recognize(draft, x),
        (Op::Reshape { shape }, &[x]) => arrangement::reshape(draft, x, shape),
        (Op::Transpose { permutation }, &[x]) => arrangement::transpose(draft, x, permutation),
        (Op::Resize { size, method }, &[x]) => arrangement::resize(draft, x, *size, *method),
        (Op::Slice { begin, size }, &[x]) => Ok(arrangement::slice(draft, x, begin, size)),
        (Op::Concatenate { .. }, &[x]) => Ok(Some(x)),
        _ => Ok(None),
    }
}

/// The operand that an operator returns as it is: `x + 0`, `x - 0`, `x * 1` and `x / 1`.
fn unchanged(draft: &Draft, op: BinaryOp, a: ValueId, b: ValueId) -> Option<ValueId> {
    let neutral = |id: ValueId, number: f32| {
        let constant = draft.constant_value(id);
        constant.is_some_and(|constant| constant.iter().all(|&element| element == number))
    };
    let number = match op {
        BinaryOp::Add | BinaryOp::Subtract => 0.0,
        BinaryOp::Multiply | BinaryOp::Divide => 1.0,
        _ => return None,
    };
    let commutes = matches!(op, BinaryOp::Add | BinaryOp::Multiply);
    let candidates = [(a, b, true), (b, a, commutes)];
    candidates
        .into_iter()
        .find(|&(x, constant, allowed)| {
            allowed
                && !draft.is_constant(x)
                && neutral(constant, number)
                && crate::operations::shapes::broadcast(draft.shape(x), draft.shape(constant))
                    .is_ok_and(|shape| shape == draft.shape(x))
        })
        .map(|(x, _, _)| x)
}

/// Whether two numbers are equal up to the precision of `f32`.
fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-5 * b.abs().max(1e-3)
}
