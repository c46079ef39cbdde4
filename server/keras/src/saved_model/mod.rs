//! SavedModels: directories with a graph of TensorFlow operators and a checkpoint of variables, as
//! `model.save()` of Keras 2 and `model.export()` of Keras 3 write them.
//!
//! The graph behind the serving signature is what counts. It needs no Python code, so that custom
//! layers come with it, and all generations have it. Here it becomes a flat graph of operators;
//! what these mean is the business of the import.

mod attributes;
mod calls;
mod checkpoint;
mod damage;
mod data_type;
mod files;
mod flat;
mod flatten;
mod functions;
mod import;
mod layer_names;
mod object_graph;
mod protocol;
mod reading;
mod signature;
mod tensor;
#[cfg(test)]
mod tests;
mod variable_key;
mod variables;
mod wire;

use std::path::{Path, PathBuf};

use crate::container;
use crate::error::ErrorKind;
use crate::limits;
use calls::Calls;
use checkpoint::Checkpoint;
use damage::GRAPH_FILE;
use flat::FlatGraph;
use functions::Library;
use layer_names::LayerNames;
use object_graph::ObjectGraph;
pub(crate) use reading::{inspect, read};
use signature::Signature;
use variables::VariableKeys;
use variables::Variables;

/// Name of the file in which Keras 2 describes the layers.
const METADATA_FILE: &str = "keras_metadata.pb";

/// The directory of the SavedModel that a path names: the path itself, or the directory of a
/// `saved_model.pb`. `None` when it names something else, such as an unzipped .keras file.
pub(crate) fn directory(path: &Path) -> Option<PathBuf> {
    if path.is_dir() {
        let other = container::is_unzipped(path) && !path.join(GRAPH_FILE).exists();
        return (!other).then(|| path.to_owned());
    }
    let named = path.file_name().is_some_and(|name| name == GRAPH_FILE);
    named.then(|| path.parent().map(Path::to_owned)).flatten()
}

/// The files of a SavedModel, not looked into yet.
#[derive(Debug)]
pub(crate) struct SavedModel {
    directory: PathBuf,
    graph: Vec<u8>,
}

impl SavedModel {
    /// Reads the graph of the SavedModel in a directory.
    pub(crate) fn open(directory: &Path) -> Result<Self, ErrorKind> {
        let path = directory.join(GRAPH_FILE);
        if !path.exists() {
            return Err(ErrorKind::NoSavedModel);
        }
        Ok(Self {
            directory: directory.to_owned(),
            graph: files::read_whole(&path, limits::SAVED_MODEL_BYTES)?,
        })
    }

    /// The serving signature without functions, and the variables that it reads.
    pub(crate) fn flatten(&self) -> Result<Flattened<'_>, ErrorKind> {
        let graph = signature::serving_graph(&self.graph)?;
        let Some(objects) = graph.object_graph else {
            return Err(ErrorKind::FirstGenerationSavedModel);
        };
        let signature = Signature::choose(&graph)?;
        let checkpoint = Checkpoint::open(&self.directory.join("variables").join("variables"))?;
        let library = Library::of(protocol::decode(graph.graph)?)?;
        let mut calls = Calls::new(library, self.graph.len());
        let mut keys = VariableKeys::of(&mut calls, graph.saver.restore_op_name)?;
        if let Some(stored) = checkpoint.object_graph()? {
            let objects = ObjectGraph::of(objects, &stored)?;
            keys.compare(&mut calls, &signature, &objects, &checkpoint)?;
        }
        let flat = flatten::flatten(&mut calls, &signature, &keys)?;
        let variables = Variables::new(checkpoint);
        for node in &flat.nodes {
            variables.check(node)?;
        }
        Ok(Flattened {
            graph: flat,
            variables,
            layers: self.layer_names(objects),
            tensorflow_version: graph.meta_info.tensorflow_version,
        })
    }
}

impl SavedModel {
    /// Names of layers from the file that Keras 2 adds, or from the objects of the graph.
    fn layer_names(&self, objects: &[u8]) -> LayerNames {
        let path = self.directory.join(METADATA_FILE);
        match files::read_whole(&path, limits::CONFIGURATION_BYTES as u64) {
            Ok(metadata) => LayerNames::of_metadata(&metadata),
            Err(_) => LayerNames::of_objects(objects),
        }
    }
}

/// What the import of a SavedModel starts from.
#[derive(Debug)]
pub(crate) struct Flattened<'a> {
    pub(crate) graph: FlatGraph<'a>,
    pub(crate) variables: Variables,
    /// What is known of the Keras layers.
    pub(crate) layers: LayerNames,
    /// Version of TensorFlow that wrote the SavedModel.
    pub(crate) tensorflow_version: &'a str,
}
