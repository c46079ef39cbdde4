//! Whether everything is checked: `modelQuantizer/status` notifications.

use crate::session::Session;
use serde::Serialize;
use tower_lsp::lsp_types::notification::Notification;

/// What the client was told last.
#[derive(Debug, Default)]
pub(crate) struct Status {
    told: tokio::sync::Mutex<Option<StatusParams>>,
}

/// The parameters of `modelQuantizer/status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub(crate) struct StatusParams {
    /// Whether all open documents are checked with everything that is on disk.
    quiescent: bool,
}

enum StatusChanged {}

impl Notification for StatusChanged {
    type Params = StatusParams;
    const METHOD: &'static str = "modelQuantizer/status";
}

/// Tells the client how things stand, if that has changed.
pub(crate) async fn tell(session: &Session) {
    if !session.options().status_events {
        return;
    }
    // Held while sending, so that the last word is the latest.
    let mut told = session.status.told.lock().await;
    let now = StatusParams {
        quiescent: session.checks.are_idle() && !session.answers.are_sought(),
    };
    if *told != Some(now) {
        *told = Some(now);
        session.client.send_notification::<StatusChanged>(now).await;
    }
}
