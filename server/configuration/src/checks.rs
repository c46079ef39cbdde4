//! Semantic checks: what the schema cannot know because it depends on files, folders and the
//! model.
//!
//! Each check reads the values that earlier stages found nothing wrong with, so that a file full
//! of mistakes still gets every finding that is sound, and no finding twice.

mod calibration;
mod evaluation;
mod inputs;
mod labels;
mod model;
mod outputs;
mod preprocessing;

use crate::code::Code;
use crate::facts::{Facts, FolderError};
use crate::finding::Finding;
use crate::paths;
use crate::syntax::Node;
use std::path::{Path, PathBuf};

/// Runs every check on a configuration in `folder`.
pub(crate) fn run(
    root: &Node,
    folder: &Path,
    facts: &dyn Facts,
    before: &[Finding],
) -> Vec<Finding> {
    let mut context = Context {
        root,
        folder,
        facts,
        before,
        findings: Vec::new(),
    };
    let inputs = inputs::check(&mut context);
    outputs::check(&mut context);
    calibration::check(&mut context, &inputs);
    let classes = evaluation::check(&mut context, &inputs);
    let model = model::check(&mut context, &inputs);
    labels::check(&mut context, &inputs, classes.as_ref(), model.as_ref());
    preprocessing::check(&mut context, model.as_ref());
    context.findings
}

/// The input paths that exist and are of the right kind.
#[derive(Debug, Default)]
struct Inputs {
    model: Option<PathBuf>,
    calibration_folder: Option<PathBuf>,
    evaluation_folder: Option<PathBuf>,
    label_file: Option<PathBuf>,
}

/// What the checks share.
struct Context<'a> {
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
    fn report(&mut self, code: Code, key: &str, message: String) {
        self.report_with(code, key, message, None);
    }

    /// Reports why the content of the folder under `key` cannot be told.
    fn report_folder(&mut self, key: &str, error: FolderError) {
        match error {
            FolderError::SymbolicLink(reason) => self.report(Code::SymbolicLink, key, reason),
            FolderError::Unreadable(reason) => self.report(Code::UnreadablePath, key, reason),
        }
    }

    /// Reports something about the value under `key` that `replacement` would put right.
    fn report_with(&mut self, code: Code, key: &str, message: String, replacement: Option<String>) {
        let Some(value) = self.root.get(key) else {
            return;
        };
        let finding = Finding::new(code, value.range, &[key], message);
        self.findings.push(match replacement {
            Some(text) => finding.with_replacement(value.range, text),
            None => finding,
        });
    }
}

/// A text as JSON, quotes included.
fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
