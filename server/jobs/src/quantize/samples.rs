//! Which pictures fit a model, and which judge it.

use configuration::{Choice, Effort, Settings};
use graph::multiply_accumulates;
use quantization::{Sample, draw_samples};

use super::budget;
use super::held_out;
use super::source::Source;
use crate::calibration::GROUP;
use crate::float_model::CalibrationSet;
use crate::prepared_images::PreparedImages;
use crate::spacing::evenly_spaced;

/// The pictures that were drawn.
pub(super) struct Samples {
    /// Those that fit, and then those that judge; once where all do both.
    all: Vec<Sample>,
    /// Number of those that fit.
    fitting: usize,
    /// Number of draws: a picture may be drawn several times.
    pub(super) draws: usize,
}

impl Samples {
    pub(super) fn draw(settings: &Settings, source: &Source) -> Self {
        let chosen = &settings.quantization;
        let draws = settings.batch_size.saturating_mul(settings.iteration_count);
        let samples = draw_samples(source.paths.len(), draws, chosen.seed);
        let graph = &source.classifier.graph;
        let operations = graph.nodes().iter();
        let operations = operations
            .map(|node| multiply_accumulates(graph, node))
            .sum();
        let judging = held_out::most_images(operations, chosen.effort);
        let [height, width] = source.classifier.size;
        let values = height * width * source.classifier.channels;
        let (mut fitting, held_out) =
            held_out::split(&samples, judging, GROUP, values, chosen.seed);
        let count = fitting.len();
        if count < samples.len() {
            fitting.extend(held_out);
        }
        Self {
            all: fitting,
            fitting: count,
            draws,
        }
    }

    /// Number of pictures.
    pub(super) fn images(&self) -> usize {
        self.all.len()
    }

    /// Whether those that judge fit nothing.
    pub(super) fn are_apart(&self) -> bool {
        self.fitting < self.all.len()
    }

    /// The position from which on samples judge.
    pub(super) fn first_held_out(&self) -> usize {
        match self.are_apart() {
            true => self.fitting,
            false => 0,
        }
    }

    /// All samples.
    pub(super) fn set<'a>(
        &'a self,
        source: &'a Source,
        images: &'a PreparedImages<'a>,
    ) -> CalibrationSet<'a> {
        CalibrationSet {
            paths: &source.paths,
            samples: &self.all,
            images,
            classifier: &source.classifier,
        }
    }

    /// Those samples of the set that fit.
    pub(super) fn fitting<'a>(&'a self, set: CalibrationSet<'a>) -> CalibrationSet<'a> {
        CalibrationSet {
            samples: &self.all[..self.fitting],
            ..set
        }
    }

    /// Has pictures kept that are asked for again after calibration.
    pub(super) fn keep(&self, settings: &Settings, set: CalibrationSet) {
        let chosen = &settings.quantization;
        let collects = chosen.effort == Effort::Best
            || chosen.weights_rounding_optimization == Choice::On
            || chosen.weights_second_moment_correction == Choice::On;
        let path = |sample| set.path(sample);
        if collects {
            set.images.keep(set.sampled());
        } else if chosen.effort != Effort::Fast {
            set.images
                .keep(self.all[self.first_held_out()..].iter().map(path));
        }
        if chosen.accuracy_budget.is_some() {
            let ranked = evenly_spaced(set.samples, budget::RANKED_IMAGES);
            set.images.keep(ranked.map(path));
        }
    }
}
