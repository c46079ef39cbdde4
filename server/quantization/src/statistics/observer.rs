//! What collects statistics while the float model runs.

use std::sync::Arc;

use graph::{Graph, TensorId};
use localization::Message;
use thiserror::Error;

use super::channels::ChannelSums;
use super::extremes::finite_range;
use super::observation::Observation;
use super::tensors::{ChannelDistributions, Statistics, TensorStatistics};
use crate::histogram::{ChannelHistograms, GrowingHistogram, Histogram, Scratch};

/// A layer computes infinite or undefined values, so that no threshold fits it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error, Message)]
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
                let channels = graph.channels(observation.tensor);
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

    /// The same for a number of samples to come. The more there are, the fewer rows of each, of one value
    /// a channel, are counted in the histograms of channels: 24 to 96. Moments and extremes are those of
    /// all.
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
    ///
    /// # Panics
    /// When there is no such observation.
    #[expect(
        clippy::indexing_slicing,
        reason = "callers count the observations that they have given"
    )]
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
            by_channel: None,
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
    /// Of all channels together; `None` where each has its own or none is asked for.
    histogram: Option<GrowingHistogram>,
    channels: Option<ChannelSums>,
    by_channel: Option<ChannelHistograms>,
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
            histogram: (wanted.distribution && wanted.channel_histograms.is_none())
                .then(GrowingHistogram::new),
            by_channel: wanted.channel_histograms.map(ChannelHistograms::new),
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
        match (&mut self.by_channel, &self.channels) {
            (Some(by_channel), Some(channels)) => {
                let width = by_channel.channels();
                let rows = values.len() / width.max(1);
                let step = rows.div_ceil(most_rows).max(1);
                // From other places in each sample.
                let first = self.seen * (step * 5 / 8).max(1) % step;
                let rows = values.chunks_exact(width).skip(first).step_by(step);
                by_channel.add(rows, channels.extremes(width), weight);
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
        if let (Some(by_channel), Some(other)) = (&mut self.by_channel, &other.by_channel) {
            by_channel.merge(other);
        }
        if let (Some(channels), Some(other)) = (&mut self.channels, &other.channels) {
            channels.merge(other);
        }
    }

    fn finish(&self) -> TensorStatistics {
        let (min, max) = self.range();
        let range = (f64::from(min), f64::from(max));
        let by_channel = self.by_channel.as_ref().zip(self.channels.as_ref());
        let by_channel = by_channel.map(|(histograms, channels)| {
            let (smallest, largest) = channels.extremes(histograms.channels());
            let ends = smallest.iter().zip(largest.iter());
            let ranges = ends.map(|(&low, &high)| [low.into(), high.into()]);
            ChannelDistributions::new(histograms.clone(), ranges.collect())
        });
        let histogram = match (&by_channel, &self.histogram) {
            (Some(by_channel), _) => by_channel.to_histogram(range),
            (None, Some(histogram)) => histogram.to_histogram().with_range(range.0, range.1),
            (None, None) => Histogram::empty(range.0, range.1),
        };
        TensorStatistics {
            min,
            max,
            histogram,
            channels: self.channels.as_ref().map(ChannelSums::moments),
            by_channel,
        }
    }

    /// Smallest and largest value; zeros where nothing was seen.
    fn range(&self) -> (f32, f32) {
        let ends = match (&self.by_channel, &self.channels) {
            (Some(_), Some(channels)) => channels.extent(),
            _ => (self.min, self.max),
        };
        match ends.0 > ends.1 {
            true => (0.0, 0.0),
            false => ends,
        }
    }
}
