//! The float model on calibration images, with what its layers compute.

use std::path::{Path, PathBuf};

use graph::{Graph, TensorId};
use inference::{Engine, Kernels, Model, TfliteModel, TractModel};
use quantization::Sample;
use tflite::Encodings;

use crate::classifier::Classifier;
use crate::context::Context;
use crate::error::JobError;
use crate::instrumented::Outputs;
use crate::prepared_images::PreparedImages;
use crate::workers::run_in_groups;

/// The pictures that calibration sees.
#[derive(Clone, Copy)]
pub(crate) struct CalibrationSet<'a> {
    /// All pictures of the folder.
    pub(crate) paths: &'a [PathBuf],
    /// Those that were drawn, and how often each counts.
    pub(crate) samples: &'a [Sample],
    /// All pictures that the job reads for this model.
    pub(crate) images: &'a PreparedImages<'a>,
    /// The model.
    pub(crate) classifier: &'a Classifier,
}

impl CalibrationSet<'_> {
    pub(crate) fn path(&self, sample: &Sample) -> &Path {
        &self.paths[sample.image]
    }

    /// The paths of all samples.
    pub(crate) fn sampled(&self) -> impl Iterator<Item = &Path> {
        self.samples.iter().map(|sample| self.path(sample))
    }
}

/// The float model, which tells some tensors besides its output.
pub(crate) struct FloatModel<'a> {
    graph: &'a Graph,
    outputs: Outputs,
    /// What the TFLite runtime runs; `None` in builds without it, where tract runs the graph.
    file: Option<Vec<u8>>,
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
    outputs: &'a Outputs,
}

impl Seen<'_> {
    /// The class that the model names.
    pub(crate) fn answer(&self, classifier: &Classifier) -> Result<Option<usize>, JobError> {
        Ok(classifier.scores().answer(&self.engine.output(0)?))
    }

    /// Calls `look(position, values)` for each of the tensors.
    pub(crate) fn tensors(
        &self,
        mut look: impl FnMut(usize, &[f32]) -> Result<(), JobError>,
    ) -> Result<(), JobError> {
        for position in 0..self.outputs.tensors() {
            let values = self.outputs.tensor(position, self.engine, self.input)?;
            look(position, &values)?;
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
        let outputs = Outputs::telling(graph, tensors);
        let file = inference::tflite_runtime_version()
            .map(|_| outputs.file(graph, &Encodings::float(), "calibration"));
        Ok(Self {
            graph,
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
            None => Box::new(TractModel::new(self.graph, &self.outputs.all)?),
        };
        run_in_groups(
            set.samples,
            group,
            || {
                Ok(Worker {
                    engine: model.engine()?,
                    input: set.images.room(),
                })
            },
            start,
            |worker, result, index, sample| {
                let path = set.path(sample);
                let reoriented = set.images.read(path, &mut worker.input)?;
                worker.engine.run(&worker.input)?;
                let seen = Seen {
                    index,
                    sample,
                    path,
                    reoriented,
                    input: &worker.input,
                    engine: worker.engine.as_ref(),
                    outputs: &self.outputs,
                };
                see(result, &seen)
            },
            take,
            context,
        )
    }
}
