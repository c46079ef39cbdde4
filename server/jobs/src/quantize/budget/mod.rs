//! Meeting an accuracy budget: the layers whose rounding costs most keep more bits, as few of them
//! as meet it on labelled images.

mod search;
mod sensitivity;

use std::collections::BTreeMap;

use ::report::{AccuracyBudget, BudgetVerdict};
use configuration::{BudgetPrecision, Settings};
use evaluation::PairedAccuracy;
use graph::{Graph, Node, TensorId};
use images::{Extensions, LabelledImage, Labels};
use inference::{Kernels, TfliteModel};
use localization::{Phrase, phrase, text};
use quantization::{Options, Precision, QuantizedModel, has_int16_kernel, moves_values};
use tflite::Encodings;

use super::subject::Subject;
use crate::context::Context;
use crate::error::JobError;
use crate::event::{Level, Stage};
use crate::model_file;
use crate::predictions::{Answer, Task};
use crate::prepared_images::PreparedImages;
use crate::spacing::evenly_spaced;

/// Labelled images that decide at most: of fewer, chance moves the accuracy by more than a point.
const IMAGES: usize = 1000;

pub(super) use sensitivity::IMAGES as RANKED_IMAGES;

/// The accuracy that quantization may cost, and the images that tell.
pub(super) struct Budget<'a> {
    settings: &'a Settings,
    /// Percentage points.
    budget: f64,
    /// The images as Evaluate shows them to the models.
    prepared: &'a PreparedImages<'a>,
    images: Vec<LabelledImage>,
    /// What the original model makes of each image; `None` for those that cannot be read.
    original: Vec<Option<Answer>>,
    /// Positions of the images that a quantized model may answer otherwise.
    doubtful: Vec<usize>,
    /// Models that were measured.
    trials: usize,
}

/// A model and how it compares with the original one.
pub(super) struct Candidate {
    pub(super) options: Options,
    pub(super) model: QuantizedModel,
    accuracy: PairedAccuracy,
}

/// A model that meets the budget, or the best that was found.
pub(super) struct Met<'a> {
    pub(super) best: Candidate,
    /// In 8 bits throughout, or as the overrides say.
    without: PairedAccuracy,
    budget: Budget<'a>,
}

impl<'a> Budget<'a> {
    /// Measures the original model.
    pub(super) fn new(
        budget: f64,
        subject: &Subject<'a>,
        prepared: &'a PreparedImages<'a>,
        context: &mut Context,
    ) -> Result<Self, JobError> {
        let images = held_back(subject.settings, context)?;
        prepared.keep(images.iter().map(|image| image.path.as_path()));
        let mut measured = Self {
            settings: subject.settings,
            budget,
            prepared,
            original: Vec::new(),
            doubtful: (0..images.len()).collect(),
            images,
            trials: 0,
        };
        let file = model_file::write(subject.original, &Encodings::float())?;
        measured.original =
            measured.answers(phrase!("measuring the accuracy"), subject, &file, context)?;
        Ok(measured)
    }

