//! Quantized models that are older than what they were made from.

use super::{Context, Inputs};
use crate::code::Code;
use localization::{phrase, text};

const OUTPUT: &str = "output_dir";
const QUANTIZED: &str = "model_quantized.tflite";

pub(super) fn check(context: &mut Context, inputs: &Inputs) {
    let Some(output) = context.path(OUTPUT) else {
        return;
    };
    let Some(written) = context.facts.modified(&output.join(QUANTIZED)) else {
        return;
    };
    let changed = |path| {
        context
            .facts
            .modified(path)
            .is_some_and(|time| time > written)
    };
    let model_changed = inputs.model.as_deref().is_some_and(changed);
    let subject = match (model_changed, changed(context.document.file())) {
        (true, true) => phrase!("the model and the configuration have"),
        (true, false) => phrase!("the model has"),
        (false, true) => phrase!("the configuration has"),
        (false, false) => return,
    };
    let message = text!(
        "{subject} changed since {QUANTIZED} was written here; run Quantize again to bring it up to date"
    );
    context.report(Code::StaleOutputs, OUTPUT, message);
}
