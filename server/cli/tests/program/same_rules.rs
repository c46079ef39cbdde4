//! What Quantize refuses, `check` and `inspect` say beforehand, in the same words; and what both take.

use serde_json::json;

use crate::support::{Project, fixture, repository};

/// The small demo project with another model, whose input has `size` pixels a side.
fn project(model: &std::path::Path, size: usize) -> Project {
    let project = Project::small();
    std::fs::copy(model, project.path("model/other.h5")).unwrap();
    project.set("source_keras_model", "model/other.h5");
    project.set("input_tensor_size", size);
    project.set("iteration_count", 2);
    project
}

fn refused(project: &Project, sentence: &str) {
    for command in [
        ["check", "configuration.json"],
        ["quantize", "configuration.json"],
        ["inspect", "model/other.h5"],
    ] {
        let run = project.run(&command);
        assert_ne!(run.code, Some(0), "{run:#?}");
        let said = run.stdout.clone() + &run.stderr;
        assert!(said.contains(sentence), "{said}");
    }
}

#[test]
fn layers_without_int8_kernel_stay_in_float_when_asked() {
    let project = project(&fixture("softsign.h5"), 8);
    let sentence = "layer \"squashed\" needs Divide, for which TFLite has no int8 kernel; replace the layer, \
         or keep it in float with {\"layers\": \"squashed\", \"float\": true} in quantization.overrides";
    refused(&project, sentence);

    let float = json!({"overrides": [{"layers": "squashed", "float": true}], "effort": "fast"});
    project.set("quantization", float);
    project.run(&["check", "configuration.json"]).assert_code(0);
    project.job("quantize", &[]);
    let by_name = project.read("output/model_quantized.tflite");

    project.set(
        "quantization",
        json!({"unsupported_operators": "float", "effort": "fast"}),
    );
    project.run(&["check", "configuration.json"]).assert_code(0);
    let quantized = project.job("quantize", &[]);
    let said = quantized.stdout + &quantized.stderr;
    assert!(said.contains("layer \"squashed\" stays in float"), "{said}");
    // Only the division stays, where the name of the layer means all of its operators.
    assert_ne!(project.read("output/model_quantized.tflite"), by_name);
}

#[test]
fn maps_beyond_memory_are_refused_before_anything_runs() {
    let project = project(&fixture("large.h5"), 16);
    refused(
        &project,
        "the outputs of the model's layers take 5952 MiB for one image, more than the 4096 MiB",
    );
}

#[test]
fn an_output_that_is_a_picture_is_refused() {
    let image = repository("tests/fixtures/keras/outputs/keras2/image.h5");
    let project = project(&image, 6);
    refused(
        &project,
        "has the shape 1 × 6 × 6 × 1, but a classifier gives one score for each class",
    );
}

#[test]
fn inputs_need_not_be_square() {
    let project = project(&fixture("wide.h5"), 24);
    let checked = project.run(&["check", "configuration.json"]).assert_code(1);
    let sentence =
        "`input_tensor_size` is 24, but the model's input is 24 × 32 pixels; write [24, 32]";
    assert!(checked.stdout.contains(sentence), "{checked:#?}");
    project.set("input_tensor_size", json!([32, 24]));
    project.run(&["check", "configuration.json"]).assert_code(1);
    project.set("input_tensor_size", json!([24, 32]));
    project.run(&["check", "configuration.json"]).assert_code(0);
    project.job("quantize", &[]);
    project.job("evaluate", &[]);
    let results = project.json("results/results.json");
    // Each model is given the same picture: height and width are not mixed up on any way.
    for model in results["models"].as_array().unwrap().iter().take(2) {
        assert_eq!(model["agreement_with_keras"], 1.0, "{results:#}");
    }
}
