//! Whether everything is checked: `modelQuantizer/status` notifications.

use serde::Serialize;
use tower_lsp::Client;
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

impl Status {
    /// Tells the client how things stand, if that has changed.
    pub(crate) async fn tell(&self, client: &Client, quiescent: impl FnOnce() -> bool) {
        // Held while sending, so that the last word is the latest.
        let mut told = self.told.lock().await;
        let now = StatusParams {
            quiescent: quiescent(),
        };
        if *told != Some(now) {
            *told = Some(now);
            client.send_notification::<StatusChanged>(now).await;
        }
    }
}
