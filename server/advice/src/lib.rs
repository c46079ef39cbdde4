//! Known causes of lost accuracy, recognized in what calibration has seen and in how the model was
//! quantized, each with the setting that would help: what the troubleshooting page of Sony's Model
//! Compression Toolkit leaves to its reader.
//!
//! [`advise`] looks at the [`Evidence`] of one quantization. Every rule is a module; its constants
//! are the thresholds that `docs/quantization.md` lists with their sources. A rule stays silent
//! where its setting is on already. What might do harm as well as good is a [`Proposal`] with a
//! trial, which the job makes.

mod calibration;
mod channels;
mod concatenation;
mod evidence;
mod image_set;
mod images;
mod negative_tails;
mod noise;
mod normalization;
mod outliers;
mod overrides;
mod unfamiliar;
mod words;

use configuration::Code;
use localization::Text;
use quantization::Options;
use report::Advice;
use serde_json::Value;

pub use evidence::{Evidence, Names};
pub use image_set::{ImageMoments, ImageSet};

/// Advice, and what would tell whether it helps.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// What to say.
    pub advice: Advice,
    /// The quantizer's options if it is followed, where the model has to be quantized with them to
    /// know that this helps; `None` where what was seen is enough.
    pub trial: Option<Box<Options>>,
}

/// Everything that is worth advice, what concerns the input first, then layers, then the result.
pub fn advise(evidence: &Evidence) -> Vec<Proposal> {
    let rules: [fn(&Evidence) -> Vec<Proposal>; 8] = [
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
    message: Text,
) -> Proposal {
    Proposal {
        advice: Advice {
            code: code.name(),
            layers,
            key: key.to_owned(),
            value: value.into(),
            message,
        },
        trial: None,
    }
}

impl Proposal {
    /// The same, to be tried with these options first.
    fn if_better(self, options: Options) -> Self {
        Self {
            trial: Some(Box::new(options)),
            ..self
        }
    }
}

#[cfg(test)]
mod tests;
