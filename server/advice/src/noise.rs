//! Noise that was measured: of the answers, of the weights.

use std::collections::HashMap;

use configuration::{Choice, Code, Effort};
use graph::{Node, Op, TensorId};
use localization::{Phrase, Text, phrase, text};
use report::Layer;
use serde_json::json;
use tflite::{Encoding, QuantizedValues};

use crate::channels::reads_unbalanced;
use crate::evidence::Evidence;
use crate::overrides;
use crate::words::{names, percent};
use crate::{Proposal, advice};

/// Below this ratio (dB) noise is a tenth of the amplitude of the logits, and answers change.
const WEAK_LOGITS: f64 = 20.0;

/// The key that has the job search for layers to keep more exact, and what it may be set to.
const ACCURACY_BUDGET: &str = "quantization.accuracy_budget";

const EFFORT: &str = "quantization.effort";
const BUDGET: f64 = 1.0;

/// A layer adds noise if the ratio falls by this much (dB) in it.
const LOSS: f64 = 3.0;

/// Layers that are named for their loss.
const MOST: usize = 5;

/// Below this ratio (dB) weights are as in five or six bits.
const WEAK_WEIGHTS: f64 = 25.0;

pub(crate) fn advise(evidence: &Evidence) -> Vec<Proposal> {
    logits(evidence)
        .into_iter()
        .chain(weights(evidence))
        .collect()
}

fn logits(evidence: &Evidence) -> Option<Proposal> {
    let comparison = evidence.comparison?;
    let ratio = comparison
        .logits_sqnr_db
        .filter(|&ratio| ratio < WEAK_LOGITS)?;
    let mut losing: Vec<(f64, &Layer)> = evidence
        .layers
        .iter()
        .filter_map(|layer| Some((layer.sqnr_loss_db.filter(|&loss| loss > LOSS)?, layer)))
        .collect();
    losing.sort_by(|(a, first), (b, second)| {
        b.total_cmp(a).then(first.position.cmp(&second.position))
    });
    losing.truncate(MOST);
    let layers: Vec<String> = losing.iter().map(|(_, layer)| layer.name.clone()).collect();
    let where_lost = match losing.first() {
        Some((loss, _)) => text!(
            ", and most is lost in {layers} (up to {loss:.1} dB)",
            layers = names(&layers)
        ),
        None => Text::default(),
    };
    let wide = overrides::wide(evidence, &layers);
    let searched = evidence.settings.quantization.accuracy_budget.is_some();
    let fitted = evidence.settings.quantization.effort == Effort::Best;
    let (key, value, help) = match (wide, searched) {
        _ if !fitted => (
            EFFORT,
            Some(json!("best")),
            match searched {
                false => {
                    phrase!(
                        "; if that costs accuracy, set `effort` to \"best\", which fits the layers one after the other, or let `accuracy_budget` find those that need more bits"
                    )
                }
                true => {
                    phrase!(
                        "; if that costs accuracy, set `effort` to \"best\", which fits the layers one after the other"
                    )
                }
            },
        ),
        (Some(value), false) => (
            overrides::OVERRIDES,
            Some(value),
            phrase!(
                "; if that costs accuracy, let `accuracy_budget` find the layers that need more bits, or give these 16 in `overrides`"
            ),
        ),
        (Some(value), true) => (
            overrides::OVERRIDES,
            Some(value),
            phrase!("; if that costs accuracy, give these layers 16 bits in `overrides`"),
        ),
        (None, false) => (
            ACCURACY_BUDGET,
            Some(json!(BUDGET)),
            phrase!(
                "; if that costs accuracy, let `accuracy_budget` find the layers that need more bits"
            ),
        ),
        (None, true) => ("source_keras_model", None, Phrase::NONE),
    };
    let images = comparison.images;
    let message = match comparison.top_1_agreement {
        Some(agreement) => text!(
            "the logits of the int8 model are only {ratio:.1} dB above their noise, with the same answer on {part} of {images} images{where_lost}{help}",
            part = percent(agreement),
        ),
        None => text!(
            "the outputs of the int8 model are only {ratio:.1} dB above their noise on {images} images{where_lost}{help}"
        ),
    };
    Some(advice(Code::NoisyLogits, layers, key, value, message))
}

