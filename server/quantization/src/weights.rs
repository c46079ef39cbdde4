//! Symmetric int8 quantization of kernels, one threshold for each output channel.

use std::sync::atomic::{AtomicBool, Ordering};

use graph::{Constant, Op};
use ndarray::{Axis, Ix1};
use rayon::prelude::*;

use crate::threshold::SMALLEST_THRESHOLD;

/// Largest stored weight: TFLite's specification leaves -128 out.
const LARGEST: f32 = 127.0;

/// Steps in the search for a threshold: each tries [`CANDIDATES`] values around the last choice.
const ITERATIONS: usize = 15;
const CANDIDATES: usize = 30;

/// A kernel whose output channels have thresholds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct QuantizedKernel {
    /// Stored weights in [-127, 127], in the kernel's order.
    pub(crate) values: Vec<i8>,
    /// Real value of one step for each output channel.
    pub(crate) scales: Vec<f32>,
    /// Axis of the output channels.
    pub(crate) axis: usize,
}

/// Kernel axis that holds the output channels.
pub(crate) fn output_axis(op: &Op) -> usize {
    match op {
        Op::DepthwiseConv2d { .. } => 3,
        _ => 0,
    }
}

/// Quantizes a kernel, or gives up when `cancelled` is set. `smallest_scales` are lower bounds for
/// the scales of the channels, below which bias or accumulator could not be represented.
pub(crate) fn quantize_kernel(
    kernel: &Constant,
    axis: usize,
    smallest_scales: &[f32],
    cancelled: &AtomicBool,
) -> Option<QuantizedKernel> {
    let channels: Vec<Vec<f32>> = kernel
        .axis_iter(Axis(axis))
        .map(|channel| channel.iter().copied().collect())
        .collect();
    let scales = channels
        .par_iter()
        .zip(smallest_scales)
        .map(|(channel, &smallest)| {
            if cancelled.load(Ordering::Relaxed) {
                return None;
            }
            let scale = (symmetric_threshold(channel) / 128.0) as f32;
            Some(scale.max(smallest))
        })
        .collect::<Option<Vec<f32>>>()?;
    let mut stored = ndarray::ArrayD::<i8>::zeros(kernel.raw_dim());
    for ((mut stored, channel), &scale) in
        stored.axis_iter_mut(Axis(axis)).zip(&channels).zip(&scales)
    {
        for (stored, &weight) in stored.iter_mut().zip(channel) {
            *stored = (weight / scale).round_ties_even().clamp(-LARGEST, LARGEST) as i8;
        }
    }
    Some(QuantizedKernel {
        values: stored.into_iter().collect(),
        scales,
        axis,
    })
}

impl QuantizedKernel {
    /// Difference that quantization made to each weight of each output channel, as `f64`.
    pub(crate) fn errors(&self, kernel: &Constant) -> ndarray::ArrayD<f64> {
        let mut errors = kernel.mapv(f64::from);
        if let Ok(stored) = ndarray::ArrayViewD::from_shape(kernel.shape(), &self.values) {
            for ((mut errors, stored), &scale) in errors
                .axis_iter_mut(Axis(self.axis))
                .zip(stored.axis_iter(Axis(self.axis)))
                .zip(&self.scales)
            {
                errors.zip_mut_with(&stored, |error, &stored| {
                    *error = f64::from(stored) * f64::from(scale) - *error;
                });
            }
        }
        errors
    }
}

/// Threshold `t` at which rounding to multiples of `t / 128` within [-127, 127] has the smallest
/// mean squared error on the weights: the iterated line search of Sony's Model Compression
/// Toolkit, started where nothing is clipped.
fn symmetric_threshold(weights: &[f32]) -> f64 {
    let largest = weights.iter().fold(0.0f32, |m, weight| m.max(weight.abs()));
    let mut current = f64::from(largest) * 128.0 / f64::from(LARGEST);
    if current < SMALLEST_THRESHOLD {
        return SMALLEST_THRESHOLD;
    }
    let mut best = (squared_error(weights, current), current);
    let (mut low, mut high) = (0.7, 1.2);
    for iteration in 0..ITERATIONS {
        let previous = best.0;
        let step = (high - low) / (CANDIDATES - 1) as f64;
        let candidates = (0..CANDIDATES).map(|index| current * (low + step * index as f64));
        let mut sweep = (f64::INFINITY, current);
        for candidate in candidates {
            let error = squared_error(weights, candidate);
            if error < sweep.0 {
                sweep = (error, candidate);
            }
        }
        current = sweep.1;
        if sweep.0 < best.0 {
            best = sweep;
        }
        let gain = (previous - sweep.0) / weights.len() as f64;
        if gain > 0.0 && gain < 1e-11 {
            break;
        }
        if iteration % 3 == 0 {
            low = (low * 1.02).min(0.97);
            high = (high * 0.98).max(1.03);
        }
    }
    best.1
}

