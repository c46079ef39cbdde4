//! Scales between the channels of neighbouring layers, chosen from what calibration sees.
//!
//! One scale for a whole activation tensor wastes levels on channels with small ranges, and one for
//! a row of weights on inputs with small weights. A channel's scale can be moved between the two
//! without a change of what the model computes (M. Nagel et al., "Data-Free Quantization Through
//! Weight Equalization and Bias Correction", 2019, section 4.1; the balance between activations and
//! weights is that of G. Xiao et al., "SmoothQuant", 2023, section 4).

use graph::passes::{ChannelGroup, channel_groups, kernel_channels, rescale_groups};
use graph::{Graph, Node, Op, TensorId};
use rayon::prelude::*;

use crate::statistics::Statistics;

/// Exponents tried for the ranges of activations and of weights.
const EXPONENTS: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];

/// Predicted noise, as a share of what it is without factors, above which a group stays as it is.
const WORTHWHILE: f64 = 0.95;

/// Bound of a clamp, and the power of two that it comes to where thresholds are such.
const CLAMP: f64 = 6.0;
const POWER_OF_TWO_CLAMP: f64 = 8.0;

/// Smallest range of a channel that is made use of, as a share of the largest: what is smaller may
/// come alive on other pictures.
const SMALLEST_SHARE: f64 = 1.0 / 256.0;

/// Factors for the channels of a group of tensors.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelScales {
    /// The tensors.
    pub group: ChannelGroup,
    /// What each channel is divided by.
    pub scales: Vec<f64>,
}

/// What the channels of the graph's tensors may be divided by so that the predicted noise of
/// quantization gets smaller, group by group. `power_of_two` says that thresholds of activations
/// will be powers of two, which the largest channel is then scaled to. Behind a clamp, a channel
/// keeps room for values `headroom` times as large as calibration has seen.
pub fn channel_scales(
    graph: &Graph,
    statistics: &Statistics,
    power_of_two: bool,
    headroom: f64,
) -> Vec<ChannelScales> {
    channel_groups(graph)
        .into_par_iter()
        .filter_map(|group| {
            let balance = Balance::new(graph, statistics, &group)?;
            let scales = balance.best(power_of_two, headroom)?;
            Some(ChannelScales { group, scales })
        })
        .collect()
}

/// Divides channels, and tells what calibration would have seen then. Groups whose weights would
/// not stay finite are left as they are.
pub fn scale_channels(
    graph: &mut Graph,
    statistics: &Statistics,
    scales: &[&ChannelScales],
) -> Statistics {
    let groups: Vec<(&ChannelGroup, &[f64])> = scales
        .iter()
        .map(|scaled| (&scaled.group, scaled.scales.as_slice()))
        .collect();
    let (scaled, clamps) = rescale_groups(graph, &groups);
    let scaled = scaled.into_iter();
    let groups: Vec<_> = scaled.filter_map(|at| groups.get(at).copied()).collect();
    statistics.rescaled(&groups, &clamps)
}

/// What decides over the factors of a group.
struct Balance {
    channels: usize,
    clamped: bool,
    tensors: Vec<Ranges>,
    readers: Vec<Rows>,
    /// Largest magnitude of each channel in any tensor.
    largest: Vec<f64>,
    /// What a unit of noise in each channel does to the readers.
    sensitivity: Vec<f64>,
    /// Largest relative weight on each channel.
    weight: Vec<f64>,
}

/// Largest magnitudes of a tensor's channels.
struct Ranges {
    largest: Vec<f64>,
    signed: bool,
}

/// Weights of a reader that has one scale for several input channels.
struct Rows {
    /// Largest magnitude by output and input channel, over the root of the output's power.
    largest: Vec<f64>,
    /// Mean square of each input channel, times the number of weights on it in a row.
    power: Vec<f64>,
}

