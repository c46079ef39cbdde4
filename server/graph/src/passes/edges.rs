//! Channel scales between two layers with weights.
//!
//! Where nothing but channel-wise, positively homogeneous operators (`f(s x) = s f(x)` for
//! `s > 0`) lies between two layers, dividing a channel's weights in the first and multiplying
//! them in the second by one factor changes nothing that the graph computes, and changes the range
//! of the channel between them.

use super::affine::bias_of;
use crate::{Graph, Node, Op};

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
