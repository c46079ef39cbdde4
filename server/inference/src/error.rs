use localization::{Message, Text};
use thiserror::Error;

/// Why a model could not be loaded or run.
#[derive(Debug, Clone, PartialEq, Eq, Error, Message)]
pub enum InferenceError {
    /// The program has no TFLite runtime in it.
    #[error(
        "this program was built without the TFLite runtime, which runs .tflite files; build it \
         with `cargo xtask build`"
    )]
    RuntimeAbsent,
    /// The bytes are not a TFLite file, or a damaged one. Holds the whole sentence.
    #[error("{0}")]
    File(Text),
    /// The runtime refuses the model.
    #[error("{engine} cannot load the model because it {problem}; check that the file is complete")]
    Load {
        /// The engine's description.
        engine: String,
        /// What is wrong, as the rest of the sentence.
        problem: Text,
    },
    /// The model has no or several inputs.
    #[error("the model has {count} inputs; give an image classifier with one")]
    InputCount {
        /// How many it has.
        count: usize,
    },
    /// A tensor at the border of the model is neither float nor 8-bit quantized.
    #[error("tensor \"{tensor}\" is {kind}; inputs and outputs must be float32, int8 or uint8")]
    TensorType {
        /// Name of the tensor.
        tensor: String,
        /// Its element type, or what it lacks.
        kind: Text,
    },
    /// The input has another number of elements than the model takes.
    #[error("the input has {given} values, but the model takes {expected}")]
    InputLength {
        /// Number of elements given.
        given: usize,
        /// Number of elements of the model's input.
        expected: usize,
    },
    /// The runtime failed while it ran the model.
    #[error("{engine} failed while it ran the model: {problem}")]
    Run {
        /// The engine's description.
        engine: String,
        /// The runtime's own words.
        problem: Text,
    },
    /// There is no such output, or it has not been computed.
    #[error("output {index} of the model has not been computed")]
    NoOutput {
        /// Index asked for.
        index: usize,
    },
}
