//! Runs that are kept, listed and compared.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Finished, Project, Schema};

fn list(project: &Project) -> Value {
    let finished = project
        .run(&["runs", "configuration.json", "--json"])
        .assert_code(0);
    let list: Value = serde_json::from_str(&finished.stdout).unwrap();
    Schema::load("runs").check(&list);
    list
}

/// The folder of the run that a job says it has kept.
fn run_of(finished: &Finished) -> PathBuf {
    let events = finished.events();
    let run = events.last().unwrap()["run"].as_str().unwrap();
    PathBuf::from(run)
}

#[track_caller]
fn check_files(project: &Project, run: &PathBuf, reports: &[&str]) {
    let mut expected = vec!["configuration.json".to_owned(), "run.json".to_owned()];
    for report in reports {
        let name = report.rsplit('/').next().unwrap();
        assert!(
            fs::read(run.join(name)).unwrap() == project.read(report),
            "{name}"
        );
        expected.push(name.to_owned());
    }
    expected.sort();
    let mut found: Vec<String> = fs::read_dir(run)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, expected);
    let kept = fs::read(run.join("configuration.json")).unwrap();
    assert!(kept == project.read("configuration.json"));
}

#[test]
fn jobs_keep_what_they_were_given_and_have_made() {
    let project = Project::small();
    assert_eq!(list(&project)["runs"], Value::Array(Vec::new()));
    let json = ["--message-format", "json"];
    let quantized = run_of(&project.job("quantize", &json));
    let evaluated = run_of(&project.job("evaluate", &json));
    check_files(
        &project,
        &quantized,
        &[
            "output/quantization_report.json",
            "output/quantization_report.html",
        ],
    );
    check_files(
        &project,
        &evaluated,
        &[
            "results/results.json",
            "results/evaluation_report.json",
            "results/evaluation_report.html",
        ],
    );

    let list = list(&project);
    let runs = list["runs"].as_array().unwrap();
    let jobs: Vec<&Value> = runs.iter().map(|run| &run["job"]).collect();
    assert_eq!(jobs, ["evaluate", "quantize"], "the newest first");
    for (run, folder) in runs.iter().zip([&evaluated, &quantized]) {
        assert_eq!(run["path"], folder.to_str().unwrap());
        for model in run["models"].as_array().unwrap() {
            let bytes = fs::read(model["path"].as_str().unwrap()).unwrap().len();
            assert_eq!(model["bytes"], bytes);
        }
    }
    assert_eq!(runs[0]["models"], runs[1]["models"]);
    let results = project.json("results/results.json");
    let key = "top_1_accuracy_tflite_quantized";
    assert_eq!(runs[0]["result"][key], results[key]);

    let shown = project.run(&["runs", "configuration.json"]).assert_code(0);
    for said in ["-quantize", "-evaluate", "logits SQNR", "top-1"] {
        assert!(shown.stdout.contains(said), "{}", shown.stdout);
    }
}

#[test]
fn no_history_keeps_nothing() {
    let project = Project::small();
    let options = ["--message-format", "json", "--no-history"];
    for job in ["quantize", "evaluate"] {
        let finished = project.job(job, &options);
        assert_eq!(finished.events().last().unwrap()["run"], Value::Null);
    }
    assert!(!project.path("output/runs").exists());
}

/// A failed job leaves no run, and a run that cannot be kept fails no job.
#[test]
fn results_do_not_depend_on_the_history() {
    let project = Project::small();
    project.job("quantize", &["--quiet"]);
    let before = project.snapshot();
    project.set("dataset_image_dir", "absent");
    project
        .run(&["quantize", "configuration.json"])
        .assert_code(2);
    project.set("dataset_image_dir", "dataset/training");
    let after = project.snapshot();
    assert!(before.paths().eq(after.paths()));

    fs::remove_dir_all(project.path("output/runs")).unwrap();
    project.write("output/runs", "a file in the way");
    let finished = project.job("quantize", &[]);
    assert!(
        finished.stderr.contains("this run is not kept"),
        "{}",
        finished.stderr
    );
    assert_eq!(project.read("output/runs"), b"a file in the way");
}

