use crate::histogram::Histogram;

/// Smallest threshold, 2^-16.
pub(crate) const SMALLEST_THRESHOLD: f64 = 1.0 / 65536.0;

/// Number of powers of two tried.
const CANDIDATES: i32 = 20;

/// The power of two at which an 8-bit quantizer has the smallest mean squared error on the
/// histogram: `[-t, t - t/128]` in steps of `t/128` if `signed`, `[0, t - t/256]` in steps of
/// `t/256` otherwise. Candidates are twice the power of two that covers the largest edge, and 19
/// halvings of it; the largest of equals wins.
pub fn power_of_two_threshold(histogram: &Histogram, signed: bool) -> f64 {
    let largest = histogram
        .edges
        .iter()
        .fold(0.0f64, |largest, edge| largest.max(edge.abs()));
    let covering = largest.max(SMALLEST_THRESHOLD).log2().ceil().exp2();
    let mut best = (f64::INFINITY, covering);
    for halvings in 0..CANDIDATES {
        let threshold = 2.0 * covering / f64::from(halvings).exp2();
        if threshold < SMALLEST_THRESHOLD {
            break;
        }
        let error = squared_error(histogram, threshold, signed);
        if error < best.0 {
            best = (error, threshold);
        }
    }
    best.1
}

/// Sum of squared differences between the bins' left edges and their quantized values, weighted
/// by counts.
fn squared_error(histogram: &Histogram, threshold: f64, signed: bool) -> f64 {
    let (low, step) = if signed {
        (-threshold, threshold / 128.0)
    } else {
        (0.0, threshold / 256.0)
    };
    let high = threshold - step;
    histogram
        .edges
        .iter()
        .zip(&histogram.counts)
        .map(|(&edge, &count)| {
            let quantized = ((edge.clamp(low, high) - low) / step).round_ties_even() * step + low;
            (quantized - edge).powi(2) * count
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(values: impl Iterator<Item = f64>, min: f64, max: f64) -> Histogram {
        let width = (max - min) / 2048.0;
        let mut counts = vec![0.0; 2048];
        for value in values {
            counts[(((value - min) / width) as usize).min(2047)] += 1.0;
        }
        let edges = (0..=2048).map(|bin| min + f64::from(bin) * width).collect();
        Histogram { edges, counts }
    }

    #[test]
    fn uniform_data_get_the_power_of_two_that_covers_them() {
        let check = |max: f64, expected: f64| {
            let values = (0..100_000).map(|i| f64::from(i) / 100_000.0 * max);
            let histogram = histogram(values, 0.0, max);
            assert_eq!(power_of_two_threshold(&histogram, false), expected);
        };
        check(1.0, 1.0);
        check(0.9, 1.0);
        check(255.0, 256.0);
        check(3.0, 4.0);
    }

    #[test]
    fn a_long_thin_tail_is_clipped() {
        let body = (0..1_000_000).map(|i| (f64::from(i) / 1_000_000.0 * 2.0 - 1.0) * 0.9);
        let tail = std::iter::once(5.0);
        let histogram = histogram(body.chain(tail), -0.9, 5.0);
        assert_eq!(power_of_two_threshold(&histogram, true), 1.0);
    }

    #[test]
    fn nothing_but_zeros_still_gives_a_threshold() {
        let histogram = histogram([0.0; 10].into_iter(), -0.5, 0.5);
        assert!(power_of_two_threshold(&histogram, false) >= SMALLEST_THRESHOLD);
    }
}
