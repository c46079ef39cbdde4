use std::collections::HashMap;
use std::sync::Arc;

use graph::passes::{ChannelGroup, ChannelOffsets, MovedClamp, channel_groups, moved_tensors};
use graph::{Graph, Node, Op, TensorId};
use tflite::{KernelTraits, Scales};
use thiserror::Error;

use crate::assignment::fixed_parameters;
use crate::channels::{ChannelMoments, ChannelSums};
use crate::histogram::{ChannelHistograms, ChannelMap, GrowingHistogram, Histogram, Scratch};

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
    /// Number of channels whose distributions are needed apart, so that [`Statistics::rescaled`] and
    /// [`Statistics::moved`] know that of the tensor; a flattened map has them one after the other at
    /// each position. All of the above is needed too.
    pub apart: Option<usize>,
}

/// Most channels of a tensor whose distributions are kept apart.
const MOST_CHANNELS: usize = 8192;

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
    let apart = channels_apart(graph);
    let computed = graph
        .nodes()
        .iter()
        .filter(|node| {
            chooses_parameters(&node.op)
                || feeds_kernel(node.output)
                || apart.contains_key(&node.output)
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
            channel_means: feeds_kernel(tensor) || apart.contains_key(&tensor),
            channel_variances: feeds_several(tensor) || apart.contains_key(&tensor),
            channel_ranges: apart.contains_key(&tensor),
            apart: apart.get(&tensor).copied(),
        })
        .collect()
}

/// Tensors whose channels a rewrite may scale or move, and how many channels they have.
fn channels_apart(graph: &Graph) -> HashMap<TensorId, usize> {
    let last = |tensor: TensorId| graph.shape(tensor).last().copied().unwrap_or(1);
    let moved = moved_tensors(graph);
    let moved = moved.into_iter().map(|tensor| (tensor, last(tensor)));
    let groups = channel_groups(graph);
    let scaled = groups.iter().flat_map(|group| {
        let tensors = group.tensors.iter().copied();
        tensors.map(|tensor| (tensor, group.channels))
    });
    let all = moved.chain(scaled);
    all.filter(|&(_, channels)| channels <= MOST_CHANNELS)
        .collect()
}

fn chooses_parameters(op: &Op) -> bool {
    !moves_values(op) && fixed_parameters(op).is_none()
}

/// Operators whose output takes the scale of their input, so that its range is not needed: they
/// only move values, pick among them or average them.
pub fn moves_values(op: &Op) -> bool {
    KernelTraits::of(op.opcode()).scales == Scales::OfInput
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
    /// Distribution of each channel, where it was asked for.
    apart: Option<Apart>,
}

/// The distributions of a tensor's channels as they were seen, and what has become of them.
#[derive(Debug, Clone)]
struct Apart {
    histograms: Arc<ChannelHistograms>,
    /// Smallest and largest value seen in each channel.
    ranges: Arc<Vec<[f64; 2]>>,
    map: ChannelMap,
}

impl TensorStatistics {
    /// The statistics after each channel has become `(x - offset) / scale`, and no value more than
    /// `ceiling`. `None` where the distributions of the channels are not known.
    fn mapped(&self, offset: &[f64], scale: &[f64], ceiling: f64) -> Option<Self> {
        let apart = self.apart.as_ref()?;
        let mut map = apart.map.clone();
        let offsets = offset.iter().cycle();
        let scales = scale.iter().cycle();
        let channels = map.offset.iter_mut().zip(&mut map.scale);
        for (((own_offset, own_scale), offset), scale) in channels.zip(offsets).zip(scales) {
            *own_offset += offset * *own_scale;
            *own_scale *= scale;
        }
        map.ceiling = ceiling;
        let now = |channel: usize, value: f64| {
            let offset = offset[channel % offset.len().max(1)];
            ((value - offset) / scale[channel % scale.len().max(1)]).min(ceiling)
        };
        let mut channels = self.channels.clone()?;
        for (channel, mean) in channels.means.iter_mut().enumerate() {
            *mean = now(channel, *mean);
        }
        for (channel, variance) in channels.variances.iter_mut().enumerate() {
            *variance /= scale[channel % scale.len().max(1)].powi(2);
        }
        for (channel, range) in channels.ranges.iter_mut().enumerate() {
            *range = range.map(|end| now(channel, end));
        }
        let low = channels.ranges.iter().map(|range| range[0]);
        let high = channels.ranges.iter().map(|range| range[1]);
        let (min, max) = (
            low.fold(f64::INFINITY, f64::min),
            high.fold(f64::NEG_INFINITY, f64::max),
        );
        let histogram = apart
            .histograms
            .to_histogram(&map, &apart.ranges, (min, max));
        Some(Self {
            min: min as f32,
            max: max as f32,
            histogram,
            channels: Some(channels),
            apart: Some(Apart {
                map,
                ..apart.clone()
            }),
        })
    }
}

