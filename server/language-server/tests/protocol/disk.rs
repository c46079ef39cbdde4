//! Diagnostics follow the disk without any typing.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Client, Project, RICH};

fn codes(found: &[Value]) -> Vec<&str> {
    found
        .iter()
        .map(|found| found["code"].as_str().unwrap())
        .collect()
}

/// Opens the project's configuration, changes the disk, and waits for these codes.
async fn check(
    said: bool,
    prepare: &dyn Fn(&Project),
    change: &dyn Fn(&Project),
    expected: [&[&str]; 2],
) {
    let project = Project::new();
    prepare(&project);
    let uri = project.uri("configuration.json");
    let mut client = Client::rich().await;
    client.open(&uri, &project.read("configuration.json")).await;
    let before = client.settled(&uri, 1).await;
    assert_eq!(codes(&before), expected[0]);
    change(&project);
    if said {
        let changes = json!([{"uri": project.uri("dataset"), "type": 2}]);
        client
            .notify(
                "workspace/didChangeWatchedFiles",
                json!({"changes": changes}),
            )
            .await;
    }
    loop {
        let mut published = client.notification("textDocument/publishDiagnostics").await;
        let found = published["diagnostics"]
            .as_array_mut()
            .unwrap()
            .split_off(0);
        if codes(&found) == expected[1] {
            break;
        }
    }
    client.quiet().await;
    client.finish().await;
}

#[tokio::test]
async fn a_label_file_appears_and_vanishes() {
    let vanish = |project: &Project| fs::remove_file(project.path("labels.json")).unwrap();
    check(false, &|_| {}, &vanish, [&[], &["path-not-found"]]).await;
    let appear = |project: &Project| {
        let labels = r#"{"daisy": 0, "dandelion": 1, "roses": 2, "sunflowers": 3, "tulips": 4}"#;
        project.write("labels.json", labels);
    };
    check(false, &vanish, &appear, [&["path-not-found"], &[]]).await;
}

#[tokio::test]
async fn a_folder_fills_with_images() {
    let empty = |project: &Project| {
        for class in fs::read_dir(project.path("dataset/training")).unwrap() {
            for image in fs::read_dir(class.unwrap().path()).unwrap() {
                fs::remove_file(image.unwrap().path()).unwrap();
            }
        }
    };
    let fill = |project: &Project| {
        for class in ["daisy", "roses"] {
            for number in 0..50 {
                let picture = project.path("dataset/validation/daisy/0.jpg");
                let to = project.path(&format!("dataset/training/{class}/{number}.jpg"));
                fs::copy(picture, to).unwrap();
            }
        }
    };
    let expected: [&[&str]; 2] = [&["no-calibration-images"], &[]];
    check(false, &empty, &fill, expected).await;
    check(true, &empty, &fill, expected).await;
}

#[tokio::test]
async fn a_model_is_replaced() {
    let damage = |project: &Project| project.write("model/flowers.h5", "no model");
    let repair = |project: &Project| {
        let flowers = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../examples/flowers/model/flowers.h5"
        );
        fs::copy(flowers, project.path("model/flowers.h5")).unwrap();
    };
    check(false, &damage, &repair, [&["unreadable-model"], &[]]).await;
    check(true, &repair, &damage, [&[], &["unreadable-model"]]).await;
}

/// A target file has diagnostics of its own as well.
#[tokio::test]
async fn target_files_are_checked_too() {
    let project = Project::new();
    let (uri, target) = (project.uri("configuration.json"), project.uri("mine.json"));
    let sound = r#"{"name": "mine", "default": {"activation_method": "symmetric", "activation_bits": [8],
        "weight_method": "symmetric", "per_channel": true, "float": false}}"#;
    project.write("mine.json", &sound.replace("true", "1"));
    let text = project.read("configuration.json");
    let text = text.replacen('{', "{\"target\": \"mine.json\",", 1);
    let mut client = Client::rich().await;
    client.open(&uri, &text).await;
    // The two files are checked side by side, in no order.
    let mut newest: HashMap<String, Value> = HashMap::new();
    let mut published = async |client: &mut Client, wanted: &str, code: Option<&str>| loop {
        if let Some(diagnostics) = newest.get(wanted).and_then(Value::as_array) {
            let has = |code| diagnostics.iter().find(|one| one["code"] == code);
            match code {
                None if diagnostics.is_empty() => return Value::Null,
                Some(code) if has(code).is_some() => return has(code).unwrap().clone(),
                _ => {}
            }
        }
        let published = client.notification("textDocument/publishDiagnostics").await;
        let uri = published["uri"].as_str().unwrap().to_owned();
        newest.insert(uri, published["diagnostics"].clone());
    };
    let finding = published(&mut client, &uri, Some("malformed-target")).await;
    let related = &finding["relatedInformation"][0]["location"];
    assert_eq!(related["uri"], target);
    published(&mut client, &target, Some("wrong-type")).await;
    client.open(&target, sound).await;
    published(&mut client, &target, None).await;
    client.ignore("textDocument/publishDiagnostics");
    client.finish().await;
}

