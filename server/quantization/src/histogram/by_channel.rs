//! Histograms of the channels of a tensor, from which that of the tensor follows whatever is
//! subtracted from its channels and whatever they are divided by.

use std::ops::Deref;

use super::bins::{SMALLEST_EXPONENT, add_to_wider, bin_exponent, bin_of, power_of_two};
use super::counts::{BINS, Histogram, count, edges};

/// Bins on each side of zero. After growth at least half of them are in use on one side.
const HALF: usize = 64;

/// Bins of a channel.
const WIDTH: usize = 2 * HALF;

/// One histogram a channel, each over bins of a power-of-two width of its own that start at
/// multiples of the width, so that doubling and merging lose nothing.
#[derive(Debug, Clone)]
pub(crate) struct ChannelHistograms {
    /// log2 of the bin width of each channel.
    exponents: Vec<i32>,
    /// Values that are zero, which fall into the bin above zero as well: behind a rectifier they are
    /// most, and no range rounds them.
    zeros: Vec<u32>,
    /// Counts of `[k * width, (k + 1) * width)` at index `k + HALF`.
    counts: Vec<[u32; WIDTH]>,
}

/// What becomes of the values of a tensor: `min((x - offset) / scale, ceiling)`, with an offset and
/// a positive scale for each channel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChannelMap {
    pub(crate) offset: Vec<f64>,
    pub(crate) scale: Vec<f64>,
    pub(crate) ceiling: f64,
}

impl ChannelMap {
    pub(crate) fn identity(channels: usize) -> Self {
        Self {
            offset: vec![0.0; channels],
            scale: vec![1.0; channels],
            ceiling: f64::INFINITY,
        }
    }

    /// What becomes of a value of each channel. A flattened map has its channels one after the other
    /// at each position, so that they come again without end.
    pub(crate) fn channels(&self) -> impl Iterator<Item = impl Fn(f64) -> f64> {
        let channels = self.offset.iter().zip(&self.scale).cycle();
        channels.map(move |(offset, scale)| {
            move |value: f64| ((value - offset) / scale).min(self.ceiling)
        })
    }
}

impl ChannelHistograms {
    pub(crate) fn new(channels: usize) -> Self {
        Self {
            exponents: vec![SMALLEST_EXPONENT; channels],
            zeros: vec![0; channels],
            counts: vec![[0; WIDTH]; channels],
        }
    }

    pub(crate) fn channels(&self) -> usize {
        self.exponents.len()
    }

    /// Counts finite rows of one value a channel, each `weight` times; no value of channel `c` is
    /// outside `[smallest[c], largest[c]]`.
    pub(crate) fn add<'a>(
        &mut self,
        rows: impl Iterator<Item = &'a [f32]>,
        (smallest, largest): (impl Deref<Target = [f32]>, impl Deref<Target = [f32]>),
        weight: u32,
    ) {
        let channels = self.exponents.iter_mut().zip(&mut self.counts);
        for ((exponent, counts), (smallest, largest)) in
            channels.zip(smallest.iter().zip(largest.iter()))
        {
            let wanted = bin_exponent(largest.max(-smallest), HALF);
            widen(counts, exponent, wanted);
        }
        let exponents = self.exponents.iter();
        let per_width: Vec<f32> = exponents.map(|&exponent| power_of_two(-exponent)).collect();
        let mut bins = vec![0u32; self.channels()];
        for row in rows {
            for ((bin, &value), &per_width) in bins.iter_mut().zip(row).zip(&per_width) {
                *bin = bin_of::<WIDTH>(value * per_width);
            }
            for (zeros, &value) in self.zeros.iter_mut().zip(row) {
                *zeros = zeros.saturating_add(if value == 0.0 { weight } else { 0 });
            }
            for (counts, &bin) in self.counts.iter_mut().zip(&bins) {
                // The compiler knows that there is such a bin.
                if let Some(count) = counts.get_mut(bin as usize % WIDTH) {
                    *count = count.saturating_add(weight);
                }
            }
        }
    }

    /// Adds the counts of other histograms of the same channels.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (zeros, &others) in self.zeros.iter_mut().zip(&other.zeros) {
            *zeros = zeros.saturating_add(others);
        }
        let channels = self.exponents.iter_mut().zip(&mut self.counts);
        let others = other.exponents.iter().zip(&other.counts);
        for ((exponent, counts), (&other_exponent, others)) in channels.zip(others) {
            widen(counts, exponent, other_exponent);
            let shift = *exponent - other_exponent;
            if shift == 0 {
                for (count, &other) in counts.iter_mut().zip(others) {
                    *count = count.saturating_add(other);
                }
            } else {
                add_to_wider(others, counts, shift, u32::saturating_add);
            }
        }
    }

    /// The histogram of the whole tensor over `[min, max]`, each channel mapped. `ranges` are those of
    /// the channels before that; values are evenly spread within the part of a bin in them.
    pub(crate) fn to_histogram(
        &self,
        map: &ChannelMap,
        ranges: &[[f64; 2]],
        (min, max): (f64, f64),
    ) -> Histogram {
        let mut spread = Spread::over(min, max);
        let counted = self.exponents.iter().zip(&self.zeros).zip(&self.counts);
        let channels = ranges.iter().zip(map.channels()).zip(counted);
        for ((&[low, high], apply), ((&exponent, &zeros), counts)) in channels {
            let width = f64::from(exponent).exp2();
            if zeros > 0 {
                spread.point(apply(0.0), f64::from(zeros));
            }
            for (bin, &count) in counts.iter().enumerate() {
                let count = count - if bin == HALF { zeros.min(count) } else { 0 };
                if count > 0 {
                    let start = (bin as f64 - HALF as f64) * width;
                    let within = |value: f64| apply(value.clamp(low, high));
                    spread.interval(within(start), within(start + width), f64::from(count));
                }
            }
        }
        spread.finish()
    }
}

