//! What is at the paths of a configuration and what its numbers amount to, in words.

use super::markdown::{
    self, bytes, class_folders, code, grouped, images, jpeg_images, layers, operator_rules,
};
use crate::checks::inputs::is_model_folder;
use crate::document::{Document, Mention};
use crate::facts::{ClassFolders, Entry, Facts, ModelFacts};
use crate::labels::LabelFile;
use crate::role::PathRole;
use crate::settings;
use crate::syntax::Node;
use crate::target;
use keras::OutputKind;
use localization::{Message as _, Text, phrase, text};
use serde::Serialize;
use std::fmt;
use std::path::Path;

/// Names in one line.
const NAMED: usize = 8;

/// A whole number of the configuration.
pub(super) fn number(document: &Document, key: &str) -> Option<usize> {
    usize::try_from(document.root()?.get(key)?.as_integer()?).ok()
}

/// Whether a path may be asked about: it is a file or folder, not a link.
pub(super) fn is_there(facts: &dyn Facts, path: &Path) -> bool {
    matches!(facts.entry(path), Entry::File | Entry::Folder)
}

/// What the checks know about the model of a configuration.
pub(super) fn model(document: &Document, facts: &dyn Facts) -> Option<std::sync::Arc<ModelFacts>> {
    let mentions = document.mentions();
    let model = mentions
        .iter()
        .find(|mention| mention.role == PathRole::Model)?;
    model_at(document, &model.path, facts)?.ok()
}

fn model_at(
    document: &Document,
    path: &Path,
    facts: &dyn Facts,
) -> Option<Result<std::sync::Arc<ModelFacts>, crate::facts::ModelProblem>> {
    let readable = match facts.entry(path) {
        Entry::File => true,
        Entry::Folder => is_model_folder(facts, path),
        _ => false,
    };
    let size = document
        .root()
        .and_then(|root| root.get("input_tensor_size"))
        .and_then(settings::input_size);
    readable.then(|| facts.model(path, size)).flatten()
}

/// What is at a path, as lines of Markdown.
pub(super) fn path(document: &Document, mention: &Mention, facts: &dyn Facts) -> Vec<Text> {
    match facts.entry(&mention.path) {
        Entry::File | Entry::Folder => {}
        Entry::Missing if mention.role == PathRole::Output => {
            return vec![text!("The folder does not exist yet; a job creates it.")];
        }
        Entry::OutsideTrust => {
            return vec![text!(
                "Not looked at, as it lies outside the trusted folders."
            )];
        }
        _ => return Vec::new(),
    }
    match mention.role {
        PathRole::Model => about_model(document, &mention.path, facts),
        PathRole::CalibrationImages => match facts.calibration_images(&mention.path) {
            Some(Ok(count)) => vec![sentence(jpeg_images(count))],
            _ => Vec::new(),
        },
        PathRole::EvaluationImages => match facts.class_folders(&mention.path) {
            Some(Ok(classes)) => about_classes(document, &classes),
            _ => Vec::new(),
        },
        PathRole::Labels => match facts.text(&mention.path) {
            Some(Ok(text)) => about_labels(&text),
            _ => Vec::new(),
        },
        PathRole::Target => match facts.text(&mention.path) {
            Some(Ok(text)) => about_target(&text),
            _ => Vec::new(),
        },
        PathRole::Output => about_output(&mention.path, facts),
    }
}

fn about_model(document: &Document, path: &Path, facts: &dyn Facts) -> Vec<Text> {
    match model_at(document, path, facts) {
        Some(Ok(model)) => {
            let version = model.keras_version.as_ref();
            let version = version.map(|version| format!(", Keras {}", code(version)));
            let size = facts.size(path).map(|size| format!(", {}", bytes(size)));
            let mut lines = vec![
                Text::verbatim(format!(
                    "{}{}{}.",
                    model.format,
                    version.unwrap_or_default(),
                    size.unwrap_or_default()
                )),
                text!(
                    "Input {name}: {shape} → {classes}.",
                    name = code(&model.input_name),
                    shape = input(&model),
                    classes = classes(&model)
                ),
                text!(
                    "{layers}, {count} parameters.",
                    layers = layers(model.layers),
                    count = grouped(model.parameters)
                ),
            ];
            if !model.normalization_layers.is_empty() {
                let names: Vec<String> = model
                    .normalization_layers
                    .iter()
                    .map(|name| code(name))
                    .collect();
                lines.push(text!(
                    "Normalizes its input itself: {names}.",
                    names = names.join(", ")
                ));
            }
            lines
        }
        Some(Err(problem)) if !problem.layers.is_empty() => {
            let mut lines = vec![text!("Layers that cannot be converted:")];
            lines.extend(
                problem
                    .layers
                    .iter()
                    .map(|layer| Text::verbatim(format!("- {}", code(layer)))),
            );
            lines
        }
        Some(Err(_)) | None => Vec::new(),
    }
}

fn extent(extent: Option<usize>) -> String {
    extent.map_or_else(|| "?".to_owned(), |extent| extent.to_string())
}

/// `224 × 224 × 3`
pub(super) fn input(model: &ModelFacts) -> String {
    let extents = [model.input_height, model.input_width, model.channels];
    extents.map(extent).join(" × ")
}

/// `5 classes`, or what the output is instead.
pub(super) fn classes(model: &ModelFacts) -> Text {
    match &model.output {
        Some(OutputKind::Scores { classes }) => markdown::classes(*classes),
        Some(output) => output.text(),
        None => text!("an unknown number of classes"),
    }
}

