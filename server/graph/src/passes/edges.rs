//! Channel scales between two layers with weights.
//!
//! Where nothing but channel-wise, positively homogeneous operators (`f(s x) = s f(x)` for
//! `s > 0`) lies between two layers, dividing a channel's weights in the first and multiplying
//! them in the second by one factor changes nothing that the graph computes, and changes the range
//! of the channel between them.

use super::weights::{Weights, bias_of, finite, kernel_channels};
use crate::{Graph, Node};

/// Which channels of a layer a scale belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Input,
    Output,
}

/// A flattened map has its channels one after the other at each position, hence the remainder.
pub(super) fn scaled_weights(
    graph: &Graph,
    node: &Node,
    scales: &[f64],
    side: Side,
) -> Option<Weights> {
    let mut kernel = graph.kernel(node)?.to_owned();
    let channels = kernel_channels(&node.op, kernel.shape());
    for (weight, [output, input]) in kernel.iter_mut().zip(channels) {
        let channel = match side {
            Side::Output => output,
            Side::Input => input,
        };
        *weight = (f64::from(*weight) * scales[channel % scales.len()]) as f32;
    }
    let mut bias = bias_of(graph, node, graph.channels(node.output)?)?;
    if side == Side::Output {
        bias.iter_mut()
            .zip(scales)
            .for_each(|(bias, scale)| *bias *= scale);
    }
    finite(kernel, bias)
}

/// Layers whose weights are constant, with one bias a channel.
pub(super) fn scalable(graph: &Graph, node: &Node) -> bool {
    node.op.kernel_axis().is_some() && node.others().iter().all(|&id| graph.constant(id).is_some())
}
