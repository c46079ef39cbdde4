use std::collections::VecDeque;
use std::path::Path;

use language_server::{Ended, Options, serve};
use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, duplex,
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::PATIENCE;

/// A client with all capabilities that the server asks about, as JSON.
pub(crate) const RICH: &str = include_str!("capabilities.json");

const STATUS: &str = "modelQuantizer/status";

/// A client of a server of its own.
pub(crate) struct Client {
    to_server: DuplexStream,
    from_server: UnboundedReceiver<Value>,
    server: JoinHandle<Ended>,
    /// Messages that came while another one was waited for.
    early: VecDeque<Value>,
    /// Messages of this kind are nobody's concern any more.
    ignored: Vec<&'static str>,
    last_id: i64,
    finished: bool,
}

impl Client {
    /// A client that has introduced itself. What the server can do is returned as well.
    pub(crate) async fn start(capabilities: &str, options: Value) -> (Client, Value) {
        Client::start_in(None, capabilities, options).await
    }

    /// The same for a user of a language.
    pub(crate) async fn start_in(
        locale: Option<&str>,
        capabilities: &str,
        options: Value,
    ) -> (Client, Value) {
        let mut client = Client::connect();
        let capabilities: Value = serde_json::from_str(capabilities).unwrap();
        let answer = client
            .request(
                "initialize",
                json!({
                    "processId": std::process::id(),
                    "rootUri": null,
                    "locale": locale,
                    "capabilities": capabilities,
                    "initializationOptions": options,
                }),
            )
            .await;
        client.notify("initialized", json!({})).await;
        if capabilities["workspace"]["didChangeWatchedFiles"]["dynamicRegistration"] == true {
            client.serve("client/registerCapability", Value::Null).await;
        }
        (client, answer)
    }

    /// A client with all capabilities, which is told when everything is checked.
    pub(crate) async fn rich() -> Client {
        Client::start(RICH, json!({"statusEvents": true})).await.0
    }

    /// A client with all capabilities that answers no request.
    pub(crate) async fn silent() -> Client {
        let mut client = Client::connect();
        let capabilities: Value = serde_json::from_str(RICH).unwrap();
        let params = json!({"capabilities": capabilities});
        client.request("initialize", params).await;
        client.notify("initialized", json!({})).await;
        client
    }

