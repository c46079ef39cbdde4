//! From `initialize` to `exit`, and what may go wrong between.

use language_server::Ended;
use serde_json::{Value, json};

use crate::support::{Client, Project, RICH};

#[tokio::test]
async fn the_server_says_what_it_can() {
    let (client, answer) = Client::start(RICH, json!({})).await;
    assert_eq!(answer["serverInfo"]["name"], "model-quantizer");
    let capabilities = &answer["capabilities"];
    assert_eq!(capabilities["positionEncoding"], "utf-16");
    const INCREMENTAL: i64 = 2;
    assert_eq!(capabilities["textDocumentSync"]["change"], INCREMENTAL);
    client.finish().await;
}

#[tokio::test]
async fn exit_without_shutdown_is_abrupt() {
    let mut client = Client::rich().await;
    client.notify("exit", Value::Null).await;
    assert_eq!(client.ended().await, Ended::Abruptly);
}

#[tokio::test]
async fn exit_before_initialize() {
    let mut client = Client::connect();
    client.notify("exit", Value::Null).await;
    assert_eq!(client.ended().await, Ended::Abruptly);
}

#[tokio::test]
async fn the_end_of_the_input_is_the_end() {
    let mut client = Client::rich().await;
    client.close_input().await;
    assert_eq!(client.ended().await, Ended::Abruptly);

    let mut client = Client::rich().await;
    client.request("shutdown", Value::Null).await;
    client.close_input().await;
    assert_eq!(client.ended().await, Ended::Properly);
}

#[tokio::test]
async fn requests_outside_the_session_are_refused() {
    let mut client = Client::connect();
    const NOT_INITIALIZED: i64 = -32002;
    let hover = json!({
        "textDocument": {"uri": "file:///p/configuration.json"},
        "position": {"line": 0, "character": 0},
    });
    let error = client.refused("textDocument/hover", hover.clone()).await;
    assert_eq!(error["code"], NOT_INITIALIZED);
    // Documents of this time do not count.
    client.open("file:///p/configuration.json", "{").await;
    client
        .request("initialize", json!({"capabilities": {}}))
        .await;
    client.request("shutdown", Value::Null).await;
    const INVALID_REQUEST: i64 = -32600;
    let error = client.refused("textDocument/hover", hover).await;
    assert_eq!(error["code"], INVALID_REQUEST);
    client.notify("exit", Value::Null).await;
    assert_eq!(client.ended().await, Ended::Properly);
}

#[tokio::test]
async fn what_is_not_understood_is_said_and_harms_nothing() {
    let project = Project::new();
    let uri = project.uri("configuration.json");
    let mut client = Client::rich().await;
    client.notify("textDocument/didOpen", json!({"x": 1})).await;
    client
        .logged("textDocument/didOpen is not understood")
        .await;
    client.replace("file:///nowhere.json", 1, "{}").await;
    client.logged("is changed but not open").await;
    client.notify("$/unknown", json!({})).await;
    let error = client
        .refused("modelQuantizer/jobResult", json!({"id": "x"}))
        .await;
    assert!(error["message"].as_str().unwrap().contains("no job x"));
    client.open(&uri, &project.read("configuration.json")).await;
    assert_eq!(client.diagnostics(&uri, 1).await, Vec::<Value>::new());
    client.finish().await;
}

#[tokio::test]
async fn damaged_messages_are_passed_over() {
    const PARSE_ERROR: i64 = -32700;
    let mut client = Client::rich().await;
    for damage in [
        "hello\r\n",
        "Content-Length: 1\r\n\r\n{",
        "Content-Length: 2\r\n\r\n[]",
    ] {
        client.send_raw(damage.as_bytes()).await;
        let answer = client.unasked_answer().await;
        assert_eq!(answer["error"]["code"], PARSE_ERROR, "{damage:?}");
        client.logged("the message is passed over").await;
    }
    client.request("modelQuantizer/jobs", Value::Null).await;
    client.finish().await;
}

/// A client that answers nothing that it is asked, not even whether it watches files, does not
/// stop the server; nor does a flood of messages.
#[tokio::test]
async fn a_silent_client_is_served() {
    const REQUESTS: i32 = 400;
    let project = Project::new();
    project.write("pretend.txt", "until-input-closes");
    let uri = project.uri("configuration.json");
    let text = project.read("configuration.json");
    let mut client = Client::silent().await;
    client.open(&uri, &text).await;
    let job = json!({"command": "modelQuantizer.quantize", "arguments": [uri]});
    client.request("workspace/executeCommand", job).await;
    let report = json!({"command": "modelQuantizer.openReport", "arguments": [uri]});
    let mut asked = Vec::new();
    for version in 2..REQUESTS {
        client
            .replace(&uri, version, &format!("{text}{version}"))
            .await;
        let place = json!({"textDocument": {"uri": uri}, "position": {"line": 1, "character": 9}});
        asked.push(client.ask("textDocument/hover", place).await);
        asked.push(client.ask("workspace/executeCommand", report.clone()).await);
    }
    for id in asked {
        client.answer(id).await.unwrap();
    }
    client.diagnostics(&uri, REQUESTS - 1).await;
    client.request("shutdown", Value::Null).await;
    client.notify("exit", Value::Null).await;
    assert_eq!(client.ended().await, Ended::Properly);
}
