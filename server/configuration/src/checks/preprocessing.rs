//! Preprocessing against the model, and that of evaluation against that of calibration.

use super::{Context, json, remove_key};
use crate::code::Code;
use crate::edit::add_members;
use crate::facts::ModelFacts;
use crate::finding::{Finding, list, quoted};
use crate::fix::{Change, Fix};
use crate::settings;
use images::{ChannelOrder, Preprocessing};
use localization::{Text, phrase, text};

const CALIBRATION: &str = "preprocessing";
const EVALUATION: &str = "evaluate_preprocessing";

pub(super) fn check(context: &mut Context, model: Option<&ModelFacts>) {
    let calibration = read(context, CALIBRATION);
    let evaluation = read(context, EVALUATION);
    if let Some(model) = model {
        match &calibration {
            Some(pipeline) => {
                against_model(context, CALIBRATION, pipeline, model);
                without_effect(context, CALIBRATION, pipeline, model);
            }
            // Without the key the default holds, and the finding belongs to the model.
            None if context.root.get(CALIBRATION).is_none() => {
                against_model(
                    context,
                    "source_keras_model",
                    &Preprocessing::default(),
                    model,
                );
            }
            None => {}
        }
        if let Some(pipeline) = &evaluation {
            against_model(context, EVALUATION, pipeline, model);
            without_effect(context, EVALUATION, pipeline, model);
        }
    }
    let calibration = calibration.unwrap_or_default();
    if evaluation.is_some_and(|pipeline| pipeline != calibration) {
        let message = text!(
            "evaluation images are prepared in another way than calibration images, which usually lowers accuracy; remove `{EVALUATION}` unless this is meant"
        );
        let removal = context.removal(EVALUATION);
        context.report_with(Code::PreprocessingDiffers, EVALUATION, message, removal);
        context.relate(CALIBRATION, phrase!("how calibration images are prepared"));
    }
}

/// The preprocessing under `key`. The schema allows nothing that the images crate refuses; if it
/// ever does, that is said rather than the default taken.
fn read(context: &mut Context, key: &str) -> Option<Preprocessing> {
    context.value(key)?;
    match settings::preprocessing(context.root, key)? {
        Ok(pipeline) => Some(pipeline),
        Err(reason) => {
            context.report(Code::InvalidValue, key, text!("`{key}`: {reason}"));
            None
        }
    }
}

fn against_model(context: &mut Context, key: &str, pipeline: &Preprocessing, model: &ModelFacts) {
    let normalization = &pipeline.normalization;
    let per_channel = [normalization.mean(), normalization.std()]
        .into_iter()
        .map(|values| values.values().len())
        .find(|&count| count > 1);
    if let (Some(count), Some(channels)) = (per_channel, model.channels)
        && count != channels
    {
        let message = text!(
            "normalization has {count} values, one a channel, but the model's input has {channels}; write one number for `mean` and one for `std`"
        );
        context.report(Code::ChannelCountMismatch, key, message);
        return;
    }
    let identity = |values: &[f64], neutral: f64| values.iter().all(|&value| value == neutral);
    let unchanged =
        identity(normalization.mean().values(), 0.0) && identity(normalization.std().values(), 1.0);
    if unchanged || model.normalization_layers.is_empty() {
        return;
    }
    let layers = list(model.normalization_layers.iter().map(String::as_str), 2);
    let is_preset = context.text(key).is_some() && key != "source_keras_model";
    let written = match context.text(key) {
        Some(preset) if is_preset => text!("the preset {preset}", preset = quoted(preset)),
        _ if key == "source_keras_model" => text!("the default preprocessing `mobilenet`"),
        _ => Text::verbatim(format!("`{key}`")),
    };
    let message = text!(
        "the model normalizes its input itself in {layers}, and {written} does so before; set \"preprocessing\": \"none\" unless the model was trained like this"
    );
    let none = json("none");
    let fix = if key == "source_keras_model" {
        let member = (json(CALIBRATION), none);
        add_members(context.document.text(), context.root, &[member]).map(|addition| {
            Fix::change(
                phrase!("Add \"preprocessing\": \"none\""),
                Change::Text(addition),
            )
        })
    } else {
        context.write(key, none)
    };
    context.report_with(Code::NormalizedTwice, key, message, fix);
    if key != "source_keras_model" {
        context.relate(
            "source_keras_model",
            phrase!("the model that normalizes its input itself"),
        );
    }
}

/// Grey images have no order of channels.
fn without_effect(context: &mut Context, key: &str, pipeline: &Preprocessing, model: &ModelFacts) {
    let order = context
        .root
        .get(key)
        .and_then(|node| node.get("channel_order"));
    if let (Some(order), Some(1)) = (order, model.channels)
        && pipeline.channel_order != ChannelOrder::default()
    {
        let message = text!(
            "the model's input has one channel, so `channel_order` changes nothing; remove it"
        );
        let path = [key, "channel_order"];
        let finding = Finding::new(Code::SettingWithoutEffect, order.range, &path, message);
        let fix = remove_key(context.root.get(key), "channel_order").map(Fix::preferred);
        context.findings.push(finding.with_fixes(fix));
    }
}