    /// Measures what quantization costs on labelled images, and where that is more than the budget,
    /// finds the layers to keep in more bits.
    pub(super) fn meet(
        mut self,
        subject: &Subject<'a>,
        options: &Options,
        model: QuantizedModel,
        context: &mut Context,
    ) -> Result<Met<'a>, JobError> {
        let what = phrase!("measuring the accuracy");
        let (without, answers) = self.accuracy(what, subject, &model, context)?;
        let mut best = Candidate {
            accuracy: without,
            options: options.clone(),
            model,
        };
        if !self.allows(&without) {
            let doubtful = self.may_change(&answers);
            let all = std::mem::replace(&mut self.doubtful, doubtful);
            let found = self.search(subject, options, &best, context)?;
            self.doubtful = all;
            if let Some(mut found) = found {
                (found.accuracy, _) = self.accuracy(what, subject, &found.model, context)?;
                best = found;
            }
        }
        Ok(Met {
            best,
            without,
            budget: self,
        })
    }

    /// The model with the fewest layers in more bits that the budget allows, or else the most accurate
    /// one; `None` where none is more accurate than that in 8 bits.
    fn search(
        &mut self,
        subject: &Subject<'a>,
        options: &Options,
        without: &Candidate,
        context: &mut Context,
    ) -> Result<Option<Candidate>, JobError> {
        let count = subject.rewritten.nodes().len();
        let title = phrase!("measuring the noise of layers");
        context.begin(Stage::Budget, title, count, phrase!("layers"));
        let (graph, set) = (subject.rewritten, &subject.set);
        let ranked = sensitivity::ranking(graph, &without.model, set, context)?;
        let mut best: Option<Candidate> = None;
        search::smallest(ranked.len(), &mut |chosen: &[usize]| {
            let tensors: Vec<TensorId> = chosen.iter().map(|&rank| ranked[rank]).collect();
            let options = precisions(subject, options, &tensors);
            let model = subject.quantize(&options, context)?;
            let what = phrase!("trying layers in more bits");
            let (accuracy, _) = self.accuracy(what, subject, &model, context)?;
            self.trials += 1;
            let allowed = self.allows(&accuracy);
            let known = best.as_ref().unwrap_or(without).accuracy.second();
            // A later success has fewer layers; before one, the most accurate counts.
            if allowed || accuracy.second() > known {
                best = Some(Candidate {
                    accuracy,
                    options,
                    model,
                });
            }
            Ok::<bool, JobError>(allowed)
        })?;
        Ok(best)
    }

    /// Whether a model costs no more than the budget on these images.
    fn allows(&self, accuracy: &PairedAccuracy) -> bool {
        accuracy.loss() * 100.0 <= self.budget
    }

    fn verdict(&self, accuracy: &PairedAccuracy) -> BudgetVerdict {
        let [_, most] = accuracy.loss_interval();
        match () {
            () if !self.allows(accuracy) => BudgetVerdict::NotMet,
            () if most * 100.0 <= self.budget => BudgetVerdict::Met,
            () => BudgetVerdict::WithinChance,
        }
    }

    /// Positions of the images that models with less noise may answer otherwise than the original
    /// one, to judge by those that a quantized model has answered otherwise: all about which the
    /// original model is not more than twice as sure as about these.
    fn may_change(&self, answers: &[Option<Answer>]) -> Vec<usize> {
        let pairs = || self.original.iter().zip(answers).enumerate();
        let changed = pairs().filter_map(|(_, (original, answer))| {
            let (original, answer) = (original.as_ref()?, answer.as_ref()?);
            (original.ranked.first() != answer.ranked.first()).then(|| log_odds(original))
        });
        let surest = changed.fold(0.0, f64::max);
        let sure = |original: &Answer| log_odds(original) > 2.0 * surest + 1.0;
        pairs()
            .filter(|(_, (original, _))| original.as_ref().is_some_and(|original| !sure(original)))
            .map(|(position, _)| position)
            .collect()
    }

    /// How often a model is right, beside the original one, and its answers. Images that are not
    /// doubtful are taken to have those of the original model.
    fn accuracy(
        &self,
        what: Phrase,
        subject: &Subject,
        model: &QuantizedModel,
        context: &mut Context,
    ) -> Result<(PairedAccuracy, Vec<Option<Answer>>), JobError> {
        let file = model_file::write(&model.graph, &model.encodings)?;
        let mut answers = self.original.clone();
        let told = self.answers(what, subject, &file, context)?;
        for (&position, answer) in self.doubtful.iter().zip(told) {
            answers[position] = answer;
        }
        let pairs = self.images.iter().zip(self.original.iter().zip(&answers));
        let right = pairs.filter_map(|(image, (original, answer))| {
            let right = |answer: &Answer| answer.ranked.first() == Some(&image.class);
            Some((right(original.as_ref()?), right(answer.as_ref()?)))
        });
        Ok((PairedAccuracy::of(right), answers))
    }

    /// What a model makes of the doubtful images; `None` for pictures that cannot be read. `what`
    /// tells the user what is done.
    fn answers(
        &self,
        what: Phrase,
        subject: &Subject,
        file: &[u8],
        context: &mut Context,
    ) -> Result<Vec<Option<Answer>>, JobError> {
        context.begin(Stage::Budget, what, self.doubtful.len(), phrase!("images"));
        let model = TfliteModel::from_bytes(file, Kernels::Xnnpack)?;
        let images = self.doubtful.iter();
        let images: Vec<LabelledImage> = images.map(|&image| self.images[image].clone()).collect();
        let task = Task {
            settings: subject.settings,
            classifier: subject.set.classifier,
            prepared: self.prepared,
            images: &images,
        };
        let run = task.run("TFLite int8", &model, context)?;
        Ok(run.answers.into_iter().map(Result::ok).collect())
    }
}

/// How sure a model is of its answer: the logarithm of its odds, where scores are probabilities.
fn log_odds(answer: &Answer) -> f64 {
    let score = f64::from(answer.score);
    match (0.0..=1.0).contains(&score) {
        true => (score / (1.0 - score)).ln(),
        false => 0.0,
    }
}

