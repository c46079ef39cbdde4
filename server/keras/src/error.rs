use std::path::{Path, PathBuf};

use graph::GraphError;
use localization::{Message, Phrase, Text, phrase, text};
use thiserror::Error;

use crate::limits;

/// Why a model file could not be read: the file and what is wrong with it.
#[derive(Debug, Error, Message)]
#[error("{path}: {kind}", path = path.display())]
pub struct KerasError {
    /// The model file.
    pub path: PathBuf,
    /// What is wrong.
    #[source]
    pub kind: Box<ErrorKind>,
}

impl KerasError {
    pub(crate) fn new(path: &Path, kind: ErrorKind) -> Self {
        Self {
            path: path.to_owned(),
            kind: Box::new(kind),
        }
    }
}

/// What is wrong with a model file.
#[derive(Debug, Error, Message)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file cannot be opened or read.
    #[error("the model cannot be read ({0}); check the path and its permissions")]
    Io(#[from] std::io::Error),
    /// The path names a directory that is not a SavedModel.
    #[error(
        "the directory has no saved_model.pb, so it is not a SavedModel; give the directory that model.save() or model.export() wrote, or a .keras or .h5 file"
    )]
    NoSavedModel,
    /// A file of a SavedModel is not there.
    #[error("the SavedModel has no {0}; copy the whole directory, its folder \"variables\" too")]
    MissingSavedModelFile(String),
    /// A file of a SavedModel cannot be followed, or its contents have changed.
    #[error("the SavedModel is damaged in {file} ({problem}); copy or save the model again")]
    DamagedSavedModel {
        /// Name of the file.
        file: String,
        /// What failed, as a phrase.
        problem: Text,
    },
    /// None of the graphs of a SavedModel is for serving.
    #[error(
        "the SavedModel has no graph tagged \"serve\" (its tags: {tags}); save the model with model.save() or model.export()",
        tags = .0.join(", ")
    )]
    NoServingGraph(Vec<String>),
    /// A SavedModel with nothing that can be called.
    #[error(
        "the SavedModel has no signature to call; save the model with model.save() or model.export(), or with signatures="
    )]
    NoSignature,
    /// A SavedModel with several signatures, none of which is the default.
    #[error(
        "the SavedModel has several signatures ({names}), none of them named \"serving_default\"; save it with that signature",
        names = .0.join(", ")
    )]
    SeveralSignatures(Vec<String>),
    /// A SavedModel of TensorFlow 1.
    #[error(
        "the SavedModel was written by TensorFlow 1 or without object graph; load it in TensorFlow 2.4 or later and save it again"
    )]
    FirstGenerationSavedModel,
    /// A member of an archive would take far more memory than the archive.
    #[error(
        "\"{0}\" is compressed so much that it does not fit in memory safely; unzip the model and give the folder"
    )]
    CompressedMember(String),
    /// The path names a device, a pipe or a socket.
    #[error("this is not a regular file; give the path of a Keras .keras or .h5 file")]
    NotAFile,
    /// The file has no bytes.
    #[error("the file is empty; save the model again")]
    Empty,
    /// Another kind of file under the name of a model.
    #[error("this is {0}, not a Keras model; give the .keras or .h5 file that model.save() wrote")]
    OtherFormat(Phrase),
    /// The file ends before the data that it describes.
    #[error("the file is cut off ({actual} of {expected} bytes); copy or download it again")]
    Truncated {
        /// Length that the file states for itself.
        expected: u64,
        /// Length it has.
        actual: u64,
    },
    /// The structure of the HDF5 file cannot be followed.
    #[error("the HDF5 data is damaged at {place} ({problem}); copy or save the file again")]
    Damaged {
        /// What was being read.
        place: Text,
        /// What failed.
        problem: Text,
    },
    /// The structure of the zip archive cannot be followed, or its contents have changed.
    #[error("the .keras archive is damaged ({0}); copy or save the file again")]
    DamagedArchive(Text),
    /// A zip archive or a folder without a part that every `.keras` file has.
    #[error(
        "the .keras model has no \"{0}\", so it is not whole; save the model with model.save()"
    )]
    MissingMember(String),
    /// A password protects the archive.
    #[error("\"{0}\" in the archive is encrypted; save the model without encryption")]
    EncryptedMember(String),
    /// A `.keras` archive with weights in another form than HDF5.
    #[error(
        "the weights in the archive are {0}, which is not supported; save the model with model.save() without further options"
    )]
    OtherWeights(Phrase),
    /// The file was written by `save_weights`.
    #[error(
        "the file holds only weights, without the model's configuration; save the whole model with model.save()"
    )]
    WeightsOnly,
    /// An HDF5 file that is not a Keras model.
    #[error(
        "the HDF5 file has no \"model_config\" attribute, so it is not a Keras model; save the whole model with model.save()"
    )]
    NoModelConfiguration,
    /// The configuration is not what Keras writes.
    #[error("the model's configuration is damaged at {place}: {problem}; save the model again")]
    InvalidConfiguration {
        /// Layer and key, or another part of the configuration.
        place: Text,
        /// What is wrong, as a phrase.
        problem: Text,
    },
    /// The model has layers that cannot be converted.
    #[error("{layers}", layers = describe_unsupported(.0))]
    UnsupportedLayers(Vec<UnsupportedLayer>),
    /// The model has several inputs or none.
    #[error(
        "the model has {count} inputs ({names}), but a classifier of one image is needed; build a model with one input",
        count = .0.len(),
        names = .0.join(", ")
    )]
    InputCount(Vec<String>),
    /// The model has several outputs or none.
    #[error(
        "the model has {count} outputs ({names}), but a classifier with one is needed; build a model with one output",
        count = .0.len(),
        names = .0.join(", ")
    )]
    OutputCount(Vec<String>),
    /// The input takes encoded images or serialized examples.
    #[error(
        "the model's input \"{0}\" takes text, such as encoded images or examples, but pixels are needed; save the model with a signature that takes decoded images"
    )]
    TextInput(String),
    /// The output is not one of scores.
    #[error(
        "the model's output \"{output}\" is of type {data_type}, but scores are needed; save the model with a signature that gives the scores of the classes"
    )]
    OutputType {
        /// Name of the output.
        output: String,
        /// Type of its elements.
        data_type: String,
    },
    /// The output is not a vector.
    #[error(
        "the model's output \"{output}\" has the shape {shape}, but a classifier gives one score for each class; only image classifiers can be quantized", shape = extents(.shape))]
    OutputShape {
        /// Name of the output.
        output: String,
        /// Its shape with the batch axis.
        shape: Vec<Option<usize>>,
    },
    /// What the layers compute of one image takes too much memory.
    #[error(
        "the outputs of the model's layers take {size} MiB for one image, more than the {limit} MiB that calibration has room for; use a smaller input or fewer layers of that size", size = bytes >> 20, limit = limits::ACTIVATION_BYTES >> 20)]
    Activations {
        /// All of them as `f32`.
        bytes: u64,
    },
    /// The height or width of the input is open.
    #[error(
        "the model's input \"{input}\" has no fixed height and width; state the input size in the configuration"
    )]
    UnknownInputSize {
        /// Name of the input layer.
        input: String,
    },
    /// No shape is recorded for the input of the model.
    #[error(
        "the file records no input shape for \"{input}\"; build the model with an Input layer and save it again"
    )]
    UnknownInputShape {
        /// Name of the input layer or of the first layer.
        input: String,
    },
    /// A weight is missing, or does not have the shape that the configuration asks for.
    #[error("layer \"{layer}\": weight \"{weight}\" {problem}; save the model again")]
    Weight {
        /// Name of the layer.
        layer: String,
        /// Name of the weight.
        weight: String,
        /// What is wrong, as the rest of a sentence.
        problem: Text,
    },
    /// A weight has a value that is not a finite number.
    #[error(
        "layer \"{layer}\": weight \"{weight}\" has a value that is {value}; the training has diverged, use an earlier checkpoint"
    )]
    NotFinite {
        /// Name of the layer.
        layer: String,
        /// Name of the weight.
        weight: String,
        /// The first such value: NaN or an infinity.
        value: f32,
    },
    /// The model goes beyond a limit that protects against damaged files.
    #[error("the model has {what}, more than the {limit} this program reads")]
    Limit {
        /// What is too large, as a noun phrase.
        what: Text,
        /// The limit with its unit.
        limit: Text,
    },
    /// Layers do not fit together.
    #[error("{0}; the file is damaged or was edited, save the model again")]
    Graph(#[from] GraphError),
    /// The HDF5 reader gave up on a damaged file.
    #[error("the file is damaged in a way that stopped the reader; copy or save it again")]
    Panic,
}

