//! What a quantizer costs the values of a histogram.

use crate::histogram::Histogram;
use crate::options::ErrorMethod;
use crate::quantizer::Quantizer;

use super::divergence::divergence;

/// Bins that hold values: left edge and share of all values.
///
/// As in Sony's Model Compression Toolkit, a bin stands for its left edge, so that the zeros of a
/// rectified tensor stay zeros.
pub(super) struct Bins<'a> {
    histogram: &'a Histogram,
    values: Vec<(f64, f64)>,
}

impl<'a> Bins<'a> {
    pub(super) fn new(histogram: &'a Histogram) -> Self {
        let total: f64 = histogram.counts.iter().sum();
        let bins = histogram.edges.iter().zip(&histogram.counts);
        Self {
            histogram,
            values: bins
                .filter(|&(_, &count)| count > 0.0)
                .map(|(&edge, &count)| (edge, count / total))
                .collect(),
        }
    }

    /// The error of a quantizer that represents `[low, high]`.
    pub(super) fn error(
        &self,
        method: ErrorMethod,
        quantizer: &Quantizer,
        (low, high): (f64, f64),
    ) -> f64 {
        match method {
            ErrorMethod::Mse | ErrorMethod::NoClipping | ErrorMethod::Percentile(_) => {
                self.mean(quantizer, |e| e * e)
            }
            ErrorMethod::Mae => self.mean(quantizer, f64::abs),
            ErrorMethod::Lp(power) => self.mean(quantizer, |e| e.abs().powf(power)),
            ErrorMethod::Kl => divergence(self.histogram, quantizer, low, high),
        }
    }

    fn mean(&self, quantizer: &Quantizer, cost: impl Fn(f64) -> f64) -> f64 {
        self.values
            .iter()
            .map(|&(edge, share)| cost(quantizer.round(edge) - edge) * share)
            .sum()
    }
}
