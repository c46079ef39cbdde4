//! Known causes of lost accuracy, recognized in what calibration has seen and in how the model was
//! quantized, each with the setting that would help: what the troubleshooting page of Sony's Model
//! Compression Toolkit leaves to its reader.
//!
//! [`advise`] looks at the [`Evidence`] of one quantization. Every rule is a module; its constants
//! are the thresholds that `docs/quantization.md` lists with their sources. A rule stays silent
//! where its setting is on already.

mod calibration;
mod channels;
mod concatenation;
mod evidence;
mod images;
mod negative_tails;
mod noise;
mod normalization;
mod outliers;
mod unfamiliar;
mod words;

use configuration::Code;
use report::Advice;
use serde_json::Value;

pub use evidence::{Evidence, Names};
pub use images::{ImageMoments, ImageSet};

/// Everything that is worth advice, what concerns the input first, then layers, then the result.
pub fn advise(evidence: &Evidence) -> Vec<Advice> {
    let rules: [fn(&Evidence) -> Vec<Advice>; 8] = [
        normalization::advise,
        calibration::advise,
        images::advise,
        channels::advise,
        outliers::advise,
        negative_tails::advise,
        concatenation::advise,
        noise::advise,
    ];
    rules.iter().flat_map(|rule| rule(evidence)).collect()
}

/// Advice to set the key at `key`, a dotted path, to `value`, or to look at it.
fn advice(
    code: Code,
    layers: Vec<String>,
    key: &str,
    value: impl Into<Option<Value>>,
    message: String,
) -> Advice {
    Advice {
        code: code.name(),
        layers,
        key: key.to_owned(),
        value: value.into(),
        message,
    }
}

#[cfg(test)]
mod tests;
