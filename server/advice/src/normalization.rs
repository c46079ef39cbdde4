//! Inputs that do not fit what the model does to them first.

use configuration::Code;
use graph::passes;
use localization::text;

use crate::evidence::Evidence;
use crate::unfamiliar;
use crate::words::{figure, make};
use crate::{Proposal, advice};

/// Behind a normalization that fits, the deviation is between 0.2 (pixels in [0, 1]) and about one.
const SMALLEST_DEVIATION: f64 = 0.02;

/// Behind a normalization that fits, the mean is at most a few deviations away from zero.
const FARTHEST_MEAN: f64 = 20.0;

pub(crate) fn advise(evidence: &Evidence) -> Vec<Proposal> {
    // A model that normalizes twice sees unfamiliar inputs too, for a better known reason.
    let found = built_in(evidence).or_else(|| unfamiliar::advise(evidence));
    found.into_iter().collect()
}

/// A model that normalizes its input itself, and gets it normalized already.
fn built_in(evidence: &Evidence) -> Option<Proposal> {
    let normalization = passes::input_normalization(evidence.source)?;
    let changes = normalization.scale.iter().any(|&scale| scale != 1.0)
        || normalization.offset.iter().any(|&offset| offset != 0.0);
    if normalization.nodes.is_empty() || !changes {
        return None;
    }
    let channels = evidence.calibration.channels();
    if normalization.scale.len() != channels {
        return None;
    }
    let behind: Vec<(f64, f64)> = (0..channels)
        .map(|channel| {
            let (mean, deviation) = evidence.calibration.channel(channel);
            let scale = normalization.scale[channel];
            (
                scale * mean + normalization.offset[channel],
                scale.abs() * deviation,
            )
        })
        .collect();
    let squeezed = |&(mean, deviation): &(f64, f64)| {
        deviation < SMALLEST_DEVIATION || mean.abs() > FARTHEST_MEAN * deviation
    };
    // One channel may be constant.
    if !behind.iter().all(squeezed) {
        return None;
    }
    let (mean, deviation) = behind.first()?;
    let layers = of_nodes(&normalization.nodes);
    let message = text!(
        "{layers} the input of mean {mean} and deviation {deviation} one of mean {then} and deviation {spread}, so it is normalized twice; leave it as pixels from 0 to 255",
        layers = make(&layers),
        mean = figure(evidence.calibration.channel(0).0),
        deviation = figure(evidence.calibration.channel(0).1),
        then = figure(*mean),
        spread = figure(*deviation),
    );
    let (key, value) = unfamiliar::setting(evidence, "none")?;
    Some(advice(
        Code::UnfittingNormalization,
        layers,
        key,
        value,
        message,
    ))
}

/// Names of the layers of nodes: a layer of several has a part's name behind a slash.
fn of_nodes(nodes: &[String]) -> Vec<String> {
    let mut layers: Vec<String> = nodes
        .iter()
        .map(|node| node.split('/').next().unwrap_or(node).to_owned())
        .collect();
    layers.dedup();
    layers
}
