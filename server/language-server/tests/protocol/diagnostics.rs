//! Problems of a configuration while it is typed.

use serde_json::{Value, json};

use crate::support::{Client, Project, RICH};

/// The text without its marks `«` and `»`, and the ranges between them.
fn unmarked(marked: &str) -> (String, Vec<Value>) {
    let (mut text, mut ranges, mut start) = (String::new(), Vec::new(), json!(null));
    let (mut line, mut column) = (0, 0);
    for character in marked.chars() {
        let here = json!({"line": line, "character": column});
        match character {
            '«' => start = here,
            '»' => ranges.push(json!({"start": start, "end": here})),
            '\n' => {
                text.push(character);
                (line, column) = (line + 1, 0);
            }
            _ => {
                text.push(character);
                column += character.len_utf16();
            }
        }
    }
    (text, ranges)
}

/// Opens a configuration and compares codes and ranges of what is published.
async fn check(project: &Project, marked: &str, expected: &[&str]) {
    let (text, ranges) = unmarked(marked);
    let uri = project.uri("configuration.json");
    let mut client = Client::rich().await;
    client.open(&uri, &text).await;
    let found = client.settled(&uri, 1).await;
    let found: Vec<(&str, &Value)> = found
        .iter()
        .map(|found| (found["code"].as_str().unwrap(), &found["range"]))
        .collect();
    let expected: Vec<(&str, &Value)> = expected.iter().copied().zip(&ranges).collect();
    assert_eq!(found, expected, "{text}");
    client.close(&uri).await;
    if !found.is_empty() {
        let cleared = client.notification("textDocument/publishDiagnostics").await;
        assert_eq!(cleared["diagnostics"], json!([]));
    }
    client.finish().await;
}

