use graph::{Graph, GraphError, Node, TensorId};
use localization::Message;
use thiserror::Error;

/// Why a model could not be quantized.
#[derive(Debug, Clone, PartialEq, Eq, Error, Message)]
pub enum QuantizationError {
    /// Calibration has not seen a tensor.
    #[error("calibration has no statistics of layer \"{layer}\"")]
    NotObserved {
        /// Name of the tensor.
        layer: String,
    },
    /// The operator has no int8 form in TFLite.
    #[error(
        "layer \"{layer}\" needs {op}, for which TFLite has no int8 kernel; replace the layer, or keep it in float with {{\"layers\": \"{layer}\", \"float\": true}} in quantization.overrides"
    )]
    NoInteger {
        /// Name of the node.
        layer: String,
        /// Operator.
        op: &'static str,
    },
    /// The operator has no kernel for 16-bit activations in TFLite.
    #[error(
        "layer \"{layer}\" needs {op}, for which TFLite has no kernel on 16-bit activations; keep the layer in float instead"
    )]
    NoInt16 {
        /// Name of the node.
        layer: String,
        /// Operator.
        op: &'static str,
    },
    /// The system gave no threads.
    #[error("cannot start {threads} threads; lower the number of threads")]
    NoThreads {
        /// Number asked for.
        threads: usize,
    },
    /// The job was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// The graph became invalid.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

impl QuantizationError {
    pub(crate) fn not_observed(graph: &Graph, tensor: TensorId) -> Self {
        Self::NotObserved {
            layer: graph.tensor(tensor).name.clone(),
        }
    }

    pub(crate) fn no_integer(node: &Node) -> Self {
        Self::NoInteger {
            layer: node.name.clone(),
            op: node.op.name(),
        }
    }
}
