//! Range of an activation tensor's quantizer, chosen on the histogram of its values.

mod divergence;
mod error;

use crate::histogram::Histogram;
use crate::options::{ActivationMethod, ActivationSettings, ErrorMethod};
use crate::parameters::ActivationParameters;
use crate::quantizer::Quantizer;
use crate::search::{Sweeps, best_power_of_two, best_range, best_threshold, covering_power_of_two};
use crate::statistics::TensorStatistics;

use divergence::bin_count;
#[cfg(test)]
pub(crate) use divergence::divergence;
use error::Bins;

/// Number of powers of two tried.
const POWERS_OF_TWO: i32 = 20;

/// Sweeps over thresholds of a symmetric range.
const THRESHOLD_SWEEPS: Sweeps = Sweeps {
    count: 20,
    narrowing: 4,
};

/// Sweeps over ranges with two free ends, and candidates for each end in a sweep.
const RANGE_SWEEPS: usize = 30;
const RANGE_SAMPLES: usize = 12;

const BITS: u32 = 8;

/// The range that a quantizer represents.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum ActivationRange {
    /// `[-threshold, threshold)` if `signed`, else `[0, threshold)`.
    Threshold {
        /// Largest magnitude, positive.
        threshold: f64,
        /// Whether negative values are represented.
        signed: bool,
    },
    /// `[low, high]`, widened up to zero where it lies beside it.
    Ends {
        /// Lowest value.
        low: f64,
        /// Highest value.
        high: f64,
    },
}

/// Chooses the range of a tensor from its histogram.
///
/// A range with two free ends holds zero. The formulas are those of Sony's Model Compression
/// Toolkit; `docs/quantization.md` says where and why they differ.
pub(crate) fn activation_range(
    histogram: &Histogram,
    settings: &ActivationSettings,
) -> ActivationRange {
    let filtered;
    let histogram = if settings.z_threshold.is_finite() {
        filtered = histogram.without_outliers(settings.z_threshold);
        &filtered
    } else {
        histogram
    };
    let signed = histogram.is_signed();
    let Some(extent) = histogram.extent() else {
        return ActivationRange::Threshold {
            threshold: 1.0,
            signed: false,
        };
    };
    let threshold = |threshold| ActivationRange::Threshold { threshold, signed };
    match settings.method {
        ActivationMethod::PowerOfTwo => {
            threshold(power_of_two(histogram, signed, extent, settings))
        }
        ActivationMethod::Symmetric => threshold(symmetric(histogram, signed, extent, settings)),
        ActivationMethod::Uniform => {
            let (low, high) = uniform(histogram, extent, settings);
            ActivationRange::Ends { low, high }
        }
    }
}

/// Parameters of an observed tensor.
pub(crate) fn parameters(
    statistics: &TensorStatistics,
    settings: &ActivationSettings,
) -> ActivationParameters {
    if statistics.min == 0.0 && statistics.max == 0.0 {
        // Any scale represents a tensor of zeros; a small one would overflow the next bias.
        return ActivationParameters::from_threshold(1.0, false);
    }
    match activation_range(&statistics.histogram, settings) {
        ActivationRange::Threshold { threshold, signed } => {
            ActivationParameters::from_threshold(threshold, signed)
        }
        ActivationRange::Ends { low, high } => ActivationParameters::from_ends(low, high),
    }
}

fn power_of_two(
    histogram: &Histogram,
    signed: bool,
    extent: (f64, f64),
    settings: &ActivationSettings,
) -> f64 {
    let covering = |largest: f64| covering_power_of_two(largest.max(settings.min_threshold));
    if let Some(magnitude) = covered(histogram, extent, settings) {
        return covering(magnitude);
    }
    let largest = histogram
        .edges
        .iter()
        .fold(0.0f64, |largest, edge| largest.max(edge.abs()));
    let covering = covering(largest);
    let bins = Bins::new(histogram);
    best_power_of_two(
        covering,
        POWERS_OF_TWO,
        settings.min_threshold,
        |threshold| {
            let (quantizer, range) = quantizer(threshold, signed);
            // With fewer bins than levels, rounding is invisible and the divergence sees clipping
            // only; at one bin it would be zero, and the smallest threshold the best.
            let blind = settings.error_method == ErrorMethod::Kl
                && threshold < covering
                && bin_count(histogram, range.0, range.1) < 1 << BITS;
            if blind {
                return f64::INFINITY;
            }
            bins.error(settings.error_method, &quantizer, range)
        },
    )
}

fn symmetric(
    histogram: &Histogram,
    signed: bool,
    extent: (f64, f64),
    settings: &ActivationSettings,
) -> f64 {
    if let Some(magnitude) = covered(histogram, extent, settings) {
        return magnitude.max(settings.min_threshold);
    }
    let ends = histogram.edges.iter().skip(1).zip(&histogram.counts);
    let start = ends
        .filter(|&(_, &count)| count > 0.0)
        .fold(settings.min_threshold, |start, (edge, _)| {
            start.max(edge.abs())
        });
    let bins = Bins::new(histogram);
    let found = best_threshold(start, THRESHOLD_SWEEPS, |threshold| {
        let (quantizer, range) = quantizer(threshold, signed);
        bins.error(settings.error_method, &quantizer, range)
    });
    found.max(settings.min_threshold)
}

fn uniform(
    histogram: &Histogram,
    (low, high): (f64, f64),
    settings: &ActivationSettings,
) -> (f64, f64) {
    let (low, high) = match settings.error_method {
        ErrorMethod::NoClipping => (low, high),
        ErrorMethod::Percentile(percentage) => histogram.central_interval(percentage),
        method => {
            let bins = Bins::new(histogram);
            best_range((low, high), RANGE_SAMPLES, RANGE_SWEEPS, |low, high| {
                let quantizer = Quantizer::uniform(low, high, BITS);
                bins.error(method, &quantizer, (low, high))
            })
        }
    };
    let (low, high) = (low.min(0.0), high.max(0.0));
    // The width that a symmetric range of the smallest threshold has.
    (low, high.max(low + settings.min_threshold))
}

/// Signed threshold with the smallest divergence, for values that are no activations.
pub(crate) fn divergence_threshold(histogram: &Histogram, power_of_two_only: bool) -> f64 {
    let settings = ActivationSettings {
        error_method: ErrorMethod::Kl,
        ..ActivationSettings::default()
    };
    // Where nothing was counted, the smallest threshold covers it.
    let extent = histogram.extent().unwrap_or((0.0, 0.0));
    if power_of_two_only {
        power_of_two(histogram, true, extent, &settings)
    } else {
        symmetric(histogram, true, extent, &settings)
    }
}

fn quantizer(threshold: f64, signed: bool) -> (Quantizer, (f64, f64)) {
    let low = if signed { -threshold } else { 0.0 };
    let quantizer = Quantizer::symmetric(threshold, signed, BITS);
    (quantizer, (low, threshold))
}

/// The magnitude that a threshold has to cover, where that needs no search.
fn covered(
    histogram: &Histogram,
    (low, high): (f64, f64),
    settings: &ActivationSettings,
) -> Option<f64> {
    match settings.error_method {
        ErrorMethod::NoClipping => Some(low.abs().max(high.abs())),
        ErrorMethod::Percentile(percentage) => Some(histogram.magnitude_percentile(percentage)),
        _ => None,
    }
}
