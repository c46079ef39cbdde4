//! SavedModels are read with the same outputs as TensorFlow's, and say what they hold.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};

use graph::{passes, reference};
use keras::{ReadOptions, inspect, read};
use ndarray::{ArrayD, IxDyn};
use serde_json::Value;

fn fixtures(kind: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("../../tests/fixtures/keras/saved_models")
        .join(kind)
}

fn shape(value: &Value) -> Vec<usize> {
    let extents = value.as_array().unwrap().iter();
    extents
        .map(|extent| extent.as_u64().unwrap() as usize)
        .collect()
}

#[test]
fn outputs_are_those_of_tensorflow() {
    let mut compared = 0;
    for kind in ["keras2", "keras3", "tensorflow"] {
        let root = fixtures(kind);
        let manifest = std::fs::read_to_string(root.join("manifest.json")).unwrap();
        let manifest: Value = serde_json::from_str(&manifest).unwrap();
        for case in manifest["cases"].as_array().unwrap() {
            let name = case["name"].as_str().unwrap();
            let (input, output) = (shape(&case["input"]), shape(&case["output"]));
            let bytes = std::fs::read(root.join(format!("{name}.bin"))).unwrap();
            let numbers: Vec<f32> = bytes
                .chunks_exact(4)
                .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
                .collect();
            let (x, expected) = numbers.split_at(input.iter().product());
            let options = ReadOptions {
                input_size: Some([input[1], input[2]]),
            };
            let model = read(&root.join(name), &options)
                .unwrap_or_else(|error| panic!("{kind}/{name}: {error}"));
            let x = ArrayD::from_shape_vec(IxDyn(&input), x.to_vec()).unwrap();
            for graph in [&model.graph, &passes::prepare(&model.graph)] {
                let outputs = reference::evaluate(graph, &[x.view()]).unwrap();
                assert_eq!(outputs[0].shape(), output, "{kind}/{name}");
                let scale = expected.iter().fold(1f32, |most, y| most.max(y.abs()));
                for (y, expected) in outputs[0].iter().zip(expected) {
                    let difference = (y - expected).abs();
                    assert!(
                        difference <= 1e-5 * scale,
                        "{kind}/{name}: {y} instead of {expected}"
                    );
                }
            }
            let inspected = inspect(&root.join(name), &options).unwrap();
            assert_eq!(inspected, model.summary, "{kind}/{name}");
            compared += 1;
        }
    }
    assert!(compared >= 20, "only {compared} models were compared");
}

/// What is refused, and in which words.
#[test]
fn what_cannot_be_converted_is_refused() {
    let check = |model: &str, expected: &str| {
        let error = read(&fixtures(model), &ReadOptions::default()).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains(expected),
            "{model}: {message:?} without {expected:?}"
        );
        assert!(!message.ends_with('.') && !message.contains('\n'));
    };
    check(
        "keras2/training_true",
        "\"batch_statistics\" (FusedBatchNormV3): it normalizes by the statistics of the batch, \
         build the model with training=False",
    );
    check(
        "keras3/training_true",
        "\"batch_statistics\" (Mean): it computes batch statistics in this export, save the model as .keras",
    );
    check(
        "keras3/resized",
        "\"batch_normalization\" (Mean): it computes batch statistics in this export, save the model \
         as .keras",
    );
    check(
        "tensorflow/control_flow",
        "2 layers of the model cannot be converted: \
         \"while\" (StatelessWhile): it is part of a loop or a branch; \
         \"cond\" (StatelessIf): which way it goes depends on the image; replace them",
    );
    check(
        "tensorflow/encoded_input",
        "the model's input \"encoded\" takes text",
    );
    check(
        "tensorflow/example_input",
        "the model's input \"examples\" takes text",
    );
    check(
        "tensorflow/label_output",
        "the model's output \"label\" is of type string, but scores are needed",
    );
    check("keras3/two_inputs", "2 inputs (left, right)");
    check("keras3/two_outputs", "2 outputs (output_0, output_1)");
    check(
        "keras2/open_size",
        "no fixed height and width; state the input size",
    );
}

#[test]
fn everything_unsupported_is_listed() {
    let model = fixtures("tensorflow/control_flow");
    let summary = inspect(&model, &ReadOptions::default()).unwrap();
    let listed: Vec<(&str, &str)> = summary
        .unsupported
        .iter()
        .map(|layer| (layer.layer.as_str(), layer.class.as_str()))
        .collect();
    assert_eq!(
        listed,
        [("while", "StatelessWhile"), ("cond", "StatelessIf")]
    );
    assert!(summary.layers.is_empty());
}