/// A file of labels has diagnostics of its own while a configuration that names it is open, from
/// the editor's text where it is open as well.
#[tokio::test]
async fn label_files_are_checked_too() {
    let project = Project::new();
    let (uri, labels) = (
        project.uri("configuration.json"),
        project.uri("labels.json"),
    );
    project.write("labels.json", r#"{"daisy": 0, "daisy": 1}"#);
    let mut client = Client::rich().await;
    client.open(&uri, &project.read("configuration.json")).await;
    let published = async |client: &mut Client, wanted: &str, empty: bool| loop {
        let published = client.notification("textDocument/publishDiagnostics").await;
        if published["uri"] == wanted
            && published["diagnostics"].as_array().unwrap().is_empty() == empty
        {
            return published;
        }
    };
    let found = published(&mut client, &labels, false).await;
    assert_eq!(found.get("version"), None);
    assert_eq!(found["diagnostics"][0]["code"], "duplicate-key");
    let sound = r#"{"daisy": 0, "dandelion": 1, "roses": 2, "sunflowers": 3, "tulips": 4}"#;
    client.open(&labels, sound).await;
    let found = published(&mut client, &labels, true).await;
    assert_eq!(found["version"], 1);
    client.replace(&labels, 2, &sound.replace("3", "2")).await;
    let found = published(&mut client, &labels, false).await;
    assert_eq!(found["version"], 2);
    // Without the configuration the file is anybody's.
    client.close(&uri).await;
    published(&mut client, &labels, true).await;
    client.ignore("textDocument/publishDiagnostics");
    client.finish().await;
}

#[tokio::test]
async fn typing_is_not_delayed_by_a_large_folder() {
    const IMAGES: usize = 20_000;
    let project = Project::new();
    let picture = project.path("dataset/validation/daisy/0.jpg");
    let (folder, original) = (project.path("large"), project.path("large/original.jpg"));
    fs::create_dir(&folder).unwrap();
    fs::copy(picture, &original).unwrap();
    for number in 1..IMAGES {
        fs::hard_link(&original, folder.join(format!("{number}.jpg"))).unwrap();
    }
    let text = project
        .read("configuration.json")
        .replace("dataset/training", "large");
    let uri = project.uri("configuration.json");
    let mut client = Client::rich().await;
    client.open(&uri, &text).await;
    let started = std::time::Instant::now();
    client.diagnostics(&uri, 1).await;
    for version in 2..10 {
        client
            .replace(
                &uri,
                version,
                &text.replace("\"batch_size\": 10", "\"batch_size\": 11"),
            )
            .await;
        client.diagnostics(&uri, version).await;
    }
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
    client.quiet().await;
    client.ignore("textDocument/publishDiagnostics");
    client.finish().await;
}

#[tokio::test]
async fn what_is_not_trusted_is_not_read() {
    let project = Project::new();
    project.write("model/flowers.h5", "no model");
    let text = project
        .read("configuration.json")
        .replace("dataset/training", "/etc");
    let uri = project.uri("configuration.json");
    let options = json!({"statusEvents": true, "trusted": false});
    let (mut client, _) = Client::start(RICH, options).await;
    client.open(&uri, &text).await;
    let found = client.settled(&uri, 1).await;
    assert_eq!(codes(&found), ["outside-trust"], "{found:#?}");
    let command = json!({"command": "modelQuantizer.quantize", "arguments": [uri]});
    let error = client.refused("workspace/executeCommand", command).await;
    assert_eq!(error["data"]["reason"], "untrusted");
    let settings = json!({"modelQuantizer": {"statusEvents": true, "trusted": true}});
    client
        .notify(
            "workspace/didChangeConfiguration",
            json!({"settings": settings}),
        )
        .await;
    let found = client.settled(&uri, 1).await;
    assert!(codes(&found).contains(&"unreadable-model"), "{found:#?}");
    assert!(!codes(&found).contains(&"outside-trust"), "{found:#?}");
    client.finish().await;
}

#[tokio::test]
async fn trust_is_granted_while_the_server_runs() {
    let project = Project::new();
    project.write("model/flowers.h5", "no model");
    let uri = project.uri("configuration.json");
    let options = json!({"statusEvents": true, "trusted": false});
    let (mut client, _) = Client::start(RICH, options).await;
    client.open(&uri, &project.read("configuration.json")).await;
    client.settled(&uri, 1).await;
    let folder = project.uri("made");
    for (command, arguments) in [
        ("quantize", json!([uri])),
        ("evaluate", json!([uri])),
        ("createFolder", json!([folder])),
        ("openReport", json!([uri])),
    ] {
        let command =
            json!({"command": format!("modelQuantizer.{command}"), "arguments": arguments});
        let error = client.refused("workspace/executeCommand", command).await;
        assert_eq!(error["data"]["reason"], "untrusted", "{error}");
        assert_eq!(error["code"], -32803);
    }
    assert!(!project.path("made").exists());
    client
        .notify("modelQuantizer/didGrantTrust", json!({}))
        .await;
    let found = client.settled(&uri, 1).await;
    assert!(codes(&found).contains(&"unreadable-model"), "{found:#?}");
    client.finish().await;
}

/// A report that a job has left advises while it fits the configuration, whatever of it is followed.
#[tokio::test]
async fn a_report_advises() {
    let advice = |code: &str, key: &str, value: Value| json!({"code": code, "layers": [], "key": key, "value": value, "message": "it was seen"});
    let project = Project::new();
    let uri = project.uri("configuration.json");
    let text = project.read("configuration.json");
    let mut configuration: Value = serde_json::from_str(&text).unwrap();
    let unread = ["output_dir", "evaluate_label_file", "evaluate_result_dir"];
    let members = configuration.as_object_mut().unwrap();
    members.retain(|key, _| !unread.contains(&key.as_str()));
    let report = json!({
        "configuration": configuration,
        "advice": [
            advice("activation-outliers", "quantization.z_threshold", json!(8)),
            advice("noisy-logits", "source_keras_model", json!(null)),
        ],
    });
    let mut client = Client::rich().await;
    client.open(&uri, &text).await;
    assert_eq!(client.settled(&uri, 1).await, [] as [Value; 0]);
    fs::create_dir_all(project.path("output")).unwrap();
    project.write("output/quantization_report.json", &report.to_string());
    let published = client.notification("textDocument/publishDiagnostics").await;
    let found = published["diagnostics"].as_array().unwrap();
    assert_eq!(codes(found), ["activation-outliers", "noisy-logits"]);
    // What LSP calls information.
    assert_eq!(found[0]["severity"], 3);
    let parameters = json!({
        "textDocument": {"uri": uri}, "range": found[0]["range"], "context": {"diagnostics": []}
    });
    let actions = client.request("textDocument/codeAction", parameters).await;
    let action = &actions[0];
    assert_eq!(action["title"], "Set `quantization.z_threshold` to 8");
    let edit = &action["edit"]["changes"][&uri][0];
    assert!(
        edit["newText"]
            .as_str()
            .unwrap()
            .contains("\"z_threshold\": 8"),
        "{edit}"
    );
    client
        .change(
            &uri,
            2,
            json!([{"range": edit["range"], "text": edit["newText"]}]),
        )
        .await;
    assert_eq!(codes(&client.settled(&uri, 2).await), ["noisy-logits"]);
    // The report is about another model now.
    let other = text.replace("\"batch_size\": ", "\"batch_size\": 1");
    assert_ne!(other, text);
    client.replace(&uri, 3, &other).await;
    assert!(!codes(&client.settled(&uri, 3).await).contains(&"noisy-logits"));
    client.finish().await;
}
