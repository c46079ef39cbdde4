//! The model against the input size.

use super::{Context, Inputs};
use crate::code::Code;
use crate::facts::{ModelFacts, ModelProblemKind};
use crate::fix::Fix;
use std::sync::Arc;

const MODEL: &str = "source_keras_model";
const SIZE: &str = "input_tensor_size";

/// Inspects the model and returns what was found.
pub(super) fn check(context: &mut Context, inputs: &Inputs) -> Option<Arc<ModelFacts>> {
    let file = inputs.model.as_ref()?;
    let size = context.number(SIZE);
    let model = match context.facts.model(file, size)? {
        Ok(model) => model,
        Err(problem) => {
            let code = match problem.kind {
                ModelProblemKind::WeightsOnly => Code::WeightsOnlyModel,
                ModelProblemKind::Unsupported => Code::UnsupportedModel,
                ModelProblemKind::Unreadable => Code::UnreadableModel,
            };
            context.report(code, MODEL, problem.message);
            return None;
        }
    };
    if let Some(channels) = model.channels.filter(|channels| ![1, 3].contains(channels)) {
        let message = format!(
            "the model's input has {channels} channels, but images have 1 (grey) or 3 (colour); use a model for images"
        );
        context.report(Code::UnsupportedChannelCount, MODEL, message);
    }
    if let (Some(size), Some(height), Some(width)) = (size, model.input_height, model.input_width) {
        input_size(context, size, height, width);
    }
    Some(model)
}

fn input_size(context: &mut Context, size: usize, height: usize, width: usize) {
    if height != width {
        let message = format!(
            "the model's input is {height} pixels high and {width} wide, but only square inputs are supported; build the model with a square input"
        );
        context.report(Code::InputSizeMismatch, SIZE, message);
        context.relate(MODEL, "the model whose input is not square");
    } else if size != height {
        let message = format!(
            "`{SIZE}` is {size}, but the model's input is {height} × {width} pixels; write {height}"
        );
        let fix = context.write(SIZE, height.to_string()).map(Fix::preferred);
        context.report_with(Code::InputSizeMismatch, SIZE, message, fix);
        context.relate(
            MODEL,
            format!("the model with an input of {height} × {width} pixels"),
        );
    }
}
