//! Symmetric int8 quantization of kernels.

mod error;
mod importance;
mod threshold;

use graph::{Constant, Op};
use ndarray::{Axis, Ix1};

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
    pub(crate) axis: usize,
}

/// Kernel axis that holds the output channels, of operators that have one kernel: no others are
/// quantized with weights.
pub(crate) fn output_axis(op: &Op) -> usize {
    op.kernel_axis().unwrap_or(0)
}

/// Quantizes a kernel whose output channels have these thresholds. `smallest_scales` are lower bounds
/// for the scales of the channels, below which bias or accumulator could not be represented.
pub(crate) fn quantize_kernel(
    kernel: &Constant,
    axis: usize,
    thresholds: &[f64],
    smallest_scales: &[f32],
    settings: &WeightSettings,
) -> QuantizedKernel {
    let mut scales = scales(thresholds, smallest_scales);
    if !settings.per_channel {
        scales = vec![scales.iter().copied().fold(0.0, f32::max)];
    }
    let weights = kernel.as_standard_layout();
    let mut values = vec![0; weights.len()];
    // Weights of one channel that lie next to each other.
    let run: usize = kernel.shape()[axis + 1..].iter().product();
    let runs = weights.as_slice().unwrap_or_default().chunks(run.max(1));
    let stored = values.chunks_mut(run.max(1));
    let channels = (0..kernel.shape()[axis]).cycle();
    for ((weights, stored), channel) in runs.zip(stored).zip(channels) {
        let scale = scales[channel % scales.len()];
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
    /// Difference that quantization made to each weight of each output channel, as `f64`.
    pub(crate) fn errors(&self, kernel: &Constant) -> ndarray::ArrayD<f64> {
        let mut errors = kernel.mapv(f64::from);
        if let Ok(stored) = ndarray::ArrayViewD::from_shape(kernel.shape(), &self.values) {
            for ((mut errors, stored), &scale) in errors
                .axis_iter_mut(Axis(self.axis))
                .zip(stored.axis_iter(Axis(self.axis)))
                .zip(self.scales.iter().cycle())
            {
                errors.zip_mut_with(&stored, |error, &stored| {
                    *error = f64::from(stored) * f64::from(scale) - *error;
                });
            }
        }
        errors
    }
}

/// Values of a one-dimensional constant as `f64`.
pub(crate) fn vector(constant: &Constant) -> Vec<f64> {
    match constant.view().into_dimensionality::<Ix1>() {
        Ok(values) => values.iter().map(|&value| f64::from(value)).collect(),
        Err(_) => constant.iter().map(|&value| f64::from(value)).collect(),
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

    fn search(kernel: &Constant, axis: usize, smallest_scales: &[f32]) -> QuantizedKernel {
        quantized(kernel, axis, smallest_scales, &WeightSettings::default())
    }

    fn quantized(
        kernel: &Constant,
        axis: usize,
        smallest_scales: &[f32],
        settings: &WeightSettings,
    ) -> QuantizedKernel {
        let channels: Vec<Vec<f32>> = kernel
            .axis_iter(Axis(axis))
            .map(|channel| channel.iter().copied().collect())
            .collect();
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
    fn one_scale_for_a_kernel_is_that_of_its_largest_bound() {
        let kernel = ndarray::Array::from_shape_vec(vec![2, 1, 1, 90], bell(180, 0.2))
            .unwrap()
            .into_shared();
        let settings = WeightSettings {
            per_channel: false,
            ..WeightSettings::default()
        };
        let search = |smallest: &[f32]| quantized(&kernel, 0, smallest, &settings);
        let free = search(&[0.0, 0.0]).scales;
        assert_eq!(free.len(), 1);
        assert_eq!(search(&[0.0, 0.5]).scales, [0.5]);
        let errors = search(&[0.0, 0.0]).errors(&kernel);
        assert!(errors.iter().all(|error| error.abs() <= f64::from(free[0])));
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
