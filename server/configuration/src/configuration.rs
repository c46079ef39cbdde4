//! A configuration from its text to findings and settings.

use crate::code::{Code, Stage};
use crate::document::Document;
use crate::facts::Facts;
use crate::finding::{Finding, quoted};
use crate::settings::Settings;
use crate::syntax::MAX_LENGTH;
use localization::Message;
use std::fs;
use std::io::Read;
use std::path::Path;

/// A job that a configuration is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Calibrate and write both TFLite models.
    Quantize,
    /// Measure the accuracy of all three models.
    Evaluate,
}

/// Why a configuration could not be read at all.
#[derive(Debug, thiserror::Error, Message)]
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
    document: Document,
    findings: Vec<Finding>,
    settings: Option<Settings>,
}

impl Configuration {
    /// Reads and checks a configuration file. Relative paths in it start at its folder.
    ///
    /// # Errors
    /// When there is no text to check. What is wrong with the text is no error but a finding.
    pub fn load(path: &Path, facts: &dyn Facts) -> Result<Configuration, LoadError> {
        Ok(Configuration::analyze(Document::read(path)?, facts))
    }

    /// Checks a configuration.
    pub fn analyze(document: Document, facts: &dyn Facts) -> Configuration {
        let findings = document.check(facts);
        let settings = document.settings(&findings);
        Configuration {
            document,
            findings,
            settings,
        }
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.document.text()
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

impl Document {
    /// Reads a configuration file, without checking it.
    ///
    /// # Errors
    /// When there is no text.
    pub fn read(path: &Path) -> Result<Document, LoadError> {
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
        Ok(Document::new(text, &absolute))
    }
}

/// Whether a finding stops a job.
///
/// An error in the text or against the schema stops both jobs: a file that says something else
/// than its author believes is not run. Of the errors on disk, Quantize passes over those at
/// `evaluate_…` keys, and Evaluate over those at the keys of calibration and
/// quantization, which it does not read.
pub fn stops(finding: &Finding, job: Job) -> bool {
    let key = finding.key().unwrap_or_default();
    let unused = match job {
        Job::Quantize => key.starts_with("evaluate_"),
        Job::Evaluate => {
            matches!(
                key,
                "dataset_image_dir" | "batch_size" | "iteration_count" | "target" | "quantization"
            ) || finding.code == Code::NoIntegerKernel
        }
    };
    finding.is_error() && !(unused && finding.code.stage() == Stage::Disk)
}
