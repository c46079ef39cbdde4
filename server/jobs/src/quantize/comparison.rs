//! The float and the int8 model side by side, in the runtime that will run them.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use graph::{Graph, TensorId};
use inference::{Engine, Kernels, Model as _, TfliteModel};
use localization::phrase;
use quantization::QuantizedModel;
use tflite::Encodings;

use super::subject::Subject;
use crate::classifier::Scores;
use crate::context::Context;
use crate::error::JobError;
use crate::event::Stage;
use crate::float_model::CalibrationSet;
use crate::instrumented::{InstrumentedModel, Outputs};
use crate::logits::logits;
use crate::workers::run_in_order;

/// Images that every layer is compared on.
const WHOLE: usize = 16;

/// Images that are compared at a time.
const ROUND: usize = 32;

/// Images that are compared at most.
pub(super) const MOST_COMPARED: usize = 256;

/// Half the width of the 95 % interval of the logits' ratio (dB) at which no more images are needed.
const PRECISE_DB: f64 = 0.5;

/// Where images are from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ImageSource {
    /// The evaluation folder: the models have not seen them.
    Evaluation,
    /// The images that calibrated, for want of others.
    Calibration,
}

/// Images to compare models on, in the order in which they are taken.
pub(super) struct ComparedImages<'a> {
    pub(super) paths: Vec<&'a Path>,
    pub(super) folder: ImageSource,
}

/// How the outputs of all nodes differ.
pub(super) struct Comparison {
    pub(super) images: usize,
    folder: ImageSource,
    /// Images that get the same class from both models; `None` of a model without classes.
    pub(super) agreeing: Option<usize>,
    /// What ran the models.
    pub(super) engine: String,
    /// What goes into the final softmax or sigmoid, or the output of the model.
    pub(super) logits: Option<Difference>,
    /// The same of each image.
    of_images: Vec<Difference>,
    pub(super) tensors: HashMap<TensorId, Difference>,
}

/// Share of the images whose ratio is below the one that is told beside the mean.
const LOW_SHARE: f64 = 0.05;

impl Comparison {
    /// What the report says first.
    pub(super) fn summary(&self) -> report::Comparison {
        report::Comparison {
            images: self.images,
            from_evaluation: self.folder == ImageSource::Evaluation,
            logits_sqnr_db: self.logits.as_ref().and_then(Difference::sqnr_db),
            logits_sqnr_interval_db: self.interval_db(),
            logits_sqnr_5th_percentile_db: self.low_sqnr_db(),
            top_1_agreement: self
                .agreeing
                .map(|agreeing| agreeing as f64 / self.images.max(1) as f64),
            engine: self.engine.clone(),
        }
    }

    /// Half the width of the 95 % interval of the logits' ratio, in decibels (the delta method for a
    /// ratio of sums); `None` without noise, or of one image.
    fn interval_db(&self) -> Option<f64> {
        let sum = self
            .logits
            .filter(|sum| sum.noise > 0.0 && sum.signal > 0.0)?;
        let count = self.of_images.len() as f64;
        if count < 2.0 {
            return None;
        }
        let ratio = sum.noise / sum.signal;
        let deviations = self
            .of_images
            .iter()
            .map(|one| one.noise - ratio * one.signal);
        let squares: f64 = deviations.map(|deviation| deviation * deviation).sum();
        let relative = (squares * count / (count - 1.0)).sqrt() / sum.noise;
        Some(1.96 * 10.0 / std::f64::consts::LN_10 * relative)
    }

    /// The ratio that 5 % of the images are below; `None` where one has no noise.
    fn low_sqnr_db(&self) -> Option<f64> {
        let ratios: Option<Vec<f64>> = self.of_images.iter().map(Difference::sqnr_db).collect();
        let mut ratios = ratios?;
        ratios.sort_by(f64::total_cmp);
        let position = (ratios.len() as f64 * LOW_SHARE) as usize;
        ratios.get(position).copied()
    }

    fn is_precise(&self) -> bool {
        self.interval_db()
            .is_none_or(|interval| interval <= PRECISE_DB)
    }
}

/// Sums over all elements of a tensor, `x` in float and `y` in int8.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Difference {
    /// Sum of `x * x`.
    signal: f64,
    /// Sum of `(x - y)^2`.
    noise: f64,
    /// Sum of `x * y`.
    product: f64,
    /// Sum of `y * y`.
    quantized: f64,
}

/// The least ratio that is told, in decibels; noise without any signal has it.
const FLOOR: f64 = -100.0;

