//! The label file against the class folders and the model's outputs.

use super::{Context, Inputs};
use crate::code::Code;
use crate::facts::{ClassFolders, ModelFacts};
use crate::finding::{list, quoted};
use crate::suggestion::nearest;
use std::collections::HashSet;

const LABELS: &str = "evaluate_label_file";
const FOLDER: &str = "evaluate_image_dir";

/// Names in one message; the rest is counted.
const NAMED: usize = 3;

pub(super) fn check(
    context: &mut Context,
    inputs: &Inputs,
    classes: Option<&ClassFolders>,
    model: Option<&ModelFacts>,
) {
    let Some(file) = &inputs.label_file else {
        return;
    };
    let labels = match context.facts.labels(file) {
        Ok(labels) => labels,
        Err(reason) => return context.report(Code::MalformedLabelFile, LABELS, reason),
    };
    if let Some(classes) = classes {
        against_folders(context, &labels, classes);
    }
    if let Some(outputs) = model.and_then(|model| model.classes) {
        against_outputs(context, &labels, outputs);
    }
}

fn against_folders(context: &mut Context, labels: &[String], classes: &ClassFolders) {
    let known: HashSet<&str> = labels.iter().map(String::as_str).collect();
    let unlabelled: Vec<&str> = classes
        .keys()
        .map(String::as_str)
        .filter(|name| !known.contains(name))
        .collect();
    let mut unused: Vec<&str> = labels
        .iter()
        .map(String::as_str)
        .filter(|name| !classes.contains_key(*name))
        .collect();
    if let Some(first) = unlabelled.first() {
        let file = quoted(context.text(LABELS).unwrap_or_default());
        let single = unlabelled.len() == 1;
        let remedy = match nearest(first, unused.iter().copied()) {
            Some(label) => format!("did you mean the label {}?", quoted(label)),
            None if single => "add it there or move the folder away".to_owned(),
            None => "add them there or move the folders away".to_owned(),
        };
        let (noun, verb) = if single {
            ("folder", "has")
        } else {
            ("folders", "have")
        };
        let message = format!(
            "the {noun} {} {verb} no label in {file}; {remedy}",
            list(unlabelled.iter().copied(), NAMED)
        );
        context.report(Code::FolderWithoutLabel, FOLDER, message);
    }
    // A folder and a label that were meant to be one are one mistake, reported above.
    for folder in &unlabelled {
        let meant = nearest(folder, unused.iter().copied());
        unused.retain(|label| Some(*label) != meant);
    }
    if !unused.is_empty() {
        let noun = if unused.len() == 1 { "label" } else { "labels" };
        let message = format!(
            "there is no folder of images for the {noun} {}, so accuracy says nothing about {}; add images or remove the {noun}",
            list(unused.iter().copied(), NAMED),
            if unused.len() == 1 { "it" } else { "them" }
        );
        context.report(Code::LabelWithoutFolder, LABELS, message);
    }
}

fn against_outputs(context: &mut Context, labels: &[String], outputs: usize) {
    let count = labels.len();
    if let Some(name) = labels.get(outputs) {
        let message = format!(
            "the label {} has the number {outputs}, but the model's {outputs} outputs are numbered from 0; use the label file of this model",
            quoted(name)
        );
        context.report(Code::LabelOutsideModel, LABELS, message);
    } else if count < outputs {
        let message = format!(
            "the label file names {count} classes, but the model has {outputs} outputs; add the missing names, or expect every image that the model takes for another class to count as wrong"
        );
        context.report(Code::LabelCountMismatch, LABELS, message);
    }
}
