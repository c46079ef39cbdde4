//! Batch normalization, rescaling, normalization and multiplication or addition of constants are
//! all `scale * x + offset` per channel. They are merged with each other and folded into the
//! weights of a convolution or dense layer in front of or behind them, where that is exact.

use ndarray::{ArrayD, ArrayViewD, Axis, Ix1};

use super::{absorb, only_consumer};
use crate::{
    Activation, BinaryOp, Constant, FusedActivation, Graph, Node, Op, Padding, TensorId,
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
        let shape = graph.shape(node.output);
        let channels = *shape.last()?;
        match node.op {
            Op::BatchNormalization { epsilon } => {
                let parameter = |index: usize| {
                    let value = graph.constant(node.inputs[index])?;
                    Some(value.iter().map(|&v| f64::from(v)).collect::<Vec<_>>())
                };
                let (gamma, beta) = (parameter(1)?, parameter(2)?);
                let (mean, variance) = (parameter(3)?, parameter(4)?);
                let scale: Vec<f64> = gamma
                    .iter()
                    .zip(&variance)
                    .map(|(gamma, variance)| gamma / (variance + f64::from(epsilon)).sqrt())
                    .collect();
                let offset = (0..channels)
                    .map(|c| beta[c] - mean[c] * scale[c])
                    .collect();
                Some((node.inputs[0], Self { scale, offset }))
            }
            Op::Activation(Activation::Negate) => {
                let (scale, offset) = (vec![-1.0; channels], vec![0.0; channels]);
                Some((node.inputs[0], Self { scale, offset }))
            }
            Op::Binary(op) => {
                let (a, b) = (node.inputs[0], node.inputs[1]);
                let (x, constant, constant_first) = match (graph.constant(a), graph.constant(b)) {
                    (None, Some(constant)) => (a, constant, false),
                    (Some(constant), None) => (b, constant, true),
                    _ => return None,
                };
                if graph.shape(x) != shape {
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
            _ => None,
        }
        .filter(|(_, affine)| affine.is_finite())
    }

    /// This function after `first`.
    fn after(&self, first: &Self) -> Self {
        let channels = 0..self.scale.len();
        Self {
            scale: channels
                .clone()
                .map(|c| self.scale[c] * first.scale[c])
                .collect(),
            offset: channels
                .map(|c| self.scale[c] * first.offset[c] + self.offset[c])
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
pub fn fold_affine(graph: &mut Graph) {
    let mut index = 0;
    while index < graph.nodes().len() {
        let node = &graph.nodes()[index];
        let folded = Affine::of_node(graph, node).is_some_and(|(input, affine)| {
            fold_into_producer(graph, index, input, &affine)
                || merge_with_producer(graph, index, input, &affine)
                || fold_into_consumer(graph, index, input, &affine)
        });
        // A merged function stands one place earlier and may fold again; every fold removes a node.
        index = if folded {
            index.saturating_sub(1)
        } else {
            index + 1
        };
    }
}

pub(super) fn to_constant(values: &[f64]) -> Constant {
    values
        .iter()
        .map(|&value| value as f32)
        .collect::<ndarray::Array1<f32>>()
        .into_dyn()
        .into_shared()
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

/// Kernel axis of the output channels, for operators whose weights can take an affine function.
fn output_axis(op: &Op) -> Option<Axis> {
    match op {
        Op::Conv2d { .. } | Op::TransposeConv2d { .. } | Op::FullyConnected => Some(Axis(0)),
        Op::DepthwiseConv2d { .. } => Some(Axis(3)),
        _ => None,
    }
}

fn producer_of(graph: &Graph, tensor: TensorId) -> Option<usize> {
    graph.nodes().iter().position(|node| node.output == tensor)
}

pub(super) fn bias_of(graph: &Graph, node: &Node, channels: usize) -> Option<Vec<f64>> {
    match node.inputs.get(2) {
        None => Some(vec![0.0; channels]),
        Some(&id) => Some(graph.constant(id)?.iter().map(|&v| f64::from(v)).collect()),
    }
}

pub(super) fn set_weights(graph: &mut Graph, index: usize, kernel: ArrayD<f32>, bias: &[f64]) {
    let name = graph.nodes()[index].name.clone();
    let kernel = graph.add_constant(format!("{name}/kernel"), kernel.into_shared());
    graph.nodes_mut()[index].inputs[1] = kernel;
    set_bias(graph, index, bias);
}

pub(super) fn set_bias(graph: &mut Graph, index: usize, bias: &[f64]) {
    let name = graph.nodes()[index].name.clone();
    let bias = graph.add_constant(format!("{name}/bias"), to_constant(bias));
    let inputs = &mut graph.nodes_mut()[index].inputs;
    inputs.truncate(2);
    inputs.push(bias);
}

fn scaled(kernel: ArrayViewD<f32>, axis: Axis, scale: &[f64]) -> ArrayD<f32> {
    let mut kernel = kernel.to_owned();
    for (mut slice, &scale) in kernel.axis_iter_mut(axis).zip(scale) {
        slice.mapv_inplace(|weight| (f64::from(weight) * scale) as f32);
    }
    kernel
}

/// `conv -> affine` becomes `conv`.
fn fold_into_producer(graph: &mut Graph, index: usize, input: TensorId, affine: &Affine) -> bool {
    let Some(producer) = producer_of(graph, input) else {
        return false;
    };
    let node = &graph.nodes()[producer];
    let foldable = node.activation == FusedActivation::None
        && only_consumer(graph, input).is_some_and(|consumer| consumer.0 as usize == index);
    let weights = foldable
        .then(|| output_axis(&node.op))
        .flatten()
        .and_then(|axis| {
            let kernel = graph.constant(node.inputs[1])?;
            let bias = bias_of(graph, node, affine.scale.len())?;
            let bias: Vec<f64> = (0..bias.len())
                .map(|c| bias[c] * affine.scale[c] + affine.offset[c])
                .collect();
            finite(scaled(kernel.view(), axis, &affine.scale), bias)
        });
    let Some((kernel, bias)) = weights else {
        return false;
    };
    set_weights(graph, producer, kernel, &bias);
    absorb(graph, producer, index);
    true
}

/// `affine -> affine` becomes one.
fn merge_with_producer(graph: &mut Graph, index: usize, input: TensorId, affine: &Affine) -> bool {
    let merged = producer_of(graph, input)
        .filter(|_| only_consumer(graph, input).is_some())
        .and_then(|producer| {
            let (x, first) = Affine::of_node(graph, &graph.nodes()[producer])?;
            Some((producer, x, affine.after(&first)))
        })
        .filter(|(_, _, merged)| merged.is_finite());
    let Some((producer, x, merged)) = merged else {
        return false;
    };
    let name = graph.nodes()[index].name.clone();
    let (op, parameters) = merged.to_operator(graph, &name);
    let node = &mut graph.nodes_mut()[index];
    node.op = op;
    node.inputs = std::iter::once(x).chain(parameters).collect();
    graph.nodes_mut().remove(producer);
    true
}

/// `affine -> conv` becomes `conv`, where no padded position would have to hold another value
/// than zero.
fn fold_into_consumer(graph: &mut Graph, index: usize, input: TensorId, affine: &Affine) -> bool {
    let output = graph.nodes()[index].output;
    let Some(consumer) = only_consumer(graph, output).map(|id| id.0 as usize) else {
        return false;
    };
    let node = &graph.nodes()[consumer];
    let moves = affine.offset.iter().any(|&offset| offset != 0.0);
    if node.inputs[0] != output
        || !takes_affine(&node.op)
        || (moves && !exact_behind_offset(graph, node))
    {
        return false;
    }
    let Some((kernel, bias)) = weights_after(graph, node, affine) else {
        return false;
    };
    set_weights(graph, consumer, kernel, &bias);
    graph.nodes_mut()[consumer].inputs[0] = input;
    graph.nodes_mut().remove(index);
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
    let input = graph.shape(node.inputs[0]);
    let kernel = graph.shape(node.inputs[1]);
    window.padding == Padding::Valid
        || [0, 1].iter().all(|&axis| {
            let (stride, dilation) = (window.stride[axis], window.dilation[axis]);
            same_padding(input[axis + 1], kernel[axis + 1], stride, dilation) == (0, 0)
        })
}

/// Weights of `node` applied to `affine(x)`: `W'[o, i] = W[o, i] s[i]` and
/// `b'[o] = b[o] + sum_i W[o, i] t[i]` for scale `s` and offset `t`.
pub(super) fn weights_after(
    graph: &Graph,
    node: &Node,
    affine: &Affine,
) -> Option<(ArrayD<f32>, Vec<f64>)> {
    let kernel = graph.constant(node.inputs[1])?;
    let mut weights = kernel.to_owned();
    let outputs = *graph.shape(node.output).last()?;
    let mut bias = bias_of(graph, node, outputs)?;
    // Input channel of each element of one output channel's weights.
    let groups = match node.op {
        Op::Conv2d { groups, .. } => groups,
        _ => 1,
    };
    let take = |output: usize,
                mut lane: ndarray::ArrayViewMut<f32, Ix1>,
                first: usize,
                bias: &mut [f64]| {
        for (position, weight) in lane.iter_mut().enumerate() {
            let channel = first + position;
            bias[output] += f64::from(*weight) * affine.offset[channel];
            *weight = (f64::from(*weight) * affine.scale[channel]) as f32;
        }
    };
    match node.op {
        Op::Conv2d { .. } | Op::FullyConnected => {
            let inputs_a_group = *kernel.shape().last()?;
            for (output, mut slice) in weights.outer_iter_mut().enumerate() {
                let first = output / (outputs / groups) * inputs_a_group;
                let last_axis = Axis(slice.ndim() - 1);
                for lane in slice.lanes_mut(last_axis) {
                    take(output, lane, first, &mut bias);
                }
            }
        }
        Op::DepthwiseConv2d { multiplier, .. } => {
            for (output, mut slice) in weights.axis_iter_mut(Axis(3)).enumerate() {
                let channel = output / multiplier;
                for weight in slice.iter_mut() {
                    bias[output] += f64::from(*weight) * affine.offset[channel];
                    *weight = (f64::from(*weight) * affine.scale[channel]) as f32;
                }
            }
        }
        _ => return None,
    }
    finite(weights, bias)
}

/// Weights that `f32` can hold, if they are.
fn finite(kernel: ArrayD<f32>, bias: Vec<f64>) -> Option<(ArrayD<f32>, Vec<f64>)> {
    let representable = kernel.iter().all(|weight| weight.is_finite())
        && bias.iter().all(|&bias| (bias as f32).is_finite());
    representable.then_some((kernel, bias))
}
