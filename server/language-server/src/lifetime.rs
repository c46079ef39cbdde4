//! The end of the server when the client's process is gone.

use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::watch;

/// How often the client's process is looked for.
const INTERVAL: Duration = Duration::from_secs(2);

/// Returns when the client's process, once it is known whether there is one, has ended. A closed standard input tells that sooner, but not
/// where another process has inherited its other end.
pub(crate) async fn client_gone(mut process: watch::Receiver<Option<Option<u32>>>) {
    let process = match process.wait_for(Option::is_some).await {
        Ok(process) => process.flatten(),
        // The sender lives as long as the service.
        Err(_) => None,
    };
    let entry = process.map(|id| PathBuf::from(format!("/proc/{id}")));
    let looked_for = entry.filter(|entry| entry.exists());
    let parent = parent();
    loop {
        tokio::time::sleep(INTERVAL).await;
        let gone = looked_for.as_ref().is_some_and(|entry| !entry.exists());
        if gone || self::parent() != parent {
            return;
        }
    }
}

/// The process that started this one. It changes when that process ends.
#[cfg(unix)]
fn parent() -> u32 {
    std::os::unix::process::parent_id()
}

/// Elsewhere a process keeps the number of its dead parent; there the closed input has to do.
#[cfg(not(unix))]
fn parent() -> u32 {
    0
}
