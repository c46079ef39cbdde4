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

/// Moves the middle of each channel's range to zero, where that is exact. Returns the number of
/// layers whose output moved; `statistics` afterwards tell of the moved tensors.
pub(crate) fn center(graph: &mut Graph, statistics: &mut Statistics) -> usize {
    let middles: BTreeMap<NodeId, Vec<f64>> = movable_layers(graph)
        .into_iter()
        .filter_map(|id| {
            let output = graph.nodes()[id.0 as usize].output;
            let channels = statistics.tensor(output)?.channels.as_ref()?;
            let middles = channels.ranges.iter().map(|[low, high]| (low + high) / 2.0);
            Some((id, middles.collect()))
        })
        .collect();
    let Some(moved) = move_channels(graph, &middles) else {
        return 0;
    };
    for (tensor, offset) in &moved {
        statistics.subtract(*tensor, offset);
    }
    middles.len()
}
