//! The commands that start jobs.

use super::run::run;
use crate::disk::Asked;
use crate::jobs::{Arguments, WhenRunning, WhenUnsaved, name};
use crate::session::Session;
use configuration::{Configuration, Document, Job as Kind, LoadError, stops};
use localization::{Message as _, Text, text};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use tower_lsp::jsonrpc::{Error, ErrorCode};
use tower_lsp::lsp_types::ProgressToken;

/// `RequestFailed` of the protocol: the request was right, and the answer is no.
const REQUEST_FAILED: i64 = -32803;

/// Starts a job and returns its id, or says why it does not start.
///
/// # Errors
/// `InvalidParams` for arguments that make no sense; `RequestFailed` with a `reason` in its data
/// where a finding, an unsaved change or another job is in the way.
pub(super) async fn start(
    session: &Arc<Session>,
    kind: Kind,
    arguments: &[Value],
    token: Option<ProgressToken>,
) -> Result<Value, Error> {
    require_trust(session)?;
    let arguments = Arguments::read(arguments, &session.configurations())
        .map_err(|message| invalid(session, message))?;
    if arguments.choices.running == WhenRunning::Refuse
        && let Some(running) = session.jobs.running(&arguments.path).first()
    {
        let id = running.status().id;
        return Err(refusal(
            session,
            text!("{id} is running on this configuration; wait for its end or cancel it"),
            json!({"reason": "running", "id": id}),
        ));
    }
    let to_check = arguments.clone();
    let for_check = Arc::clone(session);
    let checked = tokio::task::spawn_blocking(move || ready(&for_check, kind, &to_check));
    checked
        .await
        .unwrap_or_else(|_| Err(Error::internal_error()))?;
    if arguments.choices.running == WhenRunning::Replace {
        for job in session.jobs.running(&arguments.path) {
            job.cancel();
        }
    }
    let job = session.jobs.add(
        name(kind),
        arguments.uri.clone(),
        arguments.path.clone(),
        token.clone(),
    );
    let status = job.status();
    tokio::spawn(run(Arc::clone(session), job, kind, arguments, token));
    Ok(json!({"id": status.id}))
}

/// Whether a job may start: what is in the editor is on disk, and no finding stops the job.
fn ready(session: &Session, kind: Kind, arguments: &Arguments) -> Result<(), Error> {
    let shown = arguments.path.display();
    let unreadable =
        |error: LoadError| refusal(session, error.text(), json!({"reason": "unreadable"}));
    let texts = HashMap::new();
    let place = Document::new(String::new(), &arguments.path);
    // What is not known yet, the job itself will find.
    let facts = Asked::in_passing(&session.answers, session.trust(&place), &texts);
    let configuration = Configuration::load(&arguments.path, &facts).map_err(unreadable)?;
    let open = session.documents.snapshot(&arguments.uri);
    let unsaved = open.is_some_and(|open| open.lines.text() != configuration.text());
    if unsaved && arguments.choices.unsaved == WhenUnsaved::Refuse {
        return Err(refusal(
            session,
            text!(
                "{shown} has changes that are not saved, and a job reads the file; save it and start again"
            ),
            json!({"reason": "unsaved", "uri": arguments.uri}),
        ));
    }
    let stopping: Vec<_> = configuration
        .findings()
        .iter()
        .filter(|finding| stops(finding, kind))
        .collect();
    let Some(first) = stopping.first() else {
        return Ok(());
    };
    let lines = crate::lines::Lines::new(configuration.text());
    let range = lines.range(first.range);
    let (line, column) = (range.start.line + 1, range.start.character + 1);
    let more = match stopping.len() {
        1 => Text::default(),
        count => text!(" (and {more} more)", more = count - 1),
    };
    Err(refusal(
        session,
        text!(
            "{shown}:{line}:{column}: {message}{more}",
            message = first.message
        ),
        json!({
            "reason": "findings",
            "uri": arguments.uri,
            "code": first.code.name(),
            "range": range,
            "count": stopping.len(),
        }),
    ))
}

/// Whether the user trusts the workspace, without which nothing is run, written or shown.
///
/// # Errors
/// `RequestFailed` with the reason `untrusted`.
pub(super) fn require_trust(session: &Session) -> Result<(), Error> {
    if session.options().trusted {
        return Ok(());
    }
    Err(refusal(
        session,
        text!(
            "nothing is run, written or opened in a workspace that is not trusted; trust it and try again"
        ),
        json!({"reason": "untrusted"}),
    ))
}

/// The answer to arguments that make no sense, in the language of the client.
pub(super) fn invalid(session: &Session, message: Text) -> Error {
    Error::invalid_params(session.localization().text(&message))
}

/// The answer "no" to a request that makes sense, in the language of the client.
pub(super) fn refusal(session: &Session, message: Text, data: Value) -> Error {
    Error {
        code: ErrorCode::ServerError(REQUEST_FAILED),
        message: session.localization().text(&message).into(),
        data: Some(data),
    }
}
