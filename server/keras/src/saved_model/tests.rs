//! The container on real SavedModels: what a flat graph is, and what is said of unusable ones.

use std::collections::HashSet;
use std::path::PathBuf;

use super::*;
use crate::saved_model::data_type::DataType;
use crate::saved_model::flat::VARIABLE;

fn fixture(name: &str) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/keras");
    fixtures.join("saved_models").join(name)
}

fn open(name: &str) -> SavedModel {
    SavedModel::open(&fixture(name)).unwrap()
}

/// All SavedModels of a folder that can be served.
fn served(folder: &str) -> Vec<String> {
    let unserved = [
        "first_generation",
        "training_tag",
        "several_signatures",
        "no_signature",
    ];
    let entries = std::fs::read_dir(fixture(folder)).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| !unserved.contains(&name.as_str()))
        .map(|name| format!("{folder}/{name}"))
        .collect();
    names.sort();
    names
}

fn all_served() -> Vec<String> {
    let folders = ["keras2", "keras3", "tensorflow"];
    let names: Vec<String> = folders.iter().flat_map(|folder| served(folder)).collect();
    assert!(names.len() > 30, "{names:?}");
    names
}

#[test]
fn nodes_come_behind_what_they_need_and_every_one_is_needed() {
    for name in all_served() {
        let model = open(&name);
        let flat = model.flatten().unwrap();
        let graph = &flat.graph;
        let mut needed: HashSet<usize> = HashSet::new();
        needed.extend(
            graph
                .inputs
                .iter()
                .chain(&graph.outputs)
                .map(|it| it.port.node),
        );
        for (index, node) in graph.nodes.iter().enumerate().rev() {
            assert!(needed.contains(&index), "{name}: {}", node.name);
            for input in &node.inputs {
                assert!(input.node < index, "{name}: {}", node.name);
                needed.insert(input.node);
            }
            let structural = [
                "PartitionedCall",
                "StatefulPartitionedCall",
                "Identity",
                "VarHandleOp",
            ];
            assert!(
                !structural.contains(&node.op.as_str()),
                "{name}: {}",
                node.name
            );
        }
        let inputs = graph.nodes.iter().filter(|node| node.op == "Placeholder");
        assert_eq!(inputs.count(), graph.inputs.len(), "{name}");
    }
}

#[test]
fn variables_are_found_by_the_restore_function_and_by_the_objects() {
    for name in all_served() {
        let model = open(&name);
        let proto = signature::serving_graph(&model.graph).unwrap();
        let choice = Signature::choose(&proto).unwrap();
        let prefix = model.directory.join("variables/variables");
        let checkpoint = Checkpoint::open(&prefix).unwrap();
        let stored = checkpoint.object_graph().unwrap().unwrap();
        let objects = ObjectGraph::of(proto.object_graph.unwrap(), &stored).unwrap();
        let library = Library::of(protocol::decode(proto.graph).unwrap()).unwrap();
        let mut calls = Calls::new(library, model.graph.len());
        let mut restored = VariableKeys::of(&mut calls, proto.saver.restore_op_name).unwrap();
        let mut owned = VariableKeys::default();
        owned
            .compare(&mut calls, &choice, &objects, &checkpoint)
            .unwrap();
        let by_objects = flatten::flatten(&mut calls, &choice, &owned).unwrap();
        let by_function = flatten::flatten(&mut calls, &choice, &restored).unwrap();
        let nodes = by_objects.nodes.iter().zip(&by_function.nodes);
        for (one, other) in nodes {
            match (one.attributes.variable(), other.attributes.variable()) {
                (Some(one), Some(other)) => assert!(checkpoint.are_equal(&one.0, &other.0)),
                keys => assert_eq!(keys, (None, None), "{name}"),
            }
        }
        restored
            .compare(&mut calls, &choice, &objects, &checkpoint)
            .unwrap();
    }
}

#[test]
fn disagreeing_ways_to_a_variable_are_damage() {
    let model = open("tensorflow/module");
    let proto = signature::serving_graph(&model.graph).unwrap();
    let choice = Signature::choose(&proto).unwrap();
    let checkpoint = Checkpoint::open(&model.directory.join("variables/variables")).unwrap();
    let stored = checkpoint.object_graph().unwrap().unwrap();
    // Both names have as many letters, so that the lengths of messages stay right.
    let text = String::from_utf8_lossy(&stored).into_owned();
    assert!(text.contains("kernel/.ATTRIBUTES"));
    let mut swapped = stored.clone();
    let position = text.find("kernel/.ATTRIBUTES").unwrap();
    let position = stored
        .windows(18)
        .position(|it| it == b"kernel/.ATTRIBUTES")
        .unwrap_or(position);
    swapped[position] = b'j';
    let objects = ObjectGraph::of(proto.object_graph.unwrap(), &swapped).unwrap();
    let library = Library::of(protocol::decode(proto.graph).unwrap()).unwrap();
    let mut calls = Calls::new(library, model.graph.len());
    let mut keys = VariableKeys::of(&mut calls, proto.saver.restore_op_name).unwrap();
    let error = keys
        .compare(&mut calls, &choice, &objects, &checkpoint)
        .unwrap_err();
    assert!(error.to_string().contains("jernel"), "{error}");
}

