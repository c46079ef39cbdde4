//! Quantize and Evaluate as commands. The program behind them does what each test writes down.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Client, Project, RICH};

const STAGE: &str = r#"print {"event":"stage","stage":"calibrate","title":"Calibrating","total":300,"unit":"images"}"#;
const RESULT: &str = r#"print {"event":"result","job":"quantize","calibration_images":20}"#;
const CREATE: &str = "window/workDoneProgress/create";

fn command(project: &Project, name: &str, choices: Value) -> Value {
    let uri = project.uri("configuration.json");
    json!({"command": name, "arguments": [uri, choices]})
}

/// Starts Quantize, lets the server make a progress token, and returns id and token.
async fn start(client: &mut Client, project: &Project, choices: Value) -> (String, Value) {
    let command = command(project, "modelQuantizer.quantize", choices);
    let id = client.ask("workspace/executeCommand", command).await;
    let answer = client.answer(id).await.unwrap();
    let token = client.serve(CREATE, Value::Null).await["token"].take();
    (answer["id"].as_str().unwrap().to_owned(), token)
}

/// The values of the progress with a token up to its end.
async fn progress(client: &mut Client, token: &Value) -> Vec<Value> {
    let mut values = Vec::new();
    loop {
        let mut progress = client.notification("$/progress").await;
        assert_eq!(progress["token"], *token);
        let value = progress["value"].take();
        let ends = value["kind"] == "end";
        values.push(value);
        if ends {
            return values;
        }
    }
}

