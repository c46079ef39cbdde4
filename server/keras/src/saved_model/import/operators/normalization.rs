use graph::Op;
use localization::phrase;

use super::call::{Call, Outputs};
use crate::operations::reduction::standardize;
use crate::problem::unsupported;
use crate::saved_model::import::attributes::WithDefaults;
use crate::saved_model::import::value::Value;

/// Epsilon of `FusedBatchNorm` when it states none.
const EPSILON: f32 = 1e-4;

pub(super) fn batch_normalization(call: &mut Call<'_, '_>) -> Outputs {
    let epsilon = call.attributes.real("epsilon", EPSILON)?;
    if call.attributes.flag("is_training", true)? {
        return of_the_image(call, epsilon);
    }
    let x = call.image(0)?;
    let gamma = call.weight(1, "gamma")?;
    let beta = call.weight(2, "beta")?;
    let mean = call.weight(3, "moving_mean")?;
    let variance = call.weight(4, "moving_variance")?;
    let op = Op::BatchNormalization { epsilon };
    let output = call
        .draft()
        .node("", op, &[x, gamma, beta, mean, variance])?;
    call.image_result(output)
}

/// Keras 2 computes layer normalization with batch normalization in training mode, for which each
/// position is a channel: `reshape to [1, positions, features, 1] -> FusedBatchNormV3 -> reshape`,
/// channels first, with a scale of one and an offset of zero.
fn of_the_image(call: &mut Call<'_, '_>, epsilon: f32) -> Outputs {
    let by_batch = || {
        unsupported(phrase!(
            "it normalizes by the statistics of the batch, build the model with training=False"
        ))
    };
    if !(call.is_channels_first()? && call.is_known(1) && call.is_known(2)) {
        return by_batch();
    }
    let all = |value: &Value, number: f32| {
        let floats = value.as_floats();
        floats.is_some_and(|floats| floats.iter().all(|&element| element == number))
    };
    let (scale, offset) = (call.value(1)?, call.value(2)?);
    let x = call.tensor(0)?;
    let shape = call.draft().shape(x).to_vec();
    let &[1, _, _, 1] = shape.as_slice() else {
        return by_batch();
    };
    if !all(&scale, 1.0) || !all(&offset, 0.0) {
        return by_batch();
    }
    // Back to the shape before, so that the reshape behind this operator cancels out.
    let draft = call.draft();
    let source = match draft.op(x) {
        Some((Op::Reshape { .. }, &[source])) => source,
        _ => x,
    };
    let features = shape.get(2).copied();
    let (x, axis) = match draft.shape(source) {
        [before @ .., last] if Some(*last) == features => (source, before.len()),
        _ => (x, 2),
    };
    let normalized = standardize(draft, "", x, vec![axis], epsilon)?;
    call.reshaped(normalized, shape)
}
