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

    /// The nearest integer, of two the even one.
    pub(crate) fn nearest(&self, level: f32) -> f32 {
        // Adding and taking away 1.5 * 2^23 rounds to the nearest integer, ties to even, and unlike
        // a call to the rounding function is vectorized on every processor.
        const ROUND: f32 = 12_582_912.0;
        // `clamp` may panic, which keeps a loop from being vectorized.
        let level = if level < self.lowest {
            self.lowest
        } else {
            level
        };
        let level = if level > self.highest {
            self.highest
        } else {
            level
        };
        level + ROUND - ROUND
    }

    /// Smallest threshold that represents all of a range.
    pub(crate) fn covering(&self, range: RangeInclusive<f32>) -> f64 {
        let below = f64::from(*range.start()) / f64::from(self.lowest);
        let above = f64::from(*range.end()) / f64::from(self.highest);
        below.max(above) * self.steps
    }
}

/// Mean error of weights rounded to multiples of `threshold / steps`; a weight counts as often as
/// its importance says, once if there is none.
pub(crate) fn mean_error(
    weights: &[f32],
    importance: Option<&[f32]>,
    threshold: f64,
    grid: Grid,
    method: ErrorMethod,
) -> f64 {
    let rounding = Rounding::new(threshold, grid);
    match (method, importance) {
        (ErrorMethod::Mae, None) => mean(weights, |weight| rounding.error(weight).abs()),
        (ErrorMethod::Lp(power), None) => {
            let power = power as f32;
            mean(weights, |weight| rounding.error(weight).abs().powf(power))
        }
        (_, None) => mean(weights, |weight| rounding.error(weight).powi(2)),
        (ErrorMethod::Mae, Some(importance)) => {
            weighted_mean(weights, importance, |weight| rounding.error(weight).abs())
        }
        (ErrorMethod::Lp(power), Some(importance)) => {
            let power = power as f32;
            weighted_mean(weights, importance, |weight| {
                rounding.error(weight).abs().powf(power)
            })
        }
        (_, Some(importance)) => weighted_mean(weights, importance, |weight| {
            let error = rounding.error(weight);
            error * error
        }),
    }
}

/// Mean of the costs, each times its importance.
fn weighted_mean(weights: &[f32], importance: &[f32], cost: impl Fn(f32) -> f32) -> f64 {
    let mut terms = [0.0f32; BLOCK];
    let total: f64 = weights
        .chunks(BLOCK)
        .zip(importance.chunks(BLOCK))
        .map(|(weights, importance)| {
            let both = weights.iter().zip(importance);
            for (term, (&weight, &importance)) in terms.iter_mut().zip(both) {
                *term = importance * cost(weight);
            }
            let (terms, _) = terms.split_at(weights.len());
            sum(terms, |term| term)
        })
        .sum();
    total / weights.len().max(1) as f64
}

/// Terms added in `f32` before they join the `f64` total.
const BLOCK: usize = 512;

/// How weights are rounded.
#[derive(Debug, Clone, Copy)]
struct Rounding {
    scale: f32,
    inverse: f32,
    grid: Grid,
}

impl Rounding {
    fn new(threshold: f64, grid: Grid) -> Self {
        let scale = (threshold / grid.steps) as f32;
        Self {
            scale,
            inverse: 1.0 / scale,
            grid,
        }
    }

    /// What rounding adds to a weight.
    fn error(&self, weight: f32) -> f32 {
        self.grid.nearest(weight * self.inverse) * self.scale - weight
    }
}

fn mean(weights: &[f32], cost: impl Fn(f32) -> f32) -> f64 {
    let total: f64 = weights.chunks(BLOCK).map(|block| sum(block, &cost)).sum();
    total / weights.len().max(1) as f64
}

fn sum(block: &[f32], cost: impl Fn(f32) -> f32) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0f32; LANES];
    let (chunks, rest) = block.as_chunks::<LANES>();
    for chunk in chunks {
        for (sum, &value) in sums.iter_mut().zip(chunk) {
            *sum += cost(value);
        }
    }
    let chunks = sums.iter().map(|&sum| f64::from(sum)).sum::<f64>();
    chunks
        + rest
            .iter()
            .map(|&value| f64::from(cost(value)))
            .sum::<f64>()
}
