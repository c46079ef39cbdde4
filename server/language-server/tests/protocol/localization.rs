//! Texts in the language of the client.

use serde_json::{Value, json};

use crate::support::{Client, Project, RICH};

const STAGE: &str = r#"print {"event":"stage","stage":"calibrate","title":"calibrating","total":300,"unit":"images","texts":{"title":{"template":"calibrating"},"unit":{"template":"images"}}}"#;
const PROGRESS: &str = r#"print {"event":"progress","stage":"calibrate","done":300,"total":300,"unit":"images","texts":{"unit":{"template":"images"}}}"#;
const FAILURE: &str = r#"print {"event":"error","cancelled":false,"message":"cannot write \"/out/model.tflite\": No space left on device (os error 28); free some space and run the job again","key":"output_dir","texts":{"message":{"template":"cannot write \"{path}\": {source}; {remedy}","arguments":{"path":"/out/model.tflite","source":{"template":"No space left on device (os error 28)"},"remedy":{"template":"free some space and run the job again"}}}}}"#;

/// What a client of a language is shown of a configuration with a misspelt key.
struct Shown {
    diagnostic: String,
    related: String,
    action: String,
    hover: String,
    completion: String,
    lens: String,
    hint: String,
    tooltip: String,
}

async fn shown(locale: Option<&str>) -> Shown {
    let project = Project::new();
    let text = project.read("configuration.json");
    let text = text.replacen("{", "{\n  \"batch_size\": 5,", 1);
    let uri = project.uri("configuration.json");
    let options = json!({"statusEvents": true});
    let (mut client, _) = Client::start_in(locale, RICH, options).await;
    client.open(&uri, &text).await;
    let diagnostics = client.settled(&uri, 1).await;
    let found = diagnostics
        .iter()
        .find(|diagnostic| diagnostic["code"] == "duplicate-key")
        .unwrap();
    let document = json!({"uri": uri});
    let actions = client
        .request(
            "textDocument/codeAction",
            json!({
                "textDocument": document,
                "range": found["range"],
                "context": {"diagnostics": []},
            }),
        )
        .await;
    let place = json!({
        "textDocument": document,
        "position": {"line": 1, "character": 5},
    });
    let hover = client.request("textDocument/hover", place.clone()).await;
    let items = client.request("textDocument/completion", place).await;
    let item = items
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["label"] == "target")
        .unwrap();
    let params = json!({"textDocument": document});
    let lenses = client
        .request("textDocument/codeLens", params.clone())
        .await;
    let links = client.request("textDocument/documentLink", params).await;
    let range = json!({"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}});
    let params = json!({"textDocument": document, "range": range});
    let hints = client.request("textDocument/inlayHint", params).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let shown = Shown {
        diagnostic: text(&found["message"]),
        related: text(&found["relatedInformation"][0]["message"]),
        action: text(&actions[0]["title"]),
        hover: text(&hover["contents"]["value"]),
        completion: text(&item["detail"]),
        lens: text(&lenses[0]["command"]["title"]),
        hint: text(&hints[0]["label"]),
        tooltip: text(&links[0]["tooltip"]),
    };
    // Names of the protocol and what is edited are the same in every language.
    assert_eq!(lenses[0]["command"]["command"], "modelQuantizer.quantize");
    assert_eq!(found["source"], "model-quantizer");
    client.finish().await;
    shown
}

#[tokio::test]
async fn a_japanese_client_is_shown_japanese() {
    let shown = shown(Some("ja")).await;
    assert!(
        shown.diagnostic.contains("2 回書かれています"),
        "{}",
        shown.diagnostic
    );
    assert!(
        shown.diagnostic.contains("`batch_size`"),
        "{}",
        shown.diagnostic
    );
    assert_eq!(shown.related, "`batch_size` が最初に出てくる場所");
    assert_eq!(shown.action, "2 つ目を削除");
    assert!(
        shown
            .hover
            .starts_with("**バッチサイズ** (`batch_size`)\n\n1 回の反復で"),
        "{}",
        shown.hover
    );
    assert_eq!(shown.completion, "省略可、既定値 \"imx500\"");
    assert_eq!(shown.lens, "量子化");
    assert!(shown.hint.ends_with(" クラス"), "{}", shown.hint);
    assert!(
        shown.tooltip.ends_with("flowers.h5 を開く"),
        "{}",
        shown.tooltip
    );
}

#[tokio::test]
async fn other_clients_are_shown_english() {
    for locale in [None, Some("en"), Some("de")] {
        let shown = shown(locale).await;
        assert!(
            shown
                .diagnostic
                .starts_with("the key `batch_size` stands here a second time")
        );
        assert_eq!(shown.related, "`batch_size` stands here first");
        assert_eq!(shown.action, "Remove the second one");
        assert!(shown.hover.starts_with("**Batch size** (`batch_size`)"));
        assert_eq!(shown.completion, "optional, default \"imx500\"");
        assert_eq!(shown.lens, "Quantize");
        assert!(shown.hint.ends_with(" classes"));
        assert!(shown.tooltip.starts_with("Open "));
    }
}

/// What is told of a job that fails: the progress, the event at its end, its status, the
/// diagnostic at the value at fault, and the refusal of a command.
async fn told(locale: &str, job_events: bool) -> (Vec<Value>, String, String) {
    let project = Project::new();
    project.write("pretend.txt", &[STAGE, PROGRESS, FAILURE].join("\n"));
    let uri = project.uri("configuration.json");
    let options = json!({"statusEvents": true, "jobEvents": job_events});
    let (mut client, _) = Client::start_in(Some(locale), RICH, options).await;
    client.ignore("textDocument/publishDiagnostics");
    client.open(&uri, &project.read("configuration.json")).await;
    client.quiet().await;
    let command = json!({
        "command": "modelQuantizer.quantize",
        "arguments": [uri],
        "workDoneToken": "mine",
    });
    client.request("workspace/executeCommand", command).await;
    let mut progress = Vec::new();
    while progress
        .last()
        .is_none_or(|value: &Value| value["kind"] != "end")
    {
        progress.push(client.notification("$/progress").await["value"].take());
    }
    let error = if job_events {
        loop {
            let mut status = client.notification("modelQuantizer/job").await;
            if status["state"] == "failed" {
                break status["error"].take();
            }
        }
    } else {
        client.notification("window/showMessage").await["message"].take()
    };
    // The log is English.
    client.logged("quantize-1 failed: cannot write").await;
    let jobs = client.request("modelQuantizer/jobs", Value::Null).await;
    assert_eq!(jobs[0]["error"], error);
    let diagnostic = loop {
        let published = client.notification("textDocument/publishDiagnostics").await;
        let found = published["diagnostics"]
            .as_array()
            .unwrap()
            .iter()
            .find(|diagnostic| diagnostic["code"] == "job-failed")
            .cloned();
        if let Some(found) = found {
            break found;
        }
    };
    assert_eq!(diagnostic["message"], error);
    let command = json!({"command": "modelQuantizer.cancel", "arguments": [1]});
    let refusal = client.refused("workspace/executeCommand", command).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    client.ignore("modelQuantizer/job");
    client.finish().await;
    (progress, text(&error), text(&refusal["message"]))
}

#[tokio::test]
async fn jobs_are_told_in_the_language_of_the_client() {
    for job_events in [true, false] {
        let (progress, error, refusal) = told("ja-JP", job_events).await;
        let title = progress[0]["title"].as_str().unwrap();
        assert!(title.ends_with("/configuration.json を量子化中"), "{title}");
        let told = |message: &str| progress.iter().any(|value| value["message"] == message);
        assert!(told("キャリブレーション中"), "{progress:?}");
        assert_eq!(progress.last().unwrap()["message"], "失敗しました");
        assert_eq!(
            error,
            "\"/out/model.tflite\" に書き込めません: ディスクの空き容量がありません (os error 28)。空き容量を増やして、ジョブを再実行してください。"
        );
        assert_eq!(refusal, "最初の引数はジョブの ID でなければなりません");
    }
    let (progress, error, refusal) = told("en", true).await;
    let title = progress[0]["title"].as_str().unwrap();
    assert!(title.starts_with("Quantizing "), "{title}");
    assert_eq!(progress.last().unwrap()["message"], "failed");
    assert!(error.starts_with("cannot write "), "{error}");
    assert_eq!(refusal, "the first argument must be the id of a job");
}

/// A target that is called like something that has a translation.
#[tokio::test]
async fn names_are_the_same_in_every_language() {
    let project = Project::new();
    let target = r#"{"name": "images", "default": {"activation_bits": [8], "activation_method": "uniform", "float": false, "per_channel": true, "weight_method": "symmetric"}}"#;
    project.write("device.json", target);
    let text = project.read("configuration.json");
    let text = text.replacen('{', "{\n  \"target\": \"device.json\",", 1);
    let uri = project.uri("configuration.json");
    let options = json!({"statusEvents": true});
    let (mut client, _) = Client::start_in(Some("ja"), RICH, options).await;
    client.open(&uri, &text).await;
    client.settled(&uri, 1).await;
    let range = json!({"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 99}});
    let params = json!({"textDocument": {"uri": uri}, "range": range});
    let hints = client.request("textDocument/inlayHint", params).await;
    assert_eq!(hints[0]["label"], "images");
    client.ignore("textDocument/publishDiagnostics");
    client.finish().await;
}
