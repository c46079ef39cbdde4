//! What every reader of Keras models has to keep to, whatever it reads.

use std::path::Path;

use graph::passes::prepare;
use keras::{ErrorKind, KerasError, ReadOptions, inspect, read};
use tflite::{Encodings, WriteOptions};

use crate::scratch;

/// Height and width for models that leave them open.
const SIZE: usize = 8;

/// Checks a model of one file.
pub(crate) fn check_file(name: &str, contents: &[u8]) {
    check(&scratch::write(name, contents));
}

/// Checks the SavedModel that `saved_model.pb`, the index and the data of a checkpoint make up.
pub(crate) fn check_saved_model([graph, index, data]: [&[u8]; 3]) {
    let graph = scratch::write("model/saved_model.pb", graph);
    scratch::write("model/variables/variables.index", index);
    scratch::write("model/variables/variables.data-00000-of-00001", data);
    check(graph.parent().unwrap());
}

/// Inspects and reads a model, and converts it if that succeeds.
fn check(path: &Path) {
    let options = ReadOptions {
        input_size: Some([SIZE; 2]),
    };
    let inspected = inspect(path, &options);
    let model = read(path, &options);
    let errors = [inspected.as_ref().err(), model.as_ref().err()];
    errors.into_iter().flatten().for_each(check_error);
    let Ok(model) = model else { return };
    // What can be read can be inspected, with the same answer.
    assert_eq!(inspected.unwrap(), model.summary);
    assert!(model.summary.refusal().is_none());
    let graph = prepare(&model.graph);
    let options = WriteOptions {
        description: "fuzz",
        ..WriteOptions::default()
    };
    if let Ok(bytes) = tflite::write(&graph, &Encodings::default(), &options) {
        tflite::read(&bytes).unwrap();
    }
}

/// An error is one sentence, and no library panicked on the way to it.
fn check_error(error: &KerasError) {
    assert!(!matches!(*error.kind, ErrorKind::Panic), "{error}");
    let sentence = error.kind.to_string();
    assert!(
        !sentence.is_empty() && !sentence.ends_with('.'),
        "{sentence}"
    );
}

/// The three files of a SavedModel; `None` when it has more or fewer.
pub(crate) fn saved_model_files(directory: &Path) -> Option<[Vec<u8>; 3]> {
    let file = |name: &str| std::fs::read(directory.join(name)).ok();
    Some([
        file("saved_model.pb")?,
        file("variables/variables.index")?,
        file("variables/variables.data-00000-of-00001")?,
    ])
}
