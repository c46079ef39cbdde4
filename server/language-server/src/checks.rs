//! Which checks run, and what the last ones have found out.

use crate::disk::{Answers, Dependencies, Question};
use crate::label_files::FileUse;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tower_lsp::lsp_types::{Diagnostic, Url};

/// Which documents are being checked, and what the others depend on.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Documents whose check runs, and whether it has to run again.
    running: HashMap<Url, bool>,
    /// What the client shows: version and diagnostics.
    shown: HashMap<Url, (Option<i32>, Vec<Diagnostic>)>,
    /// What the last check of a document depended on.
    dependencies: HashMap<Url, Dependencies>,
    /// The label and target files that configurations name.
    file_uses: HashMap<Url, Vec<(PathBuf, FileUse)>>,
}

impl Checks {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the check has to run again; if not, it counts as ended.
    pub(crate) fn again(&self, uri: &Url) -> bool {
        let mut state = self.lock();
        match state.running.get_mut(uri) {
            Some(again) if *again => {
                *again = false;
                true
            }
            _ => {
                state.running.remove(uri);
                false
            }
        }
    }

    /// Whether a newer text waits.
    pub(crate) fn is_outdated(&self, uri: &Url) -> bool {
        self.lock().running.get(uri) == Some(&true)
    }

    /// Whether no check runs.
    pub(crate) fn are_idle(&self) -> bool {
        self.lock().running.is_empty()
    }

    /// What each document depends on.
    pub(crate) fn dependencies(&self) -> Vec<(Url, Dependencies)> {
        let state = self.lock();
        let dependencies = state.dependencies.iter();
        dependencies
            .map(|(uri, dependencies)| (uri.clone(), dependencies.clone()))
            .collect()
    }

    /// The documents whose check asked a question, or that are being checked and may have.
    pub(crate) fn asking(&self, question: &Question) -> Vec<Url> {
        let mut asking = self.depending(|dependencies| dependencies.questions.contains(question));
        asking.extend(self.lock().running.keys().cloned());
        asking
    }

    /// The documents, other than `uri`, whose check looked at the file `path`.
    pub(crate) fn reading(&self, uri: &Url, path: &Path) -> Vec<Url> {
        let mut reading = self.depending(|dependencies| dependencies.places.contains_key(path));
        reading.retain(|other| other != uri);
        reading
    }

    fn depending(&self, depends: impl Fn(&Dependencies) -> bool) -> Vec<Url> {
        let state = self.lock();
        let dependencies = state.dependencies.iter();
        dependencies
            .filter(|(_, dependencies)| depends(dependencies))
            .map(|(uri, _)| uri.clone())
            .collect()
    }

    /// What configurations use a file for.
    pub(crate) fn uses_of(&self, file: &Path) -> Vec<FileUse> {
        let state = self.lock();
        let uses = state.file_uses.values().flatten();
        uses.filter(|(path, _)| path == file)
            .map(|(_, used)| used.clone())
            .collect()
    }

    /// Notes which files a configuration uses for what, and gives the files for which that is new.
    pub(crate) fn set_file_uses(&self, uri: &Url, uses: Vec<(PathBuf, FileUse)>) -> Vec<PathBuf> {
        let mut state = self.lock();
        let before = match uses.is_empty() {
            true => state.file_uses.remove(uri),
            false => state.file_uses.insert(uri.clone(), uses.clone()),
        };
        let before = before.unwrap_or_default();
        let gone = before.iter().filter(|used| !uses.contains(used));
        let new = uses.iter().filter(|used| !before.contains(used));
        gone.chain(new).map(|(path, _)| path.clone()).collect()
    }

    /// Notes what a check depended on, and forgets the answers that nobody wants any more.
    pub(crate) fn set_dependencies(
        &self,
        uri: &Url,
        dependencies: Option<Dependencies>,
        answers: &Answers,
    ) {
        let mut state = self.lock();
        match dependencies {
            Some(dependencies) => state.dependencies.insert(uri.clone(), dependencies),
            None => state.dependencies.remove(uri),
        };
        // Checks that run have asked questions that are noted only when they end.
        if state.running.keys().any(|running| running != uri) {
            return;
        }
        let dependencies = state.dependencies.values();
        let wanted = dependencies.flat_map(|it| it.questions.iter().cloned());
        answers.retain(&wanted.collect::<HashSet<Question>>());
    }

    /// Whether the check of a document has to start; one that runs will run again.
    pub(crate) fn start(&self, uri: &Url) -> bool {
        match self.lock().running.entry(uri.clone()) {
            Entry::Occupied(mut running) => {
                running.insert(true);
                false
            }
            Entry::Vacant(idle) => {
                idle.insert(false);
                true
            }
        }
    }

    /// Notes what the client is to show of a document, version and diagnostics, and says whether
    /// that is news to it.
    pub(crate) fn show(
        &self,
        uri: &Url,
        now: (Option<i32>, Vec<Diagnostic>),
        is_ours: bool,
    ) -> bool {
        let shown = &mut self.lock().shown;
        let before = shown.remove(uri);
        let shows_some = before.as_ref().is_some_and(|(_, shown)| !shown.is_empty());
        let is_open = is_ours && now.0.is_some();
        let is_news = before.as_ref() != Some(&now);
        let speaks = !now.1.is_empty() || shows_some || is_open;
        if is_ours {
            shown.insert(uri.clone(), now);
        }
        is_news && speaks
    }
}
