//! Checks of documents, off the loop, the latest text only.
//!
//! Each document has at most one check at a time. A change during a check makes its outcome
//! outdated: it is dropped, and the check starts again with the new text. So nothing is delayed by
//! a timer, a burst of changes costs few checks, and diagnostics are published in order.

use crate::diagnostics;
use crate::disk::{Asked, Dependencies};
use crate::documents::Snapshot;
use crate::label_files::{self, FileUse, file_uses};
use crate::schema_reference::{self, names_our_schema};
use crate::session::Session;
use configuration::{DiskFacts, Facts as _};
use std::path::PathBuf;
use std::sync::Arc;
use tower_lsp::lsp_types::{Diagnostic, Url};

/// Checks a document soon, because it or the disk has changed.
pub(crate) fn schedule(session: &Arc<Session>, uri: Url) {
    if session.checks.start(&uri) {
        tokio::spawn(run(Arc::clone(session), uri));
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
    session.tell_status().await;
    loop {
        check_once(&session, &uri).await;
        if !session.checks.again(&uri) {
            break;
        }
    }
    session.tell_status().await;
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
    let shown = (version, diagnostics.clone());
    if !session.checks.show(uri, shown, is_ours) {
        return;
    }
    session
        .client
        .publish_diagnostics(uri.clone(), diagnostics, version)
        .await;
}
