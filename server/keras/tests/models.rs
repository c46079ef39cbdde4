//! What the graph and the summary of a model look like.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use keras::{LayerSummary, Model, OutputKind, ReadOptions, Summary, TensorSummary, inspect, read};

fn load(file: &str) -> Model {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/keras");
    read(&fixtures.join(file), &ReadOptions::default()).unwrap()
}

fn summary(file: &str, input_size: Option<[usize; 2]>) -> Summary {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/keras");
    inspect(&fixtures.join(file), &ReadOptions { input_size }).unwrap()
}

fn node_names(model: &Model) -> Vec<&str> {
    let nodes = model.graph.nodes();
    nodes.iter().map(|node| node.name.as_str()).collect()
}

#[test]
fn nodes_are_named_after_layers_and_their_parts() {
    let check = |file: &str, expected: &[&str]| {
        assert_eq!(node_names(&load(file)), expected, "{file}");
    };
    check(
        "keras2/sequential.h5",
        &[
            "rescaling/scaled",
            "rescaling",
            "conv2d",
            "conv2d/activation",
            "batch_normalization",
            "max_pooling2d",
            "flatten",
            "dense",
            "dense/activation",
        ],
    );
    check(
        "keras2/shared.h5",
        &[
            "twice",
            "twice/activation",
            "batch_normalization",
            "twice:1",
            "twice:1/activation",
            "global_average_pooling2d",
            "dense_twice",
            "dense_twice:1",
        ],
    );
    // The nested model has two calls, each with its own nodes.
    for file in ["keras2/nested_twice.h5", "keras3/nested_twice.h5"] {
        let model = load(file);
        let names = node_names(&model);
        for name in [
            "base/inner/conv2d",
            "base/conv",
            "base:1/inner/conv2d",
            "base:1/conv",
        ] {
            assert!(names.contains(&name), "{file}: {names:?}");
        }
    }
}

#[test]
fn tensor_names_are_unique() {
    for file in [
        "keras2/shared.h5",
        "keras2/nested_twice.h5",
        "keras2/activation_layers.h5",
        "keras2/normalization.h5",
        "keras3/activations.h5",
    ] {
        let model = load(file);
        let mut seen = HashSet::new();
        for (_, tensor) in model.graph.tensors() {
            assert!(seen.insert(&tensor.name), "{file}: {}", tensor.name);
        }
    }
}

#[test]
fn calls_of_a_shared_layer_share_its_constants() {
    let model = load("keras2/shared.h5");
    let kernel = |name: &str| {
        let node = model.graph.nodes().iter().find(|node| node.name == name);
        node.unwrap().inputs[1]
    };
    assert_eq!(kernel("twice"), kernel("twice:1"));
    assert_eq!(kernel("dense_twice"), kernel("dense_twice:1"));
    let kernels = model
        .graph
        .tensors()
        .filter(|(_, tensor)| tensor.constant.is_some() && tensor.name.ends_with("/kernel"));
    assert_eq!(kernels.count(), 2);
    let counted: Vec<u64> = model
        .summary
        .layers
        .iter()
        .filter(|layer| layer.name.starts_with("twice"))
        .filter_map(|layer| layer.parameters)
        .collect();
    assert_eq!(counted, [3 * 3 * 4 * 4 + 4, 0]);
}

#[test]
fn a_summary_tells_what_the_model_is() {
    let summary = load("keras2/sequential.h5").summary;
    assert_eq!(summary.format, "Keras HDF5 (.h5)");
    assert_eq!(summary.keras_version.as_deref(), Some("2.15.0"));
    let end = |name: &str, shape: &[usize]| TensorSummary {
        name: name.to_owned(),
        shape: Some(shape.iter().copied().map(Some).collect()),
        dtype: "float32".to_owned(),
    };
    assert_eq!(summary.inputs, [end("input_1", &[1, 12, 10, 3])]);
    assert_eq!(summary.outputs, [end("dense", &[1, 5])]);
    assert_eq!(summary.output_kind, Some(OutputKind::Scores { classes: 5 }));
    let convolution = &summary.layers[1];
    assert_eq!(convolution.name, "conv2d");
    assert_eq!(convolution.class, "Conv2D");
    assert_eq!(
        convolution.output_shape,
        Some(vec![Some(1), Some(6), Some(5), Some(4)])
    );
    assert_eq!(convolution.parameters, Some(3 * 3 * 3 * 4 + 4));
    assert_eq!(convolution.macs, Some(6 * 5 * 4 * 3 * 3 * 3));
    let dense = summary.layers.last().unwrap();
    assert_eq!(dense.parameters, Some(24 * 5 + 5));
    assert_eq!(dense.macs, Some(24 * 5));
    let sum = |number: fn(&LayerSummary) -> Option<u64>| -> u64 {
        summary.layers.iter().filter_map(number).sum()
    };
    assert_eq!(summary.parameters, Some(sum(|layer| layer.parameters)));
    assert_eq!(summary.macs, Some(sum(|layer| layer.macs)));
    assert!(summary.refusal().is_none());
}

