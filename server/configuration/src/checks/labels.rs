//! The label file against the class folders and the model's outputs.

use super::{Context, Inputs};
use crate::code::Code;
use crate::facts::{ClassFolders, ModelFacts};
use crate::finding::{Finding, Place, Related, list, quoted};
use crate::labels::LabelFile;
use crate::suggestion::nearest;
use keras::OutputKind;
use localization::{Text, phrase, text};
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
        0 => Text::default(),
        more => text!(" (and {more} more)"),
    };
    let message = text!(
        "{file} is not a label file: {message}{more}",
        file = quoted(context.text(LABELS).unwrap_or_default()),
        message = first.message
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
            Some(label) => text!("did you mean the label {label}?", label = quoted(label)),
            None if single => text!("add it there or move the folder away"),
            None => text!("add them there or move the folders away"),
        };
        let names = list(unlabelled.iter().copied(), NAMED);
        let message = match single {
            true => text!("the folder {names} has no label in {shown}; {remedy}"),
            false => text!("the folders {names} have no label in {shown}; {remedy}"),
        };
        let meant = nearest(first, unused.iter().copied());
        let rename = meant.and_then(|label| label_file.rename(file, text, label, first));
        let fixes = rename
            .into_iter()
            .chain(label_file.addition(file, text, &unlabelled));
        context.report_with(Code::FolderWithoutLabel, FOLDER, message, fixes);
        context.relate(LABELS, phrase!("the label file"));
    }
    // A folder and a label that were meant to be one are one mistake, reported above.
    for folder in &unlabelled {
        let meant = nearest(folder, unused.iter().copied());
        unused.retain(|label| Some(*label) != meant);
    }
    if !unused.is_empty() {
        let names = list(unused.iter().copied(), NAMED);
        let message = match unused.len() {
            1 => text!(
                "there is no folder of images for the label {names}, so accuracy says nothing about it; add images or remove the label"
            ),
            _ => text!(
                "there is no folder of images for the labels {names}, so accuracy says nothing about them; add images or remove the labels"
            ),
        };
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
            message: text!("the label"),
        });
    }
}

fn against_outputs(context: &mut Context, labels: &[&str], output: &OutputKind, outputs: usize) {
    let count = labels.len();
    if let Some(name) = labels.get(outputs) {
        let name = quoted(name);
        let message = match output.is_binary() {
            true => text!(
                "the label {name} has the number {outputs}, but the model's single output tells 2 classes apart, which have the numbers 0 and 1; use the label file of this model"
            ),
            false => text!(
                "the label {name} has the number {outputs}, but the model's {outputs} outputs are numbered from 0; use the label file of this model"
            ),
        };
        context.report(Code::LabelOutsideModel, LABELS, message);
    } else if count < outputs {
        let message = match output {
            OutputKind::Probability => text!(
                "the label file names 1 class, but the model's single output is a probability that tells 2 apart; name both, with the number 0 for values below one half"
            ),
            OutputKind::Logit => text!(
                "the label file names 1 class, but the model's single output is a logit that tells 2 apart; name both, with the number 0 for negative values"
            ),
            _ => text!(
                "the label file names {count} classes, but the model has {outputs} outputs; add the missing names, or expect every image that the model takes for another class to count as wrong"
            ),
        };
        context.report(Code::LabelCountMismatch, LABELS, message);
    }
}