#[test]
fn every_variable_can_be_read() {
    for name in all_served() {
        let model = open(&name);
        let flat = model.flatten().unwrap();
        for node in &flat.graph.nodes {
            let Some(key) = node.attributes.variable() else {
                assert_ne!(node.op, VARIABLE);
                continue;
            };
            let count: usize = flat.variables.shape(key).unwrap().iter().product();
            if flat.variables.data_type(key).unwrap().is_float() {
                let values = flat.variables.read(key).unwrap();
                assert_eq!(values.len(), count, "{name}: {}", node.name);
                assert!(values.iter().all(|value| value.is_finite()));
            } else {
                assert_eq!(flat.variables.read_integers(key).unwrap().len(), count);
            }
        }
    }
}

#[test]
fn signatures_keep_their_names_types_and_shapes() {
    let check = |name: &str, input: (&str, DataType, &[Option<usize>]), outputs: &[&str]| {
        let model = open(name);
        let graph = model.flatten().unwrap().graph;
        let [found] = graph.inputs.as_slice() else {
            panic!("{name}: {:?}", graph.inputs)
        };
        assert_eq!(
            (found.name.as_str(), found.data_type),
            (input.0, input.1),
            "{name}"
        );
        assert_eq!(found.shape.as_deref(), Some(input.2), "{name}");
        let names: Vec<&str> = graph.outputs.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, outputs, "{name}");
    };
    let image = [None, Some(16), Some(16), Some(3)];
    check(
        "keras2/functional",
        ("input_1", DataType::Float32, &image),
        &["dense"],
    );
    let open = [None, None, None, Some(3)];
    check(
        "keras2/open_size",
        ("input_1", DataType::Float32, &open),
        &["output_0"],
    );
    let picture = [None, Some(6), Some(6), Some(2)];
    check(
        "tensorflow/module",
        ("picture", DataType::Float32, &picture),
        &["scores"],
    );
    check(
        "tensorflow/default_of_several",
        ("picture", DataType::Float32, &picture),
        &["scores"],
    );
    check(
        "tensorflow/uint8_input",
        ("bytes", DataType::UInt8, &picture),
        &["scores"],
    );
    check(
        "tensorflow/encoded_input",
        ("encoded", DataType::String, &[None]),
        &["scores"],
    );
    check(
        "tensorflow/label_output",
        ("picture", DataType::Float32, &picture),
        &["label"],
    );
}

#[test]
fn a_function_that_is_called_again_is_there_again() {
    let model = open("tensorflow/module");
    let graph = model.flatten().unwrap().graph;
    let count = |op: &str| graph.nodes.iter().filter(|node| node.op == op).count();
    assert_eq!(count("Relu"), 3);
    assert_eq!(count("Sigmoid"), 3);
    assert_eq!(count(VARIABLE), 3);
    assert_eq!(count("Conv2D"), 1);
    let convolution = graph.nodes.iter().find(|node| node.op == "Conv2D").unwrap();
    let attributes = &convolution.attributes;
    assert_eq!(
        attributes.integers("strides").unwrap(),
        Some(vec![1, 2, 2, 1])
    );
    assert_eq!(attributes.text("padding").unwrap(), Some("SAME"));
    assert_eq!(attributes.data_type("T").unwrap(), Some(DataType::Float32));
    assert_eq!(attributes.integer("absent").unwrap(), None);
    assert!(attributes.integer("padding").is_err());
}

#[test]
fn layers_are_known_by_class_where_keras_noted_them() {
    let model = open("keras2/functional");
    let layers = model.flatten().unwrap().layers;
    assert_eq!(layers.keras_version(), Some("2.15.0"));
    assert_eq!(layers.class("conv2d_1"), Some("Conv2D"));
    assert_eq!(
        layers.class("batch_normalization"),
        Some("BatchNormalization")
    );
    assert_eq!(layers.class("conv2d_9"), None);
    let model = open("keras3/functional");
    let flat = model.flatten().unwrap();
    assert_eq!(flat.layers.keras_version(), None);
    assert_eq!(flat.tensorflow_version, "2.21.0");
}

#[test]
fn numbers_of_scopes_are_told_from_names_of_layers() {
    for name in all_served() {
        let model = open(&name);
        let graph = model.flatten().unwrap().graph;
        let reads = graph.nodes.iter().any(|node| node.op == VARIABLE);
        let expected = name.starts_with("keras3/") && reads;
        assert_eq!(layer_names::scopes_are_numbered(&graph), expected, "{name}");
    }
}

#[test]
fn unusable_models_are_refused_with_a_reason() {
    let check = |name: &str, expected: &str| {
        let error = SavedModel::open(&fixture(name)).and_then(|it| it.flatten().map(|_| ()));
        let message = error.unwrap_err().to_string();
        assert!(message.contains(expected), "{name}: {message}");
        assert!(
            !message.ends_with('.') && !message.contains('\n'),
            "{message}"
        );
    };
    check("", "has no saved_model.pb");
    check("keras2/functional/variables", "has no saved_model.pb");
    check("tensorflow/training_tag", "(its tags: train)");
    check(
        "tensorflow/several_signatures",
        "several signatures (left, right)",
    );
    check("tensorflow/first_generation", "TensorFlow 1");
    check("tensorflow/no_signature", "no signature");
}

#[test]
fn a_path_may_name_the_directory_or_the_graph_in_it() {
    let functional = fixture("keras2/functional");
    assert_eq!(directory(&functional), Some(functional.clone()));
    assert_eq!(
        directory(&functional.join("saved_model.pb")),
        Some(functional.clone())
    );
    assert_eq!(directory(&functional.join("fingerprint.pb")), None);
    assert_eq!(directory(&functional.join("keras_metadata.pb")), None);
}
