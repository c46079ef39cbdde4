use advice::{ImageMoments, ImageSet};
use graph::{Graph, TensorId};
use quantization::{Observation, Observer, Statistics};

use crate::context::Context;
use crate::error::JobError;
use crate::event::Stage;
use crate::float_model::{CalibrationSet, FloatModel, Seen};

/// Samples observed together; each group's sums are formed apart and added in order, so that they
/// do not depend on the number of threads.
const GROUP: usize = 8;

/// What calibration has seen.
pub(crate) struct Calibrated {
    /// Of all samples.
    pub(crate) statistics: Statistics,
    /// Of two halves of the samples, each from all over the folder.
    pub(crate) halves: [Statistics; 2],
    /// Input and answer of each sample.
    pub(crate) images: ImageSet,
    /// Pictures whose EXIF orientation was ignored.
    pub(crate) reoriented: usize,
}

/// What a group of samples adds up to.
struct Group {
    observer: Observer,
    /// Pictures whose EXIF orientation was ignored.
    reoriented: usize,
    images: ImageSet,
}

/// Runs the float model on the samples and collects the statistics of the observed
/// tensors, for a stage of the job.
pub(crate) fn calibrate(
    (stage, title): (Stage, &str),
    graph: &Graph,
    observations: &[Observation],
    set: &CalibrationSet,
    context: &mut Context,
) -> Result<Calibrated, JobError> {
    context.begin(stage, title, set.samples.len(), "images");
    let tensors: Vec<TensorId> = observations.iter().map(|o| o.tensor).collect();
    let model = FloatModel::new(graph, &tensors)?;
    let start = || Group {
        observer: Observer::new(graph, observations),
        reoriented: 0,
        images: ImageSet::default(),
    };
    let mut halves = [start(), start()];
    let mut images = ImageSet::default();
    model.run(
        set,
        GROUP,
        start,
        |group, seen| group.observe(seen, graph, set),
        |number, group| {
            // Images lie in the order of their folders, so every other group is fair.
            let half = &mut halves[number % 2];
            half.observer.merge(&group.observer);
            half.reoriented += group.reoriented;
            images.moments.extend(group.images.moments);
            images.answers.extend(group.images.answers);
            Ok(())
        },
        context,
    )?;
    let reoriented = halves.iter().map(|half| half.reoriented).sum();
    let [mut first, second] = halves.map(|half| half.observer);
    let halves = [first.finish(), second.finish()];
    first.merge(&second);
    Ok(Calibrated {
        statistics: first.finish(),
        halves,
        images,
        reoriented,
    })
}

impl Group {
    fn observe(
        &mut self,
        seen: &Seen,
        graph: &Graph,
        set: &CalibrationSet,
    ) -> Result<(), JobError> {
        self.reoriented += usize::from(seen.reoriented);
        let moments = ImageMoments::of(seen.input, set.classifier.channels);
        self.images.moments.push(moments);
        self.images.answers.extend(seen.answer(set.classifier)?);
        seen.tensors(|position, values| {
            self.observer
                .observe(position, values, seen.sample.weight)
                .map_err(|error| JobError::NonFinite {
                    layer: graph.tensor(error.tensor).name.clone(),
                    image: seen.path.to_path_buf(),
                })
        })
    }
}