impl Difference {
    pub(super) fn between(float: &[f32], quantized: &[f32]) -> Self {
        let mut sums = Self::default();
        for (&x, &y) in float.iter().zip(quantized) {
            let (x, y) = (f64::from(x), f64::from(y));
            sums.signal += x * x;
            sums.noise += (x - y) * (x - y);
            sums.product += x * y;
            sums.quantized += y * y;
        }
        sums
    }

    fn add(&mut self, other: &Self) {
        self.signal += other.signal;
        self.noise += other.noise;
        self.product += other.product;
        self.quantized += other.quantized;
    }

    /// Signal to quantization noise ratio in decibels; `None` without noise.
    pub(super) fn sqnr_db(&self) -> Option<f64> {
        (self.noise > 0.0).then(|| (10.0 * (self.signal / self.noise).log10()).max(FLOOR))
    }

    /// Cosine of the angle between the two, in [-1, 1]; 1 where both are zero.
    pub(super) fn cosine_similarity(&self) -> f64 {
        let lengths = (self.signal * self.quantized).sqrt();
        match lengths > 0.0 {
            true => (self.product / lengths).clamp(-1.0, 1.0),
            false if self.noise > 0.0 => 0.0,
            false => 1.0,
        }
    }
}

/// Runs the models on images and compares what every node computes on the first of them, and logits
/// and answers with what the user gave on as many as it takes to know the logits' ratio well. `None` in
/// builds without the TFLite runtime, and without images.
pub(super) fn compare(
    subject: &Subject,
    quantized: &QuantizedModel,
    images: &ComparedImages,
    context: &mut Context,
) -> Result<Option<Comparison>, JobError> {
    let Some(mut comparison) = compare_logits(subject, quantized, images, context)? else {
        return Ok(None);
    };
    let (in_float, in_int8): (Vec<TensorId>, Vec<TensorId>) =
        compared_tensors(subject.rewritten, &quantized.graph)
            .into_iter()
            .unzip();
    let float = file(subject.rewritten, &Encodings::float(), &in_float)?;
    let int8 = file(&quantized.graph, &quantized.encodings, &in_int8)?;
    let pair = Pair::load(&subject.set, &float, &int8)?;
    let mut sums = vec![Difference::default(); in_int8.len()];
    let first = &images.paths[..images.paths.len().min(WHOLE)];
    let differences = |seen: &Seen| {
        let positions = 0..in_int8.len();
        let differences: Result<Vec<Difference>, JobError> = positions
            .map(|position| seen.difference(position))
            .collect();
        differences
    };
    pair.run(first, context, differences, |image| {
        for (sum, difference) in sums.iter_mut().zip(&image) {
            sum.add(difference);
        }
    })?;
    comparison.tensors = in_int8.into_iter().zip(sums).collect();
    Ok(Some(comparison))
}

/// Compares logits and answers with those of what the user gave; no other tensors.
pub(super) fn compare_logits(
    subject: &Subject,
    quantized: &QuantizedModel,
    images: &ComparedImages,
    context: &mut Context,
) -> Result<Option<Comparison>, JobError> {
    if inference::tflite_runtime_version().is_none() || images.paths.is_empty() {
        return Ok(None);
    }
    context.begin(
        Stage::Compare,
        phrase!("comparing float and int8"),
        0,
        phrase!("images"),
    );
    let original = subject.original;
    let int8 = &quantized.graph;
    let float = file(original, &Encodings::float(), &[logits(original)])?;
    let int8 = file(int8, &quantized.encodings, &[logits(int8)])?;
    let pair = Pair::load(&subject.set, &float, &int8)?;
    let mut comparison = Comparison {
        images: 0,
        folder: images.folder,
        agreeing: subject.set.classifier.output.classes().map(|_| 0),
        engine: pair.float.model.description(),
        logits: None,
        of_images: Vec::new(),
        tensors: HashMap::new(),
    };
    let scores = subject.set.classifier.scores();
    let see = |seen: &Seen| Ok((seen.difference(0)?, seen.agree(scores)?));
    for paths in images.paths.chunks(ROUND) {
        pair.run(paths, context, see, |(difference, agree)| {
            comparison.images += 1;
            if let Some(agreeing) = &mut comparison.agreeing {
                *agreeing += usize::from(agree);
            }
            let sum = comparison.logits.get_or_insert_default();
            sum.add(&difference);
            comparison.of_images.push(difference);
        })?;
        if comparison.is_precise() {
            break;
        }
    }
    Ok(Some(comparison))
}

