//! The float and the int8 model side by side, in the runtime that will run them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use graph::{Graph, Op, TensorId};
use inference::{Engine, Kernels, Model, TfliteModel};
use quantization::{QuantizedModel, Sample};
use tflite::{Encodings, WriteOptions};

use super::subject::Subject;
use crate::context::Context;
use crate::error::JobError;
use crate::event::Stage;
use crate::float_model::CalibrationSet;
use crate::spacing::evenly_spaced;
use crate::workers::run_in_order;

/// Images that are compared at most: enough for a ratio that is steady to a fraction of a decibel.
const IMAGES: usize = 24;

/// How the outputs of all nodes differ.
pub(super) struct Comparison {
    pub(super) images: usize,
    /// Images that get the same class from both models.
    pub(super) agreeing: usize,
    /// What ran the models.
    pub(super) engine: String,
    /// What goes into the final softmax, or the output of the model.
    pub(super) logits: Option<Difference>,
    pub(super) tensors: HashMap<TensorId, Difference>,
}

impl Comparison {
    /// What the report says first.
    pub(super) fn summary(&self) -> report::Comparison {
        report::Comparison {
            images: self.images,
            logits_sqnr_db: self.logits.as_ref().and_then(Difference::sqnr_db),
            top_1_agreement: self.agreeing as f64 / self.images.max(1) as f64,
            engine: self.engine.clone(),
        }
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

/// Runs the models on some of the calibration images and compares what every node computes, and
/// logits and answers with what the user gave. `None` in builds without the TFLite runtime.
pub(super) fn compare(
    subject: &Subject,
    quantized: &QuantizedModel,
    context: &mut Context,
) -> Result<Option<Comparison>, JobError> {
    if inference::tflite_runtime_version().is_none() {
        return Ok(None);
    }
    let (original, rewritten) = (subject.original, subject.rewritten);
    let set = &subject.set;
    let images: Vec<&Sample> = evenly_spaced(set.samples, IMAGES).collect();
    context.begin(
        Stage::Compare,
        "comparing float and int8",
        images.len(),
        "images",
    );
    let compared: Vec<TensorId> = rewritten
        .nodes()
        .iter()
        .map(|node| node.output)
        .filter(|&tensor| {
            quantized
                .graph
                .nodes()
                .iter()
                .any(|node| node.output == tensor)
        })
        .collect();
    let reference = file(original, &Encodings::float(), &[logits(original)])?;
    let float = file(rewritten, &Encodings::float(), &compared)?;
    let int8 = file(&quantized.graph, &quantized.encodings, &compared)?;
    let models = [&reference.bytes, &float.bytes, &int8.bytes]
        .map(|bytes| TfliteModel::from_bytes(bytes, Kernels::Xnnpack).map_err(JobError::Unusable));
    let [reference_model, float_model, int8_model] = models;
    let (reference_model, float_model, int8_model) = (reference_model?, float_model?, int8_model?);
    let quantized_logits = compared
        .iter()
        .position(|&tensor| tensor == logits(rewritten))
        .map(|position| int8.positions[position]);
    let task = Task {
        set,
        logits: reference.positions.first().copied().zip(quantized_logits),
        positions: float.positions.into_iter().zip(int8.positions).collect(),
        done: AtomicUsize::new(0),
    };
    let mut comparison = Comparison {
        images: images.len(),
        agreeing: 0,
        engine: float_model.description(),
        logits: None,
        tensors: HashMap::new(),
    };
    let mut sums = vec![Difference::default(); compared.len()];
    let cancellation = context.cancellation.clone();
    run_in_order(
        images.len(),
        context.threads,
        cancellation.flag(),
        || {
            Ok(Worker {
                reference: reference_model.engine()?,
                float: float_model.engine()?,
                int8: int8_model.engine()?,
                input: set.input(),
            })
        },
        |worker, index| task.run(worker, images[index]),
        || context.progress(task.done.load(Ordering::Relaxed)),
        |_, image: ImageComparison| {
            comparison.agreeing += usize::from(image.agree);
            if let Some(difference) = image.logits {
                let sum = comparison.logits.get_or_insert_default();
                sum.add(&difference);
            }
            for (sum, difference) in sums.iter_mut().zip(&image.differences) {
                sum.add(difference);
            }
            Ok(())
        },
    )?;
    comparison.tensors = compared.into_iter().zip(sums).collect();
    Ok(Some(comparison))
}

/// What the final softmax reads, or else the output of the model.
pub(super) fn logits(graph: &Graph) -> TensorId {
    let output = graph.outputs()[0];
    graph
        .nodes()
        .iter()
        .find(|node| node.output == output && node.op == Op::Softmax)
        .map_or(output, |softmax| softmax.inputs[0])
}

/// A model that tells what its nodes compute.
struct TellingFile {
    bytes: Vec<u8>,
    /// Where each tensor is among the outputs.
    positions: Vec<usize>,
}

fn file(
    graph: &Graph,
    encodings: &Encodings,
    compared: &[TensorId],
) -> Result<TellingFile, JobError> {
    let extra_outputs: Vec<TensorId> = compared
        .iter()
        .copied()
        .filter(|tensor| !graph.outputs().contains(tensor))
        .collect();
    let outputs = [graph.outputs(), &extra_outputs].concat();
    let options = WriteOptions {
        extra_outputs: &extra_outputs,
        description: "comparison",
    };
    Ok(TellingFile {
        bytes: tflite::write(graph, encodings, &options)?,
        positions: compared
            .iter()
            .filter_map(|tensor| outputs.iter().position(|output| output == tensor))
            .collect(),
    })
}

struct Task<'a> {
    set: &'a CalibrationSet<'a>,
    /// Outputs of the original and the int8 model with the logits.
    logits: Option<(usize, usize)>,
    /// Outputs of the rewritten and the int8 model that belong together.
    positions: Vec<(usize, usize)>,
    done: AtomicUsize,
}

struct Worker<'a> {
    reference: Box<dyn Engine + 'a>,
    float: Box<dyn Engine + 'a>,
    int8: Box<dyn Engine + 'a>,
    input: Vec<f32>,
}

struct ImageComparison {
    logits: Option<Difference>,
    differences: Vec<Difference>,
    agree: bool,
}

impl Task<'_> {
    fn run(&self, worker: &mut Worker, sample: &Sample) -> Result<ImageComparison, JobError> {
        self.set.read(sample, &mut worker.input)?;
        worker.reference.run(&worker.input)?;
        worker.float.run(&worker.input)?;
        worker.int8.run(&worker.input)?;
        let mut differences = Vec::with_capacity(self.positions.len());
        for &(float, int8) in &self.positions {
            let (float, int8) = (worker.float.output(float)?, worker.int8.output(int8)?);
            differences.push(Difference::between(&float, &int8));
        }
        let answer = |engine: &dyn Engine| -> Result<Option<usize>, JobError> {
            let scores = self.set.classifier.scores().of(&engine.output(0)?);
            Ok(evaluation::top_classes(&scores).first().copied())
        };
        let logits = match self.logits {
            Some((float, int8)) => {
                let (float, int8) = (worker.reference.output(float)?, worker.int8.output(int8)?);
                Some(Difference::between(&float, &int8))
            }
            None => None,
        };
        let agree = answer(worker.reference.as_ref())? == answer(worker.int8.as_ref())?;
        self.done.fetch_add(1, Ordering::Relaxed);
        Ok(ImageComparison {
            logits,
            differences,
            agree,
        })
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
