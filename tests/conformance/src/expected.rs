//! Failures that are known, with their reasons.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::Generation;

/// An entry of `expected_failures.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    environment: String,
    model: String,
    format: String,
    /// A part of the message that the failure must have.
    message: String,
    /// Why this is as it should be, or what it waits for.
    pub(crate) reason: String,
}

/// Reads the list.
///
/// # Errors
/// A sentence when the file cannot be read or is not such a list.
pub(crate) fn read(path: &Path) -> Result<Vec<Expected>, String> {
    let text =
        fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    serde_json::from_slice(&text).map_err(|error| format!("{} is damaged: {error}", path.display()))
}

impl Expected {
    /// Whether the entry is about this format of this model.
    pub(crate) fn is_about(&self, generation: Generation, model: &str, format: &str) -> bool {
        self.environment == generation.name() && self.model == model && self.format == format
    }

    /// Whether it foretold this message.
    pub(crate) fn foretells(&self, message: &str) -> bool {
        message.contains(&self.message)
    }
}
