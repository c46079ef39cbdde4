use std::path::PathBuf;

use advice::{ImageMoments, ImageSet};
use graph::{Graph, TensorId};
use localization::{Phrase, phrase};
use quantization::{Observation, Observer, Statistics};

use crate::context::Context;
use crate::error::JobError;
use crate::event::Stage;
use crate::float_model::{CalibrationSet, FloatModel, Seen};
use crate::logits::logits;

/// Samples observed together; each group's sums are formed apart and added in order, so that they
/// do not depend on the number of threads.
pub(crate) const GROUP: usize = 8;

/// What calibration has seen.
pub(crate) struct Calibrated {
    /// Of all samples.
    pub(crate) statistics: Statistics,
    /// Of the samples that are not held out.
    pub(crate) fit: Statistics,
    /// Of two halves of those, each from all over the folder.
    pub(crate) halves: [Statistics; 2],
    /// The samples that are held out.
    pub(crate) held_out: Vec<HeldOut>,
    /// Input and answer of each sample.
    pub(crate) images: ImageSet,
    /// Pictures whose EXIF orientation was ignored.
    pub(crate) reoriented: usize,
}

/// A sample that is held out.
pub(crate) struct HeldOut {
    pub(crate) path: PathBuf,
    /// What the float model computes of it.
    pub(crate) logits: Vec<f32>,
}

/// What a group of samples adds up to.
struct Group {
    observer: Observer,
    /// Pictures whose EXIF orientation was ignored.
    reoriented: usize,
    images: ImageSet,
    held_out: Vec<HeldOut>,
}

/// Runs the float model on the samples and collects the statistics of the observed
/// tensors, for a stage of the job. Samples from number `fitting` on are held out; it is a multiple of
/// [`GROUP`], or the number of all.
pub(crate) fn calibrate(
    (stage, title): (Stage, Phrase),
    graph: &Graph,
    observations: &[Observation],
    set: &CalibrationSet,
    fitting: usize,
    context: &mut Context,
) -> Result<Calibrated, JobError> {
    context.begin(stage, title, set.samples.len(), phrase!("images"));
    let observed = observations.iter().map(|o| o.tensor);
    let tensors: Vec<TensorId> = observed.chain([logits(graph)]).collect();
    let model = FloatModel::new(graph, &tensors)?;
    let start = || Group {
        observer: Observer::new(graph, observations).of_samples(set.samples.len()),
        reoriented: 0,
        images: ImageSet::default(),
        held_out: Vec::new(),
    };
    let mut parts = [start(), start(), start()];
    let mut images = ImageSet::default();
    model.run(
        set,
        GROUP,
        start,
        |group, seen| group.observe(seen, graph, set, fitting),
        |number, group| {
            // Images lie in the order of their folders, so every other group is fair.
            let part = if number * GROUP >= fitting {
                2
            } else {
                number % 2
            };
            let part = &mut parts[part];
            part.observer.merge(&group.observer);
            part.reoriented += group.reoriented;
            part.held_out.extend(group.held_out);
            images.moments.extend(group.images.moments);
            images.answers.extend(group.images.answers);
            Ok(())
        },
        context,
    )?;
    let reoriented = parts.iter().map(|part| part.reoriented).sum();
    let [mut first, second, third] = parts;
    let halves = [&first, &second].map(|half| half.observer.finish_whole());
    first.observer.merge(&second.observer);
    let fit = first.observer.finish();
    first.observer.merge(&third.observer);
    Ok(Calibrated {
        statistics: first.observer.finish(),
        fit,
        halves,
        images,
        held_out: third.held_out,
        reoriented,
    })
}

impl Group {
    fn observe(
        &mut self,
        seen: &Seen,
        graph: &Graph,
        set: &CalibrationSet,
        fitting: usize,
    ) -> Result<(), JobError> {
        self.reoriented += usize::from(seen.reoriented);
        let moments = ImageMoments::of(seen.input, set.classifier.channels);
        self.images.moments.push(moments);
        self.images.answers.extend(seen.answer(set.classifier)?);
        seen.tensors(|position, values| {
            if position < self.observer.tensors() {
                let observed = self.observer.observe(position, values, seen.sample.weight);
                observed.map_err(|error| JobError::NonFinite {
                    layer: graph.tensor(error.tensor).name.clone(),
                    image: seen.path.to_path_buf(),
                })?;
            } else if seen.index >= fitting {
                self.held_out.push(HeldOut {
                    path: seen.path.to_path_buf(),
                    logits: values.to_vec(),
                });
            }
            Ok(())
        })
    }
}
