//! From Keras fixtures to TFLite: the float file computes what Keras computed, the int8 file runs
//! and stays close, in the runtime with and without XNNPACK; tract agrees from the untouched graph.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use graph::{Graph, Node, passes, reference};
use inference::{Kernels, Model, TfliteModel, TractModel};
use ndarray::{ArrayD, ArrayView, IxDyn};
use quantization::{
    FoundThresholds, InputType, Observer, Options, Precision, QuantizationError, QuantizedModel,
    has_int16_kernel, observations, quantize,
};
use serde_json::Value;
use tflite::{Encodings, WriteOptions};

/// Side that the fixture maker uses where a model leaves its input size open.
const OPEN_SIZE: usize = 11;

/// Largest difference from Keras' output, relative to values above one.
const TOLERANCE: f32 = 1e-4;

/// Least signal to quantization noise ratio of an int8 file, in decibels.
const CLOSE: f64 = 20.0;

/// Fixtures that have no int8 version, and what stands in the way: softsign is a division.
const REFUSED_IN_INT8: &[(&str, &str)] = &[
    ("keras2/activations", "Divide"),
    ("keras3/activations", "Divide"),
    ("keras2_layers/division", "Divide"),
    ("keras3_layers/division", "Divide"),
    ("keras2_layers/operators", "Sqrt"),
    ("keras3_layers/operators", "Sqrt"),
    ("keras2_layers/reductions", "Sqrt"),
    ("keras3_layers/reductions", "Sqrt"),
];

struct Case {
    name: String,
    graph: Graph,
    input: ArrayD<f32>,
    expected: Vec<f32>,
}

fn cases() -> Vec<Case> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/keras");
    ["keras2", "keras3", "keras2_layers", "keras3_layers"]
        .into_iter()
        .flat_map(|generation| {
            let folder = fixtures.join(generation);
            let manifest = std::fs::read(folder.join("manifest.json")).unwrap();
            let manifest: Value = serde_json::from_slice(&manifest).unwrap();
            let cases = manifest["cases"].as_array().unwrap().clone();
            cases.into_iter().map(move |case| load(&folder, &case))
        })
        .collect()
}

fn load(folder: &Path, case: &Value) -> Case {
    let name = case["name"].as_str().unwrap();
    let shape: Vec<usize> = case["input"]
        .as_array()
        .unwrap()
        .iter()
        .map(|extent| extent.as_u64().unwrap() as usize)
        .collect();
    let bytes = std::fs::read(folder.join(format!("{name}.bin"))).unwrap();
    let values: Vec<f32> = bytes
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
        .collect();
    let (input, expected) = values.split_at(shape.iter().product());
    let path: PathBuf = folder.join(format!("{name}.h5"));
    let options = keras::ReadOptions {
        input_size: Some([OPEN_SIZE; 2]),
    };
    let generation = folder.file_name().unwrap().to_string_lossy();
    Case {
        name: format!("{generation}/{name}"),
        graph: keras::read(&path, &options).unwrap().graph,
        input: ArrayView::from_shape(IxDyn(&shape), input)
            .unwrap()
            .to_owned(),
        expected: expected.to_vec(),
    }
}

fn run(model: &dyn Model, input: &ArrayD<f32>) -> Vec<f32> {
    let mut engine = model.engine().unwrap();
    engine.run(input.as_slice().unwrap()).unwrap();
    engine.output(0).unwrap().to_vec()
}

fn worst_difference(actual: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(actual.len(), expected.len());
    let difference = |(a, b): (&f32, &f32)| (a - b).abs() / b.abs().max(1.0);
    let differences = actual.iter().zip(expected).map(difference);
    differences.fold(0.0, |worst, next| if next <= worst { worst } else { next })
}

/// Signal to quantization noise ratio in decibels.
fn sqnr(actual: &[f32], expected: &[f32]) -> f64 {
    let power = |values: &mut dyn Iterator<Item = f32>| -> f64 {
        values.map(|value| f64::from(value).powi(2)).sum()
    };
    let noise = power(&mut actual.iter().zip(expected).map(|(a, b)| a - b));
    10.0 * (power(&mut expected.iter().copied()) / noise.max(1e-30)).log10()
}