/// Sum of squared rounding and clipping errors.
fn squared_error(weights: &[f32], threshold: f64) -> f64 {
    const LANES: usize = 8;
    // Adding and taking away 1.5 * 2^23 rounds to the nearest integer, ties to even, and unlike
    // a call to the rounding function is vectorized on every processor.
    const ROUND: f32 = 12_582_912.0;
    let scale = (threshold / 128.0) as f32;
    let inverse = 1.0 / scale;
    let error = |weight: f32| {
        let stored = (weight * inverse).clamp(-LARGEST, LARGEST) + ROUND - ROUND;
        let error = stored * scale - weight;
        error * error
    };
    let mut total = 0.0;
    for block in weights.chunks(512) {
        let mut sums = [0.0f32; LANES];
        let (chunks, rest) = block.as_chunks::<LANES>();
        for chunk in chunks {
            for lane in 0..LANES {
                sums[lane] += error(chunk[lane]);
            }
        }
        total += sums.iter().map(|&sum| f64::from(sum)).sum::<f64>();
        total += rest
            .iter()
            .map(|&weight| f64::from(error(weight)))
            .sum::<f64>();
    }
    total
}

/// Values of a one-dimensional constant as `f64`.
pub(crate) fn vector(constant: &Constant) -> Vec<f64> {
    match constant.view().into_dimensionality::<Ix1>() {
        Ok(values) => values.iter().map(|&value| f64::from(value)).collect(),
        Err(_) => constant.iter().map(|&value| f64::from(value)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bell(count: usize, factor: f32) -> Vec<f32> {
        let mut state = 1u32;
        let mut uniform = || {
            state = state.wrapping_mul(1664525).wrapping_add(1013904223);
            state as f32 / u32::MAX as f32
        };
        (0..count)
            .map(|_| ((0..12).map(|_| uniform()).sum::<f32>() - 6.0) * factor)
            .collect()
    }

    fn search(kernel: &Constant, axis: usize, smallest_scales: &[f32]) -> QuantizedKernel {
        quantize_kernel(kernel, axis, smallest_scales, &AtomicBool::new(false)).unwrap()
    }

    #[test]
    fn a_cancelled_search_gives_nothing() {
        let kernel = Constant::zeros(vec![2, 1, 1, 3]);
        assert_eq!(
            quantize_kernel(&kernel, 0, &[0.0; 2], &AtomicBool::new(true)),
            None
        );
    }

    #[test]
    fn the_threshold_is_no_worse_than_any_on_a_fine_grid() {
        let check = |weights: &[f32]| {
            let found = squared_error(weights, symmetric_threshold(weights));
            let largest = weights.iter().fold(0.0f32, |m, weight| m.max(weight.abs()));
            let best = (400..1300)
                .map(|step| squared_error(weights, f64::from(largest) * f64::from(step) / 1000.0))
                .fold(f64::INFINITY, f64::min);
            assert!(found <= best * 1.02, "{found} against {best}");
        };
        check(&bell(27, 0.1));
        check(&bell(500, 3.0));
        check(&bell(4000, 1e-3));
        let mut outlier = bell(1000, 0.01);
        outlier[17] = 0.2;
        check(&outlier);
    }

    #[test]
    fn weights_stay_within_half_a_step() {
        let kernel = ndarray::Array::from_shape_vec(vec![4, 3, 3, 5], bell(180, 0.2))
            .unwrap()
            .into_shared();
        let check = |axis: usize| {
            let channels = kernel.shape()[axis];
            let quantized = search(&kernel, axis, &vec![0.0; channels]);
            assert_eq!(quantized.scales.len(), channels);
            assert!(quantized.values.iter().all(|&value| value != i8::MIN));
            let errors = quantized.errors(&kernel);
            for (errors, &scale) in errors.axis_iter(Axis(axis)).zip(&quantized.scales) {
                // Clipping may cost the largest weight a little more than rounding.
                let largest = errors.iter().fold(0.0f64, |m, error| m.max(error.abs()));
                assert!(
                    largest <= 2.0 * f64::from(scale),
                    "{largest} at scale {scale}"
                );
            }
        };
        check(0);
        check(3);
    }

    #[test]
    fn scales_respect_their_lower_bounds_and_zeros_are_representable() {
        let kernel = Constant::zeros(vec![2, 1, 1, 3]);
        let quantized = search(&kernel, 0, &[0.5, 0.0]);
        assert_eq!(quantized.scales[0], 0.5);
        assert!(quantized.scales[1] > 0.0);
        assert!(quantized.values.iter().all(|&value| value == 0));
    }
}