#[tokio::test]
async fn a_job_runs_with_progress_and_a_result() {
    let project = Project::new();
    let noted = project.path("arguments.txt");
    let script = [
        &format!("arguments {}", noted.display()),
        STAGE,
        "sleep 300",
        r#"print {"event":"progress","stage":"calibrate","done":150,"total":300,"unit":"images"}"#,
        "sleep 300",
        r#"print {"event":"progress","stage":"calibrate","done":300,"total":300,"unit":"images"}"#,
        RESULT,
    ];
    project.write("pretend.txt", &script.join("\n"));
    let mut client = Client::rich().await;
    let choices = json!({"threads": 2, "seed": 7});
    let (id, token) = start(&mut client, &project, choices).await;
    let values = progress(&mut client, &token).await;
    let kinds: Vec<&str> = values
        .iter()
        .map(|value| value["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds.first(), Some(&"begin"));
    assert_eq!(kinds.iter().filter(|kind| **kind == "end").count(), 1);
    assert!(
        values[0]["title"]
            .as_str()
            .unwrap()
            .starts_with("Quantizing ")
    );
    assert_eq!(values[0]["cancellable"], true);
    let messages: Vec<&str> = values
        .iter()
        .filter_map(|value| value["message"].as_str())
        .collect();
    let half = |message: &&&str| message.starts_with("Calibrating: 150/300 images");
    assert!(
        messages.iter().any(|message| half(&message)),
        "{messages:?}"
    );
    assert_eq!(messages.last(), Some(&"done"));
    let percentages = values
        .iter()
        .filter_map(|value| value["percentage"].as_u64());
    assert!(percentages.is_sorted(), "{values:?}");
    let status = client
        .request("modelQuantizer/jobResult", json!({"id": id}))
        .await;
    assert_eq!(status["state"], "succeeded");
    assert_eq!(status["result"]["calibration_images"], 20);
    let all = client.request("modelQuantizer/jobs", Value::Null).await;
    assert_eq!(all, json!([status]));
    let configuration = project.path("configuration.json");
    let expected = format!(
        "quantize\n--message-format\ntexts\n--stop-with-stdin\n--threads\n2\n--seed\n7\n--\n{}",
        configuration.display()
    );
    assert_eq!(project.read("arguments.txt"), expected);
    client.finish().await;
}

#[tokio::test]
async fn the_token_of_the_client_is_used() {
    let project = Project::new();
    project.write("pretend.txt", &[STAGE, RESULT].join("\n"));
    let mut client = Client::rich().await;
    let mut command = command(&project, "modelQuantizer.quantize", json!({}));
    command["workDoneToken"] = json!("mine");
    client.request("workspace/executeCommand", command).await;
    let values = progress(&mut client, &json!("mine")).await;
    assert_eq!(values.last().unwrap()["message"], "done");
    client.finish().await;
}

#[tokio::test]
async fn without_progress_in_the_client_jobs_run_all_the_same() {
    let project = Project::new();
    project.write("pretend.txt", &[STAGE, RESULT].join("\n"));
    let (mut client, _) = Client::start("{}", json!({"jobEvents": true})).await;
    let command = command(&project, "modelQuantizer.quantize", json!({}));
    client.request("workspace/executeCommand", command).await;
    let mut states = Vec::new();
    while states.last() != Some(&json!("succeeded")) {
        let mut event = client.notification("modelQuantizer/job").await;
        states.push(event["state"].take());
    }
    assert_eq!(states[0], "running");
    client.finish().await;
}

#[tokio::test]
async fn cancelling_takes_less_than_a_second() {
    let check = async |last: &str, by_token: bool| {
        let project = Project::new();
        project.write("pretend.txt", &[STAGE, last].join("\n"));
        let mut client = Client::rich().await;
        let (id, token) = start(&mut client, &project, json!({})).await;
        loop {
            let progress = client.notification("$/progress").await;
            if progress["value"]["message"] == "Calibrating" {
                break;
            }
        }
        let asked = Instant::now();
        if by_token {
            let params = json!({"token": token});
            client
                .notify("window/workDoneProgress/cancel", params)
                .await;
        } else {
            let command = json!({"command": "modelQuantizer.cancel", "arguments": [id]});
            client.request("workspace/executeCommand", command).await;
        }
        let values = progress(&mut client, &token).await;
        assert!(
            asked.elapsed() < Duration::from_secs(1),
            "{:?}",
            asked.elapsed()
        );
        assert_eq!(values.last().unwrap()["message"], "cancelled");
        let status = client
            .request("modelQuantizer/jobResult", json!({"id": id}))
            .await;
        assert_eq!(
            (&status["state"], &status["error"]),
            (&json!("cancelled"), &Value::Null)
        );
        client.finish().await;
    };
    check("until-input-closes", true).await;
    check("until-input-closes", false).await;
    // A job that does not listen is ended by force.
    check("forever", true).await;
}

#[tokio::test]
async fn failures_are_told() {
    let check = async |script: &str, expected: &str| {
        let project = Project::new();
        project.write("pretend.txt", script);
        let mut client = Client::rich().await;
        let (id, token) = start(&mut client, &project, json!({})).await;
        let values = progress(&mut client, &token).await;
        assert_eq!(values.last().unwrap()["message"], "failed");
        let shown = client.notification("window/showMessage").await;
        let message = shown["message"].as_str().unwrap();
        assert!(message.contains(expected), "{message}");
        client.logged(expected).await;
        let status = client
            .request("modelQuantizer/jobResult", json!({"id": id}))
            .await;
        assert_eq!(
            (&status["state"], &status["error"]),
            (&json!("failed"), &json!(message))
        );
        client.finish().await;
    };
    check(
        r#"print {"event":"error","cancelled":false,"message":"the disk is full"}"#,
        "the disk is full",
    )
    .await;
    check("exit 134", "134").await;
}

#[tokio::test]
async fn the_value_at_fault_is_marked_until_the_text_changes_or_a_job_starts() {
    let project = Project::new();
    let text = project.read("configuration.json");
    let uri = project.uri("configuration.json");
    let failure = r#"print {"event":"error","cancelled":false,"message":"a picture is broken","key":"dataset_image_dir"}"#;
    project.write("pretend.txt", failure);
    let options = json!({"statusEvents": true, "documentation": "file:///docs/diagnostics.md"});
    let (mut client, _) = Client::start(RICH, options).await;
    client.ignore("window/showMessage");
    client.open(&uri, &text).await;
    assert_eq!(client.settled(&uri, 1).await, Vec::<Value>::new());
    let line = text
        .lines()
        .position(|line| line.contains("dataset_image_dir"));
    let (id, token) = start(&mut client, &project, json!({})).await;
    progress(&mut client, &token).await;
    let query = json!({"id": id});
    let status = client.request("modelQuantizer/jobResult", query).await;
    let marked = client.diagnostics(&uri, 1).await;
    assert_eq!(marked.len(), 1, "{marked:#?}");
    assert_eq!(marked[0]["code"], "job-failed");
    assert_eq!(marked[0]["message"], "a picture is broken");
    let link = &marked[0]["codeDescription"]["href"];
    assert_eq!(link, "file:///docs/diagnostics.md#job-failed");
    assert_eq!(marked[0]["range"], status["range"]);
    assert_eq!(status["range"]["start"]["line"], json!(line));
    // The next job takes the mark away, and sets it when it fails as well.
    project.write("pretend.txt", &format!("sleep 300\n{failure}"));
    let (_, token) = start(&mut client, &project, json!({})).await;
    assert_eq!(client.diagnostics(&uri, 1).await, Vec::<Value>::new());
    progress(&mut client, &token).await;
    assert_eq!(client.diagnostics(&uri, 1).await.len(), 1);
    client.replace(&uri, 2, &(text + "\n")).await;
    assert_eq!(client.diagnostics(&uri, 2).await, Vec::<Value>::new());
    for id in ["quantize-1", "quantize-2"] {
        client.logged(&format!("{id} failed")).await;
    }
    client.finish().await;
}

#[tokio::test]
async fn what_a_job_says_besides_is_logged() {
    let project = Project::new();
    let script = [
        "error trouble",
        "print nonsense",
        r#"print {"event":"log","level":"warning","message":"a picture is grey"}"#,
        "sleep 100",
        RESULT,
    ];
    project.write("pretend.txt", &script.join("\n"));
    let mut client = Client::rich().await;
    let (_, token) = start(&mut client, &project, json!({})).await;
    progress(&mut client, &token).await;
    client.logged("quantize: trouble").await;
    client.logged("not an event of a job: nonsense").await;
    client.logged("a picture is grey").await;
    client.finish().await;
}

#[tokio::test]
async fn findings_refuse_a_job() {
    let project = Project::new();
    let text = project.read("configuration.json");
    project.write(
        "configuration.json",
        &text.replace("labels.json", "label.json"),
    );
    let mut client = Client::rich().await;
    let evaluate = command(&project, "modelQuantizer.evaluate", json!({}));
    let error = client.refused("workspace/executeCommand", evaluate).await;
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("configuration.json:"), "{message}");
    assert!(message.contains("label.json"), "{message}");
    assert_eq!(error["data"]["reason"], "findings");
    assert_eq!(error["data"]["code"], "path-not-found");
    // Quantize does not read the label file.
    project.write("pretend.txt", RESULT);
    let (_, token) = start(&mut client, &project, json!({})).await;
    progress(&mut client, &token).await;
    client.finish().await;
}

#[tokio::test]
async fn unsaved_changes_refuse_a_job() {
    let project = Project::new();
    project.write("pretend.txt", RESULT);
    let uri = project.uri("configuration.json");
    let mut client = Client::rich().await;
    client.open(&uri, &project.read("configuration.json")).await;
    client.diagnostics(&uri, 1).await;
    let changed = project.read("configuration.json") + "\n";
    client.replace(&uri, 2, &changed).await;
    client.diagnostics(&uri, 2).await;
    let quantize = command(&project, "modelQuantizer.quantize", json!({}));
    let error = client.refused("workspace/executeCommand", quantize).await;
    assert_eq!(error["data"], json!({"reason": "unsaved", "uri": uri}));
    let (_, token) = start(&mut client, &project, json!({"unsaved": "ignore"})).await;
    progress(&mut client, &token).await;
    client.finish().await;
}

#[tokio::test]
async fn one_job_at_a_time() {
    let project = Project::new();
    project.write("pretend.txt", &[STAGE, "until-input-closes"].join("\n"));
    let mut client = Client::rich().await;
    let (first, first_token) = start(&mut client, &project, json!({})).await;
    let quantize = command(&project, "modelQuantizer.quantize", json!({}));
    let error = client.refused("workspace/executeCommand", quantize).await;
    assert_eq!(error["data"], json!({"reason": "running", "id": first}));
    let queue = json!({"running": "queue"});
    let (second, second_token) = start(&mut client, &project, queue).await;
    let status = client
        .request("modelQuantizer/jobResult", json!({"id": second}))
        .await;
    assert_eq!(status["state"], "queued");
    // The first child reads its part when it starts; only then may the second's be written.
    while client.notification("$/progress").await["value"]["message"] != "Calibrating" {}
    project.write("pretend.txt", RESULT);
    let command = json!({"command": "modelQuantizer.cancel", "arguments": [first]});
    client.request("workspace/executeCommand", command).await;
    let mut ends = Vec::new();
    while ends.len() < 2 {
        let progress = client.notification("$/progress").await;
        if progress["value"]["kind"] == "end" {
            ends.push((
                progress["token"].clone(),
                progress["value"]["message"].clone(),
            ));
        }
    }
    let expected = [
        (first_token, json!("cancelled")),
        (second_token, json!("done")),
    ];
    assert_eq!(ends, expected);
    client.finish().await;
}

#[tokio::test]
async fn a_replaced_job_is_cancelled() {
    let project = Project::new();
    project.write("pretend.txt", &[STAGE, "until-input-closes"].join("\n"));
    let mut client = Client::rich().await;
    let (first, _) = start(&mut client, &project, json!({})).await;
    while client.notification("$/progress").await["value"]["message"] != "Calibrating" {}
    project.write("pretend.txt", RESULT);
    let replace = json!({"running": "replace"});
    let (second, _) = start(&mut client, &project, replace).await;
    let mut ends = 0;
    while ends < 2 {
        let progress = client.notification("$/progress").await;
        ends += usize::from(progress["value"]["kind"] == "end");
    }
    let all = client.request("modelQuantizer/jobs", Value::Null).await;
    let states: Vec<[&Value; 2]> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|job| [&job["id"], &job["state"]])
        .collect();
    let expected = [
        [&json!(first), &json!("cancelled")],
        [&json!(second), &json!("succeeded")],
    ];
    assert_eq!(states, expected);
    client.finish().await;
}

