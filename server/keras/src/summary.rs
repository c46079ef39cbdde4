use crate::computation::OperatorSummary;
use crate::error::{ErrorKind, UnsupportedLayer};
use crate::limits;
use crate::output_kind::OutputKind;
use graph::Op;

/// What a model file holds, without its weights.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// File format, for people.
    pub format: &'static str,
    /// Version of Keras that wrote the file.
    pub keras_version: Option<String>,
    /// Version of TensorFlow that wrote the file, for SavedModels.
    pub tensorflow_version: Option<String>,
    /// Name of the model.
    pub name: String,
    /// Inputs of the model; one, if it can be converted.
    pub inputs: Vec<TensorSummary>,
    /// Outputs of the model; one, if it can be converted.
    pub outputs: Vec<TensorSummary>,
    /// What the numbers in the first output mean; `None` while its shape is not known.
    pub output_kind: Option<OutputKind>,
    /// The loss that the model was trained with, when the file names a single one.
    pub loss: Option<String>,
    /// Layers in execution order; a layer that is called again has a row for each call.
    pub layers: Vec<LayerSummary>,
    /// Operators that depend on the image, in execution order; none where the output is not known.
    /// For an open input size they are those of a usual one.
    pub operators: Vec<OperatorSummary>,
    /// Number of weights, trainable or not, where shared layers count once; `None` while it is not
    /// known of every layer.
    pub parameters: Option<u64>,
    /// Multiply-accumulate operations for one image; `None` while they are not known of every layer.
    pub macs: Option<u64>,
    /// All layers that cannot be converted.
    pub unsupported: Vec<UnsupportedLayer>,
    /// Rescaling and Normalization layers that see the input image, in order.
    pub input_normalizations: Vec<InputNormalization>,
}

/// A shape with the batch axis, which is 1; `None` where the file leaves an extent open.
pub type OpenShape = Vec<Option<usize>>;

/// An input or an output of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct TensorSummary {
    /// Name of the layer.
    pub name: String,
    /// Shape; `None` when nothing is known of it.
    pub shape: Option<OpenShape>,
    /// Element type as Keras names it, such as `float32`.
    pub dtype: String,
}

/// One call of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerSummary {
    /// Name; `outer/inner` inside a nested model, `name:1` for the second call.
    pub name: String,
    /// Keras class name.
    pub class: String,
    /// Output shape; `None` when nothing is known of it, as behind an unsupported layer.
    pub output_shape: Option<OpenShape>,
    /// Number of weights, zero for a later call of a shared layer; `None` when it is not known.
    pub parameters: Option<u64>,
    /// Multiply-accumulate operations of kernels with data and of matrix products, as
    /// [`graph::operator_multiply_accumulates`] counts them; `None` when they are not known.
    pub macs: Option<u64>,
}

/// A built-in layer that maps pixel values, `scale * x + offset`.
#[derive(Debug, Clone, PartialEq)]
pub struct InputNormalization {
    /// Name of the layer.
    pub layer: String,
    /// `Rescaling` or `Normalization`.
    pub class: String,
    /// Factor, when it is known and the same for all channels.
    pub scale: Option<f32>,
    /// Summand, when it is known and the same for all channels.
    pub offset: Option<f32>,
}

impl Summary {
    /// Why the model cannot be converted. An open input size is no reason, as it can be stated.
    pub fn refusal(&self) -> Option<ErrorKind> {
        let names =
            |tensors: &[TensorSummary]| tensors.iter().map(|tensor| tensor.name.clone()).collect();
        let [input] = self.inputs.as_slice() else {
            return Some(ErrorKind::InputCount(names(&self.inputs)));
        };
        let [output] = self.outputs.as_slice() else {
            return Some(ErrorKind::OutputCount(names(&self.outputs)));
        };
        if input.dtype == "string" {
            return Some(ErrorKind::TextInput(input.name.clone()));
        }
        let no_scores = ["int8", "uint8", "int32", "int64", "bool", "string"];
        if no_scores.contains(&output.dtype.as_str()) {
            return Some(ErrorKind::OutputType {
                output: output.name.clone(),
                data_type: output.dtype.clone(),
            });
        }
        if !self.unsupported.is_empty() {
            return Some(ErrorKind::UnsupportedLayers(self.unsupported.clone()));
        }
        if input.shape.is_none() {
            return Some(ErrorKind::UnknownInputShape {
                input: input.name.clone(),
            });
        }
        None
    }

    /// Why the model cannot be quantized as a classifier of images: it cannot be converted, gives
    /// something else than a vector, or takes too much memory.
    pub fn classifier_refusal(&self) -> Option<ErrorKind> {
        if let Some(kind) = self.refusal() {
            return Some(kind);
        }
        let output = self.outputs.first();
        if self.output_kind == Some(OutputKind::Array) {
            return Some(ErrorKind::OutputShape {
                output: output.map_or_else(String::new, |output| output.name.clone()),
                shape: output
                    .and_then(|output| output.shape.clone())
                    .unwrap_or_default(),
            });
        }
        let bytes = self.activation_bytes();
        (bytes > limits::ACTIVATION_BYTES).then_some(ErrorKind::Activations { bytes })
    }

    /// Bytes that the outputs of all operators take for one image as float32. Batch normalizations do
    /// not count, as they are joined with what is around them.
    pub fn activation_bytes(&self) -> u64 {
        let operators = self.operators.iter();
        let kept =
            operators.filter(|operator| !matches!(operator.op, Op::BatchNormalization { .. }));
        kept.fold(0, |sum: u64, operator| {
            sum.saturating_add(operator.elements.saturating_mul(4))
        })
    }
}
