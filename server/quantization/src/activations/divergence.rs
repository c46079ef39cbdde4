//! Kullback-Leibler divergence between the values of a histogram and what a quantizer leaves of
//! them (S. Migacz, "8-bit inference with TensorRT", 2017; details as in Sony's Model Compression
//! Toolkit).

use std::ops::Range;

use crate::histogram::Histogram;
use crate::quantizer::Quantizer;

/// Divergence of the quantized distribution from the original one within `[low, high)`. Values
/// outside belong to the outermost bins of the original but are missing from the quantized one,
/// and within the bins that share a level the quantized one is flat. Infinite when the range holds
/// no more than one bin, or no value.
pub(crate) fn divergence(histogram: &Histogram, quantizer: &Quantizer, low: f64, high: f64) -> f64 {
    let Some(bins) = bins_within(histogram, low, high) else {
        return f64::INFINITY;
    };
    let (below, counts) = histogram.counts.split_at(bins.start);
    let (inside, above) = counts.split_at(bins.len());
    if inside.iter().all(|&count| count == 0.0) {
        return f64::INFINITY;
    }
    let mut original = inside.to_vec();
    if let Some(count) = original.first_mut() {
        *count += below.iter().sum::<f64>();
    }
    if let Some(count) = original.last_mut() {
        *count += above.iter().sum::<f64>();
    }
    let edges = histogram.edges.iter().skip(bins.start);
    let mut quantized = flattened(inside, edges, quantizer);
    to_smooth_distribution(&mut original);
    to_smooth_distribution(&mut quantized);
    original
        .iter()
        .zip(&quantized)
        .map(|(p, q)| p * (p / q).ln())
        .sum()
}

/// Number of bins that lie in `[low, high)`.
pub(super) fn bin_count(histogram: &Histogram, low: f64, high: f64) -> usize {
    bins_within(histogram, low, high).map_or(0, |bins| bins.len())
}

/// From the first bin that reaches into the range to the one that `high` lies in or behind, without
/// that one.
fn bins_within(histogram: &Histogram, low: f64, high: f64) -> Option<Range<usize>> {
    let edges = &histogram.edges;
    let first = edges
        .iter()
        .position(|&edge| edge >= low)?
        .saturating_sub(1);
    let last = edges.iter().rposition(|&edge| edge < high)?;
    (first < last).then_some(first..last)
}

/// Counts spread evenly over the non-empty bins of each level.
fn flattened<'a>(
    counts: &[f64],
    edges: impl Iterator<Item = &'a f64>,
    quantizer: &Quantizer,
) -> Vec<f64> {
    let levels = edges.map(|&edge| quantizer.round(edge));
    let bins: Vec<(f64, f64)> = levels.zip(counts.iter().copied()).collect();
    let mut flat = Vec::with_capacity(counts.len());
    for level in bins.chunk_by(|(a, _), (b, _)| a == b) {
        let counts = || level.iter().map(|&(_, count)| count);
        let filled = counts().filter(|&count| count > 0.0).count();
        let mean = counts().sum::<f64>() / filled.max(1) as f64;
        flat.extend(counts().map(|count| if count > 0.0 { mean } else { 0.0 }));
    }
    flat
}

/// Divides counts by their sum and moves a little of the others' share to empty bins, where a
/// logarithm would be infinite.
fn to_smooth_distribution(counts: &mut [f64]) {
    let total: f64 = counts.iter().sum();
    let mut smallest = f64::INFINITY;
    let mut filled = 0.0;
    for count in counts.iter_mut() {
        *count /= total;
        if *count > 0.0 {
            smallest = smallest.min(*count);
            filled += 1.0;
        }
    }
    let empty = counts.len() as f64 - filled;
    let share = smallest / (2.0 * counts.len() as f64);
    for count in counts {
        *count += if *count > 0.0 {
            -share * empty / filled
        } else {
            share
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> Histogram {
        Histogram {
            edges: (0..=1024).map(f64::from).collect(),
            counts: (0..1024).map(|bin| f64::from(1024 - bin)).collect(),
        }
    }

    fn at(threshold: f64) -> f64 {
        let quantizer = Quantizer::symmetric(threshold, false, 8);
        divergence(&ramp(), &quantizer, 0.0, threshold)
    }

    #[test]
    fn clipping_and_rounding_cost_and_ranges_that_see_nothing_are_no_choice() {
        assert!(at(1024.0) > 0.0, "four bins share a level");
        assert!(at(512.0) > at(1024.0), "a quarter of the values is clipped");
        assert_eq!(at(1.0), f64::INFINITY, "one bin");
        let beyond = Quantizer::uniform(2000.0, 3000.0, 8);
        assert_eq!(divergence(&ramp(), &beyond, 2000.0, 3000.0), f64::INFINITY);
    }

    #[test]
    fn a_distribution_that_a_quantizer_keeps_has_no_divergence() {
        let histogram = Histogram {
            edges: (0..=256).map(f64::from).collect(),
            counts: vec![3.0; 256],
        };
        let quantizer = Quantizer::symmetric(256.0, false, 8);
        let found = divergence(&histogram, &quantizer, 0.0, 257.0);
        assert!(found.abs() < 1e-12, "{found}");
    }
}
