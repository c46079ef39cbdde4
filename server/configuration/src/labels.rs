//! Label files: a JSON object that gives each class name the number of the model's output.
//!
//! A label file is checked as text, with the same findings as a configuration, so that an editor
//! can show what is wrong in it. What is accepted here is what [`images::Labels`] reads; a test
//! holds both to that.

mod entries;
mod numbers;

use crate::code::Code;
use crate::edit::add_members;
use crate::facts::ClassFolders;
use crate::finding::{Finding, MAX_FINDINGS, quoted};
use crate::fix::{Change, Fix, Replacement};
use crate::repetition::repeated_keys;
use crate::syntax::{Node, SyntaxErrorKind, Value, parse_up_to};
use crate::text::TextRange;
use keras::OutputKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use entries::write;
use localization::{Phrase, Text, phrase, text};

/// Longest label file, in bytes.
const MAX_LENGTH: usize = images::Labels::MAX_FILE_BYTES as usize;

const EXAMPLE: Phrase = phrase!("write one entry a class, such as {{\"daisy\": 0, \"roses\": 1}}");

/// What a configuration uses a label file for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelUse {
    /// The class folders of the evaluation images.
    pub classes: Option<Arc<ClassFolders>>,
    /// What the numbers in the model's output mean.
    pub output: Option<OutputKind>,
    /// The folder of class folders.
    pub folder: PathBuf,
}

/// The labels of a file, as far as they could be understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LabelFile {
    /// In the order of the text.
    pub labels: Vec<Label>,
    /// What is wrong with the file by itself.
    pub findings: Vec<Finding>,
    /// The object that holds the labels.
    pub root: Option<Node>,
}

/// A class and the number of the model's output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    /// Name of the class.
    pub name: String,
    /// Position in the model's output, counted from 0.
    pub number: usize,
    /// Where the name stands, quotes included.
    pub key: TextRange,
    /// Where the number stands.
    pub value: TextRange,
}

/// Checks a label file, by itself and against what it is used for. The findings are in the order
/// of the text.
pub fn check_labels(text: &str, used: Option<&LabelUse>) -> Vec<Finding> {
    let LabelFile {
        labels,
        mut findings,
        ..
    } = LabelFile::read(text);
    if let Some(used) = used {
        against_use(&labels, used, &mut findings);
    }
    findings.sort_by_key(|finding| (finding.range, finding.code));
    findings
}

impl LabelFile {
    /// Reads the text of a label file.
    pub(crate) fn read(text: &str) -> LabelFile {
        let parsed = parse_up_to(text, MAX_LENGTH);
        let mut findings: Vec<Finding> = parsed
            .errors
            .iter()
            .map(|error| match error.kind {
                SyntaxErrorKind::Empty => Finding::new(
                    Code::SyntaxError,
                    error.range,
                    &[],
                    text!("the file is empty; {example}", example = EXAMPLE),
                ),
                _ => error.finding(text),
            })
            .collect();
        let Some(root) = parsed.root else {
            return LabelFile {
                findings,
                ..LabelFile::default()
            };
        };
        findings.extend(repeated_keys(&root));
        let labels = match &root.value {
            Value::Object(object) if object.members.is_empty() => {
                if findings.is_empty() {
                    findings.push(malformed(
                        root.range,
                        text!(
                            "the label file names no class; {example}",
                            example = EXAMPLE
                        ),
                    ));
                }
                Vec::new()
            }
            Value::Object(object) => entries::read(object, &mut findings),
            Value::Malformed => Vec::new(),
            _ => {
                findings.push(entries::not_an_object(&root));
                Vec::new()
            }
        };
        if findings.is_empty() {
            numbers::check(&labels, &mut findings);
        }
        findings.truncate(MAX_FINDINGS);
        LabelFile {
            labels,
            findings,
            root: Some(root),
        }
    }

    /// The class names in the order of their numbers, when nothing is wrong.
    pub(crate) fn names(&self) -> Option<Vec<&str>> {
        if self.findings.iter().any(Finding::is_error) {
            return None;
        }
        let mut labels: Vec<&Label> = self.labels.iter().collect();
        labels.sort_by_key(|label| label.number);
        Some(labels.iter().map(|label| label.name.as_str()).collect())
    }
}

impl LabelFile {
    /// The addition of classes to the file, with the numbers that follow.
    pub(crate) fn addition(&self, file: &Path, text: &str, names: &[&str]) -> Option<Fix> {
        let next = self.labels.len();
        let members: Vec<(String, String)> = names
            .iter()
            .enumerate()
            .map(|(position, name)| {
                let key = serde_json::Value::from(*name).to_string();
                (key, (next + position).to_string())
            })
            .collect();
        let addition = add_members(text, self.root.as_ref()?, &members)?;
        let title = match names {
            [name] => text!("Add {name} to the label file", name = quoted(name)),
            _ => text!(
                "Add the {count} classes to the label file",
                count = names.len()
            ),
        };
        Some(Fix::change(title, Change::in_file(file, text, addition)))
    }

    /// The replacement of a class name by that of its folder.
    pub(crate) fn rename(&self, file: &Path, text: &str, label: &str, name: &str) -> Option<Fix> {
        let range = self.labels.iter().find(|known| known.name == label)?.key;
        let replacement = Replacement {
            range,
            text: serde_json::Value::from(name).to_string(),
        };
        let title = text!(
            "Rename the label {label} to {name}",
            label = quoted(label),
            name = quoted(name)
        );
        Some(Fix::change(title, Change::in_file(file, text, replacement)).preferred())
    }
}

fn malformed(range: TextRange, message: impl Into<Text>) -> Finding {
    Finding::new(Code::MalformedLabelFile, range, &[], message)
}

fn against_use(labels: &[Label], used: &LabelUse, findings: &mut Vec<Finding>) {
    let output = used.output.as_ref();
    let count = output.and_then(OutputKind::classes);
    for label in labels.iter().take(MAX_FINDINGS) {
        let shown = quoted(&label.name);
        let path = [label.name.as_str()];
        if let Some(outputs) = count.filter(|&outputs| label.number >= outputs) {
            let number = label.number;
            let message = match output.is_some_and(OutputKind::is_binary) {
                true => text!(
                    "{shown} has the number {number}, but the model's single output tells 2 classes apart, which have the numbers 0 and 1; use the label file of this model"
                ),
                false => text!(
                    "{shown} has the number {number}, but the model's {outputs} outputs are numbered from 0 to {most}; use the label file of this model",
                    most = outputs.saturating_sub(1)
                ),
            };
            let code = Code::LabelOutsideModel;
            findings.push(Finding::new(code, label.value, &path, message));
        }
        let classes = used.classes.as_ref();
        if classes.is_some_and(|classes| !classes.contains_key(&label.name)) {
            let message = text!(
                "there is no folder {shown} in {folder}, so accuracy says nothing about the class; add images or remove the label",
                folder = quoted(&used.folder.to_string_lossy())
            );
            let code = Code::LabelWithoutFolder;
            findings.push(Finding::new(code, label.key, &path, message));
        }
    }
}
