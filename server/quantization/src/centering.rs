//! Centres of channels, chosen from what calibration sees.
//!
//! The channels of a layer without activation lie around different centres, and one scale for the
//! tensor has to reach from the lowest to the highest. A constant in each channel can be moved to
//! the next layer's bias (the "bias absorption" of M. Nagel et al., "Data-Free Quantization
//! Through Weight Equalization and Bias Correction", 2019, section 4.1.3, which moves it behind a
//! ReLU where that changes little; here nothing lies between, so that it is exact).

use std::collections::BTreeMap;

use graph::passes::{movable_layers, move_channels};
use graph::{Graph, NodeId};

use crate::statistics::Statistics;

/// The middle of each channel's range, for the layers whose output may be moved by it without a
/// change of what the graph computes.
pub fn channel_centers(graph: &Graph, statistics: &Statistics) -> BTreeMap<NodeId, Vec<f64>> {
    let centers = movable_layers(graph).into_iter().filter_map(|id| {
        let output = graph.node(id).output;
        let seen = statistics.tensor(output)?.channels.as_ref()?;
        let middles = seen.ranges.iter().map(|[low, high]| (low + high) / 2.0);
        let known = statistics.knows_channels(output);
        known.then(|| (id, middles.collect()))
    });
    centers.collect()
}

/// Moves the centres to zero, and tells what calibration would have seen then. `None` where a bias
/// would not be finite, and nothing has changed.
pub fn center_channels(
    graph: &mut Graph,
    statistics: &Statistics,
    centers: &BTreeMap<NodeId, Vec<f64>>,
) -> Option<Statistics> {
    let moved = move_channels(graph, centers)?;
    Some(statistics.moved(&moved))
}
