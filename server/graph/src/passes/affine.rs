//! Batch normalization, rescaling, normalization and multiplication or addition of constants are
//! all `scale * x + offset` per channel. They are merged with each other and folded into the
//! weights of a convolution or dense layer in front of or behind them, where that is exact.

use ndarray::{ArrayD, ArrayViewD, Axis};

use super::absorb;
use super::weights::{
    Weights, bias_of, finite, kernel_channels, set_weights, to_constant, to_real,
};
use crate::{
    Activation, BinaryOp, Constant, FusedActivation, Graph, Node, NodeId, Op, Padding, TensorId,
    same_padding,
};

/// `scale[c] * x + offset[c]` on the last axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Affine {
    pub(super) scale: Vec<f64>,
    pub(super) offset: Vec<f64>,
}

impl Affine {
    /// What a node computes, if that is an affine function of its one variable input.
    pub(super) fn of_node(graph: &Graph, node: &Node) -> Option<(TensorId, Self)> {
        if node.activation != FusedActivation::None {
            return None;
        }
        let channels = graph.channels(node.output)?;
        match node.op {
            Op::BatchNormalization { epsilon } => {
                let normalization = Self::of_normalization(graph, node, epsilon)?;
                Some((node.input(), normalization))
            }
            Op::Activation(Activation::Negate) => {
                let (scale, offset) = (vec![-1.0; channels], vec![0.0; channels]);
                Some((node.input(), Self { scale, offset }))
            }
            Op::Binary(op) => Self::of_binary(graph, node, op, channels),
            _ => None,
        }
        .filter(|(_, affine)| affine.is_finite())
    }

    fn of_normalization(graph: &Graph, node: &Node, epsilon: f32) -> Option<Self> {
        let parameters: Vec<Vec<f64>> = node
            .others()
            .iter()
            .map(|&id| Some(to_real(graph.constant(id)?)))
            .collect::<Option<_>>()?;
        let [gamma, beta, mean, variance] = parameters.as_slice() else {
            return None;
        };
        let scale: Vec<f64> = gamma
            .iter()
            .zip(variance)
            .map(|(gamma, variance)| gamma / (variance + f64::from(epsilon)).sqrt())
            .collect();
        let offset = beta.iter().zip(mean).zip(&scale);
        let offset = offset
            .map(|((beta, mean), scale)| beta - mean * scale)
            .collect();
        Some(Self { scale, offset })
    }

    fn of_binary(
        graph: &Graph,
        node: &Node,
        op: BinaryOp,
        channels: usize,
    ) -> Option<(TensorId, Self)> {
        let [a, b] = node.pair()?;
        let (x, constant, constant_first) = match (graph.constant(a), graph.constant(b)) {
            (None, Some(constant)) => (a, constant, false),
            (Some(constant), None) => (b, constant, true),
            _ => return None,
        };
        if graph.shape(x) != graph.shape(node.output) {
            return None;
        }
        let values = per_channel(constant, channels)?;
        let ones = vec![1.0; channels];
        let zeros = vec![0.0; channels];
        let (scale, offset) = match (op, constant_first) {
            (BinaryOp::Add, _) => (ones, values),
            (BinaryOp::Multiply, _) => (values, zeros),
            (BinaryOp::Subtract, false) => (ones, values.iter().map(|v| -v).collect()),
            (BinaryOp::Subtract, true) => (vec![-1.0; channels], values),
            (BinaryOp::Divide, false) => (values.iter().map(|v| 1.0 / v).collect(), zeros),
            _ => return None,
        };
        Some((x, Self { scale, offset }))
    }

    /// This function after `first`.
    fn after(&self, first: &Self) -> Self {
        let own = self.scale.iter().zip(&self.offset);
        let scale = self.scale.iter().zip(&first.scale);
        Self {
            scale: scale.map(|(own, first)| own * first).collect(),
            offset: own
                .zip(&first.offset)
                .map(|((scale, offset), first)| scale * first + offset)
                .collect(),
        }
    }

    fn is_finite(&self) -> bool {
        self.scale.iter().chain(&self.offset).all(|v| v.is_finite())
    }

    /// The operator and constants that compute this function.
    fn to_operator(&self, graph: &mut Graph, name: &str) -> (Op, Vec<TensorId>) {
        let channels = self.scale.len();
        let inputs = [
            ("gamma", to_constant(&self.scale)),
            ("beta", to_constant(&self.offset)),
            ("mean", Constant::zeros(vec![channels])),
            ("variance", Constant::from_elem(vec![channels], 1.0)),
        ]
        .map(|(part, value)| graph.add_constant(format!("{name}/{part}"), value));
        (Op::BatchNormalization { epsilon: 0.0 }, inputs.to_vec())
    }
}

/// Merges affine functions and folds them into weights, until nothing is left to fold.
pub(super) fn fold_affine(graph: &mut Graph) {
    let mut index = 0;
    while let Some(node) = graph.nodes().get(index) {
        let id = NodeId::at(index);
        let folded = Affine::of_node(graph, node).is_some_and(|(input, affine)| {
            fold_into_producer(graph, id, input, &affine)
                || merge_with_producer(graph, id, input, &affine)
                || fold_into_consumer(graph, id, input, &affine)
        });
        // A merged function stands one place earlier and may fold again; every fold removes a node.
        index = if folded {
            index.saturating_sub(1)
        } else {
            index + 1
        };
    }
}