    /// A client that has said nothing yet.
    pub(crate) fn connect() -> Client {
        let (to_server, server_input) = duplex(1 << 16);
        let (server_output, mut output) = duplex(1 << 16);
        let options = Options {
            program: Path::new(env!("CARGO_BIN_EXE_pretend-job")).to_owned(),
            log: None,
        };
        let server = tokio::spawn(serve(server_input, server_output, options));
        let (sender, from_server) = unbounded_channel();
        tokio::spawn(async move {
            let mut reader = BufReader::new(&mut output);
            while let Some(message) = read(&mut reader).await {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        Client {
            to_server,
            from_server,
            server,
            early: VecDeque::new(),
            ignored: Vec::new(),
            last_id: 0,
            finished: false,
        }
    }

    /// Sends bytes as they are.
    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) {
        self.to_server.write_all(bytes).await.unwrap();
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        let body = message.to_string();
        let header = format!("Content-Length: {}\r\n\r\n", body.len());
        self.send_raw((header + &body).as_bytes()).await;
    }

    pub(crate) async fn notify(&mut self, method: &str, params: Value) {
        let message = json!({"jsonrpc": "2.0", "method": method, "params": params});
        self.send(&message).await;
    }

    /// Sends a request and returns its id.
    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> i64 {
        self.last_id += 1;
        let id = self.last_id;
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.send(&message).await;
        id
    }

    /// The answer to a request: `Err` with the error object where it is one.
    pub(crate) async fn answer(&mut self, id: i64) -> Result<Value, Value> {
        let what = format!("the answer to request {id}");
        let answers = |message: &Value| message["id"] == id && message.get("method").is_none();
        let mut message = self.take(&what, answers).await;
        match message.get_mut("error") {
            Some(error) => Err(error.take()),
            None => Ok(message["result"].take()),
        }
    }

    /// An answer to what was no request.
    pub(crate) async fn unasked_answer(&mut self) -> Value {
        self.take("an answer", |message| {
            message.get("method").is_none() && message["id"].is_null()
        })
        .await
    }

    /// Sends a request that has to succeed.
    pub(crate) async fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.ask(method, params).await;
        let answer = self.answer(id).await;
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Sends a request that has to fail.
    pub(crate) async fn refused(&mut self, method: &str, params: Value) -> Value {
        let id = self.ask(method, params).await;
        let answer = self.answer(id).await;
        answer.expect_err(method)
    }

    /// The parameters of the next notification of this kind.
    pub(crate) async fn notification(&mut self, method: &str) -> Value {
        let mut message = self
            .take(method, |message| message["method"] == method)
            .await;
        assert!(message.get("id").is_none(), "{method} is a request");
        message["params"].take()
    }

    /// Answers the next request of this kind, and returns its parameters.
    pub(crate) async fn serve(&mut self, method: &str, result: Value) -> Value {
        let mut message = self
            .take(method, |message| message["method"] == method)
            .await;
        let answer = json!({"jsonrpc": "2.0", "id": message["id"], "result": result});
        self.send(&answer).await;
        message["params"].take()
    }

    /// The next message in the server's log that says this.
    pub(crate) async fn logged(&mut self, part: &str) -> Value {
        let says = |message: &Value| {
            let text = message["params"]["message"].as_str().unwrap_or_default();
            message["method"] == "window/logMessage" && text.contains(part)
        };
        self.take(part, says).await
    }

    pub(crate) async fn open(&mut self, uri: &str, text: &str) {
        let document = json!({"uri": uri, "languageId": "json", "version": 1, "text": text});
        self.notify("textDocument/didOpen", json!({"textDocument": document}))
            .await;
    }

    /// Replaces the whole text.
    pub(crate) async fn replace(&mut self, uri: &str, version: i32, text: &str) {
        let changes = json!([{"text": text}]);
        self.change(uri, version, changes).await;
    }

    pub(crate) async fn change(&mut self, uri: &str, version: i32, changes: Value) {
        let document = json!({"uri": uri, "version": version});
        let params = json!({"textDocument": document, "contentChanges": changes});
        self.notify("textDocument/didChange", params).await;
    }

    pub(crate) async fn close(&mut self, uri: &str) {
        let document = json!({"uri": uri});
        self.notify("textDocument/didClose", json!({"textDocument": document}))
            .await;
    }

    /// The diagnostics that come for a version of a document; those of versions before it are
    /// passed over.
    pub(crate) async fn diagnostics(&mut self, uri: &str, version: i32) -> Vec<Value> {
        loop {
            let mut published = self.notification("textDocument/publishDiagnostics").await;
            assert_eq!(published["uri"], uri);
            let found = published["version"].as_i64().unwrap();
            assert!(found <= i64::from(version), "{found} is not yet sent");
            if found == i64::from(version) {
                return published["diagnostics"]
                    .as_array_mut()
                    .unwrap()
                    .split_off(0);
            }
        }
    }

    /// The diagnostics of a version of a document when everything on disk is known.
    pub(crate) async fn settled(&mut self, uri: &str, version: i32) -> Vec<Value> {
        let mut found = self.diagnostics(uri, version).await;
        loop {
            let news = |message: &Value| {
                message["method"] == "textDocument/publishDiagnostics"
                    && message["params"]["uri"] == uri
                    || message["method"] == STATUS
            };
            let mut message = self.take("the end of the checks", news).await;
            if message["method"] == STATUS {
                if message["params"]["quiescent"] == true {
                    return found;
                }
            } else {
                assert_eq!(message["params"]["version"], version);
                found = message["params"]["diagnostics"]
                    .as_array_mut()
                    .unwrap()
                    .split_off(0);
            }
        }
    }

    /// Passes over messages of this kind from now on.
    pub(crate) fn ignore(&mut self, method: &'static str) {
        self.ignored.push(method);
    }

    /// Waits until everything is checked.
    pub(crate) async fn quiet(&mut self) {
        while self.notification(STATUS).await["quiescent"] != true {}
    }

    /// Ends the session and checks that everything the server has said was expected.
    pub(crate) async fn finish(mut self) {
        self.request("shutdown", Value::Null).await;
        self.notify("exit", Value::Null).await;
        assert_eq!(self.ended().await, Ended::Properly);
        self.assert_all_consumed().await;
    }

    /// Waits for the end of the server.
    pub(crate) async fn ended(&mut self) -> Ended {
        self.finished = true;
        let ended = timeout(PATIENCE, &mut self.server).await;
        ended.expect("the server does not end").unwrap()
    }

    /// Closes the server's input.
    pub(crate) async fn close_input(&mut self) {
        self.to_server.shutdown().await.unwrap();
    }

    async fn assert_all_consumed(&mut self) {
        while let Ok(Some(message)) = timeout(PATIENCE, self.from_server.recv()).await {
            self.early.push_back(message);
        }
        // Information in the log is for people; warnings and errors have to be expected.
        const INFO: i64 = 3;
        self.early.retain(|message| {
            let is_info = message["method"] == "window/logMessage"
                && message["params"]["type"].as_i64() >= Some(INFO);
            let method = message["method"].as_str();
            let is_ignored = method.is_some_and(|method| self.ignored.contains(&method));
            !is_info && method != Some(STATUS) && !is_ignored
        });
        assert!(self.early.is_empty(), "unexpected: {:#?}", self.early);
    }

    async fn take(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(position) = self.early.iter().position(&wanted) {
            return self.early.remove(position).unwrap();
        }
        loop {
            let received = timeout(PATIENCE, self.from_server.recv()).await;
            let Ok(Some(message)) = received else {
                panic!("waited for {what} in vain; there are {:#?}", self.early);
            };
            if wanted(&message) {
                return message;
            }
            self.early.push_back(message);
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        assert!(
            self.finished || std::thread::panicking(),
            "the test does not finish its client"
        );
    }
}

/// The next message; `None` at the end.
async fn read(reader: &mut BufReader<&mut DuplexStream>) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        match line.trim().split_once(": ") {
            Some(("Content-Length", value)) => length = value.parse().unwrap(),
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await.ok()?;
    Some(serde_json::from_slice(&body).unwrap())
}
