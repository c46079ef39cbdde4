//! The commands of `workspace/executeCommand`.

mod run;
mod start;

use crate::documents::file;
use crate::session::Session;
use configuration::Job;
use localization::text;
use serde_json::Value;
use start::{invalid, refusal, require_trust, start};
use std::path::PathBuf;
use std::sync::Arc;
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::lsp_types::request::ShowDocument;
use tower_lsp::lsp_types::{ExecuteCommandParams, ShowDocumentParams, Url};

/// Starts Quantize: `[uri, choices]`, answered with `{id}`.
pub(crate) const QUANTIZE: &str = "modelQuantizer.quantize";
/// Starts Evaluate, likewise.
pub(crate) const EVALUATE: &str = "modelQuantizer.evaluate";
/// Cancels a job: `[id]`.
pub(crate) const CANCEL: &str = "modelQuantizer.cancel";
/// Creates a folder and those above it: `[uri]`.
pub(crate) const CREATE_FOLDER: &str = "modelQuantizer.createFolder";
/// Has the client show a report: `[uri]`.
pub(crate) const OPEN_REPORT: &str = "modelQuantizer.openReport";

/// All of them.
pub(crate) const ALL: [&str; 5] = [QUANTIZE, EVALUATE, CANCEL, CREATE_FOLDER, OPEN_REPORT];

/// Runs a command, or starts what it starts.
///
/// # Errors
/// `InvalidParams` where command or arguments make no sense; others as each command has them.
pub(crate) async fn execute(
    session: &Arc<Session>,
    params: ExecuteCommandParams,
) -> Result<Option<Value>> {
    let arguments = &params.arguments;
    let kind = match params.command.as_str() {
        QUANTIZE => Job::Quantize,
        EVALUATE => Job::Evaluate,
        CANCEL => return cancel(session, arguments).map(|()| None),
        CREATE_FOLDER => return create_folder(session, arguments).await.map(|()| None),
        OPEN_REPORT => return open_report(session, arguments).map(|()| None),
        other => {
            return Err(invalid(session, text!("there is no command {other}")));
        }
    };
    let token = params.work_done_progress_params.work_done_token;
    start(session, kind, arguments, token).await.map(Some)
}

fn cancel(session: &Session, arguments: &[Value]) -> Result<()> {
    let id = arguments.first().and_then(Value::as_str);
    let found = id.is_some_and(|id| session.jobs.cancel(id));
    let unknown = || invalid(session, text!("the first argument must be the id of a job"));
    found.then_some(()).ok_or_else(unknown)
}

async fn create_folder(session: &Arc<Session>, arguments: &[Value]) -> Result<()> {
    require_trust(session)?;
    let (_, folder) = place(session, arguments)?;
    let shown = folder.display().to_string();
    let created = tokio::task::spawn_blocking(move || std::fs::create_dir_all(folder)).await;
    match created {
        Ok(Ok(())) => {
            session.disk_changed.notify_one();
            Ok(())
        }
        Ok(Err(error)) => Err(refusal(
            session,
            text!("the folder {shown} cannot be created ({error}); check the permissions above it"),
            serde_json::json!({"reason": "disk"}),
        )),
        Err(_) => Err(Error::internal_error()),
    }
}

fn open_report(session: &Arc<Session>, arguments: &[Value]) -> Result<()> {
    require_trust(session)?;
    let (uri, report) = place(session, arguments)?;
    if !session.abilities().shows_documents {
        return Err(refusal(
            session,
            text!(
                "this editor does not open files for the server; open {report} yourself",
                report = report.display()
            ),
            serde_json::json!({"reason": "unsupported"}),
        ));
    }
    let for_people = report
        .extension()
        .is_some_and(|extension| extension == "html");
    let params = ShowDocumentParams {
        uri,
        external: Some(for_people),
        take_focus: Some(true),
        selection: None,
    };
    let session = Arc::clone(session);
    // The handler must not wait for the client.
    tokio::spawn(async move {
        let shown = session.client.send_request::<ShowDocument>(params).await;
        if !shown.is_ok_and(|answer| answer.success) {
            session
                .log
                .warning(format!("the editor does not show {}", report.display()));
        }
    });
    Ok(())
}

/// The file or folder that the first argument names by its URI.
fn place(session: &Session, arguments: &[Value]) -> Result<(Url, PathBuf)> {
    let uri = arguments
        .first()
        .and_then(Value::as_str)
        .and_then(|uri| Url::parse(uri).ok());
    uri.and_then(|uri| Some((uri.clone(), file(&uri)?)))
        .ok_or_else(|| invalid(session, text!("the first argument must be a file URI")))
}
