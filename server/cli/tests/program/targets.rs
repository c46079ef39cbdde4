//! Targets of one's own, and settings of single layers.

use serde_json::{Value, json};
use tflite::ElementType;

use crate::support::Project;

/// Scales of the activations of the quantized model, by the tensor's name.
fn scales(project: &Project) -> Vec<(String, f32)> {
    let bytes = project.read("output/model_quantized.tflite");
    let file = tflite::read(&bytes).unwrap();
    let activations = file.tensors.iter().filter(|tensor| tensor.data.is_empty());
    activations
        .filter_map(|tensor| {
            let scales = &tensor.quantization.as_ref()?.scales;
            Some((tensor.name.to_owned(), *scales.first()?))
        })
        .collect()
}

/// Number of scales of each kernel.
fn kernels(project: &Project) -> Vec<usize> {
    let bytes = project.read("output/model_quantized.tflite");
    let file = tflite::read(&bytes).unwrap();
    let kernels = file.tensors.iter().filter(|tensor| {
        tensor.element == ElementType::Int8 && !tensor.data.is_empty() && tensor.shape.len() > 1
    });
    kernels
        .filter_map(|tensor| Some(tensor.quantization.as_ref()?.scales.len()))
        .collect()
}

fn target(method: &str, per_channel: bool, operators: Value) -> String {
    let target = json!({
        "name": "mine",
        "default": {
            "activation_method": method, "activation_bits": [8], "weight_method": "symmetric",
            "per_channel": per_channel, "float": false
        },
        "operators": operators
    });
    target.to_string()
}

fn is_power_of_two(scale: f32) -> bool {
    scale.log2().fract() == 0.0
}

#[test]
fn a_target_of_ones_own_decides() {
    let project = Project::small();
    project.job("quantize", &[]);
    let built_in = project.read("output/model_quantized.tflite");
    assert!(
        scales(&project)
            .iter()
            .all(|(_, scale)| is_power_of_two(*scale))
    );
    assert!(kernels(&project).iter().any(|&count| count > 1));

    project.set("target", "devices/mine.json");
    project.write("devices/mine.json", target("power_of_two", true, json!([])));
    project.job("quantize", &[]);
    assert!(project.read("output/model_quantized.tflite") == built_in);

    let rules = json!([{"names": ["FULLY_CONNECTED"], "activation_method": "power_of_two", "per_channel": true}]);
    project.write("devices/mine.json", target("symmetric", false, rules));
    project.job("quantize", &[]);
    let free = scales(&project);
    assert!(free.iter().any(|(_, scale)| !is_power_of_two(*scale)));
    let kernels = kernels(&project);
    let several = kernels.iter().filter(|&&count| count > 1).count();
    assert!(several == 1 && kernels.len() > 20, "{kernels:?}");
}

#[test]
fn a_target_file_that_cannot_be_used_stops_quantize_only() {
    let project = Project::small();
    project.job("quantize", &[]);
    project.set("target", "mine.json");
    let before = project.snapshot();
    let missing = project.run(&["quantize", "configuration.json"]);
    missing
        .assert_code(2)
        .assert_error(&["`mine.json`", "does not exist"]);
    project.write("mine.json", target("affine", true, json!([])));
    let wrong = project.run(&["quantize", "configuration.json"]);
    wrong
        .assert_code(2)
        .assert_error(&["`mine.json`", "`affine`", "`uniform`"]);
    std::fs::remove_file(project.path("mine.json")).unwrap();
    before.assert_unchanged(&project);
    project.job("evaluate", &[]);
}

#[test]
fn overrides_change_the_layers_that_they_name() {
    let project = Project::small();
    project.job("quantize", &[]);
    let before = scales(&project);
    let name = before[before.len() / 2].0.clone();
    let layer = name.split('/').next().unwrap().to_owned();
    project.set(
        "quantization",
        json!({"overrides": [{
            "layers": layer, "activation_error_method": "percentile", "percentile": 51
        }]}),
    );
    project.job("quantize", &[]);
    let after = scales(&project);
    assert_eq!(before.len(), after.len());
    let changed: Vec<&str> = before
        .iter()
        .zip(&after)
        .filter(|(before, after)| before.1 != after.1)
        .map(|(before, _)| before.0.as_str())
        .collect();
    // What does not rescale behind the layer changes with it.
    assert!(changed.contains(&name.as_str()), "{name}: {changed:?}");
    assert!(changed.len() * 4 < before.len(), "{changed:?}");
}

/// Layers in float and in 16 bits, in a file that Quantize has run in both kernels of the runtime.
#[test]
fn layers_compute_in_what_they_are_told_to() {
    let project = Project::small();
    let count = |element: ElementType| {
        let bytes = project.read("output/model_quantized.tflite");
        let file = tflite::read(&bytes).unwrap();
        let computed = file.tensors.iter().filter(|tensor| tensor.data.is_empty());
        computed.filter(|tensor| tensor.element == element).count()
    };
    project.job("quantize", &[]);
    let plain = (count(ElementType::Float32), count(ElementType::Int16));
    assert_eq!(plain, (0, 0));
    let quantize = |entry: Value| {
        project.set("quantization", json!({"overrides": [entry]}));
        project.job("quantize", &[]);
        (count(ElementType::Float32), count(ElementType::Int16))
    };
    let (floats, wide) = quantize(json!({"layers": "*", "float": true}));
    assert!(floats > 20 && wide == 0, "{floats} {wide}");
    let (floats, wide) = quantize(json!({"layers": "*", "activation_bits": 16}));
    // The runtime widens the input by way of float.
    assert!(floats <= 1 && wide > 20, "{floats} {wide}");
}

#[test]
fn a_layer_that_is_not_there_stops_quantize_with_the_nearest_name() {
    let project = Project::small();
    project.set(
        "quantization",
        json!({"overrides": [{"layers": "no_such_layer", "z_threshold": 5}]}),
    );
    let finished = project.run(&["quantize", "configuration.json"]);
    finished
        .assert_code(2)
        .assert_error(&["\"no_such_layer\"", "quantization.overrides"]);
    let check = project.run(&["check", "configuration.json"]);
    let said = format!("{}{}", check.stdout, check.stderr);
    assert!(said.contains("unmatched-layers"), "{said}");
}