/// Number of images with the configured extension, by class.
fn evaluated(document: &Document, classes: &ClassFolders) -> Vec<(String, usize)> {
    let written = document
        .root()
        .and_then(|root| root.get("evaluate_image_extension"));
    let extension = written.and_then(Node::as_str).map(settings::extension);
    let count = |files: &std::collections::BTreeMap<String, usize>| match &extension {
        Some(extension) => files.get(extension).copied().unwrap_or(0),
        None => files.values().sum(),
    };
    let counts = classes
        .iter()
        .map(|(name, files)| (name.clone(), count(files)));
    counts.collect()
}

fn about_classes(document: &Document, classes: &ClassFolders) -> Vec<Text> {
    let counts = evaluated(document, classes);
    let total: usize = counts.iter().map(|(_, count)| count).sum();
    let named = counts
        .iter()
        .take(NAMED)
        .map(|(name, count)| format!("{} {count}", code(name)));
    vec![
        text!(
            "{images} in {classes}.",
            images = images(total),
            classes = class_folders(counts.len())
        ),
        with_more(named, counts.len()),
    ]
}

/// Some of `count` names, and how many more there are.
fn with_more(named: impl Iterator<Item = String>, count: usize) -> Text {
    let names = Text::list(phrase!(", "), named.map(Text::verbatim));
    match count.saturating_sub(NAMED) {
        0 => sentence(names),
        more => text!("{names}, {more} more."),
    }
}

/// A phrase as a sentence.
fn sentence(phrase: Text) -> Text {
    text!("{phrase}.")
}

fn about_labels(text: &str) -> Vec<Text> {
    let labels = LabelFile::read(text);
    let Some(names) = labels.names() else {
        return Vec::new();
    };
    let named = names
        .iter()
        .take(NAMED)
        .enumerate()
        .map(|(number, name)| format!("{number} {}", code(name)));
    vec![
        sentence(markdown::classes(names.len())),
        with_more(named, names.len()),
    ]
}

/// A name as a target file has it.
struct Written<T>(T);

impl<T: Serialize> fmt::Display for Written<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.serialize(formatter)
    }
}

/// What a target file says of all operators, and how many rules it has.
fn about_target(text: &str) -> Vec<Text> {
    let Some(target) = target::read(text) else {
        return Vec::new();
    };
    let rule = &target.default;
    let bits: Vec<Text> = rule
        .activation_bits
        .iter()
        .map(|bits| Text::verbatim(bits.to_string()))
        .collect();
    let scales = match rule.per_channel {
        true => phrase!("one scale for each output channel"),
        false => phrase!("one scale for each kernel"),
    };
    vec![
        sentence(Text::verbatim(code(&target.name))),
        text!(
            "Activations {method} with {bits} bits; weights {weights}, {scales}; {rules}.",
            method = code(&Written(rule.activation_method).to_string()),
            bits = Text::list(phrase!(" or "), bits),
            weights = code(&Written(rule.weight_method).to_string()),
            rules = operator_rules(target.operators.len())
        ),
    ]
}

fn about_output(folder: &Path, facts: &dyn Facts) -> Vec<Text> {
    const FILES: [&str; 3] = ["model.tflite", "model_quantized.tflite", "results.json"];
    let written = FILES.into_iter().filter_map(|name| {
        let size = facts.size(&folder.join(name))?;
        Some(format!("{} {}", code(name), bytes(size)))
    });
    let written: Vec<String> = written.collect();
    match written.is_empty() {
        true => Vec::new(),
        false => vec![sentence(Text::verbatim(written.join(", ")))],
    }
}

/// What is at a path, in a few words.
pub(super) fn short(document: &Document, mention: &Mention, facts: &dyn Facts) -> Option<Text> {
    if !is_there(facts, &mention.path) {
        return None;
    }
    match mention.role {
        PathRole::Model => {
            let model = model_at(document, &mention.path, facts)?.ok()?;
            Some(text!(
                "{shape} → {classes}",
                shape = input(&model),
                classes = classes(&model)
            ))
        }
        PathRole::CalibrationImages => {
            let count = facts.calibration_images(&mention.path)?.ok()?;
            Some(images(count))
        }
        PathRole::EvaluationImages => {
            let classes = facts.class_folders(&mention.path)?.ok()?;
            let total = evaluated(document, &classes)
                .iter()
                .map(|(_, count)| count)
                .sum();
            let images = images(total);
            Some(text!(
                "{images} in {classes}",
                classes = markdown::classes(classes.len())
            ))
        }
        PathRole::Labels => {
            let text = facts.text(&mention.path)?.ok()?;
            let names = LabelFile::read(&text).names()?.len();
            Some(markdown::classes(names))
        }
        PathRole::Target => {
            let text = facts.text(&mention.path)?.ok()?;
            Some(Text::verbatim(target::read(&text)?.name))
        }
        PathRole::Output => None,
    }
}

/// What batch size and iterations amount to: samples drawn, and images they are drawn from. `None`
/// where one of them is 0, of which a finding tells.
pub(super) fn samples(document: &Document, facts: &dyn Facts) -> Option<(usize, Option<usize>)> {
    let drawn = number(document, "batch_size")?
        .checked_mul(number(document, "iteration_count")?)
        .filter(|&drawn| drawn > 0)?;
    let mentions = document.mentions();
    let folder = mentions
        .iter()
        .find(|mention| mention.role == PathRole::CalibrationImages);
    let images = folder
        .filter(|mention| facts.entry(&mention.path) == Entry::Folder)
        .and_then(|mention| facts.calibration_images(&mention.path)?.ok());
    Some((drawn, images))
}