impl Met<'_> {
    /// Takes a model that was made of the best one, unless that breaks the budget or loses accuracy.
    pub(super) fn improve(
        &mut self,
        subject: &Subject,
        model: QuantizedModel,
        context: &mut Context,
    ) -> Result<(), JobError> {
        let what = phrase!("measuring the accuracy");
        let (accuracy, _) = self.budget.accuracy(what, subject, &model, context)?;
        let (now, before) = (accuracy.second(), self.best.accuracy.second());
        if self.budget.allows(&accuracy) || now >= before {
            self.best.model = model;
            self.best.accuracy = accuracy;
        }
        Ok(())
    }

    /// Tells of a budget that is not met, and what was found in any case.
    pub(super) fn tell(&self, subject: &Subject, context: &mut Context) {
        let Self { best, budget, .. } = self;
        let images = best.accuracy.images();
        if !budget.allows(&best.accuracy) {
            let help = match budget.settings.quantization.accuracy_budget_precision {
                BudgetPrecision::Float32 => Phrase::NONE,
                BudgetPrecision::Int16 => {
                    phrase!(", or set `accuracy_budget_precision` to \"float32\"")
                }
            };
            context.warn(text!(
                "`accuracy_budget` of {budget} points is not met: the best model found loses {loss:.1} points on {images} images; raise the budget{help}", budget = budget.budget, loss = best.accuracy.loss() * 100.0,
            ));
        }
        let [low, high] = best.accuracy.loss_interval().map(|loss| loss * 100.0);
        context.log(
            Level::Info,
            text!(
                "float {float:.1} %, quantized {quantized:.1} % on {images} labelled images with {count} of {layers} layers in more bits; on other images of the kind the loss lies between {low:.1} and {high:.1} points (95 %)",
                float = best.accuracy.first() * 100.0,
                quantized = best.accuracy.second() * 100.0,
                count = best.options.precisions.len(),
                layers = subject.rewritten.nodes().len()
            ),
        );
    }

    /// What the report says.
    pub(super) fn summary(&self) -> AccuracyBudget {
        let Self { best, budget, .. } = self;
        AccuracyBudget {
            budget: budget.budget,
            verdict: budget.verdict(&best.accuracy),
            images: best.accuracy.images(),
            trials: budget.trials,
            float_top_1_accuracy: best.accuracy.first(),
            int8_top_1_accuracy: self.without.second(),
            top_1_accuracy: best.accuracy.second(),
            loss_interval: best.accuracy.loss_interval().map(|loss| loss * 100.0),
            layers: best.options.precisions.keys().cloned().collect(),
        }
    }
}

/// Labelled images from all over the evaluation folder.
fn held_back(settings: &Settings, context: &Context) -> Result<Vec<LabelledImage>, JobError> {
    let labels = Labels::read(&settings.evaluate_label_file)?;
    let extensions = Extensions::exactly(&settings.evaluate_image_extension)?;
    let cancelled = || context.cancellation.is_cancelled();
    let folder = &settings.evaluate_image_dir;
    let found = images::labelled_images(folder, &extensions, &labels, &cancelled);
    context.check_cancelled()?;
    let found = found?.images;
    Ok(evenly_spaced(&found, IMAGES).cloned().collect())
}

/// Options with which tensors are not rounded to 8 bits, by the precisions of the nodes that write and
/// read them. What the user has chosen stays.
fn precisions(subject: &Subject, options: &Options, tensors: &[TensorId]) -> Options {
    let graph = subject.rewritten;
    let float = subject.settings.quantization.accuracy_budget_precision == BudgetPrecision::Float32;
    let choose = |node: &Node| {
        let allowed = options.layer(node);
        match () {
            () if !float && allowed.int16 && has_int16_kernel(graph, node) => {
                Some(Precision::Int16)
            }
            () if allowed.float => Some(Precision::Float),
            () => None,
        }
    };
    let mut chosen: BTreeMap<String, Precision> = BTreeMap::new();
    for node in graph.nodes() {
        let concerned = tensors.contains(&node.output)
            || node
                .inputs
                .iter()
                .any(|&input| tensors.contains(&moved_from(graph, input)));
        if concerned && !moves_values(&node.op) && !options.precisions.contains_key(&node.name) {
            chosen.extend(choose(node).map(|precision| (node.name.clone(), precision)));
        }
    }
    let mut options = options.clone();
    options.precisions.extend(chosen);
    options
}

/// The tensor whose values a tensor has, elsewhere or in another shape.
fn moved_from(graph: &Graph, mut tensor: TensorId) -> TensorId {
    while let Some(node) = graph.nodes().iter().find(|node| node.output == tensor)
        && moves_values(&node.op)
    {
        tensor = node.inputs[0];
    }
    tensor
}
