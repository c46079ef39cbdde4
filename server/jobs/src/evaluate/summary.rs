//! From predictions to figures.

use evaluation::{Accuracy, Confusion, Predictions};
use images::{LabelledImage, Labels};
use keras::OutputKind;
use localization::Text;

use super::candidate::Candidate;
use super::results::{ModelResults, Results, UnreadableImage};
use crate::classifier::one_sided_logit;
use crate::event::ModelLine;
use crate::predictions::Run;

/// What all models ran on, and what they made of it.
pub(super) struct Evaluation<'a> {
    pub(super) candidates: &'a [Candidate<'a>],
    pub(super) runs: &'a [Run],
    pub(super) images: &'a [LabelledImage],
    pub(super) labels: &'a Labels,
    /// Number of classes that the models tell apart.
    pub(super) classes: usize,
    /// How they lie in the models' output.
    pub(super) output: report::Output,
}

impl Evaluation<'_> {
    /// Images that some model could not be given, with the reason.
    pub(super) fn unreadable_images(&self) -> Vec<UnreadableImage> {
        self.images
            .iter()
            .enumerate()
            .filter_map(|(index, image)| {
                let reason = self
                    .runs
                    .iter()
                    .find_map(|run| run.answers[index].as_ref().err())?;
                Some(UnreadableImage {
                    path: image.path.clone(),
                    reason: reason.to_string(),
                })
            })
            .collect()
    }

    /// Positions of the images that every model was given.
    pub(super) fn readable(&self) -> Vec<usize> {
        let read = |&index: &usize| self.runs.iter().all(|run| run.answers[index].is_ok());
        (0..self.images.len()).filter(read).collect()
    }

    /// What is to be said of a logit that has the same sign for all images.
    pub(super) fn one_sided(&self) -> Option<Text> {
        let logit = OutputKind::Logit.name();
        let keras = self.runs.first().filter(|_| self.output.kind == logit)?;
        let answers = keras.answers.iter().flatten();
        let logits = answers.map(|answer| match answer.ranked.first() {
            Some(1) => answer.score,
            _ => -answer.score,
        });
        let start = [f32::INFINITY, f32::NEG_INFINITY];
        let range = logits.fold(start, |[low, high], logit| {
            [low.min(logit), high.max(logit)]
        });
        one_sided_logit(self.readable().len(), range)
    }

    /// The figures of all models on the images that every model was given.
    pub(super) fn summarize(
        &self,
        unreadable_images: Vec<UnreadableImage>,
        warnings: &[Text],
    ) -> (Results, Vec<ModelLine>) {
        let readable = self.readable();
        let actual: Vec<usize> = readable
            .iter()
            .map(|&index| self.images[index].class)
            .collect();
        let predictions: Vec<Predictions> = self
            .runs
            .iter()
            .map(|run| Predictions {
                ranked: readable
                    .iter()
                    .filter_map(|&index| run.answers[index].as_ref().ok())
                    .map(|answer| answer.ranked.clone())
                    .collect(),
            })
            .collect();
        let models: Vec<ModelResults> = self
            .candidates
            .iter()
            .zip(self.runs)
            .zip(&predictions)
            .map(|((candidate, run), own)| {
                self.model_results(candidate, run, own, &predictions[0], &actual)
            })
            .collect();
        let lines: Vec<ModelLine> = models.iter().map(ModelResults::line).collect();
        let top_1 = |index: usize| models.get(index).map_or(0.0, |model| model.top_1_accuracy);
        let results = Results {
            top_1_accuracy_keras: top_1(0),
            top_1_accuracy_tflite: top_1(1),
            top_1_accuracy_tflite_quantized: top_1(2),
            images: readable.len(),
            output_kind: self.output.kind,
            classes: self.labels.names().to_vec(),
            models,
            unreadable_images,
            warnings: warnings.iter().map(Text::to_string).collect(),
            generator: concat!("Model Quantizer ", env!("CARGO_PKG_VERSION")),
        };
        (results, lines)
    }

    fn model_results(
        &self,
        candidate: &Candidate,
        run: &Run,
        predictions: &Predictions,
        keras: &Predictions,
        actual: &[usize],
    ) -> ModelResults {
        let classes = self.labels.len();
        let accuracy = Accuracy::new(predictions, actual, classes);
        ModelResults {
            name: candidate.name,
            path: candidate.path.clone(),
            file_bytes: candidate.file_bytes,
            engine: candidate.model.description(),
            top_1_accuracy: accuracy.top_1,
            top_5_accuracy: accuracy.top_5,
            agreement_with_keras: predictions.agreement(keras),
            milliseconds_per_image: run.milliseconds_per_image,
            per_class: ModelResults::per_class(&accuracy, self.labels.names()),
            confusion: Confusion::new(predictions, actual, classes, self.classes).counts,
        }
    }
}