/// Makes the bins of a channel as wide as the exponent says, where they are narrower.
fn widen(counts: &mut [u32; WIDTH], exponent: &mut i32, wanted: i32) {
    if wanted > *exponent {
        let mut wider = [0u32; WIDTH];
        add_to_wider(counts, &mut wider, wanted - *exponent, u32::saturating_add);
        *counts = wider;
        *exponent = wanted;
    }
}

/// Counts spread over equal bins. An interval takes the same time whatever it covers: `slopes` are
/// the differences of the whole bins' counts from their neighbours'.
struct Spread {
    edges: [f64; BINS + 1],
    per_width: f64,
    counts: Vec<f64>,
    slopes: Vec<f64>,
}

impl Spread {
    fn over(min: f64, max: f64) -> Self {
        let edges = edges(min, max);
        let per_width = BINS as f64 / (edges[BINS] - edges[0]);
        Self {
            edges,
            per_width,
            counts: vec![0.0; BINS],
            slopes: vec![0.0; BINS],
        }
    }

    /// Position of a value in bins, at most the number of bins.
    fn position(&self, value: f64) -> f64 {
        ((value - self.edges[0]) * self.per_width).clamp(0.0, BINS as f64)
    }

    fn point(&mut self, value: f64, amount: f64) {
        let bin = self.position(value) as usize;
        count(&mut self.counts, bin, amount);
    }

    fn interval(&mut self, start: f64, end: f64, amount: f64) {
        let (first, last) = (self.position(start), self.position(end));
        let density = amount / (last - first);
        let (first_bin, last_bin) = (first as usize, (last as usize).min(BINS - 1));
        if first_bin >= last_bin || !density.is_finite() {
            count(&mut self.counts, last_bin, amount);
            return;
        }
        let first_share = (first_bin + 1) as f64 - first;
        count(&mut self.counts, first_bin, density * first_share);
        count(
            &mut self.counts,
            last_bin,
            density * (last - last_bin as f64),
        );
        count(&mut self.slopes, first_bin + 1, density);
        count(&mut self.slopes, last_bin, -density);
    }