fn quantized(
    prepared: &Graph,
    input: &ArrayD<f32>,
    options: &Options,
) -> Result<QuantizedModel, QuantizationError> {
    let observations = observations(prepared);
    let mut observer = Observer::new(prepared, &observations);
    let values = reference::evaluate_all(prepared, &[input.view()]).unwrap();
    for (position, observation) in observations.iter().enumerate() {
        let value = values[observation.tensor.0 as usize].as_ref().unwrap();
        observer
            .observe(position, value.as_slice().unwrap(), 1)
            .unwrap();
    }
    let never = AtomicBool::new(false);
    quantize(
        prepared,
        &observer.finish(),
        options,
        &mut FoundThresholds::default(),
        1,
        &never,
        &mut |_, _| {},
    )
}

fn runtime_is_here() -> bool {
    let here = inference::tflite_runtime_version().is_some();
    if !here {
        println!("skipped: this build has no TFLite runtime; run `cargo xtask test`");
    }
    here
}

#[test]
fn tract_computes_what_keras_does() {
    for case in cases() {
        let model = TractModel::new(&case.graph, case.graph.outputs()).unwrap();
        let worst = worst_difference(&run(&model, &case.input), &case.expected);
        assert!(worst <= TOLERANCE, "{}: off by {worst:e}", case.name);
    }
}

#[test]
fn prepared_graphs_compute_what_keras_does() {
    for case in cases() {
        let prepared = passes::prepare(&case.graph);
        let outputs = reference::evaluate(&prepared, &[case.input.view()]).unwrap();
        let worst = worst_difference(outputs[0].as_slice().unwrap(), &case.expected);
        assert!(worst <= TOLERANCE, "{}: off by {worst:e}", case.name);
    }
}

#[test]
fn float_files_compute_what_keras_does() {
    if !runtime_is_here() {
        return;
    }
    for case in cases() {
        let prepared = passes::prepare(&case.graph);
        let file = tflite::write(&prepared, &Encodings::float(), &WriteOptions::default()).unwrap();
        for kernels in [Kernels::Xnnpack, Kernels::Builtin] {
            let model = TfliteModel::from_bytes(&file, kernels).unwrap();
            let worst = worst_difference(&run(&model, &case.input), &case.expected);
            assert!(
                worst <= TOLERANCE,
                "{} with {kernels:?}: off by {worst:e}",
                case.name
            );
        }
    }
}

