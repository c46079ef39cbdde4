//! The model against the input size.

use super::advice::setting;
use super::{Context, Inputs, overrides};
use crate::code::Code;
use crate::facts::{ModelFacts, ModelProblemKind};
use crate::fix::Fix;
use crate::integer::{FloatLayer, no_integer};
use crate::model::NoClasses;
use crate::settings;
use crate::syntax::Node;
use keras::{NoScore, OutputKind};
use localization::{Message as _, text};
use serde_json::{Value, json};
use std::sync::Arc;

const MODEL: &str = "source_keras_model";
const SIZE: &str = "input_tensor_size";

/// Inspects the model and returns what was found.
pub(super) fn check(context: &mut Context, inputs: &Inputs) -> Option<Arc<ModelFacts>> {
    let file = inputs.model.as_ref()?;
    let size = context.value(SIZE).and_then(settings::input_size);
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
        let message = text!(
            "the model's input has {channels} channels, but images have 1 (grey) or 3 (colour); use a model for images"
        );
        context.report(Code::UnsupportedChannelCount, MODEL, message);
    }
    integers(context, &model.float_layers);
    if let Some(OutputKind::Number(reason)) = &model.output {
        no_classes(context, reason);
    }
    if let (Some(size), Some(height), Some(width)) = (size, model.input_height, model.input_width) {
        input_size(context, size, [height, width]);
    }
    Some(model)
}

/// Reports layers without int8 kernel, unless the settings keep them in float.
fn integers(context: &mut Context, layers: &[FloatLayer]) {
    let quantization = context.value("quantization");
    let text = |key: &str| quantization?.get(key)?.as_str();
    if text("unsupported_operators") == Some("float") {
        return;
    }
    let overrides = quantization.and_then(|settings| settings.get("overrides"));
    let entries = overrides::items(overrides).iter();
    let floats = |entry: &&Node| entry.get("float").and_then(Node::as_bool) == Some(true);
    let patterns: Vec<&str> = entries
        .filter(floats)
        .filter_map(|entry| entry.get("layers"))
        .flat_map(|layers| {
            let several = overrides::items(Some(layers)).iter();
            std::iter::once(layers)
                .chain(several)
                .filter_map(Node::as_str)
        })
        .collect();
    let refused = layers.iter().filter(|layer| !layer.is_meant(&patterns));
    let Some(message) = no_integer(refused.clone()) else {
        return;
    };
    let names: Vec<&str> = refused.map(|layer| layer.layer.as_str()).collect();
    let mut value = match overrides.and_then(Node::to_json) {
        Some(Value::Array(entries)) => entries,
        _ => Vec::new(),
    };
    value.push(json!({ "layers": names, "float": true }));
    let path = ["quantization", "overrides"].map(str::to_owned);
    let fix = setting(context, &path, &Value::Array(value));
    context.report_with(Code::NoIntegerKernel, MODEL, message, fix);
}

/// Reports what needs a classifier where the model is none.
fn no_classes(context: &mut Context, reason: &NoScore) {
    let message = NoClasses(reason).text();
    let budget = context.value("quantization");
    if budget.is_some_and(|quantization| quantization.get("accuracy_budget").is_some()) {
        context.report(Code::NoClasses, "quantization", message.clone());
    }
    context.report(Code::NoClasses, "evaluate_label_file", message);
}

fn input_size(context: &mut Context, size: [usize; 2], needed: [usize; 2]) {
    if size == needed {
        return;
    }
    let [height, width] = needed;
    let (written, needed) = (settings::written_size(size), settings::written_size(needed));
    let message = text!(
        "`{SIZE}` is {written}, but the model's input is {height} × {width} pixels; write {needed}"
    );
    let fix = context.write(SIZE, needed).map(Fix::preferred);
    context.report_with(Code::InputSizeMismatch, SIZE, message, fix);
    context.relate(
        MODEL,
        text!("the model with an input of {height} × {width} pixels"),
    );
}
