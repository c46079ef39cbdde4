use std::collections::BTreeMap;

use graph::{Graph, NodeId};
use quantization::{ChannelScales, Options, Statistics, center_channels, scale_channels};

/// How a quantized model is made of a prepared one.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::quantize) struct Plan {
    /// What is subtracted from the channels of layers' outputs.
    pub(super) centers: BTreeMap<NodeId, Vec<f64>>,
    /// What channels are divided by.
    pub(super) scales: Vec<ChannelScales>,
    pub(in crate::quantize) options: Options,
    /// Whether weights are rounded by what their layers read.
    pub(in crate::quantize) rounding: bool,
    /// Whether the moments of layers' outputs are restored.
    pub(in crate::quantize) second_moment: bool,
}

impl Plan {
    pub(super) fn new(options: Options) -> Self {
        Self {
            centers: BTreeMap::new(),
            scales: Vec::new(),
            options,
            rounding: false,
            second_moment: false,
        }
    }

    /// The rewritten model, and what calibration has seen as it would have seen it there.
    pub(in crate::quantize) fn rewritten(
        &self,
        base: &Graph,
        statistics: &Statistics,
    ) -> (Graph, Statistics) {
        let mut graph = base.clone();
        let mut statistics = statistics.clone();
        if !self.centers.is_empty()
            && let Some(moved) = center_channels(&mut graph, &statistics, &self.centers)
        {
            statistics = moved;
        }
        if !self.scales.is_empty() {
            let scales: Vec<&ChannelScales> = self.scales.iter().collect();
            statistics = scale_channels(&mut graph, &statistics, &scales);
        }
        (graph, statistics)
    }

    /// What this plan does to the model of another one, where that is nothing but more factors.
    pub(super) fn beyond(&self, other: &Self) -> Option<Self> {
        let more = self.scales.strip_prefix(other.scales.as_slice())?;
        (self.centers == other.centers).then(|| Self {
            centers: BTreeMap::new(),
            scales: more.to_vec(),
            ..self.clone()
        })
    }
}
