//! What calibration knows of tensors, and what it would know after their channels have changed.

use std::collections::HashMap;
use std::sync::Arc;

use graph::TensorId;
use graph::passes::{ChannelGroup, ChannelOffsets, MovedClamp};

use super::channels::ChannelMoments;
use crate::histogram::{ChannelHistograms, ChannelMap, Histogram};

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
    pub(super) by_channel: Option<ChannelDistributions>,
}

/// The distributions of a tensor's channels as they were seen, and what has become of them.
#[derive(Debug, Clone)]
pub(super) struct ChannelDistributions {
    histograms: Arc<ChannelHistograms>,
    /// Smallest and largest value seen in each channel.
    ranges: Arc<Vec<[f64; 2]>>,
    map: ChannelMap,
}

impl ChannelDistributions {
    /// Of channels as they were seen.
    pub(super) fn new(histograms: ChannelHistograms, ranges: Vec<[f64; 2]>) -> Self {
        Self {
            map: ChannelMap::identity(histograms.channels()),
            histograms: Arc::new(histograms),
            ranges: Arc::new(ranges),
        }
    }

    /// The distribution of all channels together, over a range.
    pub(super) fn to_histogram(&self, range: (f64, f64)) -> Histogram {
        self.histograms.to_histogram(&self.map, &self.ranges, range)
    }

    /// The same after each channel has become `(x - offset) / scale`, and no value more than
    /// `ceiling`.
    fn mapped(&self, offset: &[f64], scale: &[f64], ceiling: f64) -> Self {
        let mut map = self.map.clone();
        let offsets = offset.iter().cycle();
        let scales = scale.iter().cycle();
        let channels = map.offset.iter_mut().zip(&mut map.scale);
        for (((own_offset, own_scale), offset), scale) in channels.zip(offsets).zip(scales) {
            *own_offset += offset * *own_scale;
            *own_scale *= scale;
        }
        map.ceiling = ceiling;
        Self {
            map,
            ..self.clone()
        }
    }
}

impl TensorStatistics {
    /// Magnitude of the value that is farthest from zero.
    pub(crate) fn largest_magnitude(&self) -> f64 {
        f64::from(self.max.max(-self.min))
    }

    /// The statistics after each channel has become `(x - offset) / scale`, and no value more than
    /// `ceiling`. `None` where the distributions of the channels are not known.
    fn mapped(&self, offset: &[f64], scale: &[f64], ceiling: f64) -> Option<Self> {
        let by_channel = self.by_channel.as_ref()?.mapped(offset, scale, ceiling);
        let channels = self.channels.as_ref()?.mapped(offset, scale, ceiling);
        let (min, max) = channels.extent();
        Some(Self {
            min: min as f32,
            max: max as f32,
            histogram: by_channel.to_histogram((min, max)),
            channels: Some(channels),
            by_channel: Some(by_channel),
        })
    }
}

/// What calibration knows of all observed tensors.
#[derive(Debug, Clone, Default)]
pub struct Statistics {
    pub(super) tensors: HashMap<TensorId, Arc<TensorStatistics>>,
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
            .is_some_and(|seen| seen.by_channel.is_some())
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
