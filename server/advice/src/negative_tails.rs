//! Swish and its like leave most levels below zero idle.

use configuration::{Choice, Code, Effort};
use localization::text;
use quantization::{ActivationParameters, Histogram, NegativeTail, negative_tails};
use serde_json::json;

use crate::evidence::Evidence;
use crate::words::{figure, reach};
use crate::{Proposal, advice};

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

pub(crate) fn advise(evidence: &Evidence) -> Vec<Proposal> {
    let settings = &evidence.settings.quantization;
    // Where it is left open, the job has tried it, unless it tries nothing.
    let tried = settings.effort != Effort::Fast;
    if settings.shift_negative_activation_correction == Choice::On
        || (settings.shift_negative_activation_correction == Choice::Auto && tried)
    {
        return Vec::new();
    }
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
    let allowed = settings.shift_negative_ratio;
    let within = |idle: &Idle| idle.share <= allowed;
    // A larger ratio is worth its mention where the present one would do nothing.
    let ratio = match found.iter().any(within) {
        true => {
            found.retain(within);
            allowed
        }
        false => {
            let largest = found.iter().fold(0.0f64, |most, idle| most.max(idle.share));
            // Two decimals, rounded up.
            (100.0 * largest).ceil() / 100.0
        }
    };
    found.sort_by(|a, b| a.used.total_cmp(&b.used));
    let Some(first) = found.first() else {
        return Vec::new();
    };
    let layers: Vec<String> = found.iter().map(|idle| idle.layer.clone()).collect();
    let seen = text!(
        "{layers} no further down than {smallest}, so that as few as {used:.0} of {levels} levels below zero are used",
        layers = reach(&layers),
        levels = LEVELS,
        smallest = figure(first.smallest),
        used = first.used.ceil(),
    );
    let help = match ratio > allowed {
        true => text!(
            "set `shift_negative_activation_correction` to true, which halves the step, and `shift_negative_ratio` to {ratio}"
        ),
        false => {
            text!("set `shift_negative_activation_correction` to true, which halves the step")
        }
    };
    let mut options = evidence.options.clone();
    options.shift_negative_ratio = Some(ratio);
    let proposal = advice(
        Code::IdleNegativeLevels,
        layers,
        "quantization.shift_negative_activation_correction",
        json!(true),
        text!("{seen}; {help}"),
    );
    vec![proposal.if_better(options)]
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
