//! Hovers, completions, links, lenses, hints and actions. What they say is tested with the
//! configuration; here it is that they arrive.

use serde_json::{Value, json};

use crate::support::{Client, Project, RICH};

/// The text without its mark `‸`, and where that was.
fn at(marked: &str) -> (String, Value) {
    let before = marked.split('‸').next().unwrap();
    let line = before.matches('\n').count();
    let last = before.rsplit('\n').next().unwrap();
    let column = last.encode_utf16().count();
    (
        marked.replace('‸', ""),
        json!({"line": line, "character": column}),
    )
}

async fn opened(project: &Project, text: &str) -> (Client, String) {
    let uri = project.uri("configuration.json");
    let mut client = Client::rich().await;
    client.open(&uri, text).await;
    client.settled(&uri, 1).await;
    (client, uri)
}

#[tokio::test]
async fn hovers_say_what_keys_and_files_are() {
    let check = async |from: &str, to: &str, expected: &str| {
        let project = Project::new();
        let text = project.read("configuration.json").replacen(from, to, 1);
        let (text, position) = at(&text);
        let (mut client, uri) = opened(&project, &text).await;
        let params = json!({"textDocument": {"uri": uri}, "position": position});
        let hover = client.request("textDocument/hover", params).await;
        let said = hover["contents"]["value"].as_str().unwrap_or_default();
        assert!(said.contains(expected), "{said}");
        assert_eq!(hover["contents"]["kind"], "markdown");
        client.finish().await;
    };
    check("\"batch_size\"", "\"batch‸_size\"", "batch_size").await;
    check("model/flowers.h5", "model/flow‸ers.h5", "96").await;
    check("dataset/training", "dataset/‸training", "10").await;
}

#[tokio::test]
async fn completions_fit_the_place() {
    let check = async |from: &str, to: &str, expected: &str| {
        let project = Project::new();
        let text = project.read("configuration.json").replacen(from, to, 1);
        let (text, position) = at(&text);
        let (mut client, uri) = opened(&project, &text).await;
        let params = json!({"textDocument": {"uri": uri}, "position": position});
        let items = client.request("textDocument/completion", params).await;
        let labels: Vec<&str> = items
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["label"].as_str().unwrap())
            .collect();
        assert!(
            labels.iter().any(|label| label.contains(expected)),
            "{labels:?}"
        );
        for item in items.as_array().unwrap() {
            let range = &item["textEdit"]["range"];
            assert_eq!(range["start"]["line"], position["line"]);
            assert_eq!(range["end"]["line"], position["line"]);
        }
        client.finish().await;
    };
    check("{", "{\n  \"‸\n", "preprocessing").await;
    check("{", "{\"target\": ‸,", "imx500").await;
    check("model/flowers.h5", "model/‸", "flowers.h5").await;
    check("\"labels.json\"", "\"‸", "labels.json").await;
}

/// JSON services propose the key that any JSON text may have.
#[tokio::test]
async fn each_key_is_proposed_by_one_service() {
    let project = Project::new();
    let uri = project.uri("configuration.json");
    for report_syntax in [true, false] {
        let options = json!({"reportSyntax": report_syntax});
        let (mut client, _) = Client::start(RICH, options).await;
        client.open(&uri, "{\"input_tensor_size\": 1, ").await;
        client.ignore("textDocument/publishDiagnostics");
        let position = json!({"line": 0, "character": 25});
        let params = json!({"textDocument": {"uri": uri}, "position": position});
        let items = client.request("textDocument/completion", params).await;
        let items = items.as_array().unwrap();
        let has = |key: &str| items.iter().any(|item| item["label"] == key);
        assert!(has("batch_size"), "{items:?}");
        assert_eq!(has("$schema"), report_syntax, "{items:?}");
        client.finish().await;
    }
}

#[tokio::test]
async fn snippets_only_where_the_client_knows_them() {
    let check = async |capabilities: &str, snippets: bool| {
        let project = Project::new();
        let (text, position) = at("{\n  \"source_keras_model\": \"\",\n  \"‸\"\n}");
        let uri = project.uri("configuration.json");
        let (mut client, _) = Client::start(capabilities, json!({"statusEvents": true})).await;
        client.open(&uri, &text).await;
        client.settled(&uri, 1).await;
        let params = json!({"textDocument": {"uri": uri}, "position": position});
        let items = client.request("textDocument/completion", params).await;
        const SNIPPET: i64 = 2;
        let items = items.as_array().unwrap();
        assert!(!items.is_empty());
        assert_eq!(
            items.iter().any(|item| item["insertTextFormat"] == SNIPPET),
            snippets
        );
        let texts = || {
            items
                .iter()
                .map(|item| item["textEdit"]["newText"].as_str().unwrap())
        };
        assert_eq!(
            texts().any(|text| text.contains('$')),
            snippets,
            "{items:?}"
        );
        client.finish().await;
    };
    check(RICH, true).await;
    check("{}", false).await;
}