/// A scalar or a vector on the last axis as one value a channel.
fn per_channel(constant: &Constant, channels: usize) -> Option<Vec<f64>> {
    let on_last_axis = constant.ndim() > 0
        && constant.shape().last() == Some(&channels)
        && constant.len() == channels;
    if constant.len() == 1 {
        let value = f64::from(*constant.first()?);
        Some(vec![value; channels])
    } else if on_last_axis {
        Some(constant.iter().map(|&value| f64::from(value)).collect())
    } else {
        None
    }
}

fn scaled(kernel: ArrayViewD<f32>, axis: Axis, scale: &[f64]) -> ArrayD<f32> {
    let mut kernel = kernel.to_owned();
    for (mut slice, &scale) in kernel.axis_iter_mut(axis).zip(scale) {
        slice.mapv_inplace(|weight| (f64::from(weight) * scale) as f32);
    }
    kernel
}

/// `conv -> affine` becomes `conv`.
fn fold_into_producer(graph: &mut Graph, id: NodeId, input: TensorId, affine: &Affine) -> bool {
    let Some(producer) = graph.producer(input) else {
        return false;
    };
    let Some((kernel, bias)) = weights_before(graph, producer, id, affine) else {
        return false;
    };
    set_weights(graph, producer, kernel, &bias);
    absorb(graph, producer, id);
    true
}

/// Weights of a layer whose only reader is an affine function, with that in them.
fn weights_before(
    graph: &Graph,
    producer: NodeId,
    reader: NodeId,
    affine: &Affine,
) -> Option<Weights> {
    let node = graph.node(producer);
    if node.activation != FusedActivation::None || graph.only_reader(node.output) != Some(reader) {
        return None;
    }
    let axis = Axis(node.op.kernel_axis()?);
    let kernel = graph.kernel(node)?;
    let bias = bias_of(graph, node, affine.scale.len())?;
    let channels = affine.scale.iter().zip(&affine.offset);
    let bias = bias.iter().zip(channels);
    let bias = bias.map(|(bias, (scale, offset))| bias * scale + offset);
    finite(scaled(kernel.view(), axis, &affine.scale), bias.collect())
}

/// `affine -> affine` becomes one.
fn merge_with_producer(graph: &mut Graph, id: NodeId, input: TensorId, affine: &Affine) -> bool {
    let merged = graph
        .producer(input)
        .filter(|_| graph.only_reader(input).is_some())
        .and_then(|producer| {
            let (x, first) = Affine::of_node(graph, graph.node(producer))?;
            Some((producer, x, affine.after(&first)))
        })
        .filter(|(_, _, merged)| merged.is_finite());
    let Some((producer, x, merged)) = merged else {
        return false;
    };
    let name = graph.node(id).name.clone();
    let (op, parameters) = merged.to_operator(graph, &name);
    let node = graph.node_mut(id);
    node.op = op;
    node.inputs = std::iter::once(x).chain(parameters).collect();
    graph.remove_node(producer);
    true
}

/// `affine -> conv` becomes `conv`, where no padded position would have to hold another value
/// than zero.
fn fold_into_consumer(graph: &mut Graph, id: NodeId, input: TensorId, affine: &Affine) -> bool {
    let output = graph.node(id).output;
    let Some(consumer) = graph.only_reader(output) else {
        return false;
    };
    let node = graph.node(consumer);
    let moves = affine.offset.iter().any(|&offset| offset != 0.0);
    if node.input() != output
        || !takes_affine(&node.op)
        || (moves && !exact_behind_offset(graph, node))
    {
        return false;
    }
    let Some((kernel, bias)) = weights_after(graph, node, affine) else {
        return false;
    };
    set_weights(graph, consumer, kernel, &bias);
    graph.replace_operand(consumer, 0, input);
    graph.remove_node(id);
    true
}

fn takes_affine(op: &Op) -> bool {
    matches!(
        op,
        Op::Conv2d { .. } | Op::DepthwiseConv2d { .. } | Op::FullyConnected
    )
}

/// Whether a layer can take up an offset of its input in its bias: where it pads with zeros, it
/// cannot.
pub(super) fn exact_behind_offset(graph: &Graph, node: &Node) -> bool {
    let (Op::Conv2d { window, .. } | Op::DepthwiseConv2d { window, .. }) = node.op else {
        return takes_affine(&node.op);
    };
    let Some(kernel) = node.kernel() else {
        return false;
    };
    let (input, kernel) = (graph.shape(node.input()), graph.shape(kernel));
    window.padding == Padding::Valid
        || [0, 1].iter().all(|&axis| {
            let (stride, dilation) = (window.stride[axis], window.dilation[axis]);
            same_padding(input[axis + 1], kernel[axis + 1], stride, dilation) == (0, 0)
        })
}

/// Weights of `node` applied to `affine(x)`: `W'[o, i] = W[o, i] s[i]` and
/// `b'[o] = b[o] + sum_i W[o, i] t[i]` for scale `s` and offset `t`.
pub(super) fn weights_after(graph: &Graph, node: &Node, affine: &Affine) -> Option<Weights> {
    if !takes_affine(&node.op) {
        return None;
    }
    let mut kernel = graph.kernel(node)?.to_owned();
    let mut bias = bias_of(graph, node, graph.channels(node.output)?)?;
    let channels = kernel_channels(&node.op, kernel.shape());
    for (weight, [output, input]) in kernel.iter_mut().zip(channels) {
        bias[output] += f64::from(*weight) * affine.offset[input];
        *weight = (f64::from(*weight) * affine.scale[input]) as f32;
    }
    finite(kernel, bias)
}
