//! The commands beside the two jobs.

use serde_json::Value;

use crate::support::{Finished, Project, Schema, repository};

#[test]
fn check_says_what_is_wrong() {
    let check = |project: &Project, code: i32| -> Finished {
        project
            .run(&["check", "configuration.json"])
            .assert_code(code)
    };
    let finished = check(&Project::flowers(), 0);
    assert_eq!(finished.stdout, "configuration.json: no problems\n");

    // A hint is printed, and is no failure.
    let project = Project::small();
    let finished = check(&project, 0);
    assert!(
        finished.stdout.contains("hint[few-calibration-images]"),
        "{}",
        finished.stdout
    );

    for (key, value, expected) in [
        ("batch_size", Value::from(21), "batch-size-exceeds-images"),
        ("batch_size", "many".into(), "batch_size"),
        ("input_tensor_size", 64.into(), "write 96"),
        ("output_dir", "labels.json".into(), "labels.json"),
        ("evaluate_image_dir", "absent".into(), "path-not-found"),
    ] {
        let project = Project::small();
        project.set(key, value);
        let finished = check(&project, 1);
        assert!(finished.stdout.contains(expected), "{}", finished.stdout);
        assert_eq!(finished.stderr, "");
    }

    project.write("configuration.json", "{");
    check(&project, 1);
    std::fs::remove_file(project.path("configuration.json")).unwrap();
    check(&project, 2).assert_error(&["configuration.json", "init"]);
}

#[test]
fn check_speaks_to_programs() {
    let project = Project::small();
    let as_json = |format: &str, code: i32| -> Value {
        let finished = project.run(&["check", "configuration.json", "--format", format]);
        serde_json::from_str(&finished.assert_code(code).stdout).unwrap()
    };
    let schema = Schema::load("findings");
    for (broken, code) in [(false, 0), (true, 1)] {
        if broken {
            project.write("labels.json", r#"{"daisy": 0, "roses": 0}"#);
            project.set("batch_size", 21);
        }
        let findings = as_json("json", code);
        schema.check(&findings);
        let codes: Vec<&Value> = findings
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| &finding["code"])
            .collect();
        let log = as_json("sarif", code);
        assert_eq!(log["version"], "2.1.0");
        let results = log["runs"][0]["results"].as_array().unwrap();
        let rules: Vec<&Value> = results.iter().map(|result| &result["ruleId"]).collect();
        assert_eq!(rules, codes);
        for result in results {
            let rule = result["ruleIndex"].as_u64().unwrap() as usize;
            let rules = &log["runs"][0]["tool"]["driver"]["rules"];
            assert_eq!(rules[rule]["id"], result["ruleId"]);
        }
    }
}

#[test]
fn init_writes_a_configuration_to_start_from() {
    let project = Project::small();
    project.run(&["init", "new/folder"]).assert_code(0);
    let written = project.json("new/folder/configuration.json");
    Schema::load("configuration").check(&written);

    let checked = project.run(&["check", "new/folder/configuration.json", "--format", "json"]);
    let findings: Vec<Value> = serde_json::from_str(&checked.assert_code(1).stdout).unwrap();
    let codes: Vec<&str> = findings
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect();
    // All that is missing are the user's own files.
    assert_eq!(codes, ["path-not-found"; 4]);

    let before = project.snapshot();
    let again = project.run(&["init", "new/folder"]).assert_code(2);
    again.assert_error(&["configuration.json", "exists already"]);
    before.assert_unchanged(&project);

    // A file that was made first, as an editor makes one, is filled.
    project.write("empty/configuration.json", "\n");
    project.run(&["init", "empty"]).assert_code(0);
    assert_eq!(project.json("empty/configuration.json"), written);
}