impl Balance {
    /// `None` where calibration does not know the channels.
    fn new(graph: &Graph, statistics: &Statistics, group: &ChannelGroup) -> Option<Self> {
        let channels = Some(group.channels).filter(|&channels| channels > 0)?;
        let mut balance = Self {
            channels,
            clamped: group.clamped,
            tensors: Vec::new(),
            readers: Vec::new(),
            largest: vec![0.0; channels],
            sensitivity: vec![0.0; channels],
            weight: vec![0.0; channels],
        };
        for &tensor in &group.tensors {
            let seen = statistics.tensor(tensor)?;
            let mut largest = vec![0.0f64; channels];
            for position in seen.channels.as_ref()?.ranges.chunks(channels) {
                for (largest, [low, high]) in largest.iter_mut().zip(position) {
                    *largest = largest.max(low.abs()).max(high.abs());
                }
            }
            for (all, &one) in balance.largest.iter_mut().zip(&largest) {
                *all = all.max(one);
            }
            let signed = seen.min < 0.0;
            balance.tensors.push(Ranges { largest, signed });
        }
        for reader in group.readers(graph) {
            balance.read(graph, statistics, graph.node(reader))?;
        }
        Some(balance)
    }

    /// Takes in the weights of a layer that reads the group.
    fn read(&mut self, graph: &Graph, statistics: &Statistics, node: &Node) -> Option<()> {
        let channels = self.channels;
        let power = mean_squares(statistics, node.input(), channels)?;
        let kernel = graph.kernel(node)?;
        let outputs = graph.channels(node.output)?;
        let mut largest = vec![0.0f64; outputs * channels];
        let mut energy = vec![0.0f64; outputs * channels];
        let mut taps = 0usize;
        let places = kernel_channels(&node.op, kernel.shape());
        for (&weight, [output, input]) in kernel.iter().zip(places) {
            let place = output * channels + input % channels;
            let weight = f64::from(weight).abs();
            let largest = largest.get_mut(place)?;
            *largest = largest.max(weight);
            *energy.get_mut(place)? += weight * weight;
            taps += usize::from(output == 0);
        }
        let shares_scale = !matches!(node.op, Op::DepthwiseConv2d { .. });
        let rows = energy.chunks(channels).zip(largest.chunks_mut(channels));
        for (energy, largest) in rows {
            let products = energy.iter().zip(&power);
            let total: f64 = products.map(|(energy, power)| energy * power).sum();
            let inverse = if total > 0.0 { 1.0 / total } else { 0.0 };
            for (sensitivity, energy) in self.sensitivity.iter_mut().zip(energy) {
                *sensitivity += energy * inverse;
            }
            for (heaviest, largest) in self.weight.iter_mut().zip(largest) {
                *largest *= inverse.sqrt();
                if shares_scale {
                    *heaviest = heaviest.max(*largest);
                }
            }
        }
        if shares_scale {
            let taps_a_channel = taps as f64 / channels as f64;
            let power = power.iter().map(|power| power * taps_a_channel).collect();
            self.readers.push(Rows { largest, power });
        }
        Some(())
    }

    /// The factors with the least predicted noise; `None` where that is hardly less than without.
    fn best(&self, power_of_two: bool, headroom: f64) -> Option<Vec<f64>> {
        let range = self.largest.iter().copied().fold(0.0, f64::max);
        if range <= 0.0 || !range.is_finite() {
            return None;
        }
        let unscaled = vec![1.0; self.channels];
        let present = self.noise(&unscaled, power_of_two);
        let mut best = (present * WORTHWHILE, None);
        for activations in EXPONENTS {
            for weights in EXPONENTS {
                let scales = self.scales(range, activations, weights, power_of_two, headroom);
                let noise = self.noise(&scales, power_of_two);
                if noise < best.0 {
                    best = (noise, Some(scales));
                }
            }
        }
        best.1
    }

