//! Semantic checks: what the schema cannot know because it depends on files, folders and the
//! model.
//!
//! Each check reads the values that earlier stages found nothing wrong with, so that a file full
//! of mistakes still gets every finding that is sound, and no finding twice.

mod advice;
mod calibration;
mod evaluation;
pub(crate) mod inputs;
mod labels;
mod model;
mod outputs;
mod overrides;
mod preprocessing;
mod stale;
mod target;

use crate::code::Code;
use crate::document::Document;
use crate::edit::remove_member;
use crate::facts::{Facts, FolderError};
use crate::finding::{Finding, Place, Related};
use crate::fix::{Change, Fix};
use crate::paths;
use crate::repetition::repeated_keys;
use crate::schema::{CONFIGURATION, key_help, validate};
use crate::syntax::Node;
use localization::{Text, text};
use std::path::{Path, PathBuf};

impl Document {
    /// Everything that is wrong, in the order of the text.
    pub fn check(&self, facts: &dyn Facts) -> Vec<Finding> {
        let errors = self.errors().iter();
        let mut findings: Vec<Finding> = errors.map(|error| error.finding(self.text())).collect();
        if let Some(root) = self.root() {
            findings.extend(repeated_keys(root));
            findings.extend(validate(&CONFIGURATION, root, self.text()));
            let on_disk = run(self, root, facts, &findings);
            findings.extend(on_disk);
        }
        findings.sort_by_key(|finding| (finding.range, finding.code));
        findings
    }
}

/// Runs every check against disk and model on a configuration whose value is `root`.
fn run(document: &Document, root: &Node, facts: &dyn Facts, before: &[Finding]) -> Vec<Finding> {
    let mut context = Context {
        document,
        root,
        folder: document.folder(),
        facts,
        before,
        findings: Vec::new(),
    };
    let inputs = inputs::check(&mut context);
    outputs::check(&mut context);
    calibration::check(&mut context, &inputs);
    let classes = evaluation::check(&mut context, &inputs);
    let model = model::check(&mut context, &inputs);
    labels::check(&mut context, &inputs, classes.as_deref(), model.as_deref());
    preprocessing::check(&mut context, model.as_deref());
    target::check(&mut context, &inputs);
    overrides::check(&mut context, model.as_deref());
    stale::check(&mut context, &inputs);
    advice::check(&mut context, &inputs);
    context.findings
}

/// The input paths that exist and are of the right kind.
#[derive(Debug, Default)]
struct Inputs {
    model: Option<PathBuf>,
    calibration_folder: Option<PathBuf>,
    evaluation_folder: Option<PathBuf>,
    label_file: Option<PathBuf>,
    /// Where the target is a file.
    target: Option<PathBuf>,
}

/// What the checks share.
struct Context<'a> {
    document: &'a Document,
    root: &'a Node,
    folder: &'a Path,
    facts: &'a dyn Facts,
    before: &'a [Finding],
    findings: Vec<Finding>,
}

impl<'a> Context<'a> {
    /// The value under a key, unless something is wrong with it already.
    fn value(&self, key: &str) -> Option<&'a Node> {
        let flawed = |findings: &[Finding]| {
            findings
                .iter()
                .any(|finding| finding.is_error() && finding.key() == Some(key))
        };
        if flawed(self.before) || flawed(&self.findings) {
            return None;
        }
        self.root.get(key)
    }

    /// The text under a key, unless something is wrong with it already.
    fn text(&self, key: &str) -> Option<&'a str> {
        self.value(key)?.as_str()
    }

    /// The whole number under a key, unless something is wrong with it already.
    fn number(&self, key: &str) -> Option<usize> {
        usize::try_from(self.value(key)?.as_integer()?).ok()
    }

    /// The absolute path under a key, unless something is wrong with it already.
    fn path(&self, key: &str) -> Option<PathBuf> {
        Some(paths::absolute(self.folder, self.text(key)?))
    }

    /// Reports something about the value under `key`.
    fn report(&mut self, code: Code, key: &str, message: impl Into<Text>) {
        self.report_with(code, key, message, None);
    }

    /// Reports something about the value under `key` that `fixes` would put right.
    fn report_with(
        &mut self,
        code: Code,
        key: &str,
        message: impl Into<Text>,
        fixes: impl IntoIterator<Item = Fix>,
    ) {
        if let Some(value) = self.root.get(key) {
            let finding = Finding::new(code, value.range, &[key], message);
            self.findings.push(finding.with_fixes(fixes));
        }
    }

    /// Adds the value under `key` to the last finding, as another place that it is about.
    fn relate(&mut self, key: &str, message: impl Into<Text>) {
        if let (Some(value), Some(finding)) = (self.root.get(key), self.findings.last_mut()) {
            finding.related.push(Related {
                place: Place::Here(value.range),
                message: message.into(),
            });
        }
    }

    /// The default that the schema has for `key`, in place of the value.
    fn write_default(&self, key: &str) -> Option<Fix> {
        self.write(key, key_help(&[key])?.default?)
    }

    /// Reports why the content of the folder under `key` cannot be told.
    fn report_folder(&mut self, key: &str, error: &FolderError) {
        match error {
            FolderError::SymbolicLink(reason) => {
                self.report(Code::SymbolicLink, key, reason.clone());
            }
            FolderError::Unreadable(reason) => {
                self.report(Code::UnreadablePath, key, reason.clone());
            }
        }
    }

    /// A fix that writes `json` in place of the value under `key`.
    fn write(&self, key: &str, json: String) -> Option<Fix> {
        let range = self.root.get(key)?.range;
        let shown = match json
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
        {
            Some(text) => format!("`{text}`"),
            None => json.clone(),
        };
        Some(Fix::replace(text!("Write {shown}"), range, json))
    }
}

impl Context<'_> {
    /// A fix that removes `key` with its value.
    fn removal(&self, key: &str) -> Option<Fix> {
        remove_key(Some(self.root), key)
    }
}

/// A fix that removes a key of an object with its value.
fn remove_key(object: Option<&Node>, key: &str) -> Option<Fix> {
    let members = &object?.as_object()?.members;
    let position = members.iter().position(|member| member.key.name == key)?;
    let removal = Change::Text(remove_member(object?, position)?);
    Some(Fix::change(text!("Remove `{key}`"), removal))
}

/// A text as JSON, quotes included.
fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
