//! Channel scales between two layers with weights.
//!
//! Where nothing but channel-wise, positively homogeneous operators (`f(s x) = s f(x)` for
//! `s > 0`) lies between two layers, dividing a channel's weights in the first and multiplying
//! them in the second by one factor changes nothing that the graph computes, and changes the range
//! of the channel between them.

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

/// Output and input channel that each element of a kernel of this shape connects, in the order of
/// the elements. A reader of a flattened map counts the positions' channels through.
pub fn kernel_channels(op: &Op, kernel: &[usize]) -> impl Iterator<Item = [usize; 2]> + use<> {
    let (first, last) = match kernel {
        [] => (0, 0),
        [first, .., last] => (*first, *last),
        [only] => (1, *only),
    };
    let between: usize = kernel.iter().skip(1).rev().skip(1).product();
    // Depthwise kernels have their output channels last; others have them first, in groups of so many
    // that read the same input channels.
    let (depthwise, group) = match *op {
        Op::DepthwiseConv2d { multiplier, .. } => (Some(multiplier.max(1)), 1),
        Op::Conv2d { groups, .. } => (None, (first / groups.max(1)).max(1)),
        _ => (None, first.max(1)),
    };
    (0..first).flat_map(move |output| {
        (0..between).flat_map(move |_| {
            (0..last).map(move |element| match depthwise {
                Some(multiplier) => [element, element / multiplier],
                None => [output, output / group * last + element],
            })
        })
    })
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
    let channels = kernel_channels(&node.op, kernel.shape());
    let scale = |[output, input]: [usize; 2]| match side {
        Side::Output => scales[output % scales.len()],
        Side::Input => scales[input % scales.len()],
    };
    kernel
        .iter_mut()
        .zip(channels)
        .for_each(|(weight, channels)| {
            *weight = (f64::from(*weight) * scale(channels)) as f32;
        });
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
