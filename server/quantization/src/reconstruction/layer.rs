//! Where a layer lies in the float and in the quantized graph, and what its output should be.

use graph::{BinaryOp, FusedActivation, Graph, Node, NodeId, Op, TensorId};
use tflite::{ElementType, Encoding, QuantizedValues};

use crate::model::QuantizedModel;
use crate::patches::PatchLayout;

/// A layer whose weights can be fitted.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    /// The node in the float graph: the stream of random numbers.
    pub(super) node: NodeId,
    pub(super) layout: PatchLayout,
    /// What the layer reads, in the float and in the quantized graph.
    pub(super) inputs: [TensorId; 2],
    /// Constants of the quantized graph.
    pub(super) kernel: TensorId,
    pub(super) bias: TensorId,
    /// Kernel and bias of the float graph, a value of the latter for each output channel.
    pub(super) weights: Vec<f32>,
    pub(super) offsets: Vec<f32>,
    /// The other operand of the addition behind the layer, in both graphs.
    pub(super) other: Option<[TensorId; 2]>,
    /// Range that the stored output can have; values beyond either end are all the same.
    pub(super) range: [f32; 2],
}

impl Layer {
    /// `None` for nodes without 8-bit weights that patches are multiplied with.
    pub(super) fn of(graph: &Graph, id: NodeId, model: &QuantizedModel) -> Option<Self> {
        let node = graph.node(id);
        let layout = PatchLayout::of(graph, node)?;
        let is_twin = |&twin: &NodeId| {
            let twin = model.graph.node(twin);
            twin.name == node.name && twin.op == node.op
        };
        let twin_id = model.graph.node_ids().find(is_twin)?;
        let twin = model.graph.node(twin_id);
        let (kernel, bias) = (twin.kernel()?, twin.bias()?);
        let weights: Vec<f32> = graph.kernel(node)?.iter().copied().collect();
        let offsets = match node.bias() {
            Some(bias) => graph.constant(bias)?.iter().copied().collect(),
            None => vec![0.0; layout.outputs()],
        };
        let QuantizedValues::Int8(levels) = &model.constant(kernel)?.values else {
            return None;
        };
        let biases = &model.constant(bias)?.values;
        if levels.len() != weights.len()
            || biases.len() != offsets.len()
            || offsets.len() != layout.outputs()
        {
            return None;
        }
        let other = other_operand((graph, id), (&model.graph, twin_id));
        Some(Self {
            node: id,
            layout,
            inputs: [node.input(), twin.input()],
            kernel,
            bias,
            weights,
            offsets,
            range: match other {
                Some(_) => [f32::NEG_INFINITY, f32::INFINITY],
                None => stored_range(model, twin),
            },
            other,
        })
    }

    /// Tensors whose values are needed: of the float model, then of the quantized one.
    pub(super) fn tensors(&self) -> [Vec<TensorId>; 2] {
        let [float, quantized] = self.inputs;
        match self.other {
            Some([float_other, other]) => [vec![float, float_other], vec![quantized, other]],
            None => [vec![float], vec![quantized]],
        }
    }
}

/// The real numbers that a node's output can hold.
fn stored_range(model: &QuantizedModel, node: &Node) -> [f32; 2] {
    let Encoding::Affine {
        element,
        scale,
        zero_point,
    } = model.encodings.get(node.output)
    else {
        return [f32::NEG_INFINITY, f32::INFINITY];
    };
    let [low, high] = match element {
        ElementType::Int8 => [-128, 127],
        ElementType::UInt8 => [0, 255],
        _ => [-32768, 32767],
    };
    let real = |stored: i32| (stored - zero_point) as f32 * scale;
    let clamp = match node.activation {
        FusedActivation::None => [f32::NEG_INFINITY, f32::INFINITY],
        FusedActivation::Relu => [0.0, f32::INFINITY],
        FusedActivation::Relu6 => [0.0, 6.0],
    };
    [real(low).max(clamp[0]), real(high).min(clamp[1])]
}

/// The other operand of an addition that alone reads the output of a layer without a clamp, in both
/// graphs, if it is known when the layer runs.
fn other_operand(float: (&Graph, NodeId), quantized: (&Graph, NodeId)) -> Option<[TensorId; 2]> {
    let (sum, other) = added_to(float.0, float.1)?;
    let (twin, twin_other) = added_to(quantized.0, quantized.1)?;
    (sum.name == twin.name).then_some([other, twin_other])
}

/// The addition and its other operand, in one graph.
fn added_to(graph: &Graph, id: NodeId) -> Option<(&Node, TensorId)> {
    let node = graph.node(id);
    let output = node.output;
    let mut readers = graph.readers(output);
    let sum = readers.next().filter(|_| readers.next().is_none())?;
    if graph.outputs().contains(&output) || node.activation != FusedActivation::None {
        return None;
    }
    let Op::Binary(BinaryOp::Add) = sum.op else {
        return None;
    };
    let other = *sum.inputs.iter().find(|&&input| input != output)?;
    let mut before = graph.nodes().iter().take(id.index());
    let is_known = before.any(|node| node.output == other) || graph.inputs().contains(&other);
    let fits = graph.shape(other) == graph.shape(output);
    (is_known && fits && graph.constant(other).is_none()).then_some((sum, other))
}
