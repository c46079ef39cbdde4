use std::collections::HashMap;

use graph::{Graph, Node, Op, TensorId};
use thiserror::Error;

use crate::assignment::fixed_parameters;
use crate::channels::{ChannelMoments, ChannelSums};
use crate::histogram::{GrowingHistogram, Histogram, Scratch};

/// A tensor of the float model whose values calibration needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation {
    /// The tensor.
    pub tensor: TensorId,
    /// Whether the distribution over all channels is needed; the histogram is empty otherwise.
    pub distribution: bool,
    /// Whether the mean of each channel is needed: the tensor feeds a kernel.
    pub channel_means: bool,
    /// Whether the variance of each channel is needed too.
    pub channel_variances: bool,
    /// Whether the smallest and largest value of each channel are needed too.
    pub channel_ranges: bool,
}

/// All tensors that calibration has to see: the input, what nodes compute and TFLite fixes no
/// scale for, and everything that feeds a kernel.
pub fn observations(graph: &Graph) -> Vec<Observation> {
    let feeds_kernel = |tensor: TensorId| {
        graph
            .nodes()
            .iter()
            .any(|node| node.op.has_kernel() && node.inputs[0] == tensor)
    };
    // A single weight a channel is what is left of a normalization that no layer takes up.
    let needs_variance = |node: &Node| match node.op {
        Op::DepthwiseConv2d { .. } => graph.shape(node.inputs[1]).get(1..3) == Some(&[1, 1]),
        _ => node.op.has_kernel(),
    };
    let feeds_several = |tensor: TensorId| {
        graph
            .nodes()
            .iter()
            .any(|node| needs_variance(node) && node.inputs[0] == tensor)
    };
    let computed = graph
        .nodes()
        .iter()
        .filter(|node| chooses_parameters(&node.op) || feeds_kernel(node.output))
        .map(|node| node.output);
    graph
        .inputs()
        .iter()
        .copied()
        .chain(computed)
        .map(|tensor| Observation {
            tensor,
            distribution: true,
            channel_means: feeds_kernel(tensor),
            channel_variances: feeds_several(tensor),
            channel_ranges: false,
        })
        .collect()
}

fn chooses_parameters(op: &Op) -> bool {
    !moves_values(op) && fixed_parameters(op).is_none()
}

/// Operators whose output takes the scale of their input, so that its range is not needed: they
/// only move values, pick among them or average them.
pub fn moves_values(op: &Op) -> bool {
    matches!(
        op,
        Op::Reshape { .. }
            | Op::Transpose { .. }
            | Op::MaxPool2d(_)
            | Op::AveragePool2d(_)
            | Op::Pad { .. }
            | Op::Slice { .. }
            | Op::Resize { .. }
            | Op::Reduce {
                kind: graph::ReduceOp::Max | graph::ReduceOp::Min,
                ..
            }
    )
}

/// What calibration knows of one tensor.
#[derive(Debug, Clone)]
pub struct TensorStatistics {
    /// Smallest value.
    pub min: f32,
    /// Largest value.
    pub max: f32,
    /// Distribution over `[min, max]`.
    pub histogram: Histogram,
    /// Moments of each channel (last axis), where they were asked for.
    pub channels: Option<ChannelMoments>,
}

/// What calibration knows of all observed tensors.
#[derive(Debug, Clone, Default)]
pub struct Statistics {
    pub(crate) tensors: HashMap<TensorId, TensorStatistics>,
}

impl Statistics {
    /// Statistics of a tensor, if it was observed.
    pub fn tensor(&self, id: TensorId) -> Option<&TensorStatistics> {
        self.tensors.get(&id)
    }

    /// Makes the moments and ranges of channels those of the tensor less `offset`. The histogram
    /// stays; it is not that of any channel.
    pub(crate) fn subtract(&mut self, id: TensorId, offset: &[f64]) {
        let Some(seen) = self.tensors.get_mut(&id) else {
            return;
        };
        let Some(channels) = &mut seen.channels else {
            return;
        };
        for (mean, offset) in channels.means.iter_mut().zip(offset) {
            *mean -= offset;
        }
        for (range, offset) in channels.ranges.iter_mut().zip(offset) {
            *range = range.map(|end| end - offset);
        }
        let ends = |end: usize| channels.ranges.iter().map(move |range| range[end] as f32);
        seen.min = ends(0).fold(f32::INFINITY, f32::min);
        seen.max = ends(1).fold(f32::NEG_INFINITY, f32::max);
    }
}

/// A layer computes infinite or undefined values, so that no threshold fits it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a layer computes infinite or undefined values")]
pub struct NonFinite {
    /// The tensor.
    pub tensor: TensorId,
}

/// Collects statistics of some samples. Observers of disjoint samples are merged in a fixed order,
/// which makes the result independent of the number of threads.
#[derive(Debug, Clone)]
pub struct Observer {
    tensors: Vec<(TensorId, TensorObserver)>,
    scratch: Scratch,
}

