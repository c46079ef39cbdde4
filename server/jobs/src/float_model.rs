//! The float model on calibration images, with what its layers compute.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use graph::{Graph, TensorId};
use images::Preprocessing;
use inference::{Engine, Kernels, Model, TfliteModel, TractModel};
use quantization::Sample;
use tflite::{Encodings, WriteOptions};

use crate::classifier::Classifier;
use crate::context::Context;
use crate::error::JobError;
use crate::workers::run_in_order;

/// The pictures that calibration sees.
#[derive(Clone, Copy)]
pub(crate) struct CalibrationSet<'a> {
    /// All pictures of the folder.
    pub(crate) paths: &'a [PathBuf],
    /// Those that were drawn, and how often each counts.
    pub(crate) samples: &'a [Sample],
    /// How a picture becomes the model's input.
    pub(crate) preprocessing: &'a Preprocessing,
    /// The model whose input it becomes.
    pub(crate) classifier: &'a Classifier,
}

impl CalibrationSet<'_> {
    /// Room for one picture.
    pub(crate) fn input(&self) -> Vec<f32> {
        let [height, width] = self.classifier.size;
        vec![0.0; height * width * self.classifier.channels]
    }

    pub(crate) fn path(&self, sample: &Sample) -> &Path {
        &self.paths[sample.image]
    }

    /// Makes a picture the model's input, and tells whether it has an EXIF orientation, which is
    /// ignored.
    pub(crate) fn read(&self, sample: &Sample, input: &mut [f32]) -> Result<bool, JobError> {
        self.prepare(self.path(sample), input)
    }

    /// The same for any picture.
    pub(crate) fn prepare(&self, path: &Path, input: &mut [f32]) -> Result<bool, JobError> {
        let image = images::decode(path)?;
        let (size, channels) = (self.classifier.size, self.classifier.channels);
        self.preprocessing
            .apply_into(&image, size, channels, input)?;
        Ok(image.is_reoriented_by_exif())
    }
}

/// The float model, which tells some tensors besides its output.
pub(crate) struct FloatModel<'a> {
    graph: &'a Graph,
    outputs: Vec<TensorId>,
    sources: Vec<Source>,
    /// What the TFLite runtime runs; `None` in builds without it, where tract runs the graph.
    file: Option<Vec<u8>>,
}

/// Where a tensor is found after a run.
#[derive(Debug, Clone, Copy)]
enum Source {
    Input,
    Output(usize),
}

/// What the model does with one picture.
pub(crate) struct Seen<'a> {
    /// Position among the samples.
    pub(crate) index: usize,
    pub(crate) sample: &'a Sample,
    pub(crate) path: &'a Path,
    /// Whether the picture's EXIF orientation was ignored.
    pub(crate) reoriented: bool,
    pub(crate) input: &'a [f32],
    engine: &'a dyn Engine,
    sources: &'a [Source],
}

impl Seen<'_> {
    /// The class that the model names.
    pub(crate) fn answer(&self, classifier: &Classifier) -> Result<Option<usize>, JobError> {
        let scores = classifier.scores().of(&self.engine.output(0)?);
        Ok(evaluation::top_classes(&scores).first().copied())
    }

    /// Calls `look(position, values)` for each of the tensors.
    pub(crate) fn tensors(
        &self,
        mut look: impl FnMut(usize, &[f32]) -> Result<(), JobError>,
    ) -> Result<(), JobError> {
        for (position, source) in self.sources.iter().enumerate() {
            match source {
                Source::Input => look(position, self.input)?,
                Source::Output(index) => look(position, &self.engine.output(*index)?)?,
            }
        }
        Ok(())
    }
}

/// One thread's share of the work: an engine and room for a picture.
struct Worker<'a> {
    engine: Box<dyn Engine + 'a>,
    input: Vec<f32>,
}

impl<'a> FloatModel<'a> {
    /// A model that tells the given tensors.
    pub(crate) fn new(graph: &'a Graph, tensors: &[TensorId]) -> Result<Self, JobError> {
        let outside = [graph.inputs(), graph.outputs()].concat();
        let extra_outputs: Vec<TensorId> = tensors
            .iter()
            .copied()
            .filter(|tensor| !outside.contains(tensor))
            .collect();
        let outputs = [graph.outputs(), &extra_outputs].concat();
        let source = |tensor: &TensorId| {
            let position = outputs.iter().position(|output| output == tensor);
            position.map_or(Source::Input, Source::Output)
        };
        let options = WriteOptions {
            extra_outputs: &extra_outputs,
            description: "calibration",
        };
        let file = inference::tflite_runtime_version()
            .map(|_| tflite::write(graph, &Encodings::float(), &options));
        Ok(Self {
            graph,
            sources: tensors.iter().map(source).collect(),
            outputs,
            file: file.transpose()?,
        })
    }

    /// Runs the model on all pictures on several threads. Each `group` of samples begins with
    /// `start`, every picture of it is shown to `see`, and the results come to `take` in order.
    pub(crate) fn run<R: Send>(
        &self,
        set: &CalibrationSet,
        group: usize,
        start: impl Fn() -> R + Sync,
        see: impl Fn(&mut R, &Seen) -> Result<(), JobError> + Sync,
        take: impl FnMut(usize, R) -> Result<(), JobError>,
        context: &mut Context,
    ) -> Result<(), JobError> {
        let model: Box<dyn Model + '_> = match &self.file {
            Some(file) => Box::new(TfliteModel::from_bytes(file, Kernels::Xnnpack)?),
            None => Box::new(TractModel::new(self.graph, &self.outputs)?),
        };
        let groups: Vec<&[Sample]> = set.samples.chunks(group.max(1)).collect();
        let done = AtomicUsize::new(0);
        let cancellation = context.cancellation.clone();
        run_in_order(
            groups.len(),
            context.threads,
            cancellation.flag(),
            || {
                Ok(Worker {
                    engine: model.engine()?,
                    input: set.input(),
                })
            },
            |worker, number| {
                let mut result = start();
                for (position, sample) in groups[number].iter().enumerate() {
                    if cancellation.is_cancelled() {
                        return Err(JobError::Cancelled);
                    }
                    let reoriented = set.read(sample, &mut worker.input)?;
                    worker.engine.run(&worker.input)?;
                    let seen = Seen {
                        index: number * group + position,
                        sample,
                        path: set.path(sample),
                        reoriented,
                        input: &worker.input,
                        engine: worker.engine.as_ref(),
                        sources: &self.sources,
                    };
                    see(&mut result, &seen)?;
                    done.fetch_add(1, Ordering::Relaxed);
                }
                Ok(result)
            },
            || context.progress(done.load(Ordering::Relaxed)),
            take,
        )
    }
}
