//! What is at the paths of a configuration and what its numbers amount to, in words.

use super::markdown::{bytes, code, counted, grouped};
use crate::checks::inputs::is_model_folder;
use crate::document::{Document, Mention};
use crate::facts::{ClassFolders, Entry, Facts, ModelFacts};
use crate::labels::LabelFile;
use crate::role::PathRole;
use crate::settings;
use crate::syntax::Node;
use crate::target;
use keras::OutputKind;
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
pub(super) fn path(document: &Document, mention: &Mention, facts: &dyn Facts) -> Vec<String> {
    match facts.entry(&mention.path) {
        Entry::File | Entry::Folder => {}
        Entry::Missing if mention.role == PathRole::Output => {
            return vec!["The folder does not exist yet; a job creates it.".to_owned()];
        }
        Entry::OutsideTrust => {
            return vec!["Not looked at, as it lies outside the trusted folders.".to_owned()];
        }
        _ => return Vec::new(),
    }
    match mention.role {
        PathRole::Model => about_model(document, &mention.path, facts),
        PathRole::CalibrationImages => match facts.calibration_images(&mention.path) {
            Some(Ok(count)) => vec![format!("{}.", counted(count, "JPEG image", "JPEG images"))],
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

fn about_model(document: &Document, path: &Path, facts: &dyn Facts) -> Vec<String> {
    match model_at(document, path, facts) {
        Some(Ok(model)) => {
            let version = model.keras_version.as_ref();
            let version = version.map(|version| format!(", Keras {}", code(version)));
            let size = facts.size(path).map(|size| format!(", {}", bytes(size)));
            let mut lines = vec![
                format!(
                    "{}{}{}.",
                    model.format,
                    version.unwrap_or_default(),
                    size.unwrap_or_default()
                ),
                format!(
                    "Input {}: {} → {}.",
                    code(&model.input_name),
                    input(&model),
                    classes(&model)
                ),
                format!(
                    "{}, {} parameters.",
                    counted(model.layers, "layer", "layers"),
                    grouped(model.parameters)
                ),
            ];
            if !model.normalization_layers.is_empty() {
                let names: Vec<String> = model
                    .normalization_layers
                    .iter()
                    .map(|name| code(name))
                    .collect();
                lines.push(format!(
                    "Normalizes its input itself: {}.",
                    names.join(", ")
                ));
            }
            lines
        }
        Some(Err(problem)) if !problem.layers.is_empty() => {
            let mut lines = vec!["Layers that cannot be converted:".to_owned()];
            lines.extend(
                problem
                    .layers
                    .iter()
                    .map(|layer| format!("- {}", code(layer))),
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
pub(super) fn classes(model: &ModelFacts) -> String {
    match &model.output {
        Some(OutputKind::Scores { classes }) => counted(*classes, "class", "classes"),
        Some(output) => output.to_string(),
        None => "an unknown number of classes".to_owned(),
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

fn about_classes(document: &Document, classes: &ClassFolders) -> Vec<String> {
    let counts = evaluated(document, classes);
    let total: usize = counts.iter().map(|(_, count)| count).sum();
    let mut named: Vec<String> = counts
        .iter()
        .take(NAMED)
        .map(|(name, count)| format!("{} {count}", code(name)))
        .collect();
    if counts.len() > NAMED {
        named.push(format!("{} more", counts.len() - NAMED));
    }
    vec![
        format!(
            "{} in {}.",
            counted(total, "image", "images"),
            counted(counts.len(), "class folder", "class folders")
        ),
        format!("{}.", named.join(", ")),
    ]
}

fn about_labels(text: &str) -> Vec<String> {
    let labels = LabelFile::read(text);
    let Some(names) = labels.names() else {
        return Vec::new();
    };
    let mut named: Vec<String> = names
        .iter()
        .take(NAMED)
        .enumerate()
        .map(|(number, name)| format!("{number} {}", code(name)))
        .collect();
    if names.len() > NAMED {
        named.push(format!("{} more", names.len() - NAMED));
    }
    vec![
        format!("{}.", counted(names.len(), "class", "classes")),
        format!("{}.", named.join(", ")),
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
fn about_target(text: &str) -> Vec<String> {
    let Some(target) = target::read(text) else {
        return Vec::new();
    };
    let rule = &target.default;
    let bits: Vec<String> = rule.activation_bits.iter().map(u8::to_string).collect();
    let scales = match rule.per_channel {
        true => "one scale for each output channel",
        false => "one scale for each kernel",
    };
    vec![
        format!("{}.", code(&target.name)),
        format!(
            "Activations {} with {} bits; weights {}, {scales}; {}.",
            code(&Written(rule.activation_method).to_string()),
            bits.join(" or "),
            code(&Written(rule.weight_method).to_string()),
            counted(
                target.operators.len(),
                "rule for operators",
                "rules for operators"
            )
        ),
    ]
}

fn about_output(folder: &Path, facts: &dyn Facts) -> Vec<String> {
    const FILES: [&str; 3] = ["model.tflite", "model_quantized.tflite", "results.json"];
    let written = FILES.into_iter().filter_map(|name| {
        let size = facts.size(&folder.join(name))?;
        Some(format!("{} {}", code(name), bytes(size)))
    });
    let written: Vec<String> = written.collect();
    match written.is_empty() {
        true => Vec::new(),
        false => vec![format!("{}.", written.join(", "))],
    }
}

/// What is at a path, in a few words.
pub(super) fn short(document: &Document, mention: &Mention, facts: &dyn Facts) -> Option<String> {
    if !is_there(facts, &mention.path) {
        return None;
    }
    match mention.role {
        PathRole::Model => {
            let model = model_at(document, &mention.path, facts)?.ok()?;
            Some(format!("{} → {}", input(&model), classes(&model)))
        }
        PathRole::CalibrationImages => {
            let count = facts.calibration_images(&mention.path)?.ok()?;
            Some(counted(count, "image", "images"))
        }
        PathRole::EvaluationImages => {
            let classes = facts.class_folders(&mention.path)?.ok()?;
            let total = evaluated(document, &classes)
                .iter()
                .map(|(_, count)| count)
                .sum();
            let images = counted(total, "image", "images");
            Some(format!(
                "{images} in {}",
                counted(classes.len(), "class", "classes")
            ))
        }
        PathRole::Labels => {
            let text = facts.text(&mention.path)?.ok()?;
            let names = LabelFile::read(&text).names()?.len();
            Some(counted(names, "class", "classes"))
        }
        PathRole::Target => {
            let text = facts.text(&mention.path)?.ok()?;
            Some(target::read(&text)?.name)
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