impl Observer {
    /// An observer that has seen nothing yet.
    pub fn new(graph: &Graph, observations: &[Observation]) -> Self {
        let tensors = observations
            .iter()
            .map(|observation| {
                let channels = graph.shape(observation.tensor).last().copied();
                let channels = channels.filter(|_| observation.channel_means);
                (
                    observation.tensor,
                    TensorObserver::new(channels, observation),
                )
            })
            .collect();
        Self {
            tensors,
            scratch: Scratch::new(),
        }
    }

    /// Takes in the values of the observation at `position` for one sample that counts `weight`
    /// times.
    ///
    /// # Errors
    /// [`NonFinite`] when a value is infinite or not a number.
    pub fn observe(
        &mut self,
        position: usize,
        values: &[f32],
        weight: u32,
    ) -> Result<(), NonFinite> {
        let (tensor, observer) = &mut self.tensors[position];
        if observer.observe(values, weight, &mut self.scratch) {
            Ok(())
        } else {
            Err(NonFinite { tensor: *tensor })
        }
    }

    /// Adds what another observer of the same tensors has seen.
    pub fn merge(&mut self, other: &Self) {
        for ((_, observer), (_, other)) in self.tensors.iter_mut().zip(&other.tensors) {
            observer.merge(other);
        }
    }

    /// The statistics of everything seen.
    pub fn finish(&self) -> Statistics {
        let tensors = self
            .tensors
            .iter()
            .map(|(tensor, observer)| (*tensor, observer.finish()))
            .collect();
        Statistics { tensors }
    }
}

#[derive(Debug, Clone)]
struct TensorObserver {
    min: f32,
    max: f32,
    distribution: bool,
    histogram: GrowingHistogram,
    channels: Option<ChannelSums>,
}

impl TensorObserver {
    fn new(channels: Option<usize>, wanted: &Observation) -> Self {
        let (variances, ranges) = (wanted.channel_variances, wanted.channel_ranges);
        Self {
            min: f32::INFINITY,
            max: f32::NEG_INFINITY,
            distribution: wanted.distribution,
            histogram: GrowingHistogram::new(),
            channels: channels.map(|channels| ChannelSums::new(channels, variances, ranges)),
        }
    }

    /// Whether all values are finite; nothing is taken in otherwise.
    fn observe(&mut self, values: &[f32], weight: u32, scratch: &mut Scratch) -> bool {
        let Some((min, max)) = finite_range(values) else {
            return false;
        };
        self.min = self.min.min(min);
        self.max = self.max.max(max);
        if self.distribution {
            self.histogram.add(values, (min, max), weight, scratch);
        }
        if let Some(channels) = &mut self.channels {
            channels.add(values, weight);
        }
        true
    }

    fn merge(&mut self, other: &Self) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.histogram.merge(&other.histogram);
        if let (Some(channels), Some(other)) = (&mut self.channels, &other.channels) {
            channels.merge(other);
        }
    }

    fn finish(&self) -> TensorStatistics {
        let (min, max) = if self.min <= self.max {
            (self.min, self.max)
        } else {
            (0.0, 0.0)
        };
        TensorStatistics {
            min,
            max,
            histogram: self
                .histogram
                .to_histogram()
                .with_range(f64::from(min), f64::from(max)),
            channels: self.channels.as_ref().map(ChannelSums::moments),
        }
    }
}

/// Smallest and largest of the values, if all are finite.
fn finite_range(values: &[f32]) -> Option<(f32, f32)> {
    const LANES: usize = 16;
    let mut low = [f32::INFINITY; LANES];
    let mut high = [f32::NEG_INFINITY; LANES];
    // A value times zero is zero unless it is infinite or undefined.
    let mut zeros = [0.0f32; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            let value = chunk[lane];
            low[lane] = if value < low[lane] { value } else { low[lane] };
            high[lane] = if value > high[lane] {
                value
            } else {
                high[lane]
            };
            zeros[lane] += value * 0.0;
        }
    }
    let finite =
        zeros.iter().all(|&zero| zero == 0.0) && rest.iter().all(|value| value.is_finite());
    let fold = |start: f32, pick: fn(f32, f32) -> f32, lanes: &[f32]| {
        lanes.iter().chain(rest).copied().fold(start, pick)
    };
    finite.then(|| {
        (
            fold(f32::INFINITY, f32::min, &low),
            fold(f32::NEG_INFINITY, f32::max, &high),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_found_in_every_lane_and_undefined_values_too() {
        let check = |position: usize, value: f32, expected: Option<(f32, f32)>| {
            let mut values = vec![0.5f32; 37];
            values[position] = value;
            assert_eq!(finite_range(&values), expected, "{value} at {position}");
        };
        for position in [0, 15, 16, 31, 32, 36] {
            check(position, 2.0, Some((0.5, 2.0)));
            check(position, -3.0, Some((-3.0, 0.5)));
            check(position, f32::NAN, None);
            check(position, f32::INFINITY, None);
            check(position, f32::NEG_INFINITY, None);
        }
    }
}
