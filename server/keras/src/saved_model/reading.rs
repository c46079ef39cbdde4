use std::path::Path;

use graph::Graph;

use super::flat::{FlatGraph, SignatureTensor};
use super::import::{ImportOptions, Naming, import};
use super::layer_names::scopes_are_numbered;
use super::{Flattened, SavedModel};
use crate::error::ErrorKind;
use crate::summary::{Summary, TensorSummary};
use crate::survey::Survey;

/// Reads the SavedModel in a directory.
pub(crate) fn read(
    directory: &Path,
    input_size: Option<[usize; 2]>,
    refusal: fn(&Summary) -> Option<ErrorKind>,
) -> Result<(Graph, Summary), ErrorKind> {
    let model = SavedModel::open(directory)?;
    let flattened = model.flatten()?;
    // What does not fit together is found before a single weight is read.
    let summary = summarize(&flattened, input_size)?;
    let shape = summary.input_shape(input_size)?;
    if let Some(kind) = refusal(&summary) {
        return Err(kind);
    }
    let options = options(&flattened.graph, &shape, true);
    let imported = import(&flattened.graph, &flattened.variables, &options)?;
    Ok((imported.graph, summary))
}

/// Says what the SavedModel in a directory holds, without reading weights.
pub(crate) fn inspect(
    directory: &Path,
    input_size: Option<[usize; 2]>,
) -> Result<Summary, ErrorKind> {
    let model = SavedModel::open(directory)?;
    summarize(&model.flatten()?, input_size)
}

fn summarize(
    flattened: &Flattened<'_>,
    input_size: Option<[usize; 2]>,
) -> Result<Summary, ErrorKind> {
    let graph = &flattened.graph;
    let version = flattened.tensorflow_version;
    let mut summary = Summary {
        format: "TensorFlow SavedModel",
        keras_version: flattened.layers.keras_version().map(str::to_owned),
        tensorflow_version: (!version.is_empty()).then(|| version.to_owned()),
        inputs: graph.inputs.iter().map(end).collect(),
        outputs: graph.outputs.iter().map(end).collect(),
        loss: flattened.layers.loss().map(str::to_owned),
        ..Summary::default()
    };
    let mut names = None;
    summary.add_survey(input_size, |shapes| {
        let ([Some(shape)], 1) = (shapes, graph.outputs.len()) else {
            return Ok(Survey::default());
        };
        let options = options(graph, shape, false);
        match import(graph, &flattened.variables, &options) {
            Ok(imported) => {
                names = Some((imported.model_name, imported.output_name));
                let extents = imported.output_shape.into_iter();
                Ok(Survey {
                    output: Some(imported.output),
                    output_shapes: vec![Some(extents.map(Some).collect())],
                    layers: imported.layers,
                    operators: imported.operators,
                    parameters: Some(imported.parameters),
                    unsupported: Vec::new(),
                    input_normalizations: imported.input_normalizations,
                })
            }
            Err(ErrorKind::UnsupportedLayers(unsupported)) => Ok(Survey {
                unsupported,
                ..Survey::default()
            }),
            Err(kind) => Err(kind),
        }
    })?;
    for layer in &mut summary.layers {
        let name = layer.name.rsplit('/').next().unwrap_or_default();
        if let Some(class) = flattened.layers.class(name) {
            layer.class = class.to_owned();
        }
    }
    if let (Some((model, output)), Some(first)) = (names, summary.outputs.first_mut()) {
        summary.name = model;
        first.name = output;
    }
    Ok(summary)
}

fn options<'a>(
    graph: &FlatGraph<'_>,
    input_shape: &'a [usize],
    weights: bool,
) -> ImportOptions<'a> {
    ImportOptions {
        input_shape,
        channels_first: graph.inputs.first().is_some_and(is_channels_first),
        weights,
        naming: match scopes_are_numbered(graph) {
            true => Naming::Keras3,
            false => Naming::Keras2,
        },
    }
}

/// An input or an output of a signature; the shape of an image has its channels last.
fn end(tensor: &SignatureTensor) -> TensorSummary {
    let mut shape = tensor.shape.clone().filter(|shape| shape.len() > 1);
    if let Some((batch, axes)) = shape.as_mut().and_then(|shape| shape.split_first_mut()) {
        *batch = Some(1);
        if is_channels_first(tensor) {
            axes.rotate_left(1);
        }
    }
    TensorSummary {
        name: tensor.name.clone(),
        shape,
        dtype: tensor.data_type.to_string(),
    }
}

/// Whether channels come before height and width, as their number shows.
fn is_channels_first(tensor: &SignatureTensor) -> bool {
    let few = |extent: Option<usize>| extent.is_some_and(|extent| extent <= 4);
    match tensor.shape.as_deref() {
        Some(&[_, channels, height, width]) => few(channels) && !few(height) && !few(width),
        _ => false,
    }
}
