//! What the server tells about itself: to the client's log, and to a file where one is named.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tower_lsp::Client;
use tower_lsp::lsp_types::MessageType;

/// Takes messages from anywhere without making anybody wait.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    to_client: UnboundedSender<(MessageType, String)>,
    file: Option<Arc<Mutex<File>>>,
}

impl Log {
    /// A log whose messages a task of its own hands to the client. A file that cannot be opened is
    /// said in the client's log.
    pub(crate) fn new(client: Client, file: Option<&Path>) -> Log {
        let (to_client, mut messages) = unbounded_channel::<(MessageType, String)>();
        tokio::spawn(async move {
            while let Some((kind, message)) = messages.recv().await {
                client.log_message(kind, message).await;
            }
        });
        let opened = file.map(|path| OpenOptions::new().create(true).append(true).open(path));
        let log = Log {
            to_client,
            file: match &opened {
                Some(Ok(file)) => file.try_clone().ok().map(|file| Arc::new(Mutex::new(file))),
                _ => None,
            },
        };
        if let (Some(path), Some(Err(error))) = (file, &opened) {
            let shown = path.display();
            log.warning(format!("cannot write the log to {shown} ({error})"));
        }
        log
    }

    pub(crate) fn error(&self, message: impl Into<String>) {
        self.write(MessageType::ERROR, "error", message.into());
    }

    pub(crate) fn warning(&self, message: impl Into<String>) {
        self.write(MessageType::WARNING, "warning", message.into());
    }

    pub(crate) fn info(&self, message: impl Into<String>) {
        self.write(MessageType::INFO, "info", message.into());
    }

    fn write(&self, kind: MessageType, level: &str, message: String) {
        self.write_file(level, &message);
        // The receiver is gone only when the server is about to end.
        let _ = self.to_client.send((kind, message));
    }

    fn write_file(&self, level: &str, message: &str) {
        let Some(file) = &self.file else { return };
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let seconds = since.map_or(0.0, |since| since.as_secs_f64());
        let line = format!("{seconds:.3} {level}: {message}\n");
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        // A full disk must not end the server.
        let _ = file.write_all(line.as_bytes());
    }
}
