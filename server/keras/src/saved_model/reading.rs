use std::path::Path;

use graph::Graph;

use super::data_type::DataType;
use super::flat::{FlatGraph, SignatureTensor};
use super::import::{ImportOptions, Imported, Naming, import};
use super::layer_names::scopes_are_numbered;
use super::{Flattened, SavedModel};
use crate::error::ErrorKind;
use crate::summary::Summary;

/// Height and width that stand in for open ones when only the rest is asked for; a multiple of all
/// usual strides.
const STAND_IN_SIZE: usize = 224;

/// Reads the SavedModel in a directory.
pub(crate) fn read(
    directory: &Path,
    input_size: Option<usize>,
) -> Result<(Graph, Summary), ErrorKind> {
    let model = SavedModel::open(directory)?;
    let flattened = model.flatten()?;
    let input = Input::of(&flattened.graph)?;
    check_output(&flattened.graph)?;
    let Some(shape) = input.fixed(input_size) else {
        return Err(ErrorKind::UnknownInputSize { input: input.name });
    };
    let mut options = ImportOptions {
        input_shape: &shape,
        channels_first: input.is_channels_first(),
        weights: false,
        naming: naming(&flattened.graph),
    };
    // What does not fit together is found before a single weight is read.
    import(&flattened.graph, &flattened.variables, &options)?;
    options.weights = true;
    let imported = import(&flattened.graph, &flattened.variables, &options)?;
    let mut summary = summarize(input, &flattened);
    let graph = add_imported(&mut summary, imported, &flattened, true);
    Ok((graph, summary))
}

/// Says what the SavedModel in a directory holds, without reading weights.
pub(crate) fn inspect(directory: &Path, input_size: Option<usize>) -> Result<Summary, ErrorKind> {
    let model = SavedModel::open(directory)?;
    let flattened = model.flatten()?;
    let input = Input::of(&flattened.graph)?;
    let fixed = input.fixed(input_size);
    let known = fixed.is_some();
    let name = input.name.clone();
    let Some(shape) = fixed.or_else(|| input.fixed(Some(STAND_IN_SIZE))) else {
        return Err(ErrorKind::UnknownInputSize { input: name });
    };
    let options = ImportOptions {
        input_shape: &shape,
        channels_first: input.is_channels_first(),
        weights: false,
        naming: naming(&flattened.graph),
    };
    let mut summary = summarize(input, &flattened);
    match import(&flattened.graph, &flattened.variables, &options) {
        Ok(imported) => {
            check_output(&flattened.graph)?;
            add_imported(&mut summary, imported, &flattened, known);
        }
        Err(ErrorKind::UnsupportedLayers(layers)) => summary.unsupported = layers,
        Err(_) if !known => return Err(ErrorKind::UnknownInputSize { input: name }),
        Err(kind) => return Err(kind),
    }
    Ok(summary)
}

fn naming(graph: &FlatGraph<'_>) -> Naming {
    if scopes_are_numbered(graph) {
        Naming::Keras3
    } else {
        Naming::Keras2
    }
}

/// Outputs of other types than fractions are labels or numbers of classes.
fn check_output(graph: &FlatGraph<'_>) -> Result<(), ErrorKind> {
    match graph.outputs.iter().find(|it| !it.data_type.is_float()) {
        None => Ok(()),
        Some(output) => Err(ErrorKind::OutputType {
            output: output.name.clone(),
            data_type: output.data_type.to_string(),
        }),
    }
}

/// The input of a signature with a single one.
struct Input {
    name: String,
    /// Extents with the batch, which is 1.
    shape: Vec<Option<usize>>,
}

impl Input {
    fn of(flat: &FlatGraph<'_>) -> Result<Self, ErrorKind> {
        let names = |tensors: &[SignatureTensor]| {
            tensors.iter().map(|tensor| tensor.name.clone()).collect()
        };
        let [input] = flat.inputs.as_slice() else {
            return Err(ErrorKind::InputCount(names(&flat.inputs)));
        };
        if flat.outputs.len() != 1 {
            return Err(ErrorKind::OutputCount(names(&flat.outputs)));
        }
        let name = input.name.clone();
        if input.data_type == DataType::String {
            return Err(ErrorKind::TextInput(name));
        }
        match &input.shape {
            Some(shape) if shape.len() > 1 => {
                let mut shape = shape.clone();
                if let Some(batch) = shape.first_mut() {
                    *batch = Some(1);
                }
                Ok(Self { name, shape })
            }
            _ => Err(ErrorKind::UnknownInputShape { input: name }),
        }
    }

    /// Whether channels come before height and width, as their number shows.
    fn is_channels_first(&self) -> bool {
        let few = |extent: Option<usize>| extent.is_some_and(|extent| extent <= 4);
        match *self.shape.as_slice() {
            [_, channels, height, width] => few(channels) && !few(height) && !few(width),
            _ => false,
        }
    }

    /// The shape with channels last, when an open height and width can be filled in.
    fn fixed(&self, size: Option<usize>) -> Option<Vec<usize>> {
        let mut shape = self.shape.clone();
        if self.is_channels_first()
            && let Some(axes) = shape.get_mut(1..)
        {
            axes.rotate_left(1);
        }
        let image = shape.len() == 4;
        shape
            .into_iter()
            .enumerate()
            .map(|(axis, extent)| match extent {
                Some(extent) => Some(extent),
                None if image && (axis == 1 || axis == 2) => size,
                None => None,
            })
            .collect()
    }
}

fn summarize(input: Input, flattened: &Flattened<'_>) -> Summary {
    let version = flattened.tensorflow_version;
    Summary {
        format: "TensorFlow SavedModel",
        keras_version: flattened.layers.keras_version().map(str::to_owned),
        tensorflow_version: (!version.is_empty()).then(|| version.to_owned()),
        name: String::new(),
        input_name: input.name,
        input_shape: input.shape,
        output_name: String::new(),
        output_shape: None,
        classes: None,
        layers: Vec::new(),
        parameters: 0,
        unsupported: Vec::new(),
        input_normalizations: Vec::new(),
    }
}

/// Adds what is known once shapes are; extents that come from a stand-in are left out.
fn add_imported(
    summary: &mut Summary,
    imported: Imported,
    flattened: &Flattened<'_>,
    known: bool,
) -> Graph {
    summary.name = imported.model_name;
    summary.output_name = imported.output_name;
    summary.classes = imported.output_shape.last().copied();
    summary.output_shape = known.then_some(imported.output_shape);
    summary.parameters = imported.parameters;
    summary.input_normalizations = imported.input_normalizations;
    summary.layers = imported.layers;
    for layer in &mut summary.layers {
        let name = layer.name.rsplit('/').next().unwrap_or_default();
        if let Some(class) = flattened.layers.class(name) {
            layer.class = class.to_owned();
        }
    }
    if !known {
        for layer in &mut summary.layers {
            layer.output_shape = None;
            layer.macs = None;
        }
    }
    imported.graph
}
