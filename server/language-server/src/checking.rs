//! Checks of documents, off the loop, the latest text only.
//!
//! Each document has at most one check at a time. A change during a check makes its outcome
//! outdated: it is dropped, and the check starts again with the new text. So nothing is delayed by
//! a timer, a burst of changes costs few checks, and diagnostics are published in order.

use crate::diagnostics;
use crate::disk::{Answers, Asked, Dependencies, Question};
use crate::documents::Snapshot;
use crate::label_files::{self, FileUse, file_uses};
use crate::schema_reference::{self, names_our_schema};
use crate::session::Session;
use crate::status;
use configuration::{DiskFacts, Facts as _};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    fn again(&self, uri: &Url) -> bool {
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
    fn is_outdated(&self, uri: &Url) -> bool {
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
    fn reading(&self, uri: &Url, path: &Path) -> Vec<Url> {
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
    fn set_file_uses(&self, uri: &Url, uses: Vec<(PathBuf, FileUse)>) -> Vec<PathBuf> {
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
    fn set_dependencies(&self, uri: &Url, dependencies: Option<Dependencies>, answers: &Answers) {
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
}

/// Checks a document soon, because it or the disk has changed.
pub(crate) fn schedule(session: &Arc<Session>, uri: Url) {
    match session.checks.lock().running.entry(uri.clone()) {
        Entry::Occupied(mut running) => {
            running.insert(true);
        }
        Entry::Vacant(idle) => {
            idle.insert(false);
            tokio::spawn(run(Arc::clone(session), uri));
        }
    }
}

/// Checks a document that was edited, and those whose check has looked at it.
pub(crate) fn schedule_edited(session: &Arc<Session>, uri: Url) {
    if let Some(path) = crate::documents::file(&uri) {
        for other in session.checks.reading(&uri, &path) {
            schedule(session, other);
        }
    }
    schedule(session, uri);
}

/// Checks everything that is open.
pub(crate) fn schedule_all(session: &Arc<Session>) {
    for uri in session.documents.uris() {
        schedule(session, uri);
    }
}

async fn run(session: Arc<Session>, uri: Url) {
    status::tell(&session).await;
    loop {
        check_once(&session, &uri).await;
        if !session.checks.again(&uri) {
            break;
        }
    }
    status::tell(&session).await;
}

/// What a check of one text has found.
#[derive(Default)]
struct Outcome {
    diagnostics: Vec<Diagnostic>,
    version: Option<i32>,
    /// Whether the document is ours to speak about.
    is_ours: bool,
    dependencies: Option<Dependencies>,
    file_uses: Vec<(PathBuf, FileUse)>,
}

async fn check_once(session: &Arc<Session>, uri: &Url) {
    let (for_check, for_uri) = (Arc::clone(session), uri.clone());
    let checked = tokio::task::spawn_blocking(move || outcome(&for_check, &for_uri)).await;
    let outcome = match checked {
        Ok(outcome) => outcome,
        Err(fault) => {
            session
                .log
                .error(format!("the check of {uri} has failed: {fault}"));
            return;
        }
    };
    session
        .checks
        .set_dependencies(uri, outcome.dependencies, &session.answers);
    for file in session.checks.set_file_uses(uri, outcome.file_uses) {
        let open = session.documents.uri_of(&file);
        if let Some(uri) = open.or_else(|| Url::from_file_path(file).ok()) {
            schedule(session, uri);
        }
    }
    if !session.checks.is_outdated(uri) {
        let (version, is_ours) = (outcome.version, outcome.is_ours);
        publish(session, uri, outcome.diagnostics, version, is_ours).await;
    }
}

/// Checks the newest text of a document.
fn outcome(session: &Arc<Session>, uri: &Url) -> Outcome {
    let open = session.documents.texts();
    let snapshot = session.documents.snapshot(uri);
    if let Some(snapshot) = &snapshot
        && session.is_configuration(snapshot.document())
    {
        let document = snapshot.document();
        let facts = Asked::by_check(&session.answers, session.trust(document), &open);
        let mut findings = document.check(&facts);
        if !session.options().report_syntax && names_our_schema(document, &facts) {
            schema_reference::leave_to_service(&mut findings, document);
        }
        let mut diagnostics = diagnostics::of(session, snapshot, &findings);
        let failure = session.failures.on(snapshot);
        let failure =
            failure.map(|(range, message)| diagnostics::failure(session, range, &message));
        diagnostics.extend(failure);
        return Outcome {
            diagnostics,
            version: Some(snapshot.version),
            is_ours: true,
            file_uses: file_uses(document, &facts),
            dependencies: Some(facts.dependencies()),
        };
    }
    let Some(path) = crate::documents::file(uri) else {
        return Outcome::default();
    };
    let uses = session.checks.uses_of(&path);
    let version = snapshot.as_ref().map(|snapshot| snapshot.version);
    if uses.is_empty() {
        return Outcome {
            version,
            ..Outcome::default()
        };
    }
    let mut dependencies = Dependencies::default();
    dependencies.see(&path);
    let snapshot = snapshot.or_else(|| {
        // What cannot be read is the configuration's problem.
        let text = DiskFacts.text(&path)?.ok()?;
        Some(Arc::new(Snapshot::new(uri.clone(), path, 0, &text)))
    });
    let diagnostics = snapshot.map(|snapshot| {
        let findings = label_files::findings(snapshot.lines.text(), &uses);
        diagnostics::of(session, &snapshot, &findings)
    });
    Outcome {
        diagnostics: diagnostics.unwrap_or_default(),
        version,
        is_ours: true,
        dependencies: Some(dependencies),
        file_uses: Vec::new(),
    }
}

/// Publishes diagnostics that the client does not show yet. Where it shows none, nothing is said
/// about documents that are not ours, nor about sound ones that are not open.
async fn publish(
    session: &Session,
    uri: &Url,
    diagnostics: Vec<Diagnostic>,
    version: Option<i32>,
    is_ours: bool,
) {
    {
        let shown = &mut session.checks.lock().shown;
        let before = shown.remove(uri);
        let now = (version, diagnostics.clone());
        let shows_some = before.as_ref().is_some_and(|(_, shown)| !shown.is_empty());
        let is_open = is_ours && version.is_some();
        let is_news = before.as_ref() != Some(&now);
        if is_ours {
            shown.insert(uri.clone(), now);
        }
        if !is_news || (diagnostics.is_empty() && !shows_some && !is_open) {
            return;
        }
    }
    session
        .client
        .publish_diagnostics(uri.clone(), diagnostics, version)
        .await;
}
