//! Errors of files that are not what TensorFlow writes.

use localization::Text;

use super::wire::Malformed;
use crate::error::ErrorKind;

/// Name of the file that holds the graph.
pub(super) const GRAPH_FILE: &str = "saved_model.pb";

/// The graph is damaged; the problem is a phrase.
pub(super) fn damaged(problem: impl Into<Text>) -> ErrorKind {
    ErrorKind::DamagedSavedModel {
        file: GRAPH_FILE.to_owned(),
        problem: problem.into(),
    }
}

impl From<Malformed> for ErrorKind {
    /// Of `saved_model.pb`; other files say which they are.
    fn from(malformed: Malformed) -> Self {
        damaged(malformed.0)
    }
}