/// What calibration knows of all observed tensors.
#[derive(Debug, Clone, Default)]
pub struct Statistics {
    pub(crate) tensors: HashMap<TensorId, Arc<TensorStatistics>>,
}

impl Statistics {
    /// Statistics of a tensor, if it was observed.
    pub fn tensor(&self, id: TensorId) -> Option<&TensorStatistics> {
        self.tensors.get(&id).map(Arc::as_ref)
    }

    pub(crate) fn shared(&self, id: TensorId) -> Option<&Arc<TensorStatistics>> {
        self.tensors.get(&id)
    }

    /// Whether the distribution of a tensor's channels is known, so that they may change.
    pub(crate) fn knows_channels(&self, id: TensorId) -> bool {
        self.tensors
            .get(&id)
            .is_some_and(|seen| seen.apart.is_some())
    }

    /// The statistics after [`graph::passes::move_channels`] has subtracted these offsets.
    pub(crate) fn moved(&self, offsets: &ChannelOffsets) -> Self {
        let mut changed = self.clone();
        for (tensor, offset) in offsets {
            let seen = self.tensors.get(tensor);
            if let Some(mapped) = seen.and_then(|seen| seen.mapped(offset, &[1.0], f64::INFINITY)) {
                changed.tensors.insert(*tensor, Arc::new(mapped));
            }
        }
        changed
    }

    /// The statistics after [`graph::passes::rescale_groups`].
    pub(crate) fn rescaled(
        &self,
        groups: &[(&ChannelGroup, &[f64])],
        clamps: &[MovedClamp],
    ) -> Self {
        let mut changed = self.clone();
        for (group, scales) in groups {
            for &tensor in &group.tensors {
                // The least bound of a group holds for all of its tensors, so that one range suits
                // all channels and no minimum remains.
                let within = clamps
                    .iter()
                    .filter(|clamp| group.tensors.contains(&clamp.after));
                let ceiling = within.map(|clamp| f64::from(clamp.bound));
                let ceiling = ceiling.fold(f64::INFINITY, f64::min);
                let seen = self.tensors.get(&tensor);
                if let Some(mapped) = seen.and_then(|seen| seen.mapped(&[0.0], scales, ceiling)) {
                    changed.tensors.insert(tensor, Arc::new(mapped));
                }
            }
        }
        for clamp in clamps {
            if let Some(after) = changed.tensors.get(&clamp.after).cloned() {
                changed.tensors.insert(clamp.before, after);
            }
        }
        changed
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
    /// Rows of a sample whose values are counted.
    rows: usize,
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
            rows: ROWS,
        }
    }

    /// The same for a number of samples to come, each of which is looked at the less closely the more
    /// there are.
    pub fn of_samples(self, samples: usize) -> Self {
        Self {
            rows: (ROWS_TOGETHER / samples.max(1)).clamp(FEWEST_ROWS, ROWS),
            ..self
        }
    }

    /// Number of observed tensors.
    pub fn tensors(&self) -> usize {
        self.tensors.len()
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
        if observer.observe(values, weight, self.rows, &mut self.scratch) {
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
        self.statistics(TensorObserver::finish)
    }

    /// The same of tensors as wholes only: what channels would become of offsets and factors is not
    /// known of it, which saves memory.
    pub fn finish_whole(&self) -> Statistics {
        self.statistics(|observer| TensorStatistics {
            apart: None,
            ..observer.finish()
        })
    }

    fn statistics(&self, finish: impl Fn(&TensorObserver) -> TensorStatistics) -> Statistics {
        let tensors = self.tensors.iter();
        let tensors = tensors.map(|(tensor, observer)| (*tensor, Arc::new(finish(observer))));
        Statistics {
            tensors: tensors.collect(),
        }
    }
}

