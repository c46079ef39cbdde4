//! Meeting an accuracy budget: the layers whose rounding costs most keep more bits, as few of them
//! as meet it on labelled images.

mod path;
mod search;

use std::collections::BTreeMap;

use ::report::{AccuracyBudget, BudgetVerdict};
use configuration::{BudgetPrecision, Settings};
use evaluation::PairedAccuracy;
use graph::{Graph, Node, TensorId};
use images::{Extensions, LabelledImage, Labels};
use inference::{Kernels, TfliteModel};
use quantization::{Options, Precision, QuantizedModel, has_int16_kernel, moves_values};
use tflite::Encodings;

use super::held_out::Judge;
use super::subject::Subject;
use crate::context::Context;
use crate::error::JobError;
use crate::evaluate::Task;
use crate::event::{Level, Stage};
use crate::spacing::evenly_spaced;
use path::Path;

/// Labelled images that decide at most: of fewer, chance moves the accuracy by more than a point.
const IMAGES: usize = 1000;

/// The accuracy that quantization may cost, and the images that tell.
pub(super) struct Budget<'a> {
    settings: &'a Settings,
    /// Percentage points.
    budget: f64,
    images: Vec<LabelledImage>,
    /// For each image whether the original model names it right; `None` for those that cannot be read.
    original: Vec<Option<bool>>,
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
        context: &mut Context,
    ) -> Result<Self, JobError> {
        let mut measured = Self {
            settings: subject.settings,
            budget,
            images: held_back(subject.settings, context)?,
            original: Vec::new(),
            trials: 0,
        };
        let what = "measuring the accuracy";
        measured.original = measured.right(
            what,
            subject,
            subject.original,
            &Encodings::float(),
            context,
        )?;
        Ok(measured)
    }

    /// Measures what quantization costs on labelled images, and where that is more than the budget,
    /// finds the layers to keep in more bits.
    pub(super) fn meet(
        mut self,
        subject: &Subject<'a>,
        judge: Option<&Judge>,
        options: &Options,
        model: QuantizedModel,
        context: &mut Context,
    ) -> Result<Met<'a>, JobError> {
        let without = self.accuracy("measuring the accuracy", subject, &model, context)?;
        self.trials = 0;
        let mut best = Candidate {
            accuracy: without,
            options: options.clone(),
            model,
        };
        if let Some(judge) = judge
            && !self.allows(&without)
        {
            self.search(subject, judge, options, &mut best, context)?;
        }
        Ok(Met {
            best,
            without,
            budget: self,
        })
    }

    /// Replaces `best` by the model with the fewest layers in more bits that the budget allows, or
    /// else by the most accurate one.
    fn search(
        &mut self,
        subject: &Subject<'a>,
        judge: &Judge,
        options: &Options,
        best: &mut Candidate,
        context: &mut Context,
    ) -> Result<(), JobError> {
        let count = subject.rewritten.nodes().len();
        let title = "measuring the noise of layers";
        context.begin(Stage::Budget, title, count, "layers");
        let mut path = Path::new(subject, judge, options, &best.model, context)?;
        search::smallest(path.tensors(), &mut |chosen: &[usize]| {
            let length = chosen.last().map_or(0, |last| last + 1);
            let path = path.first(length, context)?;
            let tensors: Vec<TensorId> = chosen.iter().map(|&rank| path[rank]).collect();
            let options = precisions(subject, options, &tensors);
            let model = subject.quantize(&options, context)?;
            let what = "trying layers in more bits";
            let accuracy = self.accuracy(what, subject, &model, context)?;
            let allowed = self.allows(&accuracy);
            // A later success has fewer layers; before one, the most accurate counts.
            if allowed || accuracy.second() > best.accuracy.second() {
                *best = Candidate {
                    accuracy,
                    options,
                    model,
                };
            }
            Ok::<bool, JobError>(allowed)
        })?;
        Ok(())
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

    fn accuracy(
        &mut self,
        what: &str,
        subject: &Subject,
        model: &QuantizedModel,
        context: &mut Context,
    ) -> Result<PairedAccuracy, JobError> {
        self.trials += 1;
        let right = self.right(what, subject, &model.graph, &model.encodings, context)?;
        let pairs = self.original.iter().zip(right);
        Ok(PairedAccuracy::of(pairs.filter_map(|(original, right)| {
            Some(((*original)?, right?))
        })))
    }

    /// Which images a model names right; `None` for pictures that cannot be read. `what` tells the user
    /// what is done.
    fn right(
        &self,
        what: &str,
        subject: &Subject,
        graph: &Graph,
        encodings: &Encodings,
        context: &mut Context,
    ) -> Result<Vec<Option<bool>>, JobError> {
        context.begin(Stage::Budget, what, self.images.len(), "images");
        let bytes = super::write(graph, encodings)?;
        let model = TfliteModel::from_bytes(&bytes, Kernels::Xnnpack)?;
        let task = Task {
            settings: subject.settings,
            classifier: subject.set.classifier,
            images: &self.images,
        };
        let run = task.run("TFLite int8", &model, context)?;
        let answers = self.images.iter().zip(&run.answers);
        let right = answers.map(|(image, answer)| {
            let answer = answer.as_ref().ok()?;
            Some(answer.ranked.first() == Some(&image.class))
        });
        Ok(right.collect())
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
        let what = "measuring the accuracy";
        let accuracy = self.budget.accuracy(what, subject, &model, context)?;
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
                BudgetPrecision::Float32 => "",
                BudgetPrecision::Int16 => ", or set `accuracy_budget_precision` to \"float32\"",
            };
            context.warn(format!(
                "`accuracy_budget` of {} points is not met: the best model found loses {:.1} points on {images} images; raise the budget{help}",
                budget.budget,
                best.accuracy.loss() * 100.0,
            ));
        }
        let [low, high] = best.accuracy.loss_interval().map(|loss| loss * 100.0);
        context.log(
            Level::Info,
            format!(
                "float {:.1} %, quantized {:.1} % on {images} labelled images with {} of {} layers in more bits; on other images of the kind the loss lies between {low:.1} and {high:.1} points (95 %)",
                best.accuracy.first() * 100.0,
                best.accuracy.second() * 100.0,
                best.options.precisions.len(),
                subject.rewritten.nodes().len()
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
