//! Histograms of activations.

mod by_channel;
mod growing;
mod outliers;
mod percentiles;

pub(crate) use by_channel::{ChannelHistograms, ChannelMap};
pub(crate) use growing::{GrowingHistogram, Scratch};

/// Number of bins of a [`Histogram`], as in Sony's Model Compression Toolkit.
const BINS: usize = 2048;

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
