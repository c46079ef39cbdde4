//! Sums with a constant that are the bias of a layer.

use graph::{BinaryOp, Op};

use super::draw;
use crate::draft::{Draft, ValueId};
use crate::problem::LayerProblem;

/// The layer in front of a sum with the constant as its bias, or the sum.
pub(super) fn recognize(draft: &mut Draft, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
    if let &[a, b] = inputs {
        let (x, bias) = match draft.is_constant(a) {
            true => (b, a),
            false => (a, b),
        };
        if let Some(output) = biased(draft, x, bias)? {
            return Ok(output);
        }
    }
    draw(draft, Op::Binary(BinaryOp::Add), inputs)
}

/// The layer that computes `x` with a bias, if it has none and the constant is one.
fn biased(draft: &mut Draft, x: ValueId, bias: ValueId) -> Result<Option<ValueId>, LayerProblem> {
    let constant = draft.shape(bias);
    // The axes that the bias varies along.
    let mut varying = constant;
    while let [1, rest @ ..] = varying {
        varying = rest;
    }
    let shape = draft.shape(x).to_vec();
    if constant.len() > shape.len() || !shape.ends_with(varying) || varying.is_empty() {
        return Ok(None);
    }
    // Attention heads: the features of a dense layer, split over several axes.
    let layer = match draft.op(x) {
        Some((Op::Reshape { .. }, &[source])) => source,
        _ => x,
    };
    let Some((op, &[input, kernel])) = draft.op(layer) else {
        return Ok(None);
    };
    let op = op.clone();
    let count: usize = constant.iter().product();
    if !op.has_kernel()
        || draft.shape(layer).last() != Some(&count)
        || (layer != x && !matches!(op, Op::FullyConnected))
        || (layer == x && varying.len() != 1)
    {
        return Ok(None);
    }
    let values = draft.constant_value(bias);
    let bias = match values.map(|values| values.iter().copied().collect()) {
        Some(values) => draft.vector("bias", values)?,
        None => draft.weight("bias", vec![count], None)?,
    };
    let output = draft.node("", op, &[input, kernel, bias])?;
    draw(draft, Op::Reshape { shape }, &[output]).map(Some)
}
