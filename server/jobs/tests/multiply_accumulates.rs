//! The inspection of a model and the graph that is quantized count the same work.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};

use graph::multiply_accumulates;

/// Models below a folder: files of Keras, and folders of SavedModels.
fn models(folder: &Path) -> Vec<PathBuf> {
    if folder.join("saved_model.pb").exists() {
        return vec![folder.to_path_buf()];
    }
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| match path.extension() {
            _ if path.is_dir() => models(&path),
            Some(extension) if extension == "h5" || extension == "keras" => vec![path],
            _ => Vec::new(),
        })
        .collect()
}

#[test]
fn inspecting_a_model_counts_what_its_graph_does() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/keras");
    let options = keras::ReadOptions {
        input_size: Some([32; 2]),
    };
    let mut products = 0;
    let mut wrong = Vec::new();
    for path in models(&fixtures) {
        // Hostile files and models that cannot be converted have no graph.
        let Ok(model) = keras::read(&path, &options) else {
            continue;
        };
        let nodes = model.graph.nodes().iter();
        let counted = nodes
            .map(|node| multiply_accumulates(&model.graph, node))
            .sum();
        let inspected = keras::inspect(&path, &options).unwrap().macs;
        if inspected != Some(counted) {
            wrong.push(format!("{}: {inspected:?}, {counted}", path.display()));
        }
        let mut nodes = model.graph.nodes().iter();
        products += usize::from(nodes.any(|node| matches!(node.op, graph::Op::BatchMatMul { .. })));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(products > 0, "no fixture multiplies activations");
}
