//! A configuration from its text to findings and settings.

use crate::checks;
use crate::code::{Code, Stage};
use crate::facts::Facts;
use crate::finding::{Finding, list, quoted};
use crate::schema::{is_comment_key, validate};
use crate::settings::Settings;
use crate::syntax::{MAX_LENGTH, Node, Value, parse};
use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// More findings of one stage than anybody reads; a text with so many is no configuration.
pub(crate) const MAX_FINDINGS: usize = 200;

/// A job that a configuration is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Calibrate and write both TFLite models.
    Quantize,
    /// Measure the accuracy of all three models.
    Evaluate,
}

/// Why a configuration could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is nothing at the path.
    #[error("{0} does not exist; give the path of a configuration.json, or let `init` write one")]
    Missing(String),
    /// The path is a folder or a device.
    #[error("{0} is not a file; give the path of a configuration.json")]
    NotAFile(String),
    /// The path is a symbolic link.
    #[error("{0} is a symbolic link, and links are not followed; give the path of the file itself")]
    SymbolicLink(String),
    /// The file cannot be read.
    #[error("{path} cannot be read ({source}); check its permissions")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file has more than [`MAX_LENGTH`] bytes.
    #[error(
        "{0} has more than {MAX_LENGTH} bytes, so it is no configuration; give the path of a configuration.json"
    )]
    TooLong(String),
    /// The file is not UTF-8.
    #[error("{path} is not UTF-8 text from byte {offset} on; save it with the encoding UTF-8")]
    Encoding {
        /// The file.
        path: String,
        /// The first byte that is not UTF-8.
        offset: usize,
    },
}

/// A configuration that was read and checked.
#[derive(Clone, Debug)]
pub struct Configuration {
    text: String,
    findings: Vec<Finding>,
    settings: Option<Settings>,
}

impl Configuration {
    /// Reads and checks a configuration file. Relative paths in it start at its folder.
    ///
    /// # Errors
    /// When there is no text to check. What is wrong with the text is no error but a finding.
    pub fn load(path: &Path, facts: &dyn Facts) -> Result<Configuration, LoadError> {
        let shown = || quoted(&path.to_string_lossy());
        let unreadable = |source| LoadError::Unreadable {
            path: shown(),
            source,
        };
        let metadata = fs::symlink_metadata(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => LoadError::Missing(shown()),
            _ => unreadable(error),
        })?;
        if metadata.is_symlink() {
            return Err(LoadError::SymbolicLink(shown()));
        }
        if !metadata.is_file() {
            return Err(LoadError::NotAFile(shown()));
        }
        let absolute = std::path::absolute(path).map_err(unreadable)?;
        let mut bytes = Vec::new();
        // One byte more than the limit tells a file that is longer.
        let file = fs::File::open(path).map_err(unreadable)?;
        file.take(MAX_LENGTH as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        if bytes.len() > MAX_LENGTH {
            return Err(LoadError::TooLong(shown()));
        }
        let text = String::from_utf8(bytes).map_err(|error| LoadError::Encoding {
            path: shown(),
            offset: error.utf8_error().valid_up_to(),
        })?;
        let folder = absolute.parent().map_or_else(PathBuf::new, Path::to_owned);
        Ok(Configuration::analyze(text, &folder, facts))
    }

    /// Checks the text of a configuration that lies in `folder`, an absolute path.
    pub fn analyze(text: String, folder: &Path, facts: &dyn Facts) -> Configuration {
        let parsed = parse(&text);
        let mut findings: Vec<Finding> = parsed
            .errors
            .iter()
            .map(|error| Finding::new(Code::SyntaxError, error.range, &[], error.kind.to_string()))
            .collect();
        let mut settings = None;
        if let Some(root) = &parsed.root {
            repeated_keys(root, &mut Vec::new(), &mut findings);
            findings.extend(validate(root));
            let sound = !findings.iter().any(Finding::is_error);
            settings = sound.then(|| Settings::of(root, folder)).flatten();
            let on_disk = checks::run(root, folder, facts, &findings);
            findings.extend(on_disk);
        }
        findings.sort_by_key(|finding| (finding.range, finding.code));
        Configuration {
            text,
            findings,
            settings,
        }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Everything that was found, in the order of the text.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The settings for a job.
    ///
    /// # Errors
    /// The findings that stop the job ([`stops`]), at least one.
    pub fn settings_for(&self, job: Job) -> Result<&Settings, Vec<&Finding>> {
        let stopping: Vec<&Finding> = self
            .findings
            .iter()
            .filter(|finding| stops(finding, job))
            .collect();
        match &self.settings {
            Some(settings) if stopping.is_empty() => Ok(settings),
            _ => Err(stopping),
        }
    }
}

/// Checks the text of a configuration that lies in `folder`, an absolute path. The findings are
/// in the order of the text.
pub fn check(text: &str, folder: &Path, facts: &dyn Facts) -> Vec<Finding> {
    Configuration::analyze(text.to_owned(), folder, facts).findings
}

/// Whether a finding stops a job.
///
/// An error in the text or against the schema stops both jobs: a file that says something else
/// than its author believes is not run. Of the errors on disk, Quantize passes over those at
/// `evaluate_…` keys, and Evaluate over those at the keys of calibration, which it does not read.
pub fn stops(finding: &Finding, job: Job) -> bool {
    let key = finding.key().unwrap_or_default();
    let unused = match job {
        Job::Quantize => key.starts_with("evaluate_"),
        Job::Evaluate => matches!(key, "dataset_image_dir" | "batch_size" | "iteration_count"),
    };
    finding.is_error() && !(unused && finding.code.stage() == Stage::Disk)
}

/// Reports keys that stand twice in an object. Readers of JSON keep the last one, without a word.
fn repeated_keys(node: &Node, path: &mut Vec<String>, findings: &mut Vec<Finding>) {
    let members = match &node.value {
        Value::Object(object) => &object.members,
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                path.push(position.to_string());
                repeated_keys(item, path, findings);
                path.pop();
            }
            return;
        }
        _ => return,
    };
    let mut first = HashMap::new();
    for member in members {
        let name = member.key.name.as_str();
        path.push(name.to_owned());
        match first.get(name) {
            Some(&range) if !is_comment_key(name) && findings.len() < MAX_FINDINGS => {
                let shown = list([name], 1);
                let place: Vec<&str> = path.iter().map(String::as_str).collect();
                let mut finding = Finding::new(
                    Code::DuplicateKey,
                    member.key.range,
                    &place,
                    format!(
                        "the key {shown} stands here a second time, and only one value can hold; remove one of them"
                    ),
                );
                finding.related = Some((range, format!("{shown} stands here first")));
                findings.push(finding);
            }
            Some(_) => {}
            None => {
                first.insert(name, member.key.range);
            }
        }
        if let Some(value) = &member.value {
            repeated_keys(value, path, findings);
        }
        path.pop();
    }
}