#[test]
fn runs_are_compared_side_by_side() {
    let project = Project::small();
    let json = ["--message-format", "json"];
    let first = run_of(&project.job("quantize", &json));
    project.job("evaluate", &["--quiet"]);
    project.set("target", "tflite");
    let second = run_of(&project.job("quantize", &[&json[..], &["--seed", "3"]].concat()));
    let [first, second] = [first, second].map(|run| run.to_str().unwrap().to_owned());

    let finished = project
        .run(&["compare", &first, &second, "--json", "--output", "c.html"])
        .assert_code(0);
    let comparison: Value = serde_json::from_str(&finished.stdout).unwrap();
    Schema::load("comparison").check(&comparison);
    let settings: Vec<(&str, &Value)> = comparison["settings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|setting| (setting["key"].as_str().unwrap(), &setting["values"]))
        .collect();
    assert_eq!(settings.len(), 2, "{settings:?}");
    assert_eq!(settings[0].0, "quantization.seed");
    assert_eq!(settings[1].0, "target");
    assert_eq!(settings[1].1[0]["value"], "\"imx500\"");
    assert_eq!(settings[1].1[1]["value"], "\"tflite\"");
    // The first has been evaluated by another run, the second not at all.
    let results = project.json("results/results.json");
    let evaluation = &comparison["runs"][0]["evaluation"];
    assert_eq!(
        evaluation["top_1_accuracy"][2],
        results["top_1_accuracy_tflite_quantized"]
    );
    assert_eq!(comparison["runs"][1]["evaluation"], Value::Null);
    let report = project.json("output/quantization_report.json");
    assert_eq!(
        comparison["runs"][1]["quantization"]["logits_sqnr_db"],
        report["comparison"]["logits_sqnr_db"]
    );
    let layers = comparison["layers"].as_array().unwrap();
    assert_eq!(layers.len(), report["layers"].as_array().unwrap().len());
    assert!(layers.iter().any(|layer| {
        let of_run = |run: usize| &layer["runs"][run]["sqnr_db"];
        of_run(0) != of_run(1)
    }));

    let page = String::from_utf8(project.read("c.html")).unwrap();
    assert!(!page.contains("<script"));
    for shown in [
        "quantization.seed",
        "&quot;tflite&quot;",
        "default-src 'none'",
    ] {
        assert!(page.contains(shown), "{shown} is not in {page}");
    }
    let shown = project.run(&["compare", &first, &second]).assert_code(0);
    assert!(shown.stdout.contains("logits SQNR"), "{}", shown.stdout);
}

#[test]
fn what_is_no_run_is_refused() {
    let project = Project::small();
    project.write("2026-01-31T00-00-00.000Z-quantize/run.json", "{\"job\": 1}");
    project.write("2026-01-31T00-00-00.000Z-quantize/configuration.json", "{}");
    let check = |arguments: &[&str], parts: &[&str]| {
        let finished = project.run(arguments).assert_code(2);
        finished.assert_error(parts);
    };
    check(
        &["compare", "absent", "absent"],
        &["\"absent\" is not the folder of a run", "run.json"],
    );
    check(
        &["compare", "2026-01-31T00-00-00.000Z-quantize", "absent"],
        &["run.json is damaged"],
    );
    let many = [&["compare"][..], &["absent"; 9]].concat();
    check(&many, &["9 run(s) cannot be compared; give from 2 to 8"]);
    check(&["runs", "absent.json"], &["does not exist"]);
    project.write("c.json", "{}");
    check(&["runs", "c.json"], &["give output_dir a folder"]);
    // One run is a usage error, which clap reports.
    project.run(&["compare", "one"]).assert_code(2);
}