fn weights(evidence: &Evidence) -> Option<Proposal> {
    // There the errors of weights make up for each other, which no sum over single ones tells.
    if evidence.settings.quantization.weights_rounding_optimization == Choice::On {
        return None;
    }
    let layers: HashMap<&str, &Node> = evidence
        .model
        .graph
        .nodes()
        .iter()
        .filter(|node| node.op.has_kernel())
        .map(|node| (node.name.as_str(), node))
        .collect();
    let mut noisy: Vec<(f64, String)> = evidence
        .graph
        .nodes()
        .iter()
        .filter_map(|node| {
            let stored = layers.get(node.name.as_str())?.inputs.get(1)?;
            let ratio = kernel_ratio(evidence, node, *stored)?;
            let weak = ratio < WEAK_WEIGHTS && !reads_unbalanced(evidence, node);
            weak.then(|| (ratio, node.name.clone()))
        })
        .collect();
    noisy.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let &(worst, _) = noisy.first()?;
    let layers: Vec<String> = noisy.into_iter().map(|(_, name)| name).collect();
    let per_channel = evidence.settings.quantization.weights_per_channel_threshold;
    let (key, value, help) = match per_channel {
        false => (
            "quantization.weights_per_channel_threshold",
            Some(json!(true)),
            phrase!("; set `weights_per_channel_threshold` to true"),
        ),
        true => ("source_keras_model", None, Phrase::NONE),
    };
    let message = text!(
        "the weights of {layers} are as little as {worst:.1} dB above the noise of rounding them, by what they are multiplied with{help}",
        layers = names(&layers),
    );
    Some(advice(Code::NoisyWeights, layers, key, value, message))
}

/// Signal to rounding noise of a kernel (dB), by the mean of noise to signal over the output
/// channels. Each weight is counted by the variance of the input channel that it is multiplied
/// with, where that is known. `None` for an exact kernel.
fn kernel_ratio(evidence: &Evidence, node: &Node, stored: TensorId) -> Option<f64> {
    let kernel = evidence.graph.constant(*node.inputs.get(1)?)?;
    let Encoding::Quantized(constant) = evidence.model.encodings.get(stored) else {
        return None;
    };
    let QuantizedValues::Int8(values) = &constant.values else {
        return None;
    };
    let outputs = *kernel.shape().get(constant.axis)?;
    let behind: usize = kernel.shape().iter().skip(constant.axis + 1).product();
    let channels = *kernel.shape().last()?;
    let variances = match node.op {
        // In groups, the last axis is not the input's.
        Op::Conv2d { groups: 1, .. } | Op::TransposeConv2d { .. } | Op::FullyConnected => evidence
            .statistics
            .tensor(*node.inputs.first()?)
            .and_then(|seen| seen.channels.as_ref())
            .map(|channels| channels.variances.as_slice())
            .filter(|variances| variances.len() == channels),
        _ => None,
    };
    let mut sums = vec![(0.0, 0.0); outputs];
    for (index, (&weight, &value)) in kernel.iter().zip(values).enumerate() {
        let output = index / behind.max(1) % outputs.max(1);
        let scale = match constant.scales.as_slice() {
            [scale] => *scale,
            scales => *scales.get(output)?,
        };
        let importance = variances.map_or(1.0, |variances| variances[index % channels]);
        let (weight, rounded) = (f64::from(weight), f64::from(scale) * f64::from(value));
        let (signal, noise) = &mut sums[output];
        *signal += importance * weight * weight;
        *noise += importance * (weight - rounded).powi(2);
    }
    sums.retain(|&(signal, _)| signal > 0.0);
    let share = |&(signal, noise): &(f64, f64)| (noise / signal).min(1.0);
    let mean = sums.iter().map(share).sum::<f64>() / sums.len().max(1) as f64;
    (mean > 0.0).then(|| -10.0 * mean.log10())
}
