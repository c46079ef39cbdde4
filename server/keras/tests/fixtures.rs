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

const OPTIONS: ReadOptions = ReadOptions {
    input_size: Some([OPEN_SIZE; 2]),
};

fn evaluate(path: &Path, input: &ArrayD<f32>) -> Result<Vec<f32>, String> {
    let model = read(path, &OPTIONS).map_err(|error| error.to_string())?;
    let outputs = graph::reference::evaluate(&model.graph, &[input.view()]).unwrap();
    let inspected = inspect(path, &OPTIONS).unwrap();
    assert_eq!(inspected.layers, model.summary.layers, "{}", path.display());
    Ok(outputs[0].iter().copied().collect())
}

fn check(generation: &str, least: usize) {
    let cases = cases(generation);
    assert!(cases.len() >= least, "only {} fixtures", cases.len());
    let mut failures = Vec::new();
    for case in cases {
        let actual = match evaluate(&case.path, &case.input) {
            Ok(actual) => actual,
            Err(error) => {
                failures.push(error);
                continue;
            }
        };
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
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Compares archives with the .h5 files of the same models and weights, bit by bit.
fn check_archives(folder: &str, generation: &str, least: usize) {
    let mut compared = 0;
    for case in cases(generation) {
        let name = case.path.file_stem().unwrap();
        let archive = fixtures().join(folder).join(name).with_extension("keras");
        if archive.exists() {
            let expected = evaluate(&case.path, &case.input).unwrap();
            assert_eq!(evaluate(&archive, &case.input), Ok(expected), "{name:?}");
            compared += 1;
        }
    }
    assert!(compared >= least, "only {compared} archives");
}

#[test]
fn archives_compute_what_h5_files_do() {
    check_archives("keras2", "keras2", 10);
    check_archives("keras2_13", "keras2", 4);
    check_archives("keras3", "keras3", 11);
}

#[test]
fn archives_of_rarer_layers_compute_what_h5_files_do() {
    check_archives("keras2_layers", "keras2_layers", 6);
    check_archives("keras3_layers", "keras3_layers", 7);
}

#[test]
fn archives_of_other_writers_are_read() {
    let cases = cases("keras2");
    let case = cases.iter().find(|case| case.name == "keras2/shared");
    let case = case.unwrap();
    let expected = evaluate(&case.path, &case.input).unwrap();
    for name in ["deflated", "zip64", "comment"] {
        let path = fixtures().join("keras2").join(format!("{name}.keras"));
        assert_eq!(
            evaluate(&path, &case.input).as_ref(),
            Ok(&expected),
            "{name}"
        );
    }
}

#[test]
fn an_unzipped_archive_is_a_folder() {
    let cases = cases("keras3");
    let case = cases.iter().find(|case| case.name == "keras3/shared");
    let case = case.unwrap();
    let expected = evaluate(&case.path, &case.input);
    let folder = fixtures().join("keras3").join("shared_unzipped");
    assert_eq!(evaluate(&folder, &case.input), expected);
    let summary = inspect(&folder, &OPTIONS).unwrap();
    assert_eq!(summary.format, "Keras archive (.keras), unzipped");
    // Without its weights it is no model, and says what is missing.
    let copy = tempfile::tempdir().unwrap();
    for name in ["config.json", "metadata.json"] {
        std::fs::copy(folder.join(name), copy.path().join(name)).unwrap();
    }
    let error = read(copy.path(), &OPTIONS).unwrap_err().to_string();
    assert!(error.contains("no \"model.weights.h5\""), "{error}");
}

#[test]
fn keras_2_models_compute_what_keras_does() {
    check("keras2", 23);
}

#[test]
fn keras_3_models_compute_what_keras_does() {
    check("keras3", 13);
}

#[test]
fn rarer_layers_of_keras_2_compute_what_keras_does() {
    check("keras2_layers", 17);
}

#[test]
fn rarer_layers_of_keras_3_compute_what_keras_does() {
    check("keras3_layers", 15);
}
