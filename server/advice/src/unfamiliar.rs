//! Inputs unlike those that the model was trained on, by what its first batch normalization
//! remembers of them.

use configuration::Code;
use graph::{Graph, Node, Op, TensorId, passes};
use images::{ChannelOrder, Preprocessing, Preset};
use localization::text;
use serde_json::{Value, json};

use crate::evidence::Evidence;
use crate::words::figure;
use crate::{Proposal, advice};

/// Means of the first layer's channels may be this far from those in training, in standard
/// deviations (root mean square over the channels). Images of another data set reach 0.3.
const FARTHEST: f64 = 0.4;

/// Another preprocessing must come so many times as close to be recommended.
const CLOSER: f64 = 3.0;

pub(crate) fn advise(evidence: &Evidence) -> Option<Proposal> {
    let first = FirstLayer::of(evidence.source)?;
    let present = &evidence.settings.preprocessing;
    let means =
        (0..evidence.calibration.channels()).map(|channel| evidence.calibration.channel(channel).0);
    let means: Vec<f64> = means.collect();
    let distance = first.distance(&means)?;
    let pixels = pixels(present, &means);
    let (closest, preset) = Preset::names()
        .into_iter()
        .filter_map(|name| {
            let other = Preprocessing::from(Preset::from_name(name)?);
            Some((first.distance(&inputs(&other, &pixels))?, name))
        })
        .min_by(|(a, _), (b, _)| a.total_cmp(b))?;
    if distance < FARTHEST || distance < CLOSER * closest {
        return None;
    }
    let (key, value) = setting(evidence, preset)?;
    let message = text!(
        "the means that {layer} sees lie {distance} standard deviations from those that the model was trained with, where the normalization of the preset `{preset}` would bring them to {closest}; use it if the model was trained like that",
        layer = configuration::list([first.name.as_str()], 1),
        distance = figure(distance),
        closest = figure(closest),
    );
    Some(advice(
        Code::UnfamiliarInputs,
        vec![first.name],
        key,
        value,
        message,
    ))
}

/// The key and value that give calibration the normalization of a preset and leave the rest of its
/// preprocessing; `None` where that takes more than one key.
pub(crate) fn setting(evidence: &Evidence, preset: &str) -> Option<(&'static str, Value)> {
    let written = evidence.settings.written.get("preprocessing");
    if !written.is_some_and(Value::is_object) {
        return Some(("preprocessing", json!(preset)));
    }
    let other = Preprocessing::from(Preset::from_name(preset)?);
    if other.channel_order != evidence.settings.preprocessing.channel_order {
        return None;
    }
    let numbers = |values: &[f64]| match values {
        [one] => json!(one),
        several => json!(several),
    };
    let normalization = &other.normalization;
    let value = json!({
        "mean": numbers(normalization.mean().values()),
        "std": numbers(normalization.std().values()),
    });
    Some(("preprocessing.normalization", value))
}

/// The first convolution of a model and the batch normalization behind it.
pub(crate) struct FirstLayer {
    name: String,
    /// What the model does to its input before.
    before: passes::InputNormalization,
    /// For each output channel the sum of the weights of each input channel, and the bias.
    weights: Vec<(Vec<f64>, f64)>,
    /// For each output channel mean and standard deviation in training.
    trained: Vec<(f64, f64)>,
}

impl FirstLayer {
    pub(crate) fn of(graph: &Graph) -> Option<Self> {
        let before = passes::input_normalization(graph)?;
        let mut layer = only_reader(graph, before.output)?;
        if let Op::Pad { .. } = layer.op {
            layer = only_reader(graph, layer.output)?;
        }
        let normalization = only_reader(graph, layer.output)?;
        let (Op::Conv2d { groups: 1, .. }, Op::BatchNormalization { epsilon }) =
            (&layer.op, &normalization.op)
        else {
            return None;
        };
        let kernel = graph.constant(*layer.inputs.get(1)?)?;
        let channels = *kernel.shape().last()?;
        if channels != before.scale.len() {
            return None;
        }
        let bias = layer.inputs.get(2).and_then(|&id| graph.constant(id));
        let weights = kernel.outer_iter().enumerate().map(|(output, weights)| {
            let mut sums = vec![0.0; channels];
            for (position, &weight) in weights.iter().enumerate() {
                sums[position % channels] += f64::from(weight);
            }
            let bias = bias.and_then(|bias| bias.iter().nth(output));
            (sums, bias.map_or(0.0, |&bias| f64::from(bias)))
        });
        let parameter = |index: usize| graph.constant(*normalization.inputs.get(index)?);
        let moments = parameter(3)?.iter().zip(parameter(4)?.iter());
        Some(Self {
            name: layer.name.clone(),
            weights: weights.collect(),
            trained: moments
                .map(|(&mean, &variance)| (f64::from(mean), f64::from(variance + epsilon).sqrt()))
                .collect(),
            before,
        })
    }

    /// How far the means of the output channels are from those in training, in standard deviations
    /// (root mean square), for an input with these means. Exact but for padded borders.
    fn distance(&self, means: &[f64]) -> Option<f64> {
        if means.len() != self.before.scale.len() || self.trained.len() != self.weights.len() {
            return None;
        }
        let normalized: Vec<f64> = (0..means.len())
            .map(|channel| {
                self.before.scale[channel] * means[channel] + self.before.offset[channel]
            })
            .collect();
        let square = |((sums, bias), (mean, deviation)): (&(Vec<f64>, f64), &(f64, f64))| {
            let seen: f64 = sums.iter().zip(&normalized).map(|(w, x)| w * x).sum();
            ((seen + bias - mean) / deviation).powi(2)
        };
        let sum: f64 = self.weights.iter().zip(&self.trained).map(square).sum();
        let distance = (sum / self.trained.len().max(1) as f64).sqrt();
        distance.is_finite().then_some(distance)
    }
}

fn only_reader(graph: &Graph, tensor: TensorId) -> Option<&Node> {
    let mut readers = graph
        .nodes()
        .iter()
        .filter(|node| node.inputs.contains(&tensor));
    let reader = readers.next()?;
    (readers.next().is_none() && reader.inputs.first() == Some(&tensor)).then_some(reader)
}

/// Means in grey levels, red first, of inputs with these means.
fn pixels(preprocessing: &Preprocessing, means: &[f64]) -> Vec<f64> {
    let (mean, std) = (
        preprocessing.normalization.mean(),
        preprocessing.normalization.std(),
    );
    let levels = means.iter().enumerate().map(|(channel, value)| {
        value * of_channel(std.values(), channel) + of_channel(mean.values(), channel)
    });
    ordered(preprocessing, levels.collect())
}

/// Means of the inputs that images with these mean grey levels become.
fn inputs(preprocessing: &Preprocessing, pixels: &[f64]) -> Vec<f64> {
    let (mean, std) = (
        preprocessing.normalization.mean(),
        preprocessing.normalization.std(),
    );
    ordered(preprocessing, pixels.to_vec())
        .into_iter()
        .enumerate()
        .map(|(channel, level)| {
            (level - of_channel(mean.values(), channel)) / of_channel(std.values(), channel)
        })
        .collect()
}

fn of_channel(values: &[f64], channel: usize) -> f64 {
    match values {
        [one] => *one,
        several => several.get(channel).copied().unwrap_or_default(),
    }
}

/// Red first from the order of the input, or the other way round.
fn ordered(preprocessing: &Preprocessing, mut values: Vec<f64>) -> Vec<f64> {
    if preprocessing.channel_order == ChannelOrder::Bgr {
        values.reverse();
    }
    values
}
