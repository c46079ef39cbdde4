use localization::{Message, Text};
use thiserror::Error;

/// Why a graph could not be built or evaluated.
#[derive(Debug, Clone, PartialEq, Eq, Error, Message)]
pub enum GraphError {
    /// A node's inputs do not have the shapes or the number its operator takes.
    #[error("layer \"{node}\" ({op}) {problem}")]
    Shape {
        /// Name of the node.
        node: String,
        /// Operator name.
        op: &'static str,
        /// What is wrong, as the rest of the sentence.
        problem: Text,
    },
    /// A tensor would need more elements than [`Graph::MAX_ELEMENTS`](crate::Graph::MAX_ELEMENTS).
    #[error("tensor \"{tensor}\" of shape {shape:?} is larger than this program handles")]
    TooLarge {
        /// Name of the tensor.
        tensor: String,
        /// Its shape.
        shape: Vec<usize>,
    },
}
