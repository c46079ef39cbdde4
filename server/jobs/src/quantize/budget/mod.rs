//! Meeting an accuracy budget: the layers whose rounding costs most keep more bits, as few of them
//! as meet it on labelled images.

mod search;
mod sensitivity;

use std::collections::BTreeMap;

use ::report::AccuracyBudget;
use configuration::{BudgetPrecision, Settings};
use graph::{Graph, Node, TensorId};
use images::{Extensions, LabelledImage, Labels};
use inference::{Kernels, TfliteModel};
use quantization::{Options, Precision, QuantizedModel, has_int16_kernel, moves_values};
use tflite::Encodings;

use super::subject::Subject;
use crate::context::Context;
use crate::error::JobError;
use crate::evaluate::Task;
use crate::event::{Level, Stage};
use crate::spacing::evenly_spaced;

/// Labelled images that decide at most: of fewer, chance moves the accuracy by more than a point.
const IMAGES: usize = 1000;

/// A model that meets the budget, or the best that was found.
pub(super) struct Met {
    pub(super) options: Options,
    pub(super) model: QuantizedModel,
    pub(super) summary: AccuracyBudget,
}

/// Measures what quantization costs on labelled images, and where that is more than `budget`
/// points, finds the layers to keep in more bits.
pub(super) fn meet(
    budget: f64,
    subject: &Subject,
    options: &Options,
    model: QuantizedModel,
    context: &mut Context,
) -> Result<Met, JobError> {
    let images = held_back(subject.settings, context)?;
    let mut measured = Measured {
        subject,
        images: &images,
        trials: 0,
    };
    let first = "measuring the accuracy";
    let float = measured.accuracy(first, subject.original, &Encodings::float(), context)?;
    let without = measured.accuracy(first, &model.graph, &model.encodings, context)?;
    measured.trials = 0;
    let drop = |accuracy: f64| (float - accuracy) * 100.0;
    let meets = |accuracy: f64| drop(accuracy) <= budget;
    let mut best = Candidate {
        accuracy: without,
        options: options.clone(),
        model,
    };
    if !meets(without) {
        search(meets, options, &mut best, &mut measured, context)?;
        if !meets(best.accuracy) {
            let help = match subject.settings.quantization.accuracy_budget_precision {
                BudgetPrecision::Float32 => "",
                BudgetPrecision::Int16 => ", or set `accuracy_budget_precision` to \"float32\"",
            };
            context.warn(format!(
                "`accuracy_budget` of {budget} points is not met: the best model found loses {:.1} points on {} images; raise the budget{help}",
                drop(best.accuracy),
                images.len()
            ));
        }
    }
    let layers: Vec<String> = best.options.precisions.keys().cloned().collect();
    context.log(
        Level::Info,
        format!(
            "float {:.1} %, quantized {:.1} % on {} labelled images with {} of {} layers in more bits",
            float * 100.0,
            best.accuracy * 100.0,
            images.len(),
            layers.len(),
            subject.rewritten.nodes().len()
        ),
    );
    Ok(Met {
        summary: AccuracyBudget {
            budget,
            met: meets(best.accuracy),
            images: images.len(),
            trials: measured.trials,
            float_top_1_accuracy: float,
            int8_top_1_accuracy: without,
            top_1_accuracy: best.accuracy,
            layers,
        },
        options: best.options,
        model: best.model,
    })
}

/// A model that was measured.
struct Candidate {
    accuracy: f64,
    options: Options,
    model: QuantizedModel,
}

/// Replaces `best` by the model with the fewest layers in more bits whose accuracy `meets` the
/// budget, or else by the most accurate one.
fn search(
    meets: impl Fn(f64) -> bool,
    options: &Options,
    best: &mut Candidate,
    measured: &mut Measured,
    context: &mut Context,
) -> Result<(), JobError> {
    let subject = measured.subject;
    let count = subject.rewritten.nodes().len();
    context.begin(
        Stage::Budget,
        "measuring the noise of layers",
        count,
        "layers",
    );
    let ranked = sensitivity::ranking(subject.rewritten, &best.model, &subject.set, context)?;
    search::smallest(ranked.len(), &mut |chosen: &[usize]| {
        let tensors: Vec<TensorId> = chosen.iter().map(|&rank| ranked[rank]).collect();
        let mut options = options.clone();
        options
            .precisions
            .extend(precisions(subject, &options, &tensors));
        let model = subject.quantize(&options, context)?;
        let what = "trying layers in more bits";
        let accuracy = measured.accuracy(what, &model.graph, &model.encodings, context)?;
        let meets = meets(accuracy);
        // A later success has fewer layers; before one, the most accurate counts.
        if meets || accuracy > best.accuracy {
            *best = Candidate {
                accuracy,
                options,
                model,
            };
        }
        Ok::<bool, JobError>(meets)
    })?;
    Ok(())
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

struct Measured<'a> {
    subject: &'a Subject<'a>,
    images: &'a [LabelledImage],
    /// Models that were measured.
    trials: usize,
}

impl Measured<'_> {
    /// Fraction of the images that a model names right; pictures that cannot be read are left out.
    /// `what` tells the user what is done.
    fn accuracy(
        &mut self,
        what: &str,
        graph: &Graph,
        encodings: &Encodings,
        context: &mut Context,
    ) -> Result<f64, JobError> {
        self.trials += 1;
        context.begin(Stage::Budget, what, self.images.len(), "images");
        let bytes = super::write(graph, encodings)?;
        let model = TfliteModel::from_bytes(&bytes, Kernels::Xnnpack)?;
        let task = Task {
            settings: self.subject.settings,
            classifier: self.subject.set.classifier,
            images: self.images,
        };
        let run = task.run("TFLite int8", &model, context)?;
        let readable = self.images.iter().zip(&run.answers);
        let readable = readable.filter_map(|(image, answer)| {
            let answer = answer.as_ref().ok()?;
            Some(answer.ranked.first() == Some(&image.class))
        });
        let right: Vec<bool> = readable.collect();
        let count = right.iter().filter(|&&right| right).count();
        Ok(count as f64 / right.len().max(1) as f64)
    }
}

/// Precisions at which tensors are not rounded to 8 bits: those of the nodes that write and read
/// them. What the user has chosen stays.
fn precisions(
    subject: &Subject,
    options: &Options,
    tensors: &[TensorId],
) -> BTreeMap<String, Precision> {
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
    let mut chosen = BTreeMap::new();
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
    chosen
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
