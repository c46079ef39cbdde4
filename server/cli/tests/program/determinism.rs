//! The same inputs give the same files, on any number of threads.

use serde_json::Value;

use crate::support::Project;

const MODELS: [&str; 2] = ["output/model.tflite", "output/model_quantized.tflite"];

const REPORTS: [&str; 2] = [
    "output/quantization_report.json",
    "output/quantization_report.html",
];

fn quantize(project: &Project, options: &[&str]) -> [Vec<u8>; 2] {
    project.job("quantize", options);
    MODELS.map(|model| project.read(model))
}

/// Results, and the report's data and page, without the only figure that may vary.
fn evaluate(project: &Project, options: &[&str]) -> (Value, Value, String) {
    project.job("evaluate", options);
    let without_times = |path: &str| {
        let mut document = project.json(path);
        for model in document["models"].as_array_mut().unwrap() {
            let time = model
                .as_object_mut()
                .unwrap()
                .remove("milliseconds_per_image");
            assert!(time.unwrap().as_f64().unwrap() > 0.0);
        }
        document
    };
    let page = String::from_utf8(project.read("results/evaluation_report.html")).unwrap();
    let cells: Vec<&str> = page.split("<td class=\"time\">").collect();
    assert_eq!(cells.len(), 4, "a time for each model");
    let cells = cells.iter().enumerate().map(|(index, cell)| match index {
        0 => *cell,
        _ => cell.split_once("</td>").unwrap().1,
    });
    (
        without_times("results/results.json"),
        without_times("results/evaluation_report.json"),
        cells.collect(),
    )
}

#[test]
fn files_depend_on_neither_run_nor_threads() {
    let project = Project::flowers();
    let runs = [
        &["--threads", "1"][..],
        &["--threads", "3"],
        &["--threads", "3"],
    ];
    let models = runs.map(|options| {
        let models = quantize(&project, options);
        (models, REPORTS.map(|report| project.read(report)))
    });
    // Not assert_eq, which would print both files.
    assert!(models.iter().all(|run| *run == models[0]));
    let results = runs.map(|options| evaluate(&project, options));
    assert!(results.iter().all(|result| *result == results[0]));
}

#[test]
fn the_seed_draws_the_images() {
    let project = Project::flowers();
    project.set("iteration_count", 2);
    let [float, int8] = quantize(&project, &[]);
    let [same_float, same_int8] = quantize(&project, &["--seed", "0"]);
    let [other_float, other_int8] = quantize(&project, &["--seed", "7"]);
    assert!(float == same_float && int8 == same_int8, "0 is the default");
    assert!(
        float == other_float,
        "the float model has nothing to do with the images"
    );
    assert!(int8 != other_int8, "other images give other scales");

    project.set("quantization", serde_json::json!({"seed": 7}));
    let [_, configured] = quantize(&project, &[]);
    assert!(
        configured == other_int8,
        "the option and the key are one setting"
    );
}

/// Every correction and rewrite at once, for each target.
#[test]
fn settings_that_calibrate_again_or_rewrite_are_as_steady() {
    let project = Project::flowers();
    project.set("iteration_count", 2);
    project.set(
        "quantization",
        serde_json::json!({
            "activation_error_method": "kl",
            "weights_error_method": "mae",
            "z_threshold": 12,
            "weights_second_moment_correction": true,
            "weights_rounding_optimization": true,
            "shift_negative_activation_correction": true,
            "relu_bound_to_power_of_2": true,
            "input_scaling": true,
            "activation_channel_equalization": true,
            "cross_layer_equalization": true
        }),
    );
    let models = ["imx500", "tflite"].map(|target| {
        project.set("target", target);
        let runs = [&["--threads", "1"][..], &["--threads", "3"], &[]];
        let [one, three, again] = runs.map(|options| quantize(&project, options));
        assert!(one == three, "{target}: the number of threads");
        assert!(one == again, "{target}: the second run");
        one
    });
    assert!(models[0] != models[1], "the target decides ranges");
}

/// Trials of every improvement, and layers that are fitted one after the other.
#[test]
fn the_greatest_effort_is_as_steady() {
    let project = Project::flowers();
    project.set("iteration_count", 3);
    project.set("quantization", serde_json::json!({"effort": "best"}));
    let runs = [&["--threads", "1"][..], &["--threads", "3"]].map(|options| {
        let models = quantize(&project, options);
        let report = project.json(REPORTS[0]);
        (models, report["search"].clone())
    });
    assert!(runs[0] == runs[1]);
    let trials = runs[0].1["trials"].as_array().expect("trials");
    assert!(trials.len() > 3, "{trials:?}");
    project.set("quantization", serde_json::json!({"effort": "fast"}));
    assert!(quantize(&project, &[]) != runs[0].0, "layers are fitted");
    assert_eq!(project.json(REPORTS[0])["search"], Value::Null);
}

/// Layers of several precisions, a target of one's own, and a budget whose search has work to do.
#[test]
fn layers_of_their_own_and_a_budget_are_as_steady() {
    let project = Project::flowers();
    project.set("iteration_count", 2);
    let target = serde_json::json!({
        "name": "device",
        "default": {
            "activation_method": "symmetric",
            "activation_bits": [8, 16],
            "weight_method": "symmetric",
            "per_channel": true,
            "float": true
        }
    });
    project.write("device.json", target.to_string());
    project.set("target", "device.json");
    project.set(
        "quantization",
        serde_json::json!({
            "activation_error_method": "percentile",
            "weights_rounding_optimization": true,
            "percentile": 96,
            "overrides": [
                {"layers": "block_2_*", "activation_bits": 16},
                {"layers": ["block_1_expand"], "float": true},
                {"layers": "stem*", "activation_error_method": "kl"}
            ],
            "accuracy_budget": 1
        }),
    );
    let runs = [&["--threads", "1"][..], &["--threads", "3"], &[]].map(|options| {
        let models = quantize(&project, options);
        let report = project.json(REPORTS[0]);
        (models, report["accuracy_budget"].clone())
    });
    let searched = &runs[0].1;
    let layers = searched["layers"].as_array().expect("a budget");
    assert!(!layers.is_empty(), "{searched}");
    assert!(runs.iter().all(|run| *run == runs[0]));
}