/// Tensors of the rewritten and of the quantized model that belong together. Where saturation takes a
/// minimum, what the layer before it writes is the minimum's result.
fn compared_tensors(rewritten: &Graph, quantized: &Graph) -> Vec<(TensorId, TensorId)> {
    let there: HashSet<TensorId> = quantized.nodes().iter().map(|node| node.output).collect();
    let saturated: HashMap<TensorId, TensorId> = rewritten
        .nodes()
        .iter()
        .filter(|node| !there.contains(&node.output))
        .map(|node| (node.inputs[0], node.output))
        .collect();
    rewritten
        .nodes()
        .iter()
        .map(|node| node.output)
        .filter(|tensor| there.contains(tensor))
        .map(|tensor| (saturated.get(&tensor).copied().unwrap_or(tensor), tensor))
        .collect()
}

fn file(
    graph: &Graph,
    encodings: &Encodings,
    compared: &[TensorId],
) -> Result<InstrumentedModel, JobError> {
    InstrumentedModel::new(graph, encodings, compared, "comparison")
}

/// Two models that tell tensors that belong together.
struct Pair<'a> {
    set: &'a CalibrationSet<'a>,
    float: Loaded<'a>,
    int8: Loaded<'a>,
}

/// A model that tells tensors, in the runtime.
struct Loaded<'a> {
    model: TfliteModel<'a>,
    outputs: &'a Outputs,
}

/// What both models make of an image.
struct Seen<'a> {
    pair: &'a Pair<'a>,
    input: &'a [f32],
    float: &'a dyn Engine,
    int8: &'a dyn Engine,
}

impl<'a> Pair<'a> {
    fn load(
        set: &'a CalibrationSet<'a>,
        float: &'a InstrumentedModel,
        int8: &'a InstrumentedModel,
    ) -> Result<Self, JobError> {
        let loaded = |file: &'a InstrumentedModel| -> Result<Loaded<'a>, JobError> {
            Ok(Loaded {
                model: file.load(Kernels::Xnnpack)?,
                outputs: &file.outputs,
            })
        };
        Ok(Self {
            set,
            float: loaded(float)?,
            int8: loaded(int8)?,
        })
    }

    /// Shows what both models make of each image that can be read (Evaluate tells of others) to `see`,
    /// and hands over what that says in order.
    fn run<T: Send>(
        &self,
        paths: &[&Path],
        context: &mut Context,
        see: impl Fn(&Seen) -> Result<T, JobError> + Sync,
        mut take: impl FnMut(T),
    ) -> Result<(), JobError> {
        let cancellation = context.cancellation.clone();
        let (float, int8) = (&self.float.model, &self.int8.model);
        run_in_order(
            paths.len(),
            context.threads,
            cancellation.flag(),
            || Ok((float.engine()?, int8.engine()?, self.set.images.room())),
            |(float, int8, input), index| {
                if self.set.images.read(paths[index], input).is_err() {
                    return Ok(None);
                }
                float.run(input)?;
                int8.run(input)?;
                let seen = Seen {
                    pair: self,
                    input,
                    float: float.as_ref(),
                    int8: int8.as_ref(),
                };
                see(&seen).map(Some)
            },
            || context.progress(0),
            |_, seen| {
                seen.into_iter().for_each(&mut take);
                Ok(())
            },
        )
    }
}

impl Seen<'_> {
    /// How two tensors differ.
    fn difference(&self, position: usize) -> Result<Difference, JobError> {
        let Self { pair, input, .. } = *self;
        let float = pair.float.outputs.tensor(position, self.float, input)?;
        let int8 = pair.int8.outputs.tensor(position, self.int8, input)?;
        Ok(Difference::between(&float, &int8))
    }

    /// Whether both models give the same class.
    fn agree(&self, scores: Scores) -> Result<bool, JobError> {
        let float = scores.answer(&self.float.output(0)?);
        Ok(float == scores.answer(&self.int8.output(0)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_in_decibels_and_angles() {
        let check = |float: &[f32], int8: &[f32], sqnr: Option<f64>, cosine: f64| {
            let difference = Difference::between(float, int8);
            assert_eq!(
                difference.sqnr_db().map(f64::round),
                sqnr,
                "{float:?} {int8:?}"
            );
            assert!(
                (difference.cosine_similarity() - cosine).abs() < 1e-9,
                "{difference:?}"
            );
        };
        check(&[3.0, 4.0], &[3.0, 4.0], None, 1.0);
        check(&[10.0, 0.0], &[9.0, 0.0], Some(20.0), 1.0);
        check(&[1.0, 0.0], &[0.0, 1.0], Some(-3.0), 0.0);
        check(&[0.0, 0.0], &[0.0, 0.0], None, 1.0);
        check(&[0.0, 0.0], &[0.0, 1.0], Some(-100.0), 0.0);
        check(&[1.0, 1.0], &[0.0, 0.0], Some(0.0), 0.0);
    }
}
