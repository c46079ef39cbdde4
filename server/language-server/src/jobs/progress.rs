//! Work-done progress: one `begin`, reports, and exactly one `end`.

use tower_lsp::Client;
use tower_lsp::lsp_types::notification::Progress as ProgressNotification;
use tower_lsp::lsp_types::{
    ProgressParams, ProgressParamsValue, ProgressToken, WorkDoneProgress, WorkDoneProgressBegin,
    WorkDoneProgressEnd, WorkDoneProgressReport,
};

/// Progress that the client shows.
pub(crate) struct Progress {
    client: Client,
    token: ProgressToken,
}

impl Progress {
    /// Begins, with a token that the client knows.
    pub(crate) async fn begin(
        client: Client,
        token: ProgressToken,
        title: String,
        message: String,
        percentage: u32,
    ) -> Progress {
        let progress = Progress { client, token };
        let begin = WorkDoneProgressBegin {
            title,
            cancellable: Some(true),
            message: Some(message).filter(|message| !message.is_empty()),
            percentage: Some(percentage),
        };
        progress.send(WorkDoneProgress::Begin(begin)).await;
        progress
    }

    pub(crate) async fn report(&self, message: &str, percentage: u32) {
        let report = WorkDoneProgressReport {
            cancellable: Some(true),
            message: Some(message.to_owned()),
            percentage: Some(percentage),
        };
        self.send(WorkDoneProgress::Report(report)).await;
    }

    /// Ends. Nothing can be reported afterwards.
    pub(crate) async fn end(self, message: String) {
        let end = WorkDoneProgressEnd {
            message: Some(message),
        };
        self.send(WorkDoneProgress::End(end)).await;
    }

    async fn send(&self, value: WorkDoneProgress) {
        let params = ProgressParams {
            token: self.token.clone(),
            value: ProgressParamsValue::WorkDone(value),
        };
        self.client
            .send_notification::<ProgressNotification>(params)
            .await;
    }
}