/// Closing the editor ends its jobs.
#[tokio::test]
async fn shutdown_ends_jobs() {
    let project = Project::new();
    project.write("pretend.txt", "until-input-closes");
    let (mut client, _) = Client::start(RICH, json!({"jobEvents": true})).await;
    let (_, token) = start(&mut client, &project, json!({})).await;
    client.request("shutdown", Value::Null).await;
    let values = progress(&mut client, &token).await;
    assert_eq!(values.last().unwrap()["message"], "cancelled");
    let mut states = Vec::new();
    while states.last() != Some(&json!("cancelled")) {
        let mut event = client.notification("modelQuantizer/job").await;
        states.push(event["state"].take());
    }
    client.notify("exit", Value::Null).await;
    client.ended().await;
}

/// Something is told every second, and the remaining time runs down.
#[tokio::test]
async fn a_slow_job_shows_that_it_lives() {
    let project = Project::new();
    let script = [
        STAGE,
        "sleep 1500",
        r#"print {"event":"progress","stage":"calibrate","done":75,"total":300,"unit":"images"}"#,
        "sleep 3200",
        RESULT,
    ];
    project.write("pretend.txt", &script.join("\n"));
    let mut client = Client::rich().await;
    let asked = Instant::now();
    let (_, token) = start(&mut client, &project, json!({})).await;
    assert!(asked.elapsed() < Duration::from_millis(1200));
    let values = progress(&mut client, &token).await;
    let left: Vec<u64> = values
        .iter()
        .filter_map(|value| value["message"].as_str())
        .filter_map(|message| message.strip_prefix("Calibrating: 75/300 images, "))
        .filter_map(|rest| rest.strip_suffix(" s left")?.parse().ok())
        .collect();
    assert!(left.len() >= 4, "{values:#?}");
    assert!(left.first() > left.last(), "{left:?}");
    client.finish().await;
}