#[tokio::test]
async fn links_lenses_and_hints() {
    let project = Project::new();
    let text = project.read("configuration.json");
    let (mut client, uri) = opened(&project, &text).await;
    let document = json!({"textDocument": {"uri": uri}});
    let links = client
        .request("textDocument/documentLink", document.clone())
        .await;
    let targets: Vec<&Value> = links
        .as_array()
        .unwrap()
        .iter()
        .map(|link| &link["target"])
        .collect();
    let model = json!(project.uri("model/flowers.h5"));
    assert!(targets.contains(&&model), "{targets:?}");
    let lenses = client
        .request("textDocument/codeLens", document.clone())
        .await;
    let command = &lenses[0]["command"];
    assert_eq!(command["command"], "modelQuantizer.quantize");
    assert_eq!(command["arguments"], json!([uri]));
    let end = json!({"line": 100, "character": 0});
    let mut params = document;
    params["range"] = json!({"start": {"line": 0, "character": 0}, "end": end});
    let hints = client.request("textDocument/inlayHint", params).await;
    let labels: Vec<&str> = hints
        .as_array()
        .unwrap()
        .iter()
        .map(|hint| hint["label"].as_str().unwrap())
        .collect();
    assert!(
        labels.iter().any(|label| label.contains("10")),
        "{labels:?}"
    );
    client.finish().await;
}

/// Applies the edits of a workspace edit to a document.
fn applied(text: &str, edits: &Value) -> String {
    let offset = |position: &Value| {
        let line = position["line"].as_u64().unwrap() as usize;
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let column = position["character"].as_u64().unwrap() as usize;
        let units = text[start..]
            .char_indices()
            .scan(0, |units, (at, character)| {
                let before = *units;
                *units += character.len_utf16();
                Some((before, at))
            });
        let at = units.into_iter().find(|(before, _)| *before == column);
        at.map_or(text.len(), |(_, at)| start + at)
    };
    let mut edits: Vec<(usize, usize, &str)> = edits
        .as_array()
        .unwrap()
        .iter()
        .map(|edit| {
            let range = &edit["range"];
            let new = edit["newText"].as_str().unwrap();
            (offset(&range["start"]), offset(&range["end"]), new)
        })
        .collect();
    edits.sort();
    let mut text = text.to_owned();
    for (start, end, new) in edits.into_iter().rev() {
        text.replace_range(start..end, new);
    }
    text
}

#[tokio::test]
async fn fixes_put_things_right() {
    let check = async |from: &str, to: &str, title: &str| {
        let project = Project::new();
        let sound = project.read("configuration.json");
        assert!(sound.contains(from), "{from}");
        let text = sound.replacen(from, to, 1);
        let (mut client, uri) = opened(&project, &text).await;
        let everywhere = json!({
            "start": {"line": 0, "character": 0},
            "end": {"line": 100, "character": 0},
        });
        let params = json!({
            "textDocument": {"uri": uri},
            "range": everywhere,
            "context": {"diagnostics": [], "only": ["quickfix"]},
        });
        let actions = client.request("textDocument/codeAction", params).await;
        let action = actions
            .as_array()
            .unwrap()
            .iter()
            .find(|action| action["title"].as_str().unwrap().contains(title));
        let action = action.unwrap_or_else(|| panic!("{title}: {actions:#}"));
        assert_eq!(action["kind"], "quickfix");
        assert_eq!(action["diagnostics"].as_array().unwrap().len(), 1);
        let text = applied(&text, &action["edit"]["changes"][&uri]);
        client.replace(&uri, 2, &text).await;
        assert_eq!(client.settled(&uri, 2).await, Vec::<Value>::new(), "{text}");
        client.finish().await;
    };
    check(
        "\"batch_size\"",
        "\"//ä😀\": \"x\", \"batchsize\"",
        "batch_size",
    )
    .await;
}

#[tokio::test]
async fn folders_are_created_by_command() {
    let project = Project::new();
    let mut client = Client::rich().await;
    let command = json!({
        "command": "modelQuantizer.createFolder",
        "arguments": [project.uri("new/folder")],
    });
    client.request("workspace/executeCommand", command).await;
    assert!(project.path("new/folder").is_dir());
    let command = json!({
        "command": "modelQuantizer.createFolder",
        "arguments": [project.uri("labels.json/folder")],
    });
    let error = client.refused("workspace/executeCommand", command).await;
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("cannot be created"),
        "{error}"
    );
    client.finish().await;
}

#[tokio::test]
async fn reports_are_shown_by_the_client() {
    let project = Project::new();
    let report = project.uri("report.html");
    let mut client = Client::rich().await;
    let command = json!({"command": "modelQuantizer.openReport", "arguments": [report]});
    client
        .request("workspace/executeCommand", command.clone())
        .await;
    let shown = client
        .serve("window/showDocument", json!({"success": true}))
        .await;
    assert_eq!(shown["uri"], report);
    client.finish().await;
    let (mut client, _) = Client::start("{}", json!({})).await;
    let error = client.refused("workspace/executeCommand", command).await;
    assert!(
        error["message"].as_str().unwrap().contains("open"),
        "{error}"
    );
    client.finish().await;
}

#[tokio::test]
async fn there_is_no_help_for_files_of_others() {
    let project = Project::new();
    let uri = project.uri("configuration.json");
    let mut client = Client::rich().await;
    client
        .open(&uri, r#"{"batch_size": 0, "compilerOptions": {}}"#)
        .await;
    client.quiet().await;
    let place = json!({"textDocument": {"uri": uri}, "position": {"line": 0, "character": 3}});
    assert_eq!(
        client.request("textDocument/hover", place.clone()).await,
        Value::Null
    );
    assert_eq!(
        client.request("textDocument/completion", place).await,
        Value::Null
    );
    client.close(&uri).await;
    // Nothing was ever published: `finish` would find it.
    client.finish().await;
}
