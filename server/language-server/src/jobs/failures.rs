//! Where in configurations the last jobs have failed.

use crate::documents::Snapshot;
use configuration::text::TextRange;
use configuration::{Document, Facts};
use localization::Text;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tower_lsp::lsp_types::Range;

/// The failures of jobs. Each counts as long as the configuration is what the job has read, and no
/// other job was started on it.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    noted: Mutex<HashMap<PathBuf, Noted>>,
}

/// What a job has read, and how it has failed.
#[derive(Debug)]
struct Noted {
    text: Arc<str>,
    failure: Option<(TextRange, Text)>,
}

impl Failures {
    /// Forgets the failure before, since a job starts on the configuration as it is now.
    pub(crate) fn begin(&self, path: &Path, facts: &dyn Facts) {
        let text = facts.text(path).and_then(Result::ok);
        let mut noted = self.lock();
        match text {
            Some(text) => noted.insert(
                path.to_owned(),
                Noted {
                    text,
                    failure: None,
                },
            ),
            None => noted.remove(path),
        };
    }

    /// Notes that the job has failed with the value of a key, and gives the place of the value.
    pub(crate) fn fail(&self, path: &Path, key: &str, message: &Text) -> Option<Range> {
        let mut noted = self.lock();
        let noted = noted.get_mut(path)?;
        let document = Document::new(noted.text.to_string(), path);
        let range = document.root()?.get(key)?.range;
        noted.failure = Some((range, message.clone()));
        Some(crate::lines::Lines::new(&noted.text).range(range))
    }

    /// The failure of the last job on a document, with its place, if the text is still the same.
    pub(crate) fn on(&self, snapshot: &Snapshot) -> Option<(Range, Text)> {
        let noted = self.lock();
        let noted = noted.get(&snapshot.path)?;
        let (range, message) = noted.failure.as_ref()?;
        (*noted.text == *snapshot.lines.text())
            .then(|| (snapshot.lines.range(*range), message.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PathBuf, Noted>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
