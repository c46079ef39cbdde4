//! Advice from the job to the check of the configuration.

use serde_json::{Value, json};

use crate::support::{Project, Schema};

fn findings(project: &Project) -> Vec<Value> {
    let checked = project.run(&["check", "--format", "json", "configuration.json"]);
    let found: Value = serde_json::from_str(&checked.stdout).unwrap();
    found.as_array().unwrap().clone()
}

#[test]
fn a_sound_project_gets_no_advice() {
    let project = Project::flowers();
    for target in ["imx500", "tflite"] {
        project.set("target", target);
        let quantized = project.job("quantize", &[]);
        assert!(
            !quantized.stdout.contains("advice["),
            "{}",
            quantized.stdout
        );
        let report = project.json("output/quantization_report.json");
        assert_eq!(report["advice"], json!([]));
    }
    assert_eq!(findings(&project), [] as [Value; 0]);
}

#[test]
fn inputs_that_the_model_was_not_trained_on() {
    let project = Project::flowers();
    project.set("preprocessing", "unit");
    let quantized = project.job("quantize", &[]);
    let said = "advice[unfamiliar-inputs]: ";
    assert!(quantized.stdout.contains(said), "{}", quantized.stdout);
    let report = project.json("output/quantization_report.json");
    Schema::load("quantization_report").check(&report);
    let advice = &report["advice"][0];
    let setting = (&advice["key"], &advice["value"]);
    assert_eq!(setting, (&json!("preprocessing"), &json!("mobilenet")));
    assert_eq!(report["configuration"]["preprocessing"], "unit");
    let page = String::from_utf8(project.read("output/quantization_report.html")).unwrap();
    assert!(page.contains("unfamiliar-inputs"), "{page}");

    let found = findings(&project);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["code"], "unfamiliar-inputs");
    assert_eq!(found[0]["severity"], "hint");
    assert_eq!(found[0]["path"], json!(["preprocessing"]));
    assert_eq!(found[0]["message"], advice["message"]);
    // Following it is what the outputs do not have yet.
    project.set("preprocessing", "mobilenet");
    let codes: Vec<Value> = findings(&project)
        .into_iter()
        .map(|finding| finding["code"].clone())
        .collect();
    assert_eq!(codes, ["stale-outputs"]);
}
