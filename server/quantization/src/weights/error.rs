//! What rounding costs weights.

use std::ops::RangeInclusive;

use crate::options::ErrorMethod;

/// Integers that weights are stored as.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Grid {
    /// Smallest integer, negative.
    pub(crate) lowest: f32,
    /// Largest integer, positive.
    pub(crate) highest: f32,
    /// Number of steps up to a threshold.
    pub(crate) steps: f64,
}

impl Grid {
    /// What TFLite's specification allows: -128 is left out.
    pub(crate) const TFLITE: Self = Self {
        lowest: -127.0,
        highest: 127.0,
        steps: 128.0,
    };

    /// All integers of so many bits, as the reference of the tests has it.
    #[cfg(test)]
    pub(crate) fn of_bits(bits: u32) -> Self {
        let steps = f64::from(bits - 1).exp2();
        Self {
            lowest: -steps as f32,
            highest: (steps - 1.0) as f32,
            steps,
        }
    }

    /// Smallest threshold that represents all of a range.
    pub(crate) fn covering(&self, range: RangeInclusive<f32>) -> f64 {
        let below = f64::from(*range.start()) / f64::from(self.lowest);
        let above = f64::from(*range.end()) / f64::from(self.highest);
        below.max(above) * self.steps
    }
}

/// Mean error of weights rounded to multiples of `threshold / steps`.
pub(crate) fn mean_error(weights: &[f32], threshold: f64, grid: Grid, method: ErrorMethod) -> f64 {
    match method {
        ErrorMethod::Mae => mean(weights, threshold, grid, f32::abs),
        ErrorMethod::Lp(power) => {
            let power = power as f32;
            mean(weights, threshold, grid, |error| error.abs().powf(power))
        }
        ErrorMethod::Mse | ErrorMethod::NoClipping | ErrorMethod::Kl => {
            mean(weights, threshold, grid, |error| error * error)
        }
    }
}

fn mean(weights: &[f32], threshold: f64, grid: Grid, cost: impl Fn(f32) -> f32) -> f64 {
    const LANES: usize = 8;
    // Adding and taking away 1.5 * 2^23 rounds to the nearest integer, ties to even, and unlike
    // a call to the rounding function is vectorized on every processor.
    const ROUND: f32 = 12_582_912.0;
    let scale = (threshold / grid.steps) as f32;
    let inverse = 1.0 / scale;
    let cost = |weight: f32| {
        let stored = (weight * inverse).clamp(grid.lowest, grid.highest) + ROUND - ROUND;
        cost(stored * scale - weight)
    };
    let mut total = 0.0;
    for block in weights.chunks(512) {
        let mut sums = [0.0f32; LANES];
        let (chunks, rest) = block.as_chunks::<LANES>();
        for chunk in chunks {
            for lane in 0..LANES {
                sums[lane] += cost(chunk[lane]);
            }
        }
        total += sums.iter().map(|&sum| f64::from(sum)).sum::<f64>();
        total += rest
            .iter()
            .map(|&weight| f64::from(cost(weight)))
            .sum::<f64>();
    }
    total / weights.len().max(1) as f64
}
