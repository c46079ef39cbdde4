use super::bins::{SMALLEST_EXPONENT, add_to_wider, bin_exponent, bin_of, power_of_two};
use super::counts::Histogram;

/// A histogram whose bins double in width whenever a value falls outside. Bin widths are powers of
/// two and bins start at multiples of the width, so doubling and merging lose nothing.
#[derive(Debug, Clone)]
pub(crate) struct GrowingHistogram {
    /// log2 of the bin width.
    exponent: i32,
    /// Counts of `[k * width, (k + 1) * width)` at index `k + HALF`.
    counts: Vec<u64>,
}

/// Bins on each side of zero. After growth at least half of them are in use on one side.
const HALF: usize = 4096;

/// Bins in all.
const WIDTH: usize = 2 * HALF;

/// Tables that one tensor's values are counted in before they join the totals; all zero between
/// uses. Two in turn, because neighbouring activations often share a bin, and adding to the same
/// address twice in a row stalls.
#[derive(Debug, Clone)]
pub(crate) struct Scratch {
    even: Box<[u32; WIDTH]>,
    odd: Box<[u32; WIDTH]>,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        Self {
            even: Box::new([0; WIDTH]),
            odd: Box::new([0; WIDTH]),
        }
    }
}

impl GrowingHistogram {
    pub(crate) fn new() -> Self {
        Self {
            exponent: SMALLEST_EXPONENT,
            counts: vec![0; WIDTH],
        }
    }

    /// Counts finite values in `[min, max]`, each `weight` times.
    pub(crate) fn add(
        &mut self,
        values: &[f32],
        (min, max): (f32, f32),
        weight: u32,
        scratch: &mut Scratch,
    ) {
        self.widen_to(max.max(-min));
        let per_width = power_of_two(-self.exponent);
        let bin = |value: f32| bin_of::<WIDTH>(value * per_width) as usize;
        let count = |table: &mut [u32; WIDTH], value: f32| {
            if let Some(count) = table.get_mut(bin(value)) {
                *count += 1;
            }
        };
        let Scratch { even, odd } = scratch;
        let (lowest, highest) = (bin(min), bin(max));
        // Fewer values than a u32 can count.
        for block in values.chunks(1 << 30) {
            let (pairs, rest) = block.as_chunks::<2>();
            for &[first, second] in pairs {
                count(even, first);
                count(odd, second);
            }
            for &value in rest {
                count(even, value);
            }
            let tables = even.iter_mut().zip(odd.iter_mut());
            let totals = self.counts.iter_mut().zip(tables);
            for (total, (even, odd)) in totals.take(highest + 1).skip(lowest) {
                *total += u64::from(*even + *odd) * u64::from(weight);
                (*even, *odd) = (0, 0);
            }
        }
    }

    /// Adds the counts of another histogram.
    pub(crate) fn merge(&mut self, other: &Self) {
        if other.exponent > self.exponent {
            self.double(other.exponent - self.exponent);
        }
        let shift = self.exponent - other.exponent;
        add_to_wider(&other.counts, &mut self.counts, shift, u64::saturating_add);
    }

    /// The counts over their own bins.
    pub(crate) fn to_histogram(&self) -> Histogram {
        let width = f64::from(self.exponent).exp2();
        Histogram {
            edges: (0..=WIDTH)
                .map(|index| (index as f64 - HALF as f64) * width)
                .collect(),
            counts: self.counts.iter().map(|&count| count as f64).collect(),
        }
    }

    fn widen_to(&mut self, largest: f32) {
        let exponent = bin_exponent(largest, HALF);
        if exponent > self.exponent {
            self.double(exponent - self.exponent);
        }
    }

    fn double(&mut self, times: i32) {
        let mut wider = vec![0; WIDTH];
        add_to_wider(&self.counts, &mut wider, times, u64::saturating_add);
        self.counts = wider;
        self.exponent += times;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::histogram::counts::BINS;

    fn histogram_of(batches: &[&[f32]]) -> GrowingHistogram {
        let mut histogram = GrowingHistogram::new();
        for batch in batches {
            let range = batch
                .iter()
                .fold((0.0f32, 0.0f32), |(lo, hi), &v| (lo.min(v), hi.max(v)));
            histogram.add(batch, range, 1, &mut Scratch::new());
        }
        histogram
    }

    fn total(histogram: &Histogram) -> f64 {
        histogram.counts.iter().sum()
    }

    #[test]
    fn values_fall_between_their_edges() {
        let check = |values: &[f32]| {
            let histogram = histogram_of(&[values]).to_histogram();
            for &value in values {
                let value = f64::from(value);
                // The index is computed in f32, which rounds at 2^-11 of a bin.
                let bin = histogram
                    .counts
                    .iter()
                    .zip(histogram.edges.windows(2))
                    .position(|(&count, edges)| {
                        let slack = (edges[1] - edges[0]) / 1024.0;
                        count > 0.0 && edges[0] - slack <= value && value < edges[1] + slack
                    });
                assert!(bin.is_some(), "{value} is in no counted bin");
            }
            assert_eq!(total(&histogram), values.len() as f64);
        };
        check(&[0.0, 1.0, -1.0, 0.25, 3.999]);
        check(&[-1e-30, 1e30]);
        check(&[1e-38, -1e-38]);
        check(&[f32::MAX, f32::MIN]);
    }

    #[test]
    fn order_and_grouping_do_not_matter() {
        let (a, b): (&[f32], &[f32]) = (&[0.1, -0.2, 0.7], &[900.0, -3.0, 0.0]);
        let together = histogram_of(&[a, b]).to_histogram();
        assert_eq!(together, histogram_of(&[b, a]).to_histogram());
        let mut merged = histogram_of(&[a]);
        merged.merge(&histogram_of(&[b]));
        assert_eq!(together, merged.to_histogram());
        let mut merged = histogram_of(&[b]);
        merged.merge(&histogram_of(&[a]));
        assert_eq!(together, merged.to_histogram());
    }

    #[test]
    fn a_weight_counts_a_value_that_often() {
        let mut weighted = GrowingHistogram::new();
        weighted.add(&[0.5, 2.0], (0.5, 2.0), 3, &mut Scratch::new());
        let repeated = histogram_of(&[&[0.5, 2.0], &[0.5, 2.0], &[0.5, 2.0]]);
        assert_eq!(weighted.to_histogram(), repeated.to_histogram());
    }

    #[test]
    fn a_new_range_keeps_the_counts() {
        let values: Vec<f32> = (0..10_000).map(|i| (i as f32 * 0.37).sin() * 5.0).collect();
        let (min, max) = values
            .iter()
            .fold((0.0f32, 0.0f32), |(lo, hi), &v| (lo.min(v), hi.max(v)));
        let histogram = histogram_of(&[&values])
            .to_histogram()
            .with_range(f64::from(min), f64::from(max));
        assert_eq!(histogram.counts.len(), BINS);
        assert_eq!(histogram.edges.len(), BINS + 1);
        assert!((total(&histogram) - 10_000.0).abs() < 1e-6);
        assert!(histogram.counts.iter().all(|&count| count > -1e-9));
        // An arcsine distribution has its mass at the ends.
        let (first, middle) = (histogram.counts[0], histogram.counts[BINS / 2]);
        assert!(first > 10.0 * middle, "{first} against {middle}");
    }
}
