use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use advice::{ImageMoments, ImageSet};
use graph::{Graph, TensorId};
use images::Preprocessing;
use inference::{Engine, Kernels, Model, TfliteModel, TractModel};
use quantization::{Observation, Observer, Sample, Statistics};
use tflite::{Encodings, WriteOptions};

use crate::classifier::Classifier;
use crate::context::Context;
use crate::error::JobError;
use crate::event::Stage;
use crate::workers::run_in_order;

/// Samples observed together; each group's sums are formed apart and added in order, so that they
/// do not depend on the number of threads.
const GROUP: usize = 8;

/// Which tensors of the float model calibration reads, and where it finds them after a run.
struct Plan {
    observations: Vec<Observation>,
    sources: Vec<Source>,
    /// Tensors that the float model tells besides its outputs.
    extra_outputs: Vec<TensorId>,
}

#[derive(Debug, Clone, Copy)]
enum Source {
    Input,
    Output(usize),
}

impl Plan {
    fn new(graph: &Graph, observations: Vec<Observation>) -> Self {
        let extra_outputs: Vec<TensorId> = observations
            .iter()
            .map(|observation| observation.tensor)
            .filter(|tensor| !graph.inputs().contains(tensor) && !graph.outputs().contains(tensor))
            .collect();
        let outputs = [graph.outputs(), &extra_outputs].concat();
        let source = |observation: &Observation| {
            outputs
                .iter()
                .position(|output| *output == observation.tensor)
                .map_or(Source::Input, Source::Output)
        };
        Self {
            sources: observations.iter().map(source).collect(),
            observations,
            extra_outputs,
        }
    }
}

/// The pictures that calibration sees.
pub(crate) struct CalibrationSet<'a> {
    /// All pictures of the folder.
    pub(crate) paths: &'a [PathBuf],
    /// Those that were drawn, and how often each counts.
    pub(crate) samples: &'a [Sample],
    /// How a picture becomes the model's input.
    pub(crate) preprocessing: &'a Preprocessing,
}

/// What calibration has seen.
pub(crate) struct Calibrated {
    /// Of all samples.
    pub(crate) statistics: Statistics,
    /// Of two halves of the samples, each from all over the folder.
    pub(crate) halves: [Statistics; 2],
    /// Input and answer of each sample.
    pub(crate) images: ImageSet,
}

/// Runs the float model on the samples and collects the statistics of the observed
/// tensors, for a stage of the job.
pub(crate) fn calibrate(
    (stage, title): (Stage, &str),
    graph: &Graph,
    observations: Vec<Observation>,
    classifier: &Classifier,
    set: &CalibrationSet,
    context: &mut Context,
) -> Result<Calibrated, JobError> {
    context.begin(stage, title, set.samples.len(), "images");
    let plan = Plan::new(graph, observations);
    let calibration = Calibration {
        graph,
        plan: &plan,
        classifier,
        set,
        done: AtomicUsize::new(0),
    };
    if inference::tflite_runtime_version().is_none() {
        let outputs = [graph.outputs(), &plan.extra_outputs].concat();
        return calibration.run(&TractModel::new(graph, &outputs)?, context);
    }
    let options = WriteOptions {
        extra_outputs: &plan.extra_outputs,
        description: "calibration",
    };
    let file = tflite::write(graph, &Encodings::float(), &options)?;
    calibration.run(&TfliteModel::from_bytes(&file, Kernels::Xnnpack)?, context)
}

struct Calibration<'a> {
    graph: &'a Graph,
    plan: &'a Plan,
    classifier: &'a Classifier,
    set: &'a CalibrationSet<'a>,
    done: AtomicUsize,
}

/// One thread's share of the work: an engine and room for a picture.
struct Worker<'a> {
    engine: Box<dyn Engine + 'a>,
    input: Vec<f32>,
}

/// What a group of samples adds up to.
struct Group {
    observer: Observer,
    /// Pictures whose EXIF orientation was ignored.
    reoriented: usize,
    images: ImageSet,
}

impl Calibration<'_> {
    fn run(&self, model: &dyn Model, context: &mut Context) -> Result<Calibrated, JobError> {
        let groups: Vec<&[Sample]> = self.set.samples.chunks(GROUP).collect();
        let mut halves = [self.group(), self.group()];
        let mut images = ImageSet::default();
        let cancellation = context.cancellation.clone();
        run_in_order(
            groups.len(),
            context.threads,
            cancellation.flag(),
            || {
                let [height, width] = self.classifier.size;
                Ok(Worker {
                    engine: model.engine()?,
                    input: vec![0.0; height * width * self.classifier.channels],
                })
            },
            |worker, index| {
                let mut group = self.group();
                for sample in groups[index] {
                    if cancellation.is_cancelled() {
                        return Err(JobError::Cancelled);
                    }
                    self.observe(worker, *sample, &mut group)?;
                    self.done.fetch_add(1, Ordering::Relaxed);
                }
                Ok(group)
            },
            || context.progress(self.done.load(Ordering::Relaxed)),
            |index, group| {
                // Images lie in the order of their folders, so every other group is fair.
                let half = &mut halves[index % 2];
                half.observer.merge(&group.observer);
                half.reoriented += group.reoriented;
                images.moments.extend(group.images.moments);
                images.answers.extend(group.images.answers);
                Ok(())
            },
        )?;
        let reoriented = halves.iter().map(|half| half.reoriented).sum();
        if reoriented > 0 {
            context.warn(crate::ignored_orientation(reoriented));
        }
        let [mut first, second] = halves.map(|half| half.observer);
        let halves = [first.finish(), second.finish()];
        first.merge(&second);
        Ok(Calibrated {
            statistics: first.finish(),
            halves,
            images,
        })
    }

    fn group(&self) -> Group {
        Group {
            observer: Observer::new(self.graph, &self.plan.observations),
            reoriented: 0,
            images: ImageSet::default(),
        }
    }

    fn observe(
        &self,
        worker: &mut Worker,
        sample: Sample,
        group: &mut Group,
    ) -> Result<(), JobError> {
        let path = &self.set.paths[sample.image];
        let image = images::decode(path)?;
        group.reoriented += usize::from(image.is_reoriented_by_exif());
        let (size, channels) = (self.classifier.size, self.classifier.channels);
        self.set
            .preprocessing
            .apply_into(&image, size, channels, &mut worker.input)?;
        let moments = ImageMoments::of(&worker.input, channels);
        group.images.moments.push(moments);
        worker.engine.run(&worker.input)?;
        let scores = self.classifier.scores().of(&worker.engine.output(0)?);
        let answer = evaluation::top_classes(&scores).first().copied();
        group.images.answers.extend(answer);
        for (position, source) in self.plan.sources.iter().enumerate() {
            let observed = match source {
                Source::Input => group
                    .observer
                    .observe(position, &worker.input, sample.weight),
                Source::Output(index) => {
                    let values = worker.engine.output(*index)?;
                    group.observer.observe(position, &values, sample.weight)
                }
            };
            observed.map_err(|error| JobError::NonFinite {
                layer: self.graph.tensor(error.tensor).name.clone(),
                image: path.clone(),
            })?;
        }
        Ok(())
    }
}
