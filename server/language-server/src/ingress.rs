//! Where messages arrive.
//!
//! The library calls [`Ingress::call`] for one message after the other, and only then hands the
//! work to up to four handlers at a time. So what must keep the order of the wire, and what must
//! not wait behind busy handlers, is done here: changes of documents, cancelling, the end.

use crate::checking::schedule_edited;
use crate::framing::UNREADABLE;
use crate::session::Session;
use futures_util::FutureExt as _;
use localization::text;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::any::Any;
use std::future::{Future, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_lsp::jsonrpc::{Error, Id, Request, Response};
use tower_lsp::lsp_types::{
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    WorkDoneProgressCancelParams,
};
use tower_service::Service;

/// A service around the library's own.
pub(crate) struct Ingress<S> {
    inner: S,
    session: Arc<Session>,
}

impl<S> Ingress<S> {
    pub(crate) fn new(inner: S, session: Arc<Session>) -> Ingress<S> {
        Ingress { inner, session }
    }
}

type Answer<E> = Pin<Box<dyn Future<Output = Result<Option<Response>, E>> + Send>>;

impl<S> Service<Request> for Ingress<S>
where
    S: Service<Request, Response = Option<Response>>,
    S::Error: Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Option<Response>;
    type Error = S::Error;
    type Future = Answer<S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let request = without_null_params(request);
        let method = request.method().to_owned();
        let id = request.id().cloned();
        let session = Arc::clone(&self.session);
        if method == UNREADABLE {
            return Box::pin(ready(Ok(Some(unreadable(&session, &request)))));
        }
        let arrived = catch_unwind(AssertUnwindSafe(|| {
            if take(&session, &request) {
                return None;
            }
            Some(self.inner.call(request))
        }));
        match arrived {
            Ok(None) => Box::pin(ready(Ok(None))),
            Ok(Some(future)) => Box::pin(async move {
                let handled = AssertUnwindSafe(future).catch_unwind().await;
                handled.unwrap_or_else(|panic| Ok(faulty(&session, &method, id, panic.as_ref())))
            }),
            Err(panic) => Box::pin(ready(Ok(faulty(&session, &method, id, panic.as_ref())))),
        }
    }
}

/// Does what must be done in the order of the wire. Returns whether the message is done with.
fn take(session: &Arc<Session>, request: &Request) -> bool {
    match request.method() {
        "textDocument/didOpen" => {
            if let Some(params) = params::<DidOpenTextDocumentParams>(session, request) {
                let uri = params.text_document.uri.clone();
                session.documents.open(params.text_document);
                schedule_edited(session, uri);
            }
        }
        "textDocument/didChange" => {
            if let Some(params) = params::<DidChangeTextDocumentParams>(session, request) {
                let document = params.text_document;
                let changes = params.content_changes;
                if session
                    .documents
                    .change(&document.uri, document.version, changes)
                {
                    schedule_edited(session, document.uri);
                } else {
                    session
                        .log
                        .warning(format!("{} is changed but not open", document.uri));
                }
            }
        }
        "textDocument/didClose" => {
            if let Some(params) = params::<DidCloseTextDocumentParams>(session, request) {
                session.documents.close(&params.text_document.uri);
                schedule_edited(session, params.text_document.uri);
            }
        }
        "window/workDoneProgress/cancel" => {
            if let Some(params) = params::<WorkDoneProgressCancelParams>(session, request) {
                session.jobs.cancel_progress(&params.token);
            }
        }
        "shutdown" => {
            session.shut_down();
            return false;
        }
        "exit" => {
            session.exit.notify_one();
            return false;
        }
        _ => return false,
    }
    true
}

/// The parameters of a notification, if it counts and makes sense.
fn params<P: DeserializeOwned>(session: &Session, request: &Request) -> Option<P> {
    if !session.is_open() {
        return None;
    }
    let params = request.params().cloned().unwrap_or(Value::Null);
    match serde_json::from_value(params) {
        Ok(params) => Some(params),
        Err(error) => {
            let method = request.method();
            session
                .log
                .error(format!("{method} is not understood: {error}"));
            None
        }
    }
}

/// Some clients send `"params": null` where a method has none, which the library refuses.
fn without_null_params(request: Request) -> Request {
    if !request.params().is_some_and(Value::is_null) {
        return request;
    }
    let (method, id, _) = request.into_parts();
    let request = Request::build(method);
    match id {
        Some(id) => request.id(id).finish(),
        None => request.finish(),
    }
}

/// The answer to what is no message.
fn unreadable(session: &Session, request: &Request) -> Response {
    let reason = request
        .params()
        .and_then(|params| params.get(0))
        .and_then(Value::as_str);
    let reason = reason.unwrap_or("a message cannot be read");
    session
        .log
        .error(format!("{reason}; the message is passed over"));
    let error = Error {
        message: reason.to_owned().into(),
        ..Error::parse_error()
    };
    Response::from_error(Id::Null, error)
}

/// The answer to a request whose handler has panicked.
fn faulty(
    session: &Session,
    method: &str,
    id: Option<Id>,
    panic: &(dyn Any + Send),
) -> Option<Response> {
    let reason = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no reason is known");
    session.log.error(format!(
        "{method} has failed by a fault of the server: {reason}"
    ));
    let message = text!("{method} has failed by a fault of the server; its log tells more");
    let error = Error {
        message: session.localization().text(&message).into(),
        ..Error::internal_error()
    };
    id.map(|id| Response::from_error(id, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;
    use std::path::PathBuf;
    use tower_lsp::{LanguageServer, LspService};

    struct Nobody;

    #[tower_lsp::async_trait]
    impl LanguageServer for Nobody {
        async fn initialize(
            &self,
            _: tower_lsp::lsp_types::InitializeParams,
        ) -> tower_lsp::jsonrpc::Result<tower_lsp::lsp_types::InitializeResult> {
            Ok(Default::default())
        }

        async fn shutdown(&self) -> tower_lsp::jsonrpc::Result<()> {
            Ok(())
        }
    }

    /// A service with a fault.
    struct Faulty {
        at_once: bool,
    }

    impl Service<Request> for Faulty {
        type Response = Option<Response>;
        type Error = ();
        type Future = Answer<()>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ()>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Request) -> Answer<()> {
            assert!(!self.at_once, "a fault at once");
            Box::pin(async { panic!("a fault later") })
        }
    }

    #[tokio::test]
    async fn panics_are_answered() {
        for at_once in [true, false] {
            let mut session = None;
            let (_service, _socket) = LspService::new(|client| {
                let options = Options {
                    program: PathBuf::new(),
                    log: None,
                };
                session = Some(Session::new(client, &options).0);
                Nobody
            });
            let session = Arc::new(session.unwrap());
            let mut ingress = Ingress::new(Faulty { at_once }, session);
            let request = Request::build("textDocument/hover").id(7).finish();
            let answer = ingress.call(request).await.unwrap().unwrap();
            assert_eq!(answer.id(), &Id::Number(7));
            let error = answer.error().unwrap();
            assert!(error.message.contains("textDocument/hover"), "{error}");
            let notification = Request::build("initialized").finish();
            assert_eq!(ingress.call(notification).await, Ok(None));
        }
    }
}