#[derive(Debug, Clone)]
struct TensorObserver {
    min: f32,
    max: f32,
    /// Of all channels together; `None` where they are kept apart or not asked for.
    histogram: Option<GrowingHistogram>,
    channels: Option<ChannelSums>,
    apart: Option<ChannelHistograms>,
    /// Samples seen, which take their rows in turn.
    seen: usize,
}

/// Rows of a sample, of one value a channel, whose values are counted: more say much the same.
const ROWS: usize = 96;

/// Rows that suffice where there are many samples: of each, and of all together.
const FEWEST_ROWS: usize = 24;
const ROWS_TOGETHER: usize = 96 * ROWS;

impl TensorObserver {
    fn new(channels: Option<usize>, wanted: &Observation) -> Self {
        let (variances, ranges) = (wanted.channel_variances, wanted.channel_ranges);
        Self {
            min: f32::INFINITY,
            max: f32::NEG_INFINITY,
            histogram: (wanted.distribution && wanted.apart.is_none()).then(GrowingHistogram::new),
            apart: wanted.apart.map(ChannelHistograms::new),
            seen: 0,
            channels: channels.map(|channels| ChannelSums::new(channels, variances, ranges)),
        }
    }

    /// Whether all values are finite; nothing is taken in otherwise.
    fn observe(
        &mut self,
        values: &[f32],
        weight: u32,
        most_rows: usize,
        scratch: &mut Scratch,
    ) -> bool {
        if let Some(channels) = &mut self.channels
            && !channels.add(values, weight)
        {
            return false;
        }
        match (&mut self.apart, &self.channels) {
            (Some(apart), Some(channels)) => {
                let width = apart.channels();
                let rows = values.len() / width.max(1);
                let step = rows.div_ceil(most_rows).max(1);
                // From other places in each sample.
                let first = self.seen * (step * 5 / 8).max(1) % step;
                let rows = values.chunks_exact(width).skip(first).step_by(step);
                apart.add(rows, channels.extremes(width), weight);
            }
            _ => {
                let Some((min, max)) = finite_range(values) else {
                    return false;
                };
                self.min = self.min.min(min);
                self.max = self.max.max(max);
                if let Some(histogram) = &mut self.histogram {
                    histogram.add(values, (min, max), weight, scratch);
                }
            }
        }
        self.seen += 1;
        true
    }

    fn merge(&mut self, other: &Self) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        if let (Some(histogram), Some(other)) = (&mut self.histogram, &other.histogram) {
            histogram.merge(other);
        }
        if let (Some(apart), Some(other)) = (&mut self.apart, &other.apart) {
            apart.merge(other);
        }
        if let (Some(channels), Some(other)) = (&mut self.channels, &other.channels) {
            channels.merge(other);
        }
    }

    fn finish(&self) -> TensorStatistics {
        let (mut min, mut max) = (self.min, self.max);
        if let (Some(_), Some(channels)) = (&self.apart, &self.channels) {
            let (smallest, largest) = channels.extremes(1);
            let end = |ends: &[f32]| ends.first().copied().unwrap_or_default();
            (min, max) = (end(&smallest), end(&largest));
        }
        if min > max {
            (min, max) = (0.0, 0.0);
        }
        let range = (f64::from(min), f64::from(max));
        let apart = self.apart.as_ref().zip(self.channels.as_ref());
        let apart = apart.map(|(histograms, channels)| {
            let (smallest, largest) = channels.extremes(histograms.channels());
            let ends = smallest.iter().zip(largest.iter());
            Apart {
                histograms: Arc::new(histograms.clone()),
                ranges: Arc::new(
                    ends.map(|(&low, &high)| [low.into(), high.into()])
                        .collect(),
                ),
                map: ChannelMap::identity(histograms.channels()),
            }
        });
        let histogram = match &apart {
            Some(Apart {
                histograms,
                ranges,
                map,
            }) => histograms.to_histogram(map, ranges, range),
            None => {
                let histogram = self.histogram.as_ref().map(GrowingHistogram::to_histogram);
                let histogram = histogram.unwrap_or_else(|| GrowingHistogram::new().to_histogram());
                histogram.with_range(range.0, range.1)
            }
        };
        TensorStatistics {
            min,
            max,
            histogram,
            channels: self.channels.as_ref().map(ChannelSums::moments),
            apart,
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
