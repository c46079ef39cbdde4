//! Symmetric int8 quantization of kernels.

mod error;
mod importance;
mod threshold;

use std::iter::repeat_n;

use graph::{Constant, Op};
use ndarray::{ArrayD, Axis};

use crate::options::WeightSettings;

pub(crate) use error::Grid;
pub(crate) use importance::importance;
pub(crate) use threshold::thresholds;

/// A kernel whose output channels have thresholds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct QuantizedKernel {
    /// Stored weights in [-127, 127], in the kernel's order.
    pub(crate) values: Vec<i8>,
    /// Real value of one step for each output channel, or one for all of them.
    pub(crate) scales: Vec<f32>,
    /// Axis of the output channels.
    pub(crate) axis: Axis,
}

/// Kernel axis that holds the output channels, of operators that have one kernel: no others are
/// quantized with weights.
pub(crate) fn output_axis(op: &Op) -> Axis {
    Axis(op.kernel_axis().unwrap_or(0))
}

/// The weights of each output channel.
pub(crate) fn output_channels(kernel: &Constant, axis: Axis) -> Vec<Vec<f32>> {
    let channels = kernel.axis_iter(axis);
    channels
        .map(|channel| channel.iter().copied().collect())
        .collect()
}

/// Number of weights of an output channel that lie behind each other, before those of the next.
fn run(kernel: &Constant, axis: Axis) -> usize {
    kernel.shape().iter().skip(axis.index() + 1).product()
}

/// Quantizes a kernel whose output channels have these thresholds. `smallest_scales` are lower bounds
/// for the scales of the channels, below which bias or accumulator could not be represented.
pub(crate) fn quantize_kernel(
    kernel: &Constant,
    axis: Axis,
    thresholds: &[f64],
    smallest_scales: &[f32],
    settings: &WeightSettings,
) -> QuantizedKernel {
    let mut scales = scales(thresholds, smallest_scales);
    if !settings.per_channel {
        scales = vec![scales.iter().copied().fold(0.0, f32::max)];
    }
    let weights: Vec<f32> = kernel.iter().copied().collect();
    let mut values = vec![0; weights.len()];
    let run = run(kernel, axis).max(1);
    let runs = weights.chunks(run).zip(values.chunks_mut(run));
    for ((weights, stored), &scale) in runs.zip(scales.iter().cycle()) {
        for (stored, &weight) in stored.iter_mut().zip(weights) {
            *stored = Grid::TFLITE.nearest(weight / scale) as i8;
        }
    }
    QuantizedKernel {
        values,
        scales,
        axis,
    }
}

/// Scales of output channels with these thresholds.
pub(crate) fn scales(thresholds: &[f64], smallest: &[f32]) -> Vec<f32> {
    let channels = thresholds.iter().zip(smallest);
    let scale = |(threshold, &smallest): (&f64, &f32)| {
        ((threshold / Grid::TFLITE.steps) as f32).max(smallest)
    };
    channels.map(scale).collect()
}

impl QuantizedKernel {
    /// Difference that quantization made to each weight of the kernel, as `f64`.
    pub(crate) fn errors(&self, kernel: &Constant) -> ArrayD<f64> {
        let mut errors = kernel.mapv(f64::from);
        let run = run(kernel, self.axis);
        let scales = self.scales.iter().cycle();
        let scales = scales.flat_map(|&scale| repeat_n(f64::from(scale), run));
        let stored = self.values.iter().map(|&level| f64::from(level));
        for ((error, stored), scale) in errors.iter_mut().zip(stored).zip(scales) {
            *error = stored * scale - *error;
        }
        errors
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    pub(super) fn bell(count: usize, factor: f32) -> Vec<f32> {
        let mut state = 1u32;
        let mut uniform = || {
            state = state.wrapping_mul(1664525).wrapping_add(1013904223);
            state as f32 / u32::MAX as f32
        };
        (0..count)
            .map(|_| ((0..12).map(|_| uniform()).sum::<f32>() - 6.0) * factor)
            .collect()
    }

    fn search(kernel: &Constant, axis: Axis, smallest_scales: &[f32]) -> QuantizedKernel {
        quantized(kernel, axis, smallest_scales, &WeightSettings::default())
    }

    fn quantized(
        kernel: &Constant,
        axis: Axis,
        smallest_scales: &[f32],
        settings: &WeightSettings,
    ) -> QuantizedKernel {
        let channels = output_channels(kernel, axis);
        let cancelled = AtomicBool::new(false);
        let found = thresholds(&channels, None, Grid::TFLITE, settings, &cancelled).unwrap();
        quantize_kernel(kernel, axis, &found, smallest_scales, settings)
    }

    #[test]
    fn weights_stay_within_half_a_step() {
        let kernel = ndarray::Array::from_shape_vec(vec![4, 3, 3, 5], bell(180, 0.2))
            .unwrap()
            .into_shared();
        let check = |axis: usize| {
            let axis = Axis(axis);
            let channels = kernel.len_of(axis);
            let quantized = search(&kernel, axis, &vec![0.0; channels]);
            assert_eq!(quantized.scales.len(), channels);
            assert!(quantized.values.iter().all(|&value| value != i8::MIN));
            let errors = quantized.errors(&kernel);
            for (errors, &scale) in errors.axis_iter(axis).zip(&quantized.scales) {
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
    fn one_scale_for_a_kernel_is_that_of_its_largest_bound() {
        let kernel = ndarray::Array::from_shape_vec(vec![2, 1, 1, 90], bell(180, 0.2))
            .unwrap()
            .into_shared();
        let settings = WeightSettings {
            per_channel: false,
            ..WeightSettings::default()
        };
        let search = |smallest: &[f32]| quantized(&kernel, Axis(0), smallest, &settings);
        let free = search(&[0.0, 0.0]).scales;
        assert_eq!(free.len(), 1);
        assert_eq!(search(&[0.0, 0.5]).scales, [0.5]);
        let errors = search(&[0.0, 0.0]).errors(&kernel);
        assert!(errors.iter().all(|error| error.abs() <= f64::from(free[0])));
    }

    #[test]
    fn scales_respect_their_lower_bounds_and_zeros_are_representable() {
        let kernel = Constant::zeros(vec![2, 1, 1, 3]);
        let quantized = search(&kernel, Axis(0), &[0.5, 0.0]);
        assert_eq!(quantized.scales[0], 0.5);
        assert!(quantized.scales[1] > 0.0);
        assert!(quantized.values.iter().all(|&value| value == 0));
    }
}
