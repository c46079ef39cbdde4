//! Batch normalization, which Keras 3 traces into a product and a sum with constants.

use graph::{BinaryOp, Op};

use crate::draft::{Draft, ValueId};
use crate::problem::LayerProblem;

/// `x * scale + offset`, or minus the offset, with a number for each channel.
pub(super) fn recognize(
    draft: &mut Draft,
    op: BinaryOp,
    a: ValueId,
    b: ValueId,
) -> Result<Option<ValueId>, LayerProblem> {
    let sign = match op {
        BinaryOp::Add => 1.0,
        BinaryOp::Subtract => -1.0,
        _ => return Ok(None),
    };
    let (product, offset) = match (draft.is_constant(a), draft.is_constant(b)) {
        (false, true) => (a, b),
        (true, false) if op == BinaryOp::Add => (b, a),
        _ => return Ok(None),
    };
    let Some([p, q]) = draft.operands(product, BinaryOp::Multiply) else {
        return Ok(None);
    };
    let (x, scale) = match (draft.is_constant(p), draft.is_constant(q)) {
        (false, true) => (p, q),
        (true, false) => (q, p),
        _ => return Ok(None),
    };
    let shape = draft.shape(x);
    let Some(&channels) = shape.last() else {
        return Ok(None);
    };
    let per_channel = |id: ValueId| {
        let constant = draft.shape(id);
        constant.last() == Some(&channels)
            && constant.len() <= shape.len()
            && constant.iter().product::<usize>() == channels
    };
    if channels < 2 || !per_channel(scale) || !per_channel(offset) {
        return Ok(None);
    }
    let mut vector = |id: ValueId, sign: f32, role| {
        let values = draft
            .constant_value(id)
            .map(|value| value.iter().map(|&element| sign * element).collect());
        match values {
            Some(values) => draft.constant(role, &[channels], values),
            None => draft.weight(role, vec![channels], None),
        }
    };
    let gamma = vector(scale, 1.0, "gamma")?;
    let beta = vector(offset, sign, "beta")?;
    let mean = draft.constant("moving_mean", &[channels], vec![0.0; channels])?;
    let variance = draft.constant("moving_variance", &[channels], vec![1.0; channels])?;
    let op = Op::BatchNormalization { epsilon: 0.0 };
    draft
        .node("", op, &[x, gamma, beta, mean, variance])
        .map(Some)
}
