//! Checks that follow the disk.
//!
//! Whatever a check has looked at is compared with the disk once a second, which works with every
//! client and for files outside the workspace, and at once when the client says that files have
//! changed. Only what has changed is checked again.

use crate::checking::schedule;
use crate::disk::{Mark, Question};
use crate::session::Session;
use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedReceiver;
use tower_lsp::lsp_types::request::{CodeLensRefresh, InlayHintRefreshRequest};
use tower_lsp::lsp_types::{
    DidChangeWatchedFilesRegistrationOptions, FileSystemWatcher, GlobPattern, Registration, Url,
};

/// Shortest time between two looks at the disk.
const INTERVAL: Duration = Duration::from_secs(1);

/// On a slow disk, looking takes at most this part of the time.
const SHARE: u32 = 20;

/// Changes that come within this time are taken together.
const BURST: Duration = Duration::from_millis(100);

/// Asks the client to watch files. It works without, a little later.
pub(crate) async fn register(session: Arc<Session>) {
    if !session.abilities().watches_files {
        return;
    }
    let watcher = |glob: &str| FileSystemWatcher {
        glob_pattern: GlobPattern::String(glob.to_owned()),
        kind: None,
    };
    let options = DidChangeWatchedFilesRegistrationOptions {
        watchers: [
            "**/*.json",
            "**/*.{h5,hdf5,keras,pb,tflite,index}",
            "**/*.{jpg,jpeg,JPG,JPEG,png,PNG}",
        ]
        .map(watcher)
        .to_vec(),
    };
    let registration = Registration {
        id: "modelQuantizer/files".to_owned(),
        method: "workspace/didChangeWatchedFiles".to_owned(),
        register_options: serde_json::to_value(options).ok(),
    };
    if let Err(error) = session.client.register_capability(vec![registration]).await {
        let log = &session.log;
        log.warning(format!(
            "the client does not watch files ({error}); they are looked at once a second"
        ));
    }
}

/// Keeps the checks up to date with the disk and with answers that are found.
pub(crate) async fn follow(session: Arc<Session>, mut found: UnboundedReceiver<(Question, bool)>) {
    let mut pause = INTERVAL;
    loop {
        tokio::select! {
            question = found.recv() => {
                // The sender lives as long as the session.
                let Some((question, is_new)) = question else { return };
                if is_new {
                    let asking = session.checks.asking(&question);
                    check(&session, asking);
                }
                session.answers.delivered();
                session.tell_status().await;
            }
            () = session.disk_changed.notified() => {
                tokio::time::sleep(BURST).await;
                look(&session).await;
            }
            () = tokio::time::sleep(pause) => {
                pause = INTERVAL.max(look(&session).await * SHARE);
            }
        }
    }
}

/// Looks at everything that checks depend on, and checks again what has changed. Returns how long
/// that took.
async fn look(session: &Arc<Session>) -> Duration {
    let started = Instant::now();
    let for_look = Arc::clone(session);
    let looked = tokio::task::spawn_blocking(move || {
        let said = for_look.take_changed_files();
        for_look.answers.refresh(&said);
        changed(&for_look)
    });
    match looked.await {
        Ok(changed) => check(session, changed),
        Err(fault) => session
            .log
            .error(format!("the disk cannot be followed: {fault}")),
    }
    started.elapsed()
}

/// The documents for which something on disk has changed.
fn changed(session: &Session) -> Vec<Url> {
    let mut now: BTreeMap<PathBuf, Option<Mark>> = BTreeMap::new();
    let mut changed = HashSet::new();
    for (uri, dependencies) in session.checks.dependencies() {
        for (place, before) in dependencies.places {
            let now = *now.entry(place).or_insert_with_key(|place| Mark::of(place));
            if now != before {
                changed.insert(uri.clone());
            }
        }
    }
    changed.into_iter().collect()
}

fn check(session: &Arc<Session>, documents: Vec<Url>) {
    if documents.is_empty() {
        return;
    }
    for uri in documents {
        schedule(session, uri);
    }
    let session = Arc::clone(session);
    tokio::spawn(async move {
        let (client, abilities) = (&session.client, session.abilities());
        // A client that refuses shows what it has.
        if abilities.refreshes_inlay_hints {
            let _ = client.send_request::<InlayHintRefreshRequest>(()).await;
        }
        if abilities.refreshes_lenses {
            let _ = client.send_request::<CodeLensRefresh>(()).await;
        }
    });
}
