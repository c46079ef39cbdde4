//! What a job prints: JSON for programs, lines for people.

use std::collections::HashMap;

use serde_json::Value;

use crate::support::{Project, Schema};

/// Checks each line against the schema, and that progress only grows, up to its total.
#[track_caller]
fn check(events: &[Value]) {
    let schema = Schema::load("events");
    let mut progress: HashMap<&str, u64> = HashMap::new();
    let mut totals: HashMap<&str, u64> = HashMap::new();
    let mut running = "";
    for event in events {
        schema.check(event);
        let count = |key: &str| event[key].as_u64().unwrap();
        match event["event"].as_str().unwrap() {
            "stage" => {
                running = event["stage"].as_str().unwrap();
                let earlier = totals.insert(running, count("total"));
                assert_eq!(earlier, None, "{running} began twice");
            }
            "progress" => {
                assert_eq!(event["stage"], running);
                assert_eq!(totals.get(running), Some(&count("total")));
                let earlier = progress.insert(running, count("done"));
                assert!(earlier <= Some(count("done")), "{event}");
                assert!(count("done") <= count("total"), "{event}");
            }
            _ => {}
        }
    }
    let unfinished = totals
        .iter()
        .find(|(stage, total)| **total > 0 && progress.get(*stage) != Some(total));
    assert_eq!(unfinished, None);
}

#[test]
fn jobs_end_in_a_result() {
    let project = Project::small();
    for job in ["quantize", "evaluate"] {
        let finished = project.job(job, &["--message-format", "json"]);
        assert_eq!(finished.stderr, "");
        let events = finished.events();
        check(&events);
        let last = events.last().unwrap();
        assert_eq!(
            (&last["event"], &last["job"]),
            (&"result".into(), &job.into())
        );
        let results = events.iter().filter(|event| event["event"] == "result");
        assert_eq!(results.count(), 1);
    }
}

#[test]
fn what_was_logged_as_a_warning_is_in_the_result() {
    let project = Project::small();
    let training = project.path("dataset/training");
    let files = project.snapshot();
    let mut pictures = files.paths().filter(|path| path.starts_with(&training));
    let picture = pictures.find(|path| path.extension().is_some()).unwrap();
    let mut turned = std::fs::read(picture).unwrap();
    // An APP1 segment with a big-endian TIFF of one entry: orientation, 6.
    let exif = *b"\xFF\xE1\0\x22Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    turned.splice(2..2, exif);
    std::fs::write(picture, turned).unwrap();
    project.write("dataset/training/.hidden/a.jpg", "left out");
    let events = project
        .job("quantize", &["--message-format", "json"])
        .events();
    let logged: Vec<&Value> = events
        .iter()
        .filter(|event| event["level"] == "warning")
        .map(|event| &event["message"])
        .collect();
    let [hidden, orientation] = logged[..] else {
        panic!("{logged:?}");
    };
    assert!(hidden.as_str().unwrap().contains("hidden"), "{hidden}");
    let orientation = orientation.as_str().unwrap();
    assert!(
        orientation.contains("orientation of 1 image"),
        "{orientation}"
    );
    let result = events.last().unwrap();
    let warnings = result["warnings"].as_array().unwrap();
    assert_eq!(warnings.iter().collect::<Vec<_>>(), logged);
}

/// What the language server asks for has the same events, each with its texts as data beside them.
#[test]
fn texts_are_data_for_those_who_ask() {
    let project = Project::small();
    project.set("source_keras_model", "absent.h5");
    let events = |format| {
        let arguments = ["quantize", "configuration.json", "--message-format", format];
        project.run(&arguments).assert_code(2).events()
    };
    let (plain, with_texts) = (events("json"), events("texts"));
    assert_eq!(plain.len(), with_texts.len());
    for (plain, mut event) in plain.iter().zip(with_texts) {
        let texts = event.as_object_mut().unwrap().remove("texts").unwrap();
        assert_eq!(*plain, event);
        assert!(texts["message"]["template"].is_string(), "{texts}");
    }
}

#[test]
fn jobs_that_fail_end_in_an_error() {
    let schema = Schema::load("events");
    // The first is found before the job begins, the second by the job.
    for (key, value) in [
        ("source_keras_model", "absent.h5"),
        ("dataset_image_dir", "broken"),
    ] {
        let project = Project::small();
        project.write("broken/picture.jpg", "no picture");
        project.set("batch_size", 1);
        project.set(key, value);
        let finished = project
            .run(&["quantize", "configuration.json", "--message-format", "json"])
            .assert_code(2);
        assert_eq!(finished.stderr, "");
        let events = finished.events();
        events.iter().for_each(|event| schema.check(event));
        let last = events.last().unwrap();
        assert_eq!(last["event"], "error");
        assert_eq!(last["cancelled"], false);
        assert!(last["message"].as_str().unwrap().contains(value), "{last}");
        assert_eq!(last["key"], key);
    }
}

#[test]
fn quiet_jobs_print_nothing() {
    let project = Project::small();
    for job in ["quantize", "evaluate"] {
        let finished = project.job(job, &["--quiet"]);
        assert_eq!((&*finished.stdout, &*finished.stderr), ("", ""));
    }
}

#[test]
fn elsewhere_than_on_a_terminal_progress_is_lines() {
    let project = Project::small();
    for (job, expected) in [
        ("quantize", "calibrating: 20/20 images"),
        ("evaluate", "evaluating the Keras model: 20/20 images"),
    ] {
        let finished = project.job(job, &[]);
        let lines: Vec<&str> = finished.stderr.lines().collect();
        let matching = lines.iter().filter(|line| line.starts_with(expected));
        assert_eq!(matching.count(), 1, "{lines:#?}");
        let all = finished.stderr + &finished.stdout;
        assert!(!all.contains(['\u{1b}', '\r']), "{all:?}");
    }
}
