//! The best weights of one layer for the rows of its study.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use tflite::{QuantizedConstant, QuantizedValues};

use super::layer::Layer;
use super::replacement::Replacement;
use super::rows::Rows;
use super::solve::{Factor, dot, moments};
use crate::descent::descend;
use crate::model::{QuantizedModel, scale_of};

/// Pull towards the float weights, as a share of the mean power of the inputs.
const RIDGE: f64 = 0.3;

/// Multiplications for factoring matrices above which output channels share one.
const MAX_WORK: f64 = 2e10;

/// Largest magnitude of a bias: it is added to sums that also have 32 bits.
const LARGEST_BIAS: f64 = (1u32 << 30) as f64;

/// Levels of an output channel in the order of its patches, and its bias.
type Channel = (Vec<i8>, f64);

/// Patches less their means, and what follows from them for all outputs that read them.
struct System {
    rows: Vec<f32>,
    means: Vec<f32>,
    moments: Vec<f32>,
    factor: Option<Factor>,
}

impl System {
    /// Of patches of a size.
    fn new<'a>(patches: impl Iterator<Item = &'a [f32]> + Clone, size: usize) -> Option<Self> {
        let mut sums = vec![0.0f64; size];
        let mut count = 0usize;
        for patch in patches.clone() {
            count += 1;
            for (sum, &value) in sums.iter_mut().zip(patch) {
                *sum += f64::from(value);
            }
        }
        let mean = |sum: &f64| (sum / count.max(1) as f64) as f32;
        let means: Vec<f32> = sums.iter().map(mean).collect();
        let mut rows = Vec::with_capacity(count * size);
        for patch in patches {
            rows.extend(patch.iter().zip(&means).map(|(value, mean)| value - mean));
        }
        let moments = moments(&rows, size)?;
        let diagonal = moments.iter().step_by(size + 1);
        let power = diagonal.map(|&power| f64::from(power)).sum::<f64>() / size.max(1) as f64;
        Some(Self {
            factor: Factor::new(&moments, size, RIDGE * power),
            rows,
            means,
            moments,
        })
    }

    /// How the weights should change so that the layer's output comes closer to the targets, of
    /// which `mean` is the mean.
    fn step(&self, weights: &[f32], targets: &[f32], mean: f64) -> Vec<f64> {
        let size = weights.len();
        let mut right = vec![0.0f64; size];
        for (row, &target) in self.rows.chunks_exact(size).zip(targets) {
            let residual = f64::from(target) - mean - f64::from(dot(weights, row));
            for (right, &value) in right.iter_mut().zip(row) {
                *right += residual * f64::from(value);
            }
        }
        let count = targets.len().max(1) as f64;
        right.iter_mut().for_each(|right| *right /= count);
        match &self.factor {
            Some(factor) => factor.solve(&right),
            None => vec![0.0; size],
        }
    }

    /// Levels and bias of an output channel that has these weights and targets, for each share.
    fn channels(
        &self,
        weights: &[f32],
        targets: &[f32],
        scale: f32,
        shares: &[f64],
    ) -> Option<Vec<Channel>> {
        let sum: f64 = targets.iter().map(|&target| f64::from(target)).sum();
        let mean = sum / targets.len().max(1) as f64;
        let step = self.step(weights, targets, mean);
        if !mean.is_finite() || step.iter().any(|step| !step.is_finite()) {
            return None;
        }
        let channel = |share: &f64| {
            let moved = weights.iter().zip(&step);
            let wanted: Vec<f32> = moved
                .map(|(&weight, step)| {
                    ((f64::from(weight) + share * step) / f64::from(scale)) as f32
                })
                .collect();
            let nearest = |level: &f32| level.round_ties_even().clamp(-127.0, 127.0) as i8;
            let mut levels: Vec<i8> = wanted.iter().map(nearest).collect();
            descend(&wanted, &self.moments, &mut levels);
            let means = levels.iter().zip(&self.means);
            let read: f64 = means
                .map(|(&level, &mean)| f64::from(level) * f64::from(mean))
                .sum();
            (levels, mean - read * f64::from(scale))
        };
        Some(shares.iter().map(channel).collect())
    }
}

