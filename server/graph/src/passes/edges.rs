//! Channel scales between two layers with weights.
//!
//! Where nothing but channel-wise, positively homogeneous operators (`f(s x) = s f(x)` for
//! `s > 0`) lies between two layers, dividing a channel's weights in the first and multiplying
//! them in the second by one factor changes nothing that the graph computes, and changes the range
//! of the channel between them.

use ndarray::IxDyn;

use super::affine::{bias_of, set_weights};
use super::channelwise::Channelwise;
use super::only_consumer;
use crate::{FusedActivation, Graph, Node, Op};

/// A layer with weights and the only layer that reads its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) producer: usize,
    pub(super) consumer: usize,
    /// Channels of the producer.
    pub(super) channels: usize,
}

impl Edge {
    /// The edge that leaves a node, if its activation is one of `activations` and only homogeneous
    /// operators with one reader lie on it.
    pub(super) fn leaving(
        graph: &Graph,
        producer: usize,
        activations: &[FusedActivation],
    ) -> Option<Self> {
        let node = &graph.nodes()[producer];
        if !scalable(graph, node) || !activations.contains(&node.activation) {
            return None;
        }
        let mut output = node.output;
        loop {
            let index = only_consumer(graph, output)?.0 as usize;
            let consumer = &graph.nodes()[index];
            if consumer.inputs[0] == output && scalable(graph, consumer) {
                return Some(Self {
                    producer,
                    consumer: index,
                    channels: *graph.shape(node.output).last()?,
                });
            }
            if !is_homogeneous(graph, consumer) {
                return None;
            }
            output = consumer.output;
        }
    }

    /// Divides the producer's output channels by `scales` and multiplies the consumer's input
    /// channels by them. Whether the weights stayed finite; nothing has changed otherwise.
    pub(super) fn rescale(&self, graph: &mut Graph, scales: &[f64]) -> bool {
        let inverse: Vec<f64> = scales.iter().map(|scale| 1.0 / scale).collect();
        let Some(producer) = scaled_weights(graph, self.producer, &inverse, Side::Output) else {
            return false;
        };
        let Some(consumer) = scaled_weights(graph, self.consumer, scales, Side::Input) else {
            return false;
        };
        set_weights(graph, self.producer, producer.0, &producer.1);
        set_weights(graph, self.consumer, consumer.0, &consumer.1);
        true
    }
}

/// Which channels of a layer a scale belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Input,
    Output,
}

/// Channel on one side that an element of a kernel belongs to.
pub(super) fn channel(op: &Op, kernel: &[usize], index: &IxDyn, side: Side) -> usize {
    match (op, side) {
        (Op::DepthwiseConv2d { .. }, Side::Output) => index[3],
        (Op::DepthwiseConv2d { multiplier, .. }, Side::Input) => index[3] / multiplier,
        (_, Side::Output) => index[0],
        (Op::Conv2d { groups, .. }, Side::Input) => {
            index[0] / (kernel[0] / groups) * kernel[3] + index[3]
        }
        (_, Side::Input) => index[kernel.len() - 1],
    }
}

pub(super) type Weights = (ndarray::ArrayD<f32>, Vec<f64>);

/// A flattened map has its channels one after the other at each position, hence the remainder.
pub(super) fn scaled_weights(
    graph: &Graph,
    index: usize,
    scales: &[f64],
    side: Side,
) -> Option<Weights> {
    let node = &graph.nodes()[index];
    let mut kernel = graph.constant(node.inputs[1])?.to_owned();
    let shape = kernel.shape().to_vec();
    for (position, weight) in kernel.indexed_iter_mut() {
        let channel = channel(&node.op, &shape, &position, side);
        *weight = (f64::from(*weight) * scales[channel % scales.len()]) as f32;
    }
    let mut bias = bias_of(graph, node, *graph.shape(node.output).last()?)?;
    if side == Side::Output {
        bias.iter_mut()
            .zip(scales)
            .for_each(|(bias, scale)| *bias *= scale);
    }
    let finite = kernel.iter().all(|weight| weight.is_finite())
        && bias.iter().all(|&bias| (bias as f32).is_finite());
    finite.then(|| (kernel.into_owned().into_dyn(), bias))
}

/// Layers whose weights are constant, with one bias a channel.
pub(super) fn scalable(graph: &Graph, node: &Node) -> bool {
    matches!(
        node.op,
        Op::Conv2d { .. }
            | Op::DepthwiseConv2d { .. }
            | Op::TransposeConv2d { .. }
            | Op::FullyConnected
    ) && node.inputs[1..]
        .iter()
        .all(|&id| graph.constant(id).is_some())
}

/// Whether a node acts on each channel alone and commutes with positive factors, without a clamp.
fn is_homogeneous(graph: &Graph, node: &Node) -> bool {
    let clamps = node.op == Op::Activation(crate::Activation::Relu6)
        || !matches!(
            node.activation,
            FusedActivation::None | FusedActivation::Relu
        );
    !clamps && Channelwise::of(graph, node).is_some_and(|acts| acts.homogeneous)
}
