//! Running one model on all images.

use std::path::Path;
use std::time::{Duration, Instant};

use configuration::Settings;
use evaluation::top_classes;
use images::LabelledImage;
use inference::{Engine, Model};
use localization::{Message as _, Text};

use crate::classifier::Classifier;
use crate::context::Context;
use crate::error::JobError;
use crate::prepared_images::PreparedImages;
use crate::workers::run_in_groups;

/// Images a worker takes at a time.
const GROUP: usize = 4;

/// The labelled images and how the models see them.
pub(crate) struct Task<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) classifier: &'a Classifier,
    pub(crate) prepared: &'a PreparedImages<'a>,
    pub(crate) images: &'a [LabelledImage],
}

/// What one model makes of all images.
pub(crate) struct Run {
    /// For each image the answer, or why it cannot be read.
    pub(crate) answers: Vec<Result<Answer, Text>>,
    /// Images whose EXIF orientation was ignored.
    pub(crate) reoriented: usize,
    /// Median time of one inference on one thread, with every thread at work.
    pub(crate) milliseconds_per_image: f64,
}

/// What a model makes of an image.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The best classes, at most five.
    pub(crate) ranked: Vec<usize>,
    /// Score of the first of them.
    pub(crate) score: f32,
}

struct Worker<'a> {
    /// Name of the model.
    name: &'static str,
    engine: Box<dyn Engine + 'a>,
    input: Vec<f32>,
}

struct Prediction {
    answer: Answer,
    reoriented: bool,
    time: Duration,
}

impl Task<'_> {
    pub(crate) fn run(
        &self,
        name: &'static str,
        model: &dyn Model,
        context: &mut Context,
    ) -> Result<Run, JobError> {
        let mut answers = Vec::with_capacity(self.images.len());
        let mut times = Vec::with_capacity(self.images.len());
        let mut reoriented = 0;
        run_in_groups(
            self.images,
            GROUP,
            || self.worker(name, model),
            Vec::new,
            |worker, predictions, _, image| {
                predictions.push(self.predict(worker, &image.path)?);
                Ok(())
            },
            |_, predictions| {
                for prediction in predictions {
                    answers.push(prediction.map(|prediction: Prediction| {
                        times.push(prediction.time);
                        reoriented += usize::from(prediction.reoriented);
                        prediction.answer
                    }));
                }
                Ok(())
            },
            context,
        )?;
        Ok(Run {
            answers,
            reoriented,
            milliseconds_per_image: median_milliseconds(&mut times),
        })
    }

    fn worker<'m>(&self, name: &'static str, model: &'m dyn Model) -> Result<Worker<'m>, JobError> {
        let engine = model.engine()?;
        let expected = [
            1,
            self.classifier.size[0],
            self.classifier.size[1],
            self.classifier.channels,
        ];
        let outputs = engine
            .output_shapes()
            .first()
            .map(|shape| shape.iter().product::<usize>());
        if engine.input_shape() != expected || outputs != Some(self.classifier.outputs) {
            return Err(JobError::OtherModel {
                folder: self.settings.output_dir.clone(),
            });
        }
        Ok(Worker {
            name,
            engine,
            input: vec![0.0; expected.iter().product()],
        })
    }

    /// The prediction for a picture, or why it cannot be read.
    fn predict(
        &self,
        worker: &mut Worker,
        path: &Path,
    ) -> Result<Result<Prediction, Text>, JobError> {
        let reoriented = match self.prepared.read(path, &mut worker.input) {
            Ok(reoriented) => reoriented,
            Err(JobError::Image(error)) => return Ok(Err(error.text())),
            Err(error) => return Err(error),
        };
        let started = Instant::now();
        worker.engine.run(&worker.input)?;
        let time = started.elapsed();
        let output = worker.engine.output(0)?;
        if output.iter().any(|score| !score.is_finite()) {
            return Err(JobError::NoScores {
                model: worker.name,
                image: path.to_path_buf(),
            });
        }
        let scores = self.classifier.scores().of(&output);
        let ranked = top_classes(&scores);
        let best = ranked.first().and_then(|&class| scores.get(class));
        Ok(Ok(Prediction {
            answer: Answer {
                score: best.copied().unwrap_or_default(),
                ranked,
            },
            reoriented,
            time,
        }))
    }
}

fn median_milliseconds(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times
        .get(times.len() / 2)
        .map_or(0.0, |time| time.as_secs_f64() * 1e3)
}