    /// `range^activations / weight^weights` for each channel, where a clamp allows it.
    fn scales(
        &self,
        range: f64,
        activations: f64,
        weights: f64,
        power_of_two: bool,
        headroom: f64,
    ) -> Vec<f64> {
        let heaviest = self.weight.iter().copied().fold(0.0, f64::max);
        let channel = |(&largest, &weight): (&f64, &f64)| {
            let weight = match heaviest > 0.0 {
                true => (weight / heaviest).max(SMALLEST_SHARE),
                false => 1.0,
            };
            let largest = (largest / range).max(SMALLEST_SHARE);
            largest.powf(activations) / weight.powf(weights)
        };
        let channels = self.largest.iter().zip(&self.weight);
        let mut scales: Vec<f64> = channels.map(channel).collect();
        match self.clamped {
            true => self.stay_below_clamp(&mut scales, range, power_of_two, headroom),
            false => self.fill_range(&mut scales, range, power_of_two),
        }
        scales
    }

    /// Sees to it that no channel is clamped before it was, or before it has its headroom.
    fn stay_below_clamp(&self, scales: &mut [f64], range: f64, power_of_two: bool, headroom: f64) {
        let least = |largest: &f64| {
            let largest = largest.max(range * SMALLEST_SHARE);
            (largest * headroom / CLAMP).min(1.0)
        };
        let channels = self.largest.iter().zip(&*scales);
        let ratios = channels.map(|(largest, scale)| least(largest) / scale);
        let highest = ratios.fold(0.0, f64::max);
        let bound = if power_of_two {
            CLAMP / POWER_OF_TWO_CLAMP
        } else {
            1.0
        };
        for scale in scales {
            *scale = (*scale * highest).min(1.0) * bound;
        }
    }

    /// Lets the largest value stay as large as it was, or land at the highest level of a power of two.
    fn fill_range(&self, scales: &mut [f64], range: f64, power_of_two: bool) {
        let highest = scaled_range(&self.largest, scales);
        let wanted = match power_of_two {
            true => range.log2().round().exp2() * 127.0 / 128.0,
            false => range,
        };
        for scale in scales {
            *scale *= highest / wanted;
        }
    }

    /// Predicted noise at the readers, relative to the power of their outputs.
    fn noise(&self, scales: &[f64], power_of_two: bool) -> f64 {
        let spread: f64 = scales
            .iter()
            .zip(&self.sensitivity)
            .map(|(scale, sensitivity)| scale * scale * sensitivity)
            .sum();
        let steps = self.tensors.iter().map(|tensor| {
            let range = scaled_range(&tensor.largest, scales);
            let range = match power_of_two {
                true if range > 0.0 => (range * 0.999).log2().ceil().exp2(),
                _ => range,
            };
            let step = range / if tensor.signed { 127.0 } else { 255.0 };
            step * step
        });
        let of_activations = steps.fold(0.0, f64::max) * spread;
        let of_weights: f64 = self
            .readers
            .iter()
            .map(|rows| {
                let power: f64 = rows
                    .power
                    .iter()
                    .zip(scales)
                    .map(|(power, scale)| power / (scale * scale))
                    .sum();
                let steps = rows.largest.chunks(self.channels).map(|row| {
                    let largest = row
                        .iter()
                        .zip(scales)
                        .map(|(weight, scale)| weight * scale)
                        .fold(0.0, f64::max);
                    (largest / 127.0).powi(2)
                });
                steps.sum::<f64>() * power
            })
            .sum();
        of_activations + of_weights
    }
}

fn scaled_range(largest: &[f64], scales: &[f64]) -> f64 {
    largest
        .iter()
        .zip(scales)
        .map(|(largest, scale)| largest / scale)
        .fold(0.0, f64::max)
}

/// Mean square of each channel of a tensor; a flattened map's positions are averaged.
fn mean_squares(statistics: &Statistics, tensor: TensorId, channels: usize) -> Option<Vec<f64>> {
    let seen = statistics.tensor(tensor)?.channels.as_ref()?;
    let mut squares = vec![0.0; channels];
    let positions = seen.means.chunks(channels);
    for (means, variances) in positions.zip(seen.variances.chunks(channels)) {
        for (square, (mean, variance)) in squares.iter_mut().zip(means.iter().zip(variances)) {
            *square += mean * mean + variance;
        }
    }
    let positions = (seen.means.len() / channels).max(1) as f64;
    squares.iter_mut().for_each(|square| *square /= positions);
    Some(squares)
}
