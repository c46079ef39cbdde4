//! Channels of one tensor with ranges orders of magnitude apart: one scale suits the widest only.

use configuration::{Choice, Code};
use graph::passes::channel_groups;
use graph::{Constant, Node, Op};
use localization::{Phrase, phrase, text};
use quantization::ChannelMoments;
use serde_json::{Value, json};

use crate::evidence::Evidence;
use crate::overrides;
use crate::words::{figure, names};
use crate::{Proposal, advice};

/// What reaches the next layer is less than this far above the rounding noise (dB).
const TOO_LITTLE: f64 = 20.0;

/// Balanced channels would lower the noise by this much (dB): two bits.
const GAIN: f64 = 12.0;

/// What one scale for all channels of a layer's input does to its output.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Balance {
    /// Signal to rounding noise (dB).
    sqnr: f64,
    /// How much higher it would be if each channel had a step in proportion to its values (dB).
    gain: f64,
    /// Root mean square of the largest and the median channel.
    extremes: [f64; 2],
}

/// A layer that reads such a tensor.
struct Reader<'a> {
    node: &'a Node,
    /// What writes the tensor.
    producer: String,
    balance: Balance,
}

pub(crate) fn advise(evidence: &Evidence) -> Vec<Proposal> {
    let producers = evidence.producers();
    let mut found: Vec<Reader> = Vec::new();
    for node in evidence.graph.nodes() {
        if let Some(balance) = unbalanced(evidence, node) {
            let input = producers.get(&node.inputs[0]);
            let producer = input.map_or(&node.name, |producer| &producer.name);
            if found.iter().all(|other| other.producer != *producer) {
                let producer = producer.clone();
                found.push(Reader {
                    node,
                    producer,
                    balance,
                });
            }
        }
    }
    found.sort_by(|a, b| a.balance.sqnr.total_cmp(&b.balance.sqnr));
    let (equalizable, others) = split(evidence, found);
    let equalizable = piece(
        &equalizable,
        "quantization.cross_layer_equalization",
        Some(json!(true)),
        phrase!("set `cross_layer_equalization` to true"),
    );
    let layers: Vec<String> = others.iter().map(|other| other.producer.clone()).collect();
    let others = match overrides::wide(evidence, &layers) {
        Some(value) => piece(
            &others,
            overrides::OVERRIDES,
            Some(value),
            phrase!("equalization does not reach them, so give them 16 bits in `overrides`"),
        ),
        None => piece(
            &others,
            "source_keras_model",
            None,
            phrase!("equalization does not reach them"),
        ),
    };
    equalizable.into_iter().chain(others).collect()
}

/// The readers whose input equalization would scale, and those that it cannot help.
fn split<'a>(evidence: &Evidence, found: Vec<Reader<'a>>) -> (Vec<Reader<'a>>, Vec<Reader<'a>>) {
    if evidence.settings.quantization.cross_layer_equalization != Choice::Off {
        return (Vec::new(), found);
    }
    let groups = channel_groups(evidence.graph);
    let reached = |tensor| groups.iter().any(|group| group.tensors.contains(&tensor));
    found
        .into_iter()
        .partition(|reader| reached(reader.node.inputs[0]))
}

fn piece(found: &[Reader], key: &str, value: Option<Value>, help: Phrase) -> Option<Proposal> {
    let worst = found.first()?.balance;
    let layers: Vec<String> = found.iter().map(|reader| reader.producer.clone()).collect();
    let [largest, median] = worst.extremes;
    let message = text!(
        "channels of {layers} have values up to {largest} in the widest and {median} in the median one, which one scale leaves {present} dB above its noise where balanced ones would have {balanced} dB; {help}",
        layers = names(&layers),
        largest = figure(largest),
        median = figure(median),
        present = figure(worst.sqnr),
        balanced = figure(worst.sqnr + worst.gain),
    );
    Some(advice(
        Code::UnbalancedChannels,
        layers,
        key,
        value,
        message,
    ))
}

/// Whether the channels of a layer's input are out of balance, which spoils its weights too.
pub(crate) fn reads_unbalanced(evidence: &Evidence, node: &Node) -> bool {
    unbalanced(evidence, node).is_some()
}

fn unbalanced(evidence: &Evidence, node: &Node) -> Option<Balance> {
    let balance = balance_of(evidence, node)?;
    (balance.sqnr < TOO_LITTLE && balance.gain > GAIN).then_some(balance)
}

fn balance_of(evidence: &Evidence, node: &Node) -> Option<Balance> {
    let input = *node.inputs.first()?;
    let moments = evidence.statistics.tensor(input)?.channels.as_ref()?;
    let kernel = evidence.graph.constant(*node.inputs.get(1)?)?;
    let weights = squares(&node.op, kernel, moments.means.len())?;
    balance(moments, &weights, evidence.stored(input)?.scale)
}

/// For each input channel the sum of the squares of the weights that it is multiplied with.
fn squares(op: &Op, kernel: &Constant, channels: usize) -> Option<Vec<f64>> {
    if let Op::DepthwiseConv2d { multiplier, .. } = *op {
        let outputs = channels * multiplier;
        if outputs == 0 || kernel.shape().last() != Some(&outputs) {
            return None;
        }
        let mut sums = vec![0.0; channels];
        for (position, &weight) in kernel.iter().enumerate() {
            sums[position % outputs / multiplier] += f64::from(weight).powi(2);
        }
        return Some(sums);
    }
    let groups = match *op {
        Op::Conv2d { groups, .. } => groups,
        Op::TransposeConv2d { .. } | Op::FullyConnected => 1,
        _ => return None,
    };
    let outputs = *kernel.shape().first()?;
    let in_group = *kernel.shape().last()?;
    if groups == 0 || outputs % groups != 0 || groups * in_group != channels {
        return None;
    }
    let mut sums = vec![0.0; channels];
    for (output, weights) in kernel.outer_iter().enumerate() {
        let first = output / (outputs / groups) * in_group;
        for (position, &weight) in weights.iter().enumerate() {
            sums[first + position % in_group] += f64::from(weight).powi(2);
        }
    }
    Some(sums)
}

fn balance(moments: &ChannelMoments, weights: &[f64], step: f64) -> Option<Balance> {
    let ChannelMoments {
        means, variances, ..
    } = moments;
    if variances.len() != weights.len() || means.len() != weights.len() {
        return None;
    }
    let squares: Vec<f64> = means
        .iter()
        .zip(variances)
        .map(|(mean, variance)| mean * mean + variance)
        .collect();
    let largest = squares.iter().copied().fold(0.0, f64::max);
    let noise = step * step / 12.0;
    let (mut signal, mut rounded, mut balanced) = (0.0, 0.0, 0.0);
    for channel in 0..weights.len() {
        let weight = weights[channel];
        signal += weight * variances[channel];
        // A channel below half a step becomes zero and loses no more than it has.
        rounded += weight * noise.min(squares[channel]);
        balanced += weight * noise * squares[channel] / largest;
    }
    let decibels = |ratio: f64| 10.0 * ratio.log10();
    let mut sorted = squares;
    sorted.sort_by(f64::total_cmp);
    let balance = Balance {
        sqnr: decibels(signal / rounded),
        gain: decibels(rounded / balanced),
        extremes: [largest.sqrt(), sorted[sorted.len() / 2].sqrt()],
    };
    (balance.sqnr.is_finite() && balance.gain.is_finite()).then_some(balance)
}