#[test]
fn augmentation_of_exports_is_left_out() {
    let layers = |model: &str| {
        let summary = inspect(&fixtures(model), &ReadOptions::default()).unwrap();
        assert_eq!(summary.unsupported, []);
        let layers = summary.layers.into_iter();
        layers
            .map(|layer| (layer.name, layer.class))
            .collect::<Vec<_>>()
    };
    let exported = layers("keras3/augmented");
    assert_eq!(
        exported.first(),
        Some(&(
            "augmentation/random_flip".to_owned(),
            "RandomFlip".to_owned()
        ))
    );
    // Keras 2 leaves it out itself.
    assert_eq!(
        exported.get(1..),
        Some(layers("keras2/augmented").as_slice())
    );
}

#[test]
fn layers_have_the_names_of_keras() {
    for kind in ["keras2", "keras3"] {
        let model = read(&fixtures(kind).join("attention"), &ReadOptions::default()).unwrap();
        let layers = model.summary.layers.iter();
        let layers: Vec<(&str, &str, u64)> = layers
            .map(|layer| {
                let parameters = layer.parameters.unwrap_or_default();
                (layer.name.as_str(), layer.class.as_str(), parameters)
            })
            .collect();
        assert_eq!(
            layers.get(..4).unwrap(),
            [
                ("patches", "Conv2D", 294),
                ("reshape", "Reshape", 0),
                ("layer_normalization", "LayerNormalization", 12),
                ("attention", "MultiHeadAttention", 222),
            ]
        );
        let names: Vec<&str> = model
            .graph
            .nodes()
            .iter()
            .map(|node| node.name.as_str())
            .collect();
        for name in [
            "patches",
            "layer_normalization_1",
            "dense",
            "dense/activation",
            "dense_2",
        ] {
            assert!(names.contains(&name), "{kind}: {name} not among {names:?}");
        }
    }
}

#[test]
fn layers_that_map_pixels_are_known() {
    let mappings = |model: &str| {
        let summary = inspect(&fixtures(model), &ReadOptions::default()).unwrap();
        let mappings = summary.input_normalizations.into_iter();
        mappings
            .map(|mapping| (mapping.class, mapping.scale, mapping.offset))
            .collect::<Vec<_>>()
    };
    let rescaling = ("Rescaling".to_owned(), Some(1.0 / 255.0), Some(0.0));
    for model in [
        "keras2/augmented",
        "keras3/augmented",
        "tensorflow/uint8_input",
    ] {
        assert_eq!(mappings(model), std::slice::from_ref(&rescaling), "{model}");
    }
    for kind in ["keras2", "keras3"] {
        let found = mappings(&format!("{kind}/normalization"));
        assert_eq!(
            found.get(..2).unwrap(),
            [
                ("Normalization".to_owned(), None, None),
                ("Normalization".to_owned(), Some(2.0), Some(0.5)),
            ]
        );
    }
}

#[test]
fn a_summary_tells_what_wrote_the_model() {
    let check = |path: &str, keras: Option<&str>, tensorflow: &str| {
        let summary = inspect(&fixtures(path), &ReadOptions::default()).unwrap();
        assert_eq!(summary.format, "TensorFlow SavedModel");
        assert_eq!(summary.keras_version.as_deref(), keras, "{path}");
        assert_eq!(summary.tensorflow_version.as_deref(), Some(tensorflow));
    };
    check("keras2/functional", Some("2.15.0"), "2.15.1");
    check("keras2/functional/saved_model.pb", Some("2.15.0"), "2.15.1");
    check("keras3/functional", None, "2.21.0");
    check("tensorflow/module", None, "2.15.1");
}

#[test]
fn classes_of_layers_are_those_that_keras_noted() {
    let summary = inspect(&fixtures("keras2/custom"), &ReadOptions::default()).unwrap();
    let class = |name: &str| {
        let layer = summary.layers.iter().find(|layer| layer.name == name);
        layer.map(|layer| layer.class.as_str())
    };
    assert_eq!(class("stem"), Some("Conv2D"));
    assert_eq!(class("squash"), Some("Squash"));
    assert_eq!(class("shift"), Some("Lambda"));
}