#[test]
fn inspect_shows_models() {
    let project = Project::small();
    project.job("quantize", &[]);
    for (model, format, for_people, layers) in [
        (
            "model/flowers.h5",
            "Keras HDF5 (.h5)",
            "picture  float32  1 x 96 x 96 x 3",
            "layers",
        ),
        (
            "output/model.tflite",
            "TFLite",
            "float32 1 x 96 x 96 x 3",
            "operators",
        ),
        (
            "output/model_quantized.tflite",
            "TFLite",
            "uint8 1 x 96 x 96 x 3",
            "operators",
        ),
    ] {
        let text = project.run(&["inspect", model]).assert_code(0).stdout;
        for expected in [format, for_people, "1 x 5", "block_3_depthwise"] {
            assert!(text.contains(expected), "{expected:?} is not in:\n{text}");
        }
        let json = project
            .run(&["inspect", model, "--json"])
            .assert_code(0)
            .stdout;
        let json: Value = serde_json::from_str(&json).unwrap();
        Schema::load("inspect").check(&json);
        assert_eq!(json["format"], format);
        assert!(json[layers].as_array().unwrap().len() > 20, "{json}");
    }
}

/// Every model of the fixtures keeps to the schema, and what cannot be converted is a finding.
#[test]
fn inspect_says_all_that_is_unsupported() {
    let schema = Schema::load("inspect");
    let project = Project::small();
    let check = |model: &str, code: i32, expected: &[&str]| {
        let model = repository(&format!("tests/fixtures/keras/{model}"));
        let model = model.to_str().unwrap();
        let text = project.run(&["inspect", model]).assert_code(code).stdout;
        for part in expected {
            assert!(text.contains(part), "{part:?} is not in:\n{text}");
        }
        let json = project.run(&["inspect", model, "--json"]).assert_code(code);
        let json: Value = serde_json::from_str(&json.stdout).unwrap();
        schema.check(&json);
        assert_eq!(json["refusal"].is_null(), code == 0, "{json}");
        assert!(!json["layers"].as_array().unwrap().is_empty());
    };
    check(
        "keras2/unsupported.h5",
        1,
        &["1 layer cannot be converted:\n  \"inner/twice\" (Lambda): it runs"],
    );
    check(
        "keras2_layers/refused_layers.h5",
        1,
        &[
            "8 layers cannot be converted:\n  \"tf.math.greater\" (TFOpLambda): ",
            "\n  \"jump\" (ReLU): it has a threshold",
            "\n  \"categories\" (CategoryEncoding): ",
            "\n  \"dilated\" (Conv2DTranspose): ",
            "\n  \"causal\" (MultiHeadAttention): ",
        ],
    );
    check(
        "keras3/two_inputs.h5",
        1,
        &[
            "input       left  float32",
            "input       right  float32",
            "the model has 2 inputs (left, right)",
        ],
    );
    check(
        "keras2/open_size.h5",
        0,
        &[
            "1 x ? x ? x 3",
            "1 x ? x ? x 4",
            "the layers of which they are unknown",
        ],
    );
    check(
        "keras3/transfer.keras",
        0,
        &["Keras archive (.keras), Keras 3"],
    );
    check(
        "keras3/normalization.h5",
        1,
        &[
            "pixels      ",
            "\nthe model's output \"concatenate\" has the shape 1 × 4 × 4 × 36",
        ],
    );
}

#[test]
fn inspect_refuses_other_files() {
    let project = Project::small();
    project.write("cut.tflite", "TFL3");
    project.write("empty.h5", "");
    for file in [
        "configuration.json",
        "absent.h5",
        "absent.tflite",
        "cut.tflite",
        "empty.h5",
    ] {
        let finished = project.run(&["inspect", file]).assert_code(2);
        finished.assert_error(&[file]);
        assert_eq!(finished.stdout, "");
    }
}

#[test]
fn doctor_names_the_runtime() {
    let project = Project::small();
    let finished = project.run(&["doctor"]).assert_code(0);
    let runtime = finished
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("TFLite runtime"))
        .unwrap();
    assert!(runtime.trim().starts_with("2."), "{runtime}");
}

#[test]
fn unknown_arguments_are_refused() {
    let project = Project::small();
    for arguments in [
        &[][..],
        &["quantise", "configuration.json"],
        &["quantize"],
        &["quantize", "configuration.json", "--threads", "0"],
        &["quantize", "configuration.json", "--seed", "-1"],
        &["evaluate", "configuration.json", "--message-format", "xml"],
    ] {
        project.run(arguments).assert_code(2);
    }
}