#[test]
fn int8_files_run_and_stay_close() {
    if !runtime_is_here() {
        return;
    }
    let mut failures = Vec::new();
    for case in cases() {
        let prepared = passes::prepare(&case.graph);
        for input_type in [InputType::UInt8, InputType::Int8, InputType::Float32] {
            let options = Options {
                input_type,
                ..Options::default()
            };
            let refused = REFUSED_IN_INT8.iter().find(|(name, _)| *name == case.name);
            let quantized = match (quantized(&prepared, &case.input, &options), refused) {
                (Ok(quantized), None) => quantized,
                (Err(error), Some((_, expected))) if error.to_string().contains(expected) => {
                    continue;
                }
                (result, _) => {
                    failures.push(format!("{}: {:?}", case.name, result.map(|_| "quantized")));
                    continue;
                }
            };
            let options = WriteOptions::default();
            let file = tflite::write(&quantized.graph, &quantized.encodings, &options).unwrap();
            for kernels in [Kernels::Xnnpack, Kernels::Builtin] {
                let model = TfliteModel::from_bytes(&file, kernels).unwrap();
                let ratio = sqnr(&run(&model, &case.input), &case.expected);
                let line = format!("{} {input_type:?} {kernels:?}: {ratio:.1} dB", case.name);
                println!("{line}");
                if ratio < CLOSE {
                    failures.push(line);
                }
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Every operator runs in 16 bits if it is said to, and in float, alone between others and among
/// its like, however the model's ends are stored.
#[test]
fn files_of_mixed_precision_run_and_stay_close() {
    if !runtime_is_here() {
        return;
    }
    let wide = |graph: &Graph, node: &Node| match has_int16_kernel(graph, node) {
        true => Precision::Int16,
        false => Precision::Int8,
    };
    type Choice<'a> = &'a dyn Fn(&Graph, &Node, usize) -> Precision;
    let choices: [(&str, Choice); 5] = [
        ("all in 16 bits", &|graph, node, _| wide(graph, node)),
        ("every other in 16 bits", &|graph, node, index| {
            if index % 2 == 0 {
                wide(graph, node)
            } else {
                Precision::Int8
            }
        }),
        ("all in float", &|_, _, _| Precision::Float),
        ("every other in float", &|_, _, index| {
            if index % 2 == 1 {
                Precision::Float
            } else {
                Precision::Int8
            }
        }),
        ("in turns", &|graph, node, index| match index % 3 {
            0 => Precision::Int8,
            1 => wide(graph, node),
            _ => Precision::Float,
        }),
    ];
    let mut failures = Vec::new();
    for case in cases() {
        let prepared = passes::prepare(&case.graph);
        if REFUSED_IN_INT8.iter().any(|(name, _)| *name == case.name) {
            continue;
        }
        for (position, (choice, precision)) in choices.iter().enumerate() {
            let nodes = prepared.nodes().iter().enumerate();
            let precisions =
                nodes.map(|(index, node)| (node.name.clone(), precision(&prepared, node, index)));
            let options = Options {
                input_type: [InputType::UInt8, InputType::Int8, InputType::Float32][position % 3],
                precisions: precisions.collect(),
                ..Options::default()
            };
            let line = match quantized(&prepared, &case.input, &options) {
                Ok(model) => {
                    let options = WriteOptions::default();
                    tflite::write(&model.graph, &model.encodings, &options)
                        .map_err(|error| error.to_string())
                        .and_then(|file| {
                            [Kernels::Xnnpack, Kernels::Builtin]
                                .iter()
                                .try_for_each(|&kernels| {
                                    let model = TfliteModel::from_bytes(&file, kernels)
                                        .map_err(|error| error.to_string())?;
                                    model.engine().map_err(|error| error.to_string())?;
                                    let ratio = sqnr(&run(&model, &case.input), &case.expected);
                                    match ratio >= CLOSE {
                                        true => Ok(()),
                                        false => Err(format!("{kernels:?}: {ratio:.1} dB")),
                                    }
                                })
                        })
                }
                Err(error) => Err(error.to_string()),
            };
            if let Err(problem) = line {
                failures.push(format!("{} {choice}: {problem}", case.name));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// What `check` and `inspect` say before any weight is read, Quantize says of the rewritten graph.
#[test]
fn layers_without_int8_kernel_are_known_beforehand() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/keras");
    let folders = [
        "keras2",
        "keras3",
        "keras2_layers",
        "keras3_layers",
        "saved_models/keras2",
        "saved_models/keras3",
        "saved_models/tensorflow",
        "outputs/keras2",
        "outputs/keras3",
    ];
    let read = |path: &Path| {
        let options = keras::ReadOptions {
            input_size: Some([OPEN_SIZE; 2]),
        };
        keras::read(path, &options).ok()
    };
    let (mut compared, mut refused) = (0, 0);
    for folder in folders {
        let entries = std::fs::read_dir(fixtures.join(folder)).unwrap();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            let Some(keras::Model { graph, summary }) = read(&path) else {
                continue;
            };
            let inspected = keras::inspect(
                &path,
                &keras::ReadOptions {
                    input_size: Some([OPEN_SIZE; 2]),
                },
            );
            assert_eq!(inspected.unwrap().operators, summary.operators, "{path:?}");
            let known = configuration::FloatLayer::all(&summary);
            let options = Options::default();
            let found = quantization::check_operators(&passes::prepare(&graph), &options);
            assert_eq!(
                known.is_empty(),
                found.is_ok(),
                "{path:?}: {known:?} {found:?}"
            );
            compared += 1;
            refused += usize::from(found.is_err());
        }
    }
    assert!(compared > 150 && refused >= 8, "{refused} of {compared}");
}