/// The last layers and the loss tell what a single number means, in every format.
#[test]
fn kinds_of_outputs_are_told_apart() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/keras");
    let mut compared = 0;
    for generation in ["keras2", "keras3"] {
        let folder = Path::new("outputs").join(generation);
        let manifest = std::fs::read(fixtures.join(&folder).join("manifest.json")).unwrap();
        let kinds: BTreeMap<String, String> = serde_json::from_slice(&manifest).unwrap();
        for (model, expected) in kinds {
            let file = folder.join(&model);
            let kind = summary(file.to_str().unwrap(), None).output_kind;
            let kind = kind.unwrap();
            assert_eq!(kind.name(), expected, "{file:?}: {kind:?}");
            assert_eq!(kind.is_binary(), kind.classes() == Some(2), "{file:?}");
            compared += 1;
        }
    }
    assert!(compared >= 40, "only {compared} models");
}

#[test]
fn normalizations_of_the_input_are_reported() {
    let check = |file: &str, expected: &[(&str, Option<f32>, Option<f32>)]| {
        let summary = summary(file, None);
        let found: Vec<(&str, Option<f32>, Option<f32>)> = summary
            .input_normalizations
            .iter()
            .map(|layer| (layer.layer.as_str(), layer.scale, layer.offset))
            .collect();
        assert_eq!(found, expected, "{file}");
    };

    check(
        "keras2/sequential.h5",
        &[("rescaling", Some(1.0 / 127.5), Some(-1.0))],
    );
    // Behind a nested model with augmentation.
    check(
        "keras2/transfer.h5",
        &[("rescaling", Some(1.0 / 255.0), Some(0.0))],
    );
    check(
        "keras2/normalization.h5",
        &[
            ("normalization", None, None),
            ("normalization_1", Some(2.0), Some(0.5)),
            ("normalization_2", None, None),
            ("rescaling", None, None),
        ],
    );
    check("keras2/functional.h5", &[]);
}

#[test]
fn an_open_input_size_can_be_stated() {
    let open = summary("keras2/open_size.h5", None);
    let input = Some(vec![Some(1), None, None, Some(3)]);
    assert_eq!(open.inputs[0].shape, input);
    // What does not depend on the size is known all the same.
    assert_eq!(open.outputs[0].shape, Some(vec![Some(1), Some(3)]));
    let wide = summary("keras2/open_size.h5", Some([11, 15]));
    let first = &wide.layers[0].output_shape;
    let extents: Vec<usize> = first.iter().flatten().flatten().copied().collect();
    assert!(
        matches!(extents.as_slice(), [1, height, width, 4] if height < width),
        "{extents:?}"
    );
    assert_eq!(open.output_kind, Some(OutputKind::Scores { classes: 3 }));
    let first = &open.layers[0];
    assert_eq!(first.output_shape, Some(vec![Some(1), None, None, Some(4)]));
    assert_eq!((first.macs, open.macs), (None, None));
    let dense = open.layers.last().unwrap();
    assert_eq!(dense.macs, Some(4 * 3));
    let stated = summary("keras2/open_size.h5", Some([20; 2]));
    assert_eq!(stated.inputs, open.inputs);
    let shape = [1, 10, 10, 4].map(Some).to_vec();
    assert_eq!(stated.layers[0].output_shape, Some(shape));
    assert_eq!(stated.parameters, open.parameters);
    assert!(stated.macs.is_some());
}
