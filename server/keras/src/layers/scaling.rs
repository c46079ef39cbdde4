//! Layers that applications of Keras bring along.

use graph::BinaryOp;
use localization::phrase;

use super::layer::{Layer, Parsed};
use super::variable::Variable;
use crate::draft::Layout;
use crate::problem::invalid;
use crate::settings::Settings;

/// A trained factor for each channel, in ConvNeXt.
pub(super) fn layer_scale() -> Layer {
    Layer::of_one(vec![Variable::trained(&["gamma"])], |scope, x| {
        let channels = scope.draft.channels(x)?;
        let gamma = scope.weight(0, &[channels], Layout::Keras)?;
        scope.draft.binary("", BinaryOp::Multiply, x, gamma)
    })
}

/// `x + scale * y`, in InceptionResNetV2.
pub(super) fn scaled_sum(settings: &Settings) -> Parsed {
    match settings.number("scale")? {
        Some(scale) => Ok(sum_of_scaled(scale)),
        None => invalid(phrase!("\"scale\" is missing")),
    }
}

/// Until TensorFlow 2.13 the layer was a `Lambda` with this argument and name.
pub(super) fn scaled_sum_of_lambda(settings: &Settings) -> Option<Layer> {
    let (block, number) = settings.text("name")?.rsplit_once('_')?;
    let arguments = settings.get("arguments")?.as_object()?;
    let scale = arguments.get("scale")?.as_f64()? as f32;
    let named = matches!(block, "block35" | "block17" | "block8");
    (named && arguments.len() == 1 && number.parse::<u8>().is_ok() && scale.is_finite())
        .then(|| sum_of_scaled(scale))
}

fn sum_of_scaled(scale: f32) -> Layer {
    Layer::of_two(move |draft, x, residual| {
        let scaled = draft.with_number("scaled", BinaryOp::Multiply, residual, scale)?;
        draft.binary("", BinaryOp::Add, x, scaled)
    })
}
