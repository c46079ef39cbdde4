//! Help at a place in a configuration: what the domain says, as the protocol wants it.

mod actions;
mod completion;
mod hints;
mod hover;
mod lenses;
mod links;
mod snippet;

pub(crate) use actions::actions;
pub(crate) use completion::completions;
pub(crate) use hints::hints;
pub(crate) use hover::hover;
pub(crate) use lenses::lenses;
pub(crate) use links::links;

use crate::disk::Asked;
use crate::documents::Snapshot;
use crate::session::Session;
use std::sync::Arc;
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::lsp_types::Url;

/// What help is given about.
pub(crate) struct Context<'a> {
    pub(crate) session: &'a Session,
    pub(crate) snapshot: &'a Snapshot,
    /// From what is known at this moment.
    pub(crate) facts: Asked<'a>,
}

/// Gives help about a configuration on a thread of its own, because help looks at the disk. There
/// is none for other documents.
pub(crate) async fn help<T: Send + 'static>(
    session: &Arc<Session>,
    uri: Url,
    give: impl FnOnce(&Context<'_>) -> T + Send + 'static,
) -> Result<Option<T>> {
    let Some(snapshot) = session.documents.snapshot(&uri) else {
        return Ok(None);
    };
    let session = Arc::clone(session);
    let for_help = Arc::clone(&session);
    let helped = tokio::task::spawn_blocking(move || {
        let session = for_help;
        let document = snapshot.document();
        if !session.is_configuration(document) {
            return None;
        }
        let open = session.documents.texts();
        let context = Context {
            session: &session,
            snapshot: &snapshot,
            facts: Asked::in_passing(&session.answers, session.trust(document), &open),
        };
        Some(give(&context))
    });
    helped.await.map_err(|fault| {
        session.log.error(format!("no help for {uri}: {fault}"));
        Error::internal_error()
    })
}
