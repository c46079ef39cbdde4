//! Swish and its like leave most levels below zero idle.

use configuration::Code;
use quantization::{ActivationParameters, Histogram, NegativeTail, negative_tails};
use report::Advice;
use serde_json::json;

use crate::advice;
use crate::evidence::Evidence;
use crate::words::{figure, names, plural};

/// Levels below zero of a signed quantizer.
const LEVELS: f64 = 128.0;

/// Tails of a larger share of the threshold are no small ones.
const LARGEST_SHARE: f64 = 0.25;

/// The mean squared error falls to this part at least, clipped values on the other side counted: a
/// quarter would be the best that half the step can do.
const PART_OF_ERROR: f64 = 0.5;

/// A tail that costs more than it needs to.
struct Idle {
    layer: String,
    /// Levels below zero that are used.
    used: f64,
    smallest: f64,
    /// The tail as a share of the threshold.
    share: f64,
}

pub(crate) fn advise(evidence: &Evidence) -> Vec<Advice> {
    let producers = evidence.producers();
    let present = |tensor| evidence.parameters(tensor);
    let tails = negative_tails(evidence.graph, evidence.statistics, present, LARGEST_SHARE);
    let idle = |tail: &NegativeTail| {
        let (_, shifted) = *tail
            .shifted
            .iter()
            .find(|(tensor, _)| *tensor == tail.tensor)?;
        let histogram = &evidence.statistics.tensor(tail.tensor)?.histogram;
        let present = present(tail.tensor)?;
        let pays = error(histogram, shifted) < PART_OF_ERROR * error(histogram, present);
        let used = -tail.smallest / f64::from(present.scale);
        let layer = producers.get(&tail.tensor)?.name.clone();
        pays.then_some(Idle {
            layer,
            used,
            smallest: tail.smallest,
            share: used / LEVELS,
        })
    };
    let mut found: Vec<Idle> = tails.iter().filter_map(idle).collect();
    found.sort_by(|a, b| a.used.total_cmp(&b.used));
    let (Some(first), Some(last)) = (found.first(), found.last()) else {
        return Vec::new();
    };
    let layers: Vec<String> = found.iter().map(|idle| idle.layer.clone()).collect();
    let seen = format!(
        "{} {} no further down than {}, so that as few as {:.0} of {LEVELS} levels below zero are used",
        names(&layers),
        plural(layers.len(), "reaches", "reach"),
        figure(first.smallest),
        first.used.ceil(),
    );
    // Two decimals, rounded up.
    let ratio = (100.0 * last.share).ceil() / 100.0;
    let settings = &evidence.settings.quantization;
    let too_small = ratio > settings.shift_negative_ratio;
    let (key, value, help) = if settings.shift_negative_activation_correction {
        (
            "quantization.shift_negative_ratio",
            json!(ratio),
            format!("set `shift_negative_ratio` to {ratio}, which halves the step"),
        )
    } else {
        let mut help =
            "set `shift_negative_activation_correction` to true, which halves the step".to_owned();
        if too_small {
            help += &format!(", and `shift_negative_ratio` to {ratio}");
        }
        (
            "quantization.shift_negative_activation_correction",
            json!(true),
            help,
        )
    };
    vec![advice(
        Code::IdleNegativeLevels,
        layers,
        key,
        value,
        format!("{seen}; {help}"),
    )]
}

/// Mean squared error of a quantizer: of rounding, and of what lies outside its range.
fn error(histogram: &Histogram, parameters: ActivationParameters) -> f64 {
    let (low, high) = (parameters.real(-128), parameters.real(127));
    let step = f64::from(parameters.scale);
    let (mut sum, mut total) = (0.0, 0.0);
    for (count, edges) in histogram.counts.iter().zip(histogram.edges.windows(2)) {
        let value = (edges[0] + edges[1]) / 2.0;
        let clipped = value - value.clamp(low, high);
        sum += count * (step * step / 12.0 + clipped * clipped);
        total += count;
    }
    sum / total
}
