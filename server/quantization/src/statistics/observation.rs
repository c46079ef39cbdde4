//! Which tensors calibration has to see, and what of them.

use std::collections::{HashMap, HashSet};

use graph::passes::{channel_groups, moved_tensors};
use graph::{Graph, Node, Op, TensorId};

use crate::operators::chooses_parameters;

/// A tensor of the float model whose values calibration needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation {
    /// The tensor.
    pub tensor: TensorId,
    /// Whether the distribution over all channels is needed; the histogram is empty otherwise.
    pub(crate) distribution: bool,
    /// Whether the mean of each channel is needed: the tensor feeds a kernel.
    pub(crate) channel_means: bool,
    /// Whether the variance of each channel is needed too.
    pub(crate) channel_variances: bool,
    /// Whether the smallest and largest value of each channel are needed too.
    pub(crate) channel_ranges: bool,
    /// Number of channels that each need a histogram, so that it is known what becomes of the tensor
    /// when they are scaled or moved; a flattened map has them one after the other at each position.
    /// All of the above is needed too.
    pub(crate) channel_histograms: Option<usize>,
}

/// Most channels of a tensor that each get a histogram.
const MOST_CHANNELS: usize = 8192;

/// All tensors that calibration has to see: the input, what nodes compute and TFLite fixes no
/// scale for, and everything that feeds a kernel.
pub fn observations(graph: &Graph) -> Vec<Observation> {
    let feeds = |tensor: TensorId, layer: &dyn Fn(&Node) -> bool| {
        let mut nodes = graph.nodes().iter();
        nodes.any(|node| layer(node) && node.input() == tensor)
    };
    let feeds_kernel = |tensor: TensorId| feeds(tensor, &|node| node.op.has_kernel());
    let feeds_several = |tensor: TensorId| feeds(tensor, &|node| needs_variances(graph, node));
    let by_channel = rewritten_channels(graph);
    let computed = graph
        .nodes()
        .iter()
        .filter(|node| {
            chooses_parameters(&node.op)
                || feeds_kernel(node.output)
                || by_channel.contains_key(&node.output)
        })
        .map(|node| node.output);
    graph
        .inputs()
        .iter()
        .copied()
        .chain(computed)
        .map(|tensor| Observation {
            tensor,
            distribution: true,
            channel_means: feeds_kernel(tensor) || by_channel.contains_key(&tensor),
            channel_variances: feeds_several(tensor) || by_channel.contains_key(&tensor),
            channel_ranges: by_channel.contains_key(&tensor),
            channel_histograms: by_channel.get(&tensor).copied(),
        })
        .collect()
}

/// Whether the weights of a layer are judged by how much the values vary that they are multiplied
/// with.
fn needs_variances(graph: &Graph, node: &Node) -> bool {
    match (&node.op, node.kernel()) {
        // A single weight a channel is what is left of a normalization that no layer takes up.
        (Op::DepthwiseConv2d { .. }, Some(kernel)) => {
            matches!(graph.shape(kernel), [_, 1, 1, _])
        }
        _ => node.op.has_kernel(),
    }
}

/// Tensors whose channels a rewrite may scale or move, and how many channels they have.
fn rewritten_channels(graph: &Graph) -> HashMap<TensorId, usize> {
    let mut by_channel = moved_channels(graph);
    for group in channel_groups(graph) {
        let tensors = group.tensors.into_iter();
        by_channel.extend(tensors.map(|tensor| (tensor, group.channels)));
    }
    by_channel.retain(|_, channels| *channels <= MOST_CHANNELS);
    by_channel
}

/// Tensors whose channels may be moved. Those of a large flattened map are those of what it was made
/// of, one after the other at each position.
fn moved_channels(graph: &Graph) -> HashMap<TensorId, usize> {
    let moved: HashSet<TensorId> = moved_tensors(graph).into_iter().collect();
    let mut channels: HashMap<TensorId, usize> = HashMap::new();
    for node in graph.nodes().iter().filter(|n| moved.contains(&n.output)) {
        let sources = node.inputs.iter().filter_map(|input| channels.get(input));
        let source = sources.copied().min();
        // A tensor without axes has no channels.
        let Some(own) = graph.channels(node.output) else {
            continue;
        };
        let few = if own > MOST_CHANNELS { source } else { None };
        channels.insert(node.output, few.unwrap_or(own));
    }
    channels
}
