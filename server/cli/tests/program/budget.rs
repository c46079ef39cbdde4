//! An accuracy budget, on a model that a poor choice of ranges spoils.

use serde_json::{Value, json};

use crate::support::{Project, Schema};

fn budget(project: &Project, precision: &str) -> Value {
    // A third of the values are clipped.
    project.set(
        "quantization",
        json!({
            "z_threshold": 1,
            "accuracy_budget": 2,
            "accuracy_budget_precision": precision
        }),
    );
    project.job("quantize", &[]);
    let report = project.json("output/quantization_report.json");
    Schema::load("quantization_report").check(&report);
    report["accuracy_budget"].clone()
}

#[test]
fn an_accuracy_budget_keeps_layers_in_more_bits() {
    let project = Project::flowers();
    for precision in ["int16", "float32"] {
        let found = budget(&project, precision);
        let number = |key: &str| found[key].as_f64().unwrap();
        assert_ne!(found["verdict"], "not_met", "{found}");
        let [low, high] = [0, 1].map(|end| found["loss_interval"][end].as_f64().unwrap());
        let loss = (number("float_top_1_accuracy") - number("top_1_accuracy")) * 100.0;
        assert!(low < loss && loss < high, "{found}");
        let float = number("float_top_1_accuracy");
        assert!(number("int8_top_1_accuracy") < float - 0.1, "{found}");
        assert!(number("top_1_accuracy") >= float - 0.02, "{found}");
        assert_ne!(found["layers"], json!([]));
        // What the file itself does, by the other job.
        project.job("evaluate", &[]);
        let results = project.json("results/results.json");
        let measured = results["top_1_accuracy_tflite_quantized"].as_f64().unwrap();
        assert!(
            (measured - number("top_1_accuracy")).abs() < 1e-9,
            "{found}"
        );
    }
}

#[test]
fn a_budget_that_is_met_anyway_changes_nothing() {
    let project = Project::flowers();
    project.job("quantize", &[]);
    let without = project.read("output/model_quantized.tflite");
    project.set("quantization", json!({"accuracy_budget": 5}));
    project.job("quantize", &[]);
    assert!(without == project.read("output/model_quantized.tflite"));
    let report = project.json("output/quantization_report.json");
    assert_eq!(report["accuracy_budget"]["layers"], json!([]));
}
