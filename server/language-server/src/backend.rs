//! The requests of the protocol. Each answers from what is known, and never waits for the client.

use crate::abilities::Abilities;
use crate::capabilities::capabilities;
use crate::checking::schedule_all;
use crate::documents::file;
use crate::features::{self, help};
use crate::jobs::{JobQuery, JobStatus};
use crate::options::ClientOptions;
use crate::session::Session;
use crate::{commands, watching};
use localization::{Localization, text};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tower_lsp::LanguageServer;
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::lsp_types::{
    CodeActionOrCommand, CodeActionParams, CodeActionResponse, CodeLens, CodeLensParams,
    CompletionParams, CompletionResponse, DidChangeConfigurationParams,
    DidChangeWatchedFilesParams, DidChangeWorkspaceFoldersParams, DocumentLink, DocumentLinkParams,
    ExecuteCommandParams, Hover, HoverParams, InitializeParams, InitializeResult,
    InitializedParams, InlayHint, InlayHintParams, ServerInfo, Url,
};

/// How long cancelled jobs may take to end after `shutdown`; clients give a server two seconds.
const PARTING: Duration = Duration::from_millis(1500);

/// Handles requests.
pub(crate) struct Backend {
    session: Arc<Session>,
    /// Takes the client's process, once it is known whether there is one.
    process: watch::Sender<Option<Option<u32>>>,
}

impl Backend {
    pub(crate) fn new(
        session: Arc<Session>,
        process: watch::Sender<Option<Option<u32>>>,
    ) -> Backend {
        Backend { session, process }
    }

    pub(crate) fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// `modelQuantizer/jobs`: how all jobs stand.
    pub(crate) async fn jobs(&self) -> Result<Vec<JobStatus>> {
        let statuses = self.session.jobs.statuses().into_iter();
        let localization = self.session.localization();
        Ok(statuses.map(|status| status.shown(localization)).collect())
    }

    /// `modelQuantizer/jobResult`: how one job stands.
    pub(crate) async fn job_result(&self, query: JobQuery) -> Result<JobStatus> {
        let localization = self.session.localization();
        let status = self.session.jobs.status(&query.id);
        status
            .map(|status| status.shown(localization))
            .ok_or_else(|| {
                let message = text!("there is no job {id}", id = query.id);
                Error::invalid_params(localization.text(&message))
            })
    }

    /// `modelQuantizer/didGrantTrust`: the user trusts the workspace from now on.
    pub(crate) async fn did_grant_trust(&self, _: Value) {
        let mut options = (*self.session.options()).clone();
        options.trusted = true;
        self.session.set_options(options);
        schedule_all(&self.session);
    }

    fn client_options(&self, options: Option<Value>) -> ClientOptions {
        let Some(options) = options.filter(|options| !options.is_null()) else {
            return ClientOptions::default();
        };
        serde_json::from_value(options).unwrap_or_else(|error| {
            let log = &self.session.log;
            log.warning(format!(
                "the options of the client are not understood: {error}"
            ));
            ClientOptions::default()
        })
    }
}

#[tower_lsp::async_trait]
impl LanguageServer for Backend {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        let localization = Localization::of(params.locale.as_deref());
        let folders = params.workspace_folders.unwrap_or_default();
        let root = params.root_uri.filter(|_| folders.is_empty());
        self.session.introduce(
            Abilities::of(&params.capabilities),
            localization,
            self.client_options(params.initialization_options),
            paths(folders.iter().map(|folder| &folder.uri).chain(&root)),
        );
        self.process.send_replace(Some(params.process_id));
        Ok(InitializeResult {
            capabilities: capabilities(),
            server_info: Some(ServerInfo {
                name: "model-quantizer".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
        })
    }

    async fn initialized(&self, _: InitializedParams) {
        let localization = self.session.localization();
        tokio::task::spawn_blocking(move || localization.prepare());
        tokio::spawn(watching::register(Arc::clone(&self.session)));
    }

    async fn shutdown(&self) -> Result<()> {
        self.session.jobs.cancel_all();
        let over = async {
            while !self.session.jobs.are_over() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        // Their processes stop by themselves even if it takes them longer.
        let _ = tokio::time::timeout(PARTING, over).await;
        Ok(())
    }

    async fn did_change_configuration(&self, mut params: DidChangeConfigurationParams) {
        let options = params.settings.get_mut("modelQuantizer").map(Value::take);
        if options.as_ref().is_some_and(Value::is_object) {
            let options = self.client_options(options);
            self.session.set_options(options);
            schedule_all(&self.session);
        }
    }

    async fn did_change_workspace_folders(&self, params: DidChangeWorkspaceFoldersParams) {
        let removed = paths(params.event.removed.iter().map(|folder| &folder.uri));
        let added = paths(params.event.added.iter().map(|folder| &folder.uri));
        self.session.change_folders(&removed, added);
        schedule_all(&self.session);
    }

    async fn did_change_watched_files(&self, params: DidChangeWatchedFilesParams) {
        self.session
            .files_changed(paths(params.changes.iter().map(|change| &change.uri)));
    }

    async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
        let place = params.text_document_position_params;
        let uri = place.text_document.uri;
        let hover = help(&self.session, uri, move |context| {
            features::hover(context, place.position)
        });
        Ok(hover.await?.flatten())
    }

    async fn completion(&self, params: CompletionParams) -> Result<Option<CompletionResponse>> {
        let place = params.text_document_position;
        let uri = place.text_document.uri;
        let items = help(&self.session, uri, move |context| {
            features::completions(context, place.position)
        });
        Ok(items.await?.map(CompletionResponse::Array))
    }

    async fn document_link(&self, params: DocumentLinkParams) -> Result<Option<Vec<DocumentLink>>> {
        help(&self.session, params.text_document.uri, features::links).await
    }

    async fn code_lens(&self, params: CodeLensParams) -> Result<Option<Vec<CodeLens>>> {
        help(&self.session, params.text_document.uri, features::lenses).await
    }

    async fn inlay_hint(&self, params: InlayHintParams) -> Result<Option<Vec<InlayHint>>> {
        let uri = params.text_document.uri;
        help(&self.session, uri, move |context| {
            features::hints(context, params.range)
        })
        .await
    }

    async fn code_action(&self, params: CodeActionParams) -> Result<Option<CodeActionResponse>> {
        let Some(snapshot) = self.session.documents.snapshot(&params.text_document.uri) else {
            return Ok(None);
        };
        let session = Arc::clone(&self.session);
        let offered =
            tokio::task::spawn_blocking(move || features::actions(&session, &snapshot, &params));
        let offered = offered.await.map_err(|fault| {
            self.session.log.error(format!("no actions: {fault}"));
            Error::internal_error()
        })?;
        let actions = offered.into_iter().map(CodeActionOrCommand::CodeAction);
        Ok(Some(actions.collect()))
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> Result<Option<Value>> {
        commands::execute(&self.session, params).await
    }
}

/// The files and folders that URIs name.
fn paths<'a>(uris: impl Iterator<Item = &'a Url>) -> Vec<PathBuf> {
    uris.filter_map(file).collect()
}
