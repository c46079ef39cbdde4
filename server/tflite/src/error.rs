use localization::{Message, Phrase, Text};
use thiserror::Error;

/// Why a graph could not be written.
#[derive(Debug, Clone, PartialEq, Eq, Error, Message)]
pub enum WriteError {
    /// A node has no operator in TFLite.
    #[error("layer \"{node}\" ({op}) {problem}")]
    Unsupported {
        /// Name of the node.
        node: String,
        /// Operator of the graph.
        op: &'static str,
        /// What is wrong, as the rest of the sentence.
        problem: Text,
    },
    /// The encoding given for a tensor does not fit it.
    #[error("tensor \"{tensor}\" cannot be stored as asked, because {problem}")]
    Encoding {
        /// Name of the tensor.
        tensor: String,
        /// What is wrong, as the rest of the sentence.
        problem: Text,
    },
    /// A tensor is read before a node has computed it.
    #[error("tensor \"{tensor}\" is read, but nothing computes it first")]
    Undefined {
        /// Name of the tensor.
        tensor: String,
    },
    /// The file would reach the format's limit of 2 GiB.
    #[error("the model needs {bytes} bytes, but a TFLite file holds less than 2 GiB")]
    TooLarge {
        /// Bytes that the file would need, at most.
        bytes: u64,
    },
}

/// Why bytes are not a readable TFLite file.
#[derive(Debug, Clone, PartialEq, Eq, Error, Message)]
pub enum ReadError {
    /// The identifier `TFL3` is not at byte 4.
    #[error("the file is not a TFLite model, which has \"TFL3\" at byte 4")]
    Identifier,
    /// Another version of the schema.
    #[error("the TFLite file has schema version {0}, but only version 3 can be read")]
    Version(u32),
    /// An offset or length leaves the file.
    #[error(
        "the TFLite file is damaged or cut off: {part} at byte {offset} leaves the file; write it again"
    )]
    OutOfBounds {
        /// What was being read.
        part: Phrase,
        /// Where.
        offset: usize,
    },
    /// Contents that contradict each other.
    #[error("the TFLite file is damaged: {problem}; write it again")]
    Inconsistent {
        /// What is wrong, as a clause.
        problem: Text,
    },
}
