//! Every fixture model computes what Keras computes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};

use keras::{ReadOptions, inspect, read};
use ndarray::{ArrayD, ArrayView, IxDyn};
use serde_json::Value;

/// Side that the fixture maker uses where a model leaves its input size open.
const OPEN_SIZE: usize = 11;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/keras")
}

struct Case {
    name: String,
    path: PathBuf,
    input: ArrayD<f32>,
    expected: Vec<f32>,
}

fn cases(generation: &str) -> Vec<Case> {
    let folder = fixtures().join(generation);
    let manifest = std::fs::read(folder.join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let cases = manifest["cases"].as_array().unwrap();
    cases
        .iter()
        .map(|case| {
            let name = case["name"].as_str().unwrap();
            let shape = |key: &str| -> Vec<usize> {
                let extents = case[key].as_array().unwrap();
                extents
                    .iter()
                    .map(|extent| extent.as_u64().unwrap() as usize)
                    .collect()
            };
            let bytes = std::fs::read(folder.join(format!("{name}.bin"))).unwrap();
            let values: Vec<f32> = bytes
                .chunks_exact(4)
                .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
                .collect();
            let shape_in = shape("input");
            let (input, expected) = values.split_at(shape_in.iter().product());
            assert_eq!(expected.len(), shape("output").iter().product::<usize>());
            Case {
                name: format!("{generation}/{name}"),
                path: folder.join(format!("{name}.h5")),
                input: ArrayView::from_shape(IxDyn(&shape_in), input)
                    .unwrap()
                    .to_owned(),
                expected: expected.to_vec(),
            }
        })
        .collect()
}

fn check(generation: &str, least: usize) {
    let cases = cases(generation);
    assert!(cases.len() >= least, "only {} fixtures", cases.len());
    let mut failures = Vec::new();
    for case in cases {
        let options = ReadOptions {
            input_size: Some(OPEN_SIZE),
        };
        let model = match read(&case.path, &options) {
            Ok(model) => model,
            Err(error) => {
                failures.push(error.to_string());
                continue;
            }
        };
        let outputs = graph::reference::evaluate(&model.graph, &[case.input.view()]).unwrap();
        let actual: Vec<f32> = outputs[0].iter().copied().collect();
        assert_eq!(actual.len(), case.expected.len(), "{}", case.name);
        let worst = actual
            .iter()
            .zip(&case.expected)
            .map(|(a, b)| (a - b).abs() / b.abs().max(1.0))
            .fold(0.0, f32::max);
        println!("{}: {worst:e}", case.name);
        if worst.is_nan() || worst > 1e-5 {
            failures.push(format!("{}: off by {worst:e}", case.name));
        }
        let inspected = inspect(&case.path, &options).unwrap();
        assert_eq!(inspected.layers, model.summary.layers, "{}", case.name);
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn keras_2_models_compute_what_keras_does() {
    check("keras2", 23);
}

#[test]
fn keras_3_models_compute_what_keras_does() {
    check("keras3", 13);
}
