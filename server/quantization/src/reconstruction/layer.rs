//! Where a layer lies in the float and in the quantized graph, and what its output should be.

use graph::{BinaryOp, FusedActivation, Graph, Node, Op, TensorId};
use tflite::{ElementType, Encoding, QuantizedValues};

use crate::quantize::QuantizedModel;
use crate::rounding::patches::PatchLayout;

/// A layer whose weights can be fitted.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) name: String,
    /// Position of the node in the float graph: the stream of random numbers.
    pub(super) index: usize,
    pub(super) layout: PatchLayout,
    /// What the layer reads, in the float and in the quantized graph.
    pub(super) inputs: [TensorId; 2],
    /// Constants of the quantized graph.
    pub(super) kernel: TensorId,
    pub(super) bias: TensorId,
    /// Kernel and bias of the float graph.
    pub(super) weights: Vec<f32>,
    pub(super) offsets: Vec<f32>,
    /// The other operand of the addition behind the layer, in both graphs.
    pub(super) other: Option<[TensorId; 2]>,
    /// Range that the stored output can have; values beyond either end are all the same.
    pub(super) range: [f32; 2],
}

impl Layer {
    /// `None` for nodes without 8-bit weights that patches are multiplied with.
    pub(super) fn of(graph: &Graph, index: usize, model: &QuantizedModel) -> Option<Self> {
        let node = graph.nodes().get(index)?;
        let layout = PatchLayout::of(graph, node)?;
        let mut twins = model.graph.nodes().iter();
        let at = twins.position(|twin| twin.name == node.name && twin.op == node.op)?;
        let twin = &model.graph.nodes()[at];
        let (kernel, bias) = (*twin.inputs.get(1)?, *twin.inputs.get(2)?);
        let weights: Vec<f32> = graph.constant(node.inputs[1])?.iter().copied().collect();
        let offsets = match node.inputs.get(2) {
            Some(&bias) => graph.constant(bias)?.iter().copied().collect(),
            None => vec![0.0; layout.outputs()],
        };
        let levels = model.constant(kernel)?;
        let QuantizedValues::Int8(values) = &levels.values else {
            return None;
        };
        if values.len() != weights.len() || model.constant(bias)?.values.len() != offsets.len() {
            return None;
        }
        let other = other_operand(graph, node, &model.graph, at);
        Some(Self {
            name: node.name.clone(),
            index,
            layout,
            inputs: [node.inputs[0], twin.inputs[0]],
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

    /// Float weights of an output channel, in the order of its patches.
    pub(super) fn weights_of(&self, output: usize) -> Vec<f32> {
        let places = (0..self.layout.size()).map(|tap| self.layout.weight(output, tap));
        places
            .filter_map(|place| self.weights.get(place).copied())
            .collect()
    }

    /// Tensors whose values are needed: of the float model, then of the quantized one.
    pub(super) fn tensors(&self) -> [Vec<TensorId>; 2] {
        [0, 1].map(|side| {
            let other = self.other.map(|other| other[side]);
            std::iter::once(self.inputs[side]).chain(other).collect()
        })
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

/// The other operand of an addition that alone reads the output of a node without a clamp, if it
/// is known when the node runs.
fn other_operand(
    graph: &Graph,
    node: &Node,
    quantized: &Graph,
    at: usize,
) -> Option<[TensorId; 2]> {
    let other = |graph: &Graph, index: usize| -> Option<(String, TensorId)> {
        let node = &graph.nodes()[index];
        let output = node.output;
        let mut readers = graph.nodes().iter().filter(|n| n.inputs.contains(&output));
        let sum = readers.next().filter(|_| readers.next().is_none())?;
        if graph.outputs().contains(&output) || node.activation != FusedActivation::None {
            return None;
        }
        let Op::Binary(BinaryOp::Add) = sum.op else {
            return None;
        };
        let other = *sum.inputs.iter().find(|&&input| input != output)?;
        let known = graph.nodes()[..index].iter().any(|n| n.output == other);
        let known = known || graph.inputs().contains(&other);
        let fits = graph.shape(other) == graph.shape(output);
        (known && fits && graph.constant(other).is_none()).then(|| (sum.name.clone(), other))
    };
    let index = graph.nodes().iter().position(|n| n.name == node.name)?;
    let (name, float) = other(graph, index)?;
    let (twin, integer) = other(quantized, at)?;
    (name == twin).then_some([float, integer])
}
