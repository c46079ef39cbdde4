//! The server from its start to its end.

use crate::backend::Backend;
use crate::framing::guard;
use crate::ingress::Ingress;
use crate::lifetime::client_gone;
use crate::options::Options;
use crate::session::Session;
use crate::watching;
use futures_util::FutureExt as _;
use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use tokio::io::{AsyncRead, AsyncWrite, duplex};
use tokio::sync::watch;
use tower_lsp::{LspService, Server};

/// Bytes between the guard and the library.
const BUFFER: usize = 1 << 16;

/// Whether a server ended as its client wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By `shutdown`, and then `exit` or the end of the input.
    Properly,
    /// In another way.
    Abruptly,
}

/// Serves a client over standard input and output until it is done or gone. Nothing else may be
/// printed to standard output.
///
/// # Errors
/// What the system says when the server cannot start.
pub fn run(options: Options) -> std::io::Result<Ended> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let ended = runtime.block_on(serve(tokio::io::stdin(), tokio::io::stdout(), options));
    // A read of standard input cannot be interrupted; the process ends without it.
    runtime.shutdown_background();
    Ok(ended)
}

/// Serves a client over a pair of streams until it is done or gone.
pub async fn serve<I, O>(input: I, output: O, options: Options) -> Ended
where
    I: AsyncRead + Unpin,
    O: AsyncWrite,
{
    let (process, client_process) = watch::channel(None);
    let found = OnceLock::new();
    let (service, socket) = LspService::build(|client| {
        let (session, questions) = Session::new(client, &options);
        // This closure runs once.
        let _ = found.set(questions);
        Backend::new(Arc::new(session), process)
    })
    .custom_method("modelQuantizer/jobs", Backend::jobs)
    .custom_method("modelQuantizer/jobResult", Backend::job_result)
    .custom_method("modelQuantizer/didGrantTrust", Backend::did_grant_trust)
    .finish();
    let session = Arc::clone(service.inner().session());
    let service = Ingress::new(service, Arc::clone(&session));
    let (messages, guarded) = duplex(BUFFER);
    let guarding = async {
        // The library ends when the guard's output is closed, and has then said everything.
        let _ = guard(input, messages).await;
        pending::<()>().await;
    };
    let served = Server::new(guarded, output, socket).serve(service);
    let follower = found
        .into_inner()
        .map(|found| tokio::spawn(watching::follow(Arc::clone(&session), found)));
    tokio::select! {
        // The library panics when its output is closed.
        _ = AssertUnwindSafe(served).catch_unwind() => {}
        () = guarding => {}
        () = session.exit.notified() => {}
        () = client_gone(client_process) => {}
    }
    if let Some(follower) = follower {
        follower.abort();
    }
    session.jobs.cancel_all();
    if session.is_shut_down() {
        Ended::Properly
    } else {
        Ended::Abruptly
    }
}
