//! The label file against the class folders and the model's outputs.

use super::{Context, Inputs};
use crate::code::Code;
use crate::facts::{ClassFolders, ModelFacts};
use crate::finding::{Finding, Place, Related, list, quoted};
use crate::labels::LabelFile;
use crate::suggestion::nearest;
use keras::OutputKind;
use std::collections::HashSet;
use std::path::Path;

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
    let text = match context.facts.text(file) {
        None => return,
        Some(Ok(text)) => text,
        Some(Err(reason)) => return context.report(Code::UnreadablePath, LABELS, reason),
    };
    let label_file = LabelFile::read(&text);
    let Some(names) = label_file.names() else {
        return malformed(context, file, &text, &label_file.findings);
    };
    if let Some(classes) = classes {
        against_folders(context, file, &text, &label_file, classes);
    }
    let output = model.and_then(|model| model.output.as_ref());
    if let Some(output) = output
        && let Some(outputs) = output.classes()
    {
        against_outputs(context, &names, output, outputs);
        relate(
            context,
            Code::LabelOutsideModel,
            file,
            &text,
            &label_file,
            names.get(outputs),
        );
    }
}

/// Reports a label file that cannot be used. What is wrong stands in the file itself; here the
/// first of it is told.
fn malformed(context: &mut Context, file: &Path, text: &str, findings: &[Finding]) {
    let errors: Vec<&Finding> = findings
        .iter()
        .filter(|finding| finding.is_error())
        .collect();
    let Some(first) = errors.first() else {
        return;
    };
    let Some(value) = context.root.get(LABELS) else {
        return;
    };
    let more = match errors.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    let message = format!(
        "{} is not a label file: {}{more}",
        quoted(context.text(LABELS).unwrap_or_default()),
        first.message
    );
    let mut finding = Finding::new(Code::MalformedLabelFile, value.range, &[LABELS], message);
    finding.related = errors
        .iter()
        .take(NAMED)
        .map(|error| Related {
            place: Place::in_file(file, text, error.range),
            message: error.message.clone(),
        })
        .collect();
    context.findings.push(finding);
}

fn against_folders(
    context: &mut Context,
    file: &Path,
    text: &str,
    label_file: &LabelFile,
    classes: &ClassFolders,
) {
    let labels = &label_file.labels;
    let known: HashSet<&str> = labels.iter().map(|label| label.name.as_str()).collect();
    let unlabelled: Vec<&str> = classes
        .keys()
        .map(String::as_str)
        .filter(|name| !known.contains(name))
        .collect();
    let mut unused: Vec<&str> = labels
        .iter()
        .map(|label| label.name.as_str())
        .filter(|name| !classes.contains_key(*name))
        .collect();
    if let Some(first) = unlabelled.first() {
        let shown = quoted(context.text(LABELS).unwrap_or_default());
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
            "the {noun} {} {verb} no label in {shown}; {remedy}",
            list(unlabelled.iter().copied(), NAMED)
        );
        let meant = nearest(first, unused.iter().copied());
        let rename = meant.and_then(|label| label_file.rename(file, text, label, first));
        let fixes = rename
            .into_iter()
            .chain(label_file.addition(file, text, &unlabelled));
        context.report_with(Code::FolderWithoutLabel, FOLDER, message, fixes);
        context.relate(LABELS, "the label file");
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
        relate(
            context,
            Code::LabelWithoutFolder,
            file,
            text,
            label_file,
            unused.first(),
        );
    }
}

/// Adds the place of a label in its file to the last finding, if that is the one meant.
fn relate(
    context: &mut Context,
    code: Code,
    file: &Path,
    text: &str,
    label_file: &LabelFile,
    name: Option<&&str>,
) {
    let label = name.and_then(|name| label_file.labels.iter().find(|label| label.name == **name));
    if let (Some(label), Some(finding)) = (label, context.findings.last_mut())
        && finding.code == code
    {
        finding.related.push(Related {
            place: Place::in_file(file, text, label.key),
            message: "the label".to_owned(),
        });
    }
}

fn against_outputs(context: &mut Context, labels: &[&str], output: &OutputKind, outputs: usize) {
    let count = labels.len();
    if let Some(name) = labels.get(outputs) {
        let name = quoted(name);
        let message = match output.is_binary() {
            true => format!(
                "the label {name} has the number {outputs}, but the model's single output tells 2 classes apart, which have the numbers 0 and 1; use the label file of this model"
            ),
            false => format!(
                "the label {name} has the number {outputs}, but the model's {outputs} outputs are numbered from 0; use the label file of this model"
            ),
        };
        context.report(Code::LabelOutsideModel, LABELS, message);
    } else if count < outputs {
        let message = match output {
            OutputKind::Probability => "the label file names 1 class, but the model's single output is a probability that tells 2 apart; name both, with the number 0 for values below one half".to_owned(),
            OutputKind::Logit => "the label file names 1 class, but the model's single output is a logit that tells 2 apart; name both, with the number 0 for negative values".to_owned(),
            _ => format!(
                "the label file names {count} classes, but the model has {outputs} outputs; add the missing names, or expect every image that the model takes for another class to count as wrong"
            ),
        };
        context.report(Code::LabelCountMismatch, LABELS, message);
    }
}
