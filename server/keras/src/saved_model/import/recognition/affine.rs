//! Batch normalization, which Keras 3 traces into a product and a sum with constants.

use graph::{BinaryOp, Op};

use crate::layers::LayerProblem;
use crate::saved_model::import::drawing::{Drawing, Drawn};
use crate::saved_model::import::value::Value;

/// `x * scale + offset`, or minus the offset, with a number for each channel.
pub(super) fn recognise(
    drawing: &mut Drawing,
    op: BinaryOp,
    a: Drawn,
    b: Drawn,
) -> Result<Option<Drawn>, LayerProblem> {
    let sign = match op {
        BinaryOp::Add => 1.0,
        BinaryOp::Subtract => -1.0,
        _ => return Ok(None),
    };
    let (product, offset) = match (drawing.is_constant(a), drawing.is_constant(b)) {
        (false, true) => (a, b),
        (true, false) if op == BinaryOp::Add => (b, a),
        _ => return Ok(None),
    };
    let Some([p, q]) = drawing.operands(product, BinaryOp::Multiply) else {
        return Ok(None);
    };
    let (x, scale) = match (drawing.is_constant(p), drawing.is_constant(q)) {
        (false, true) => (p, q),
        (true, false) => (q, p),
        _ => return Ok(None),
    };
    let shape = drawing.shape(x);
    let Some(&channels) = shape.last() else {
        return Ok(None);
    };
    let per_channel = |id: Drawn| {
        let constant = drawing.shape(id);
        constant.last() == Some(&channels)
            && constant.len() <= shape.len()
            && constant.iter().product::<usize>() == channels
    };
    if channels < 2 || !per_channel(scale) || !per_channel(offset) {
        return Ok(None);
    }
    let mut vector = |id: Drawn, sign: f32, role| {
        let values = drawing
            .constant(id)
            .map(|value| value.iter().map(|&element| sign * element).collect());
        match values {
            Some(values) => drawing.add_constant(&[channels], values, role),
            None => drawing.add_value(&Value::unread(vec![channels]), role),
        }
    };
    let gamma = vector(scale, 1.0, "gamma")?;
    let beta = vector(offset, sign, "beta")?;
    let mean = drawing.add_constant(&[channels], vec![0.0; channels], "moving_mean")?;
    let variance = drawing.add_constant(&[channels], vec![1.0; channels], "moving_variance")?;
    let op = Op::BatchNormalization { epsilon: 0.0 };
    drawing.add(op, &[x, gamma, beta, mean, variance]).map(Some)
}