/// A layer that cannot be converted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsupportedLayer {
    /// Name, with the names of the models around it.
    pub layer: String,
    /// Keras class name.
    pub class: String,
    /// Why, as a phrase.
    pub reason: Text,
}

/// Number of layers that an error names before it counts the rest.
const NAMED_LAYERS: usize = 3;

fn describe_unsupported(layers: &[UnsupportedLayer]) -> Text {
    let named = layers.iter().take(NAMED_LAYERS).map(|unsupported| {
        let UnsupportedLayer {
            layer,
            class,
            reason,
        } = unsupported;
        text!("\"{layer}\" ({class}): {reason}")
    });
    let named = Text::list(phrase!("; "), named);
    let count = layers.len();
    match (count, count.saturating_sub(NAMED_LAYERS)) {
        (1, _) => text!(
            "a layer of the model cannot be converted: {named}; replace it and save the model again"
        ),
        (_, 0) => text!(
            "{count} layers of the model cannot be converted: {named}; replace them and save the model again"
        ),
        (_, 1) => text!(
            "{count} layers of the model cannot be converted: {named}; and 1 more layer; replace them and save the model again"
        ),
        (_, more) => text!(
            "{count} layers of the model cannot be converted: {named}; and {more} more layers; replace them and save the model again"
        ),
    }
}

/// `1 × 28 × 28 × 1`
fn extents(shape: &[Option<usize>]) -> String {
    let extent = |extent: &Option<usize>| extent.map_or_else(|| "?".to_owned(), |n| n.to_string());
    shape.iter().map(extent).collect::<Vec<_>>().join(" × ")
}
