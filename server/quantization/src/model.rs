use graph::{Graph, TensorId};
use tflite::{Encoding, Encodings, QuantizedConstant};

/// A graph and how each of its tensors is stored, ready to be written.
#[derive(Debug, Clone)]
pub struct QuantizedModel {
    /// The prepared graph with conversions.
    pub graph: Graph,
    /// Storage of every tensor.
    pub encodings: Encodings,
}

impl QuantizedModel {
    /// Kernel and bias of a layer.
    pub(crate) fn kernel_and_bias(&self, name: &str) -> Option<(TensorId, TensorId)> {
        let mut nodes = self.graph.nodes().iter();
        let node = nodes.find(|node| node.name == name && node.op.has_kernel())?;
        node.kernel().zip(node.bias())
    }

    /// The stored values of a kernel or bias, if they are not float.
    pub(crate) fn constant(&self, tensor: TensorId) -> Option<&QuantizedConstant> {
        match self.encodings.get(tensor) {
            Encoding::Quantized(constant) => Some(constant),
            _ => None,
        }
    }

    /// Replaces stored values.
    pub(crate) fn store(&mut self, tensor: TensorId, constant: QuantizedConstant) {
        self.encodings.insert(tensor, Encoding::Quantized(constant));
    }
}

/// The scale of an output channel, of one for each or one for all of them.
pub(crate) fn scale_of(scales: &[f32], channel: usize) -> Option<f32> {
    scales.get(channel).or(scales.last()).copied()
}