/// `None` where nothing was seen, or something is not finite or too large.
pub(super) fn fit(
    layer: &Layer,
    rows: &Rows,
    model: &QuantizedModel,
    shares: &[f64],
    cancelled: &AtomicBool,
) -> Option<Vec<Replacement>> {
    let (size, outputs) = (layer.layout.size(), layer.layout.outputs());
    let (kernel, bias) = (model.constant(layer.kernel)?, model.constant(layer.bias)?);
    if rows.targets.len() < outputs {
        return None;
    }
    // Only outputs with an end know positions that do not count.
    let is_bounded = layer.range.iter().any(|end| end.is_finite());
    let work = (size as f64).powi(3) / 3.0 * outputs as f64;
    let shared: Option<Vec<System>> = match is_bounded && work < MAX_WORK {
        true => None,
        false => {
            let patches = rows.patches.par_iter();
            let systems = patches.map(|all| System::new(all.chunks_exact(size), size));
            Some(systems.collect::<Option<_>>()?)
        }
    };
    let channels: Option<Vec<Vec<Channel>>> = (0..outputs)
        .into_par_iter()
        .map(|output| {
            let system = match &shared {
                Some(systems) => Some(systems.get(layer.layout.group_of(output))?),
                None => None,
            };
            let scale = scale_of(&kernel.scales, output)?;
            let is_cancelled = cancelled.load(Ordering::Relaxed);
            (!is_cancelled).then(|| fit_channel(layer, rows, output, system, scale, shares))?
        })
        .collect();
    let channels = channels?;
    let replacement = |which: usize| replacement(layer, kernel, bias, &channels, which);
    (0..shares.len()).map(replacement).collect()
}

/// Levels and bias of an output channel for each share.
fn fit_channel(
    layer: &Layer,
    rows: &Rows,
    output: usize,
    shared: Option<&System>,
    scale: f32,
    shares: &[f64],
) -> Option<Vec<Channel>> {
    let weights = layer.layout.weights_of(output, &layer.weights)?;
    let outputs = layer.layout.outputs();
    let targets = rows.targets.iter().skip(output).step_by(outputs).copied();
    let targets: Vec<f32> = targets.collect();
    match shared {
        Some(system) => system.channels(&weights, &targets, scale, shares),
        None => {
            let patches = rows.patches.get(layer.layout.group_of(output))?;
            let kept = within_range(layer, output, &weights, patches, &targets)?;
            let rows = patches.chunks_exact(weights.len()).zip(&kept);
            let rows = rows.filter_map(|(row, &kept)| kept.then_some(row));
            let own = System::new(rows, weights.len())?;
            let targets = targets.iter().zip(&kept);
            let targets = targets.filter_map(|(&target, &kept)| kept.then_some(target));
            own.channels(&weights, &targets.collect::<Vec<_>>(), scale, shares)
        }
    }
}

/// Which positions count for an output channel: elsewhere the stored value is at the same end of
/// its range as the right one, whatever the weights are. All, where those are too few.
fn within_range(
    layer: &Layer,
    output: usize,
    weights: &[f32],
    patches: &[f32],
    targets: &[f32],
) -> Option<Vec<bool>> {
    let [low, high] = layer.range;
    let offset = layer.offsets.get(output)?;
    let rows = targets.iter().zip(patches.chunks_exact(weights.len()));
    let kept: Vec<bool> = rows
        .map(|(&target, row)| {
            let present = dot(weights, row) + offset;
            [target, present]
                .iter()
                .any(|value| (low..=high).contains(value))
        })
        .collect();
    let count = kept.iter().filter(|&&kept| kept).count();
    Some(match count >= 2 * weights.len() + 32 {
        true => kept,
        false => vec![true; targets.len()],
    })
}

/// Puts the channels that belong to a share together.
fn replacement(
    layer: &Layer,
    kernel: &QuantizedConstant,
    bias: &QuantizedConstant,
    channels: &[Vec<Channel>],
    which: usize,
) -> Option<Replacement> {
    let mut values = vec![0i8; kernel.values.len()];
    let mut offsets = Vec::with_capacity(channels.len());
    for (output, channel) in channels.iter().enumerate() {
        let (levels, offset) = channel.get(which)?;
        for (place, &level) in layer.layout.places(output).zip(levels) {
            *values.get_mut(place)? = level;
        }
        let offset = (offset / f64::from(scale_of(&bias.scales, output)?)).round_ties_even();
        if !offset.is_finite() || offset.abs() > LARGEST_BIAS {
            return None;
        }
        offsets.push(offset);
    }
    let offsets = match &bias.values {
        QuantizedValues::Int64(_) => {
            QuantizedValues::Int64(offsets.into_iter().map(|offset| offset as i64).collect())
        }
        _ => QuantizedValues::Int32(offsets.into_iter().map(|offset| offset as i32).collect()),
    };
    let constant = |values: QuantizedValues, like: &QuantizedConstant| QuantizedConstant {
        values,
        scales: like.scales.clone(),
        axis: like.axis,
    };
    Some(Replacement {
        kernel: (
            layer.kernel,
            constant(QuantizedValues::Int8(values), kernel),
        ),
        bias: (layer.bias, constant(offsets, bias)),
    })
}