#[tokio::test]
async fn ranges_count_utf16_code_units() {
    let project = Project::new();
    let sound = project.read("configuration.json");
    check(&project, &sound, &[]).await;
    let with = |from: &str, to: &str| {
        assert!(sound.contains(from), "{from}");
        sound.replace(from, to)
    };
    check(
        &project,
        &with(r#""batch_size": 10"#, r#""//": "ä 😀", "batch_size": «0»"#),
        &["out-of-range"],
    )
    .await;
    check(
        &project,
        &with(r#""batch_size""#, r#"«"bätch_😀size"»"#),
        &["unknown-key"],
    )
    .await;
    check(
        &project,
        &with(r#""labels.json""#, r#"«"läbels 😀.json"»"#),
        &["path-not-found"],
    )
    .await;
}

#[tokio::test]
async fn diagnostics_follow_the_typing() {
    let project = Project::new();
    let uri = project.uri("configuration.json");
    let text = project.read("configuration.json");
    let (line, column) = text
        .lines()
        .enumerate()
        .find_map(|(line, text)| Some((line, text.find("\"batch_size\": 10")? + 14)))
        .unwrap();
    let mut client = Client::rich().await;
    client.open(&uri, &text).await;
    assert_eq!(client.diagnostics(&uri, 1).await, Vec::<Value>::new());
    let edit = |from: usize, to: usize, text: &str| {
        json!([{
            "range": {
                "start": {"line": line, "character": from},
                "end": {"line": line, "character": to},
            },
            "text": text,
        }])
    };
    client.change(&uri, 2, edit(column, column + 2, "0")).await;
    let found = client.diagnostics(&uri, 2).await;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["code"], "out-of-range");
    assert_eq!(found[0]["source"], "model-quantizer");
    client.change(&uri, 3, edit(column, column + 1, "")).await;
    let found = client.diagnostics(&uri, 3).await;
    assert_eq!(found[0]["code"], "syntax-error");
    client.change(&uri, 4, edit(column, column, "10")).await;
    assert_eq!(client.diagnostics(&uri, 4).await, Vec::<Value>::new());
    client.finish().await;
}

#[tokio::test]
async fn rapid_edits_stay_in_order() {
    const EDITS: i32 = 3000;
    let project = Project::new();
    let uri = project.uri("configuration.json");
    let text = project.read("configuration.json");
    let mut client = Client::rich().await;
    // Every edit appends one digit of its own to the last line; at the end all are there, in order.
    client.open(&uri, &(text + "\n")).await;
    let line = project.read("configuration.json").lines().count();
    let mut column = 0;
    let mut expected = String::new();
    for version in 2..=EDITS {
        let digit = version.to_string();
        let at = json!({"line": line, "character": column});
        column += digit.len();
        expected += &digit;
        let edit = json!([{"range": {"start": at, "end": at}, "text": digit}]);
        client.change(&uri, version, edit).await;
    }
    let mut last = 0;
    loop {
        let published = client.notification("textDocument/publishDiagnostics").await;
        let version = published["version"].as_i64().unwrap();
        assert!(version > last, "{version} after {last}");
        last = version;
        // The trailing text is one finding that grows with every edit.
        let found = &published["diagnostics"];
        let length: usize = (2..=version).map(|version| version.to_string().len()).sum();
        if version > 1 {
            assert_eq!(found[0]["range"]["end"]["character"], length);
        }
        if version == i64::from(EDITS) {
            break;
        }
    }
    assert_eq!(column, expected.len());
    client.finish().await;
}

#[tokio::test]
async fn clients_get_what_they_can_show() {
    let project = Project::new();
    let uri = project.uri("configuration.json");
    let text = project
        .read("configuration.json")
        .replacen('{', "{\"batch_size\": 1,", 1);
    let options = json!({"documentation": "file:///docs/diagnostics.md"});
    let (mut client, _) = Client::start(RICH, options).await;
    client.open(&uri, &text).await;
    let rich = client.diagnostics(&uri, 1).await;
    client.finish().await;
    let link = &rich[0]["codeDescription"]["href"];
    assert_eq!(link, "file:///docs/diagnostics.md#duplicate-key");
    let related = &rich[0]["relatedInformation"][0];
    assert_eq!(related["location"]["uri"], uri);

    let (mut client, _) = Client::start("{}", json!({})).await;
    client.open(&uri, &text).await;
    let plain = client.diagnostics(&uri, 1).await;
    client.finish().await;
    assert_eq!(plain[0].get("codeDescription"), None);
    assert_eq!(plain[0].get("relatedInformation"), None);
}

/// What an editor's JSON service reports is not reported a second time.
#[tokio::test]
async fn each_problem_has_one_owner() {
    let project = Project::new();
    let uri = project.uri("configuration.json");
    let text = r#"{"output_dir": "", "evaluate_label_file": "", "output_dir": "",}"#;
    let (mut client, _) = Client::start(RICH, json!({"reportSyntax": false})).await;
    client.open(&uri, text).await;
    let found = client.diagnostics(&uri, 1).await;
    let codes: Vec<&Value> = found.iter().map(|found| &found["code"]).collect();
    assert!(codes.contains(&&json!("empty-value")), "{codes:?}");
    assert!(!codes.contains(&&json!("syntax-error")), "{codes:?}");
    assert!(!codes.contains(&&json!("duplicate-key")), "{codes:?}");
    client.finish().await;
}

/// A JSON service that finds our schema through `$schema` reports what the schema excludes.
#[tokio::test]
async fn a_named_schema_is_left_to_the_json_service() {
    let project = Project::new();
    let schema = configuration::configuration_schema();
    std::fs::write(project.path("ours.json"), schema).unwrap();
    std::fs::write(project.path("other.json"), r#"{"type": "object"}"#).unwrap();
    let uri = project.uri("configuration.json");
    for (named, options, reported) in [
        ("ours.json", json!({"reportSyntax": false}), false),
        ("ours.json", json!({}), true),
        ("other.json", json!({"reportSyntax": false}), true),
        ("absent.json", json!({"reportSyntax": false}), true),
    ] {
        let text = format!(
            r#"{{"$schema": "./{named}", "batch_size": 0, "iteration_count": 15e-1, "source_keras_model": "absent.h5"}}"#
        );
        let (mut client, _) = Client::start(RICH, options).await;
        client.open(&uri, &text).await;
        let found = client.diagnostics(&uri, 1).await;
        let codes: Vec<&Value> = found.iter().map(|found| &found["code"]).collect();
        let has = |code: &str| codes.contains(&&json!(code));
        assert!(has("path-not-found"), "{named}: {codes:?}");
        for code in ["missing-key", "out-of-range"] {
            assert_eq!(has(code), reported, "{named}: {codes:?}");
        }
        // The service takes this fraction for a whole number.
        assert!(has("wrong-type"), "{named}: {codes:?}");
        client.finish().await;
    }
}

/// Nobody checks or runs the copy of a configuration that was kept with a run, where its paths lead
/// nowhere.
#[tokio::test]
async fn copies_that_were_kept_with_runs_stay_silent() {
    let project = Project::new();
    let text = project
        .read("configuration.json")
        .replace("\"model/flowers.h5\"", "0");
    let options = json!({"statusEvents": true, "configurationFiles": ["**/*.json"]});
    let (mut client, _) = Client::start(RICH, options).await;
    let kept = "output/runs/2026-11-25T21-41-08.208Z-quantize/configuration.json";
    let kept = project.uri(kept);
    client.open(&kept, &text).await;
    let position = json!({"line": 0, "character": 1});
    let document = json!({"uri": kept});
    let lenses = json!({"textDocument": document});
    let completion = json!({"textDocument": document, "position": position});
    for (method, params) in [
        ("textDocument/codeLens", lenses),
        ("textDocument/completion", completion),
    ] {
        assert_eq!(
            client.request(method, params).await,
            Value::Null,
            "{method}"
        );
    }
    // The same text elsewhere is a configuration. Diagnostics of the copy would come before.
    let uri = project.uri("output/configuration.json");
    client.open(&uri, &text).await;
    assert!(!client.settled(&uri, 1).await.is_empty());
    client.close(&uri).await;
    client.notification("textDocument/publishDiagnostics").await;
    client.finish().await;
}

/// A JSON service says nothing about a file without any text.
#[tokio::test]
async fn an_empty_file_is_reported_by_the_server() {
    let project = Project::new();
    let uri = project.uri("configuration.json");
    let options = json!({"statusEvents": true, "reportSyntax": false});
    let (mut client, _) = Client::start(RICH, options).await;
    client.open(&uri, "").await;
    let found = client.settled(&uri, 1).await;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["code"], "syntax-error");
    client.replace(&uri, 2, "{\"batch_size\": 1,}").await;
    assert_eq!(client.diagnostics(&uri, 2).await, Vec::<Value>::new());
    client.finish().await;
}
