//! Histograms of activations.

mod by_channel;
mod growing;
mod outliers;
mod percentiles;

pub(crate) use by_channel::{ChannelHistograms, ChannelMap};
pub(crate) use growing::{GrowingHistogram, Scratch};

/// Number of bins of a [`Histogram`], as in Sony's Model Compression Toolkit.
const BINS: usize = 2048;

/// Smallest bin width, 2^-100: leaves room below the largest finite `f32` for 2^100 times as much.
const SMALLEST_EXPONENT: i32 = -100;

/// log2 of the smallest bin width, a power of two, with which `half` bins, also a power of two, reach
/// beyond a value. One bin stays free, for values that round over the edge.
fn bin_exponent(largest: f32, half: usize) -> i32 {
    let largest = largest.abs();
    // What the value's own exponent says reaches at most twice as far as the value.
    let above = (largest.to_bits() >> 23) as i32 - 127 + 1;
    let exponent = (above - half.ilog2() as i32).max(SMALLEST_EXPONENT);
    match largest >= (half - 1) as f32 * power_of_two(exponent) {
        true => exponent + 1,
        false => exponent,
    }
}

/// 2 to the power of an exponent of a normal number.
fn power_of_two(exponent: i32) -> f32 {
    f32::from_bits(((exponent + 127) as u32) << 23)
}

/// Counts over equal bins between the smallest and the largest value seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// Bin edges, ascending; one more than there are counts.
    pub edges: Vec<f64>,
    /// Number of values in each bin; fractions arise when counts move to other edges.
    pub counts: Vec<f64>,
}

impl Histogram {
    /// Counts finite values in 2048 equal bins between the smallest and the largest.
    pub fn of(values: &[f32]) -> Self {
        let (min, max) = values
            .iter()
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(min, max), &value| {
                (min.min(value), max.max(value))
            });
        let edges = edges(f64::from(min), f64::from(max));
        let (first, width) = (edges[0], edges[1] - edges[0]);
        let mut counts = vec![0.0; BINS];
        for &value in values {
            let bin = (f64::from(value) - first) / width;
            counts[(bin as usize).min(BINS - 1)] += 1.0;
        }
        Self { edges, counts }
    }

    /// Moves counts to 2048 equal bins over `[min, max]`, by linear interpolation of the
    /// cumulative counts.
    pub fn with_range(&self, min: f64, max: f64) -> Self {
        let edges = edges(min, max);
        let mut bin = 0;
        let mut below = 0.0;
        let mut cumulative = |edge: f64| {
            while bin < self.counts.len() && self.edges[bin + 1] <= edge {
                below += self.counts[bin];
                bin += 1;
            }
            match self.counts.get(bin) {
                Some(count) if edge > self.edges[bin] => {
                    let extent = self.edges[bin + 1] - self.edges[bin];
                    below + count * (edge - self.edges[bin]) / extent
                }
                _ => below,
            }
        };
        let total: f64 = self.counts.iter().sum();
        let mut previous = 0.0;
        let mut counts = Vec::with_capacity(BINS);
        for &edge in &edges[1..BINS] {
            let next = cumulative(edge);
            counts.push(next - previous);
            previous = next;
        }
        // Whatever the interpolation put outside the range belongs to the outermost bins.
        counts.push(total - previous);
        Self { edges, counts }
    }
}

/// Edges of equal bins over `[min, max]`; a single value gets a range of one around it.
fn edges(min: f64, max: f64) -> Vec<f64> {
    let (min, max) = if min < max {
        (min, max)
    } else {
        (min - 0.5, max + 0.5)
    };
    let width = (max - min) / BINS as f64;
    let inner = (0..BINS).map(|bin| min + bin as f64 * width);
    inner.chain([max]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_reach_beyond_every_value() {
        for half in [64, 4096] {
            let reach = |exponent: i32| (half - 1) as f64 * f64::from(exponent).exp2();
            for value in [
                -0.0,
                0.0,
                1e-40,
                1e-30,
                0.3,
                1.0,
                62.9,
                63.0,
                64.0,
                5e7,
                f32::MAX,
            ] {
                let exponent = bin_exponent(value, half);
                assert!(f64::from(value) < reach(exponent), "{value}");
                let smaller = exponent - 1;
                let suffices = f64::from(value) < reach(smaller);
                assert!(!suffices || exponent == SMALLEST_EXPONENT, "{value}");
            }
        }
        assert_eq!(power_of_two(-3), 0.125);
    }
}
