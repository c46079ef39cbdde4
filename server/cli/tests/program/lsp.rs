//! The language server as editors start it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::support::Project;

struct Server {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Server {
    fn start(project: &Project) -> Server {
        Server::start_for(project, None)
    }

    /// A server for the client with this process.
    fn start_for(project: &Project, client: Option<u32>) -> Server {
        let mut process = project
            .command(&["lsp", "--stdio", "--log", "server.log"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut server = Server {
            input: process.stdin.take(),
            output: BufReader::new(process.stdout.take().unwrap()),
            process,
        };
        server.request(
            "initialize",
            json!({"capabilities": {}, "processId": client}),
        );
        server.send(json!({"method": "initialized", "params": {}}));
        server
    }

    fn send(&mut self, mut message: Value) {
        message["jsonrpc"] = json!("2.0");
        let body = message.to_string();
        let input = self.input.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        input.flush().unwrap();
    }

    fn receive(&mut self) -> Value {
        let mut header = String::new();
        while !header.ends_with("\r\n\r\n") {
            assert_ne!(self.output.read_line(&mut header).unwrap(), 0, "{header}");
        }
        let length = header.trim().strip_prefix("Content-Length: ").unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        self.output.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    /// Messages up to the first that is wanted, which is returned.
    fn wait_for(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.receive();
            if wanted(&message) {
                return message;
            }
        }
    }

    fn request(&mut self, method: &str, params: Value) -> Value {
        self.send(json!({"id": method, "method": method, "params": params}));
        let mut answer = self.wait_for(|message| message["id"] == method);
        assert_eq!(answer.get("error"), None, "{method}");
        answer["result"].take()
    }

    /// Exit code; standard error must be empty.
    fn end(mut self) -> Option<i32> {
        let status = self.process.wait().unwrap();
        let mut errors = String::new();
        self.process
            .stderr
            .unwrap()
            .read_to_string(&mut errors)
            .unwrap();
        assert_eq!(errors, "");
        status.code()
    }
}

#[test]
fn a_configuration_is_checked_and_quantized() {
    let project = Project::small();
    let uri = format!("file://{}", project.path("configuration.json").display());
    let mut server = Server::start(&project);
    let text = String::from_utf8(project.read("configuration.json")).unwrap();
    let text = text.replace("\"batch_size\"", "\"batchsize\"");
    let document = json!({"uri": uri, "languageId": "json", "version": 1, "text": text});
    let opened = json!({"textDocument": document});
    server.send(json!({"method": "textDocument/didOpen", "params": opened}));
    let published =
        server.wait_for(|message| message["method"] == "textDocument/publishDiagnostics");
    let found = &published["params"]["diagnostics"];
    assert_eq!(found[0]["code"], "unknown-key", "{found}");
    let document = json!({"textDocument": {"uri": uri}});
    server.send(json!({"method": "textDocument/didClose", "params": document}));
    let started = server.request(
        "workspace/executeCommand",
        json!({"command": "modelQuantizer.quantize", "arguments": [uri], "workDoneToken": "t"}),
    );
    server.wait_for(|message| message["params"]["value"]["kind"] == "end");
    let status = server.request("modelQuantizer/jobResult", started);
    assert_eq!(status["state"], "succeeded", "{status}");
    let written = &status["result"]["quantized_model"]["bytes"];
    assert_eq!(
        written.as_u64().unwrap(),
        project.read("output/model_quantized.tflite").len() as u64
    );
    server.request("shutdown", Value::Null);
    server.send(json!({"method": "exit"}));
    assert_eq!(server.end(), Some(0));
    let log = String::from_utf8(project.read("server.log")).unwrap();
    assert!(log.contains("quantize-1: done"), "{log}");
}

/// The input stays open, as it does where another process has inherited it.
#[test]
fn exit_does_not_wait_for_the_end_of_the_input() {
    let project = Project::small();
    let mut server = Server::start(&project);
    server.send(json!({"method": "exit"}));
    let input = server.input.take();
    assert_eq!(server.end(), Some(1));
    drop(input);
}

#[test]
fn the_end_of_the_input_is_the_end() {
    let project = Project::small();
    let mut server = Server::start(&project);
    server.input = None;
    assert_eq!(server.end(), Some(1));
}

/// Its input stays open here, as it does where yet another process has inherited it.
#[cfg(target_os = "linux")]
#[test]
fn the_death_of_the_client_is_the_end() {
    use std::time::{Duration, Instant};

    let project = Project::small();
    let mut client = std::process::Command::new("sleep")
        .arg("1000")
        .spawn()
        .unwrap();
    let mut server = Server::start_for(&project, Some(client.id()));
    let input = server.input.take();
    client.kill().unwrap();
    client.wait().unwrap();
    let died = Instant::now();
    assert_eq!(server.end(), Some(1));
    assert!(
        died.elapsed() < Duration::from_secs(4),
        "{:?}",
        died.elapsed()
    );
    drop(input);
}