    fn finish(self) -> Histogram {
        let mut height = 0.0;
        let counts = self.counts.iter().zip(&self.slopes);
        let counts = counts.map(|(count, slope)| {
            height += slope;
            // Sums of what was added and taken away again end beside zero.
            let whole = if height > 1e-6 { height } else { 0.0 };
            count + whole
        });
        Histogram {
            counts: counts.collect(),
            edges: self.edges.to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of three channels of very different ranges, the middle one behind a rectifier.
    fn rows(count: usize) -> Vec<f32> {
        let value = |index: usize, factor: f32| (index as f32 * factor).sin();
        (0..count)
            .flat_map(|i| {
                [
                    value(i, 0.37) * 0.01,
                    (value(i, 0.71) * 5.0).max(0.0),
                    value(i, 0.13) * 300.0 + 100.0,
                ]
            })
            .collect()
    }

    fn ranges(rows: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let channel = |c: usize| rows.iter().skip(c).step_by(3).copied();
        let ends =
            |fold: fn(f32, f32) -> f32| (0..3).map(|c| channel(c).reduce(fold).unwrap()).collect();
        (ends(f32::min), ends(f32::max))
    }

    fn histograms(rows: &[f32], parts: usize) -> ChannelHistograms {
        let mut all = ChannelHistograms::new(3);
        for part in rows.chunks(rows.len() / parts) {
            let mut one = ChannelHistograms::new(3);
            let (low, high) = ranges(part);
            one.add(part.chunks(3), (&low[..], &high[..]), 1);
            all.merge(&one);
        }
        all
    }

    fn mapped(rows: &[f32], map: &ChannelMap) -> (Vec<f32>, Histogram) {
        let (low, high) = ranges(rows);
        let ranges: Vec<[f64; 2]> = low
            .iter()
            .zip(&high)
            .map(|(&l, &h)| [l.into(), h.into()])
            .collect();
        let values: Vec<f32> = rows
            .iter()
            .zip(map.channels())
            .map(|(&value, apply)| apply(value.into()) as f32)
            .collect();
        let ends = values
            .iter()
            .fold((f32::MAX, f32::MIN), |(l, h), &v| (l.min(v), h.max(v)));
        let ends = (f64::from(ends.0), f64::from(ends.1));
        let found = histograms(rows, 1).to_histogram(map, &ranges, ends);
        (values, found)
    }

    /// The largest difference between the cumulative shares of two histograms with the same edges.
    fn distance(a: &Histogram, b: &Histogram) -> f64 {
        let (mut sum_a, mut sum_b, mut farthest) = (0.0, 0.0, 0.0f64);
        let total: f64 = a.counts.iter().sum();
        for (a, b) in a.counts.iter().zip(&b.counts) {
            sum_a += a / total;
            sum_b += b / total;
            farthest = farthest.max((sum_a - sum_b).abs());
        }
        farthest
    }

    #[test]
    fn a_tensor_has_the_sum_of_its_channels_whatever_they_are_mapped_to() {
        let check = |offset: [f64; 3], scale: [f64; 3], ceiling: f64| {
            let map = ChannelMap {
                offset: offset.to_vec(),
                scale: scale.to_vec(),
                ceiling,
            };
            let (values, found) = mapped(&rows(5000), &map);
            assert!((found.counts.iter().sum::<f64>() - 15_000.0).abs() < 1e-3);
            assert!(found.counts.iter().all(|&count| count >= 0.0));
            let distance = distance(&found, &Histogram::of(&values));
            // A bin of a channel is at most a thirty-second of its range.
            assert!(distance < 1.0 / 32.0, "{offset:?} {scale:?}: {distance}");
        };
        check([0.0; 3], [1.0; 3], f64::INFINITY);
        check([0.0; 3], [0.01, 5.0, 300.0], f64::INFINITY);
        check([0.0, 0.0, 100.0], [0.01, 5.0, 300.0], f64::INFINITY);
        check([0.0; 3], [0.005, 5.0, 100.0], 1.0);
    }

    #[test]
    fn zeros_stay_in_one_bin() {
        let map = ChannelMap {
            scale: vec![1.0, 0.1, 1.0],
            ..ChannelMap::identity(3)
        };
        let rows = rows(999);
        let zeros = rows
            .iter()
            .skip(1)
            .step_by(3)
            .filter(|&&value| value == 0.0)
            .count();
        let (_, found) = mapped(&rows, &map);
        let bin = found.edges.partition_point(|&edge| edge <= 0.0) - 1;
        assert!(
            found.counts[bin] >= zeros as f64,
            "{} of {zeros}",
            found.counts[bin]
        );
    }

    #[test]
    fn grouping_and_weights_do_not_matter() {
        let rows = rows(600);
        let whole = histograms(&rows, 1);
        let merged = histograms(&rows, 5);
        assert_eq!(whole.exponents, merged.exponents);
        assert_eq!(whole.zeros, merged.zeros);
        // Sums within wider bins may round to the other side of an edge.
        let flat = |all: &ChannelHistograms| all.counts.as_flattened().to_vec();
        let differences = flat(&whole).into_iter().zip(flat(&merged));
        let moved: u32 = differences.map(|(a, b)| a.abs_diff(b)).sum();
        assert!(moved <= 4, "{moved}");
        let (low, high) = ranges(&rows);
        let mut twice = ChannelHistograms::new(3);
        twice.add(rows.chunks(3), (&low[..], &high[..]), 2);
        let counts = flat(&twice).into_iter().zip(flat(&whole));
        assert!(counts.into_iter().all(|(a, b)| a == 2 * b));
    }
}
