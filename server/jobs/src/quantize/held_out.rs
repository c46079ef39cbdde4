//! Calibration images that fit nothing, on which models are judged.

use std::path::PathBuf;

use configuration::Effort;
use graph::Graph;
use inference::{Kernels, Model as _, TfliteModel};
use quantization::Sample;
use tflite::Encodings;

use crate::calibration::HeldOut;
use crate::context::Context;
use crate::error::JobError;
use crate::instrumented::InstrumentedModel;
use crate::logits::logits;
use crate::prepared_images::PreparedImages;
use crate::spacing::from_everywhere;
use crate::workers::run_in_order;

/// Images that judge: the noise of two models on the same images compares well, though where a few
/// images have most of it, more tell more. So many judge a model that computes little, and every
/// model with the greatest effort.
const IMAGES: usize = 48;
const MOST_IMAGES: usize = 100;

/// Multiply-accumulate operations that one model may take on all of them.
const MOST_COMPUTED: u64 = 16_000_000_000;

/// The part of them, one in so many, that may show already whether a model is better.
const FIRST: usize = 4;

/// Standard errors that a gain exceeds where no more images are needed.
const CLEAR_ERRORS: f64 = 4.0;

/// Fewer images than this are needed to choose scales; none are held out then.
pub(super) const LEAST: usize = 16;

/// Most values of all images that are held out, so that a model of large pictures is tried on few.
const MAX_VALUES: usize = 16 << 20;

/// Images that judge a model at most, by its multiply-accumulate operations on one.
pub(super) fn most_images(operations: u64, effort: Effort) -> usize {
    match effort {
        Effort::Best => MOST_IMAGES,
        Effort::Fast => IMAGES,
        Effort::Balanced => {
            let images = usize::try_from(MOST_COMPUTED / operations.max(1));
            images.unwrap_or(MOST_IMAGES).clamp(IMAGES, MOST_IMAGES)
        }
    }
}

/// Splits samples into those that fit a model and those that judge it, one drawn by `seed` from each
/// of as many equal parts, because folders come class by class. The number of the former is a multiple
/// of `group`, and `most` or a few more judge. Where there are too few samples, all of them do both.
pub(super) fn split(
    samples: &[Sample],
    most: usize,
    group: usize,
    values: usize,
    seed: u64,
) -> (Vec<Sample>, Vec<Sample>) {
    let count = samples.len();
    if count < LEAST {
        return (samples.to_vec(), samples.to_vec());
    }
    let wanted = most.min(count / 3).min((MAX_VALUES / values.max(1)).max(4));
    let held_out = wanted + (count - wanted) % group.max(1);
    let parts: Vec<usize> = (0..held_out)
        .map(|part| {
            let (start, end) = (part * count / held_out, (part + 1) * count / held_out);
            let within = quantization::draw_samples(end - start, 1, seed ^ (part as u64) << 32);
            start + within.first().map_or(0, |sample| sample.image)
        })
        .collect();
    let judges = |position: usize| parts.binary_search(&position).is_ok();
    let all = samples.iter().enumerate();
    let (judging, fitting): (Vec<_>, Vec<_>) = all.partition(|&(position, _)| judges(position));
    let samples = |chosen: Vec<(usize, &Sample)>| chosen.into_iter().map(|(_, s)| *s).collect();
    (samples(fitting), samples(judging))
}

/// Judges quantized models by the noise of their logits.
pub(super) struct Judge<'a> {
    images: &'a PreparedImages<'a>,
    paths: Vec<PathBuf>,
    /// Logits of the float model for each image.
    reference: Vec<Vec<f32>>,
    /// The kernels that images are run by, in turn.
    kernels: &'static [Kernels],
}

/// Where values in steps of equal size are added, every other result lies between two steps: XNNPACK
/// and the runtime's own kernels, which microcontrollers share, go different ways from there, and a
/// model has to suit both.
const BOTH_KERNELS: [Kernels; 2] = [Kernels::Xnnpack, Kernels::Builtin];

/// Noise of a model's logits on each image, and their signal.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Noise {
    /// Squared differences from the original model.
    noise: Vec<f64>,
    /// Squares of the original model.
    signal: Vec<f64>,
}

/// What is to be expected of a change before it is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expectation {
    /// It is one of many that were fitted to images, each of which may gain little.
    Fitted,
    /// It takes noise away by what is known of the model; what the trial shows counts as it is.
    Better,
    /// It does so for most models: a few images alone do not tell against it.
    Usual,
    /// It suits pictures unlike those of calibration better, so that it may add as much noise here as
    /// chance would.
    Safer,
    /// It may go either way, so that the trial has to show more than chance would.
    Open,
}

/// Gain, in decibels, from which a change is kept.
const WORTHWHILE_DB: f64 = 0.02;

impl Noise {
    /// Squared differences of the logits on all images together.
    pub(super) fn total(&self) -> f64 {
        self.noise.iter().sum()
    }

    /// Whether there is less noise than before. Its standard error is the least gain where nothing is
    /// to be expected.
    pub(super) fn is_below(&self, before: &Self, expectation: Expectation) -> bool {
        let (gain, error) = self.gain(before);
        match expectation {
            Expectation::Fitted => gain > 0.0,
            Expectation::Better | Expectation::Usual => gain >= WORTHWHILE_DB,
            Expectation::Safer => gain >= -error,
            Expectation::Open => gain >= error.max(WORTHWHILE_DB),
        }
    }

    /// What some images show already of whether there is less noise than before; `None` where more
    /// have to tell.
    fn is_clearly_below(&self, before: &Self, expectation: Expectation) -> Option<bool> {
        let (gain, error) = self.gain(before);
        let hopeless = match expectation {
            Expectation::Fitted | Expectation::Better => gain < -error,
            Expectation::Usual | Expectation::Safer => gain < -CLEAR_ERRORS * error,
            Expectation::Open => gain <= 0.0,
        };
        match () {
            () if hopeless => Some(false),
            () if gain > CLEAR_ERRORS * error.max(WORTHWHILE_DB) => Some(true),
            () => None,
        }
    }

    /// Decibels by which there is less noise than before, on as many images as both know, and the
    /// standard error. Half of the gain is that of the whole noise, which a few images may decide, and
    /// half the mean of the images' gains, which is steadier.
    fn gain(&self, before: &Self) -> (f64, f64) {
        let pairs = || self.noise.iter().zip(&before.noise);
        let ratios = pairs().filter(|(now, before)| **now > 0.0 && **before > 0.0);
        let gains: Vec<f64> = ratios
            .map(|(now, before)| 10.0 * (before / now).log10())
            .collect();
        let count = gains.len().max(1) as f64;
        let mean = gains.iter().sum::<f64>() / count;
        let squares: f64 = gains.iter().map(|gain| (gain - mean).powi(2)).sum();
        let (now, before) = pairs().fold((0.0, 0.0), |sums, (now, before)| {
            (sums.0 + now, sums.1 + before)
        });
        let whole = 10.0 * (before / now).log10();
        ((whole + mean) / 2.0, squares.sqrt() / count)
    }

    /// Decibels that the ratio of the logits gains over that before, on as many images as both know.
    pub(super) fn gain_db(&self, before: &Self) -> Option<f64> {
        let images = self.images().min(before.images());
        let (now, before) = (self.first(images).total(), before.first(images).total());
        (now > 0.0 && before > 0.0).then(|| 10.0 * (before / now).log10())
    }

    /// Number of images.
    pub(super) fn images(&self) -> usize {
        self.noise.len()
    }

    /// The noise on the first images.
    pub(super) fn first(&self, images: usize) -> Self {
        let first = |values: &[f64]| values.iter().take(images).copied().collect();
        Self {
            noise: first(&self.noise),
            signal: first(&self.signal),
        }
    }

    /// Signal to noise ratio in decibels; `None` without noise.
    pub(super) fn sqnr_db(&self) -> Option<f64> {
        let (noise, signal): (f64, f64) = (self.noise.iter().sum(), self.signal.iter().sum());
        (noise > 0.0).then(|| 10.0 * (signal / noise).log10())
    }
}

impl<'a> Judge<'a> {
    /// `None` without images, or in builds without the TFLite runtime.
    pub(super) fn new(
        held_out: Vec<HeldOut>,
        images: &'a PreparedImages<'a>,
        graph: &Graph,
    ) -> Option<Self> {
        if inference::tflite_runtime_version().is_none() || held_out.is_empty() {
            return None;
        }
        // The first ones may decide alone.
        let held_out = from_everywhere(held_out).into_iter();
        let (paths, reference) = held_out.map(|image| (image.path, image.logits)).unzip();
        let mut nodes = graph.nodes().iter();
        let has_sums = nodes.any(|node| quantization::is_sum(graph, node));
        Some(Self {
            images,
            paths,
            reference,
            kernels: match has_sums {
                true => &BOTH_KERNELS,
                false => &[Kernels::Xnnpack],
            },
        })
    }

    /// Number of images.
    pub(super) fn images(&self) -> usize {
        self.paths.len()
    }

    /// The noise of a model in the runtime.
    pub(super) fn noise(
        &self,
        graph: &Graph,
        encodings: &Encodings,
        context: &Context,
    ) -> Result<Noise, JobError> {
        let mut trial = Trial::new(graph, encodings)?;
        self.others(&mut trial, context)?;
        Ok(self.noise_of(&trial))
    }

    /// A model on the first images, which need not run where it is the same as one that is known.
    pub(super) fn first(
        &self,
        graph: &Graph,
        encodings: &Encodings,
        known: Option<&Trial>,
        context: &Context,
    ) -> Result<Trial, JobError> {
        let mut trial = Trial::new(graph, encodings)?;
        let first = self.images().div_ceil(FIRST);
        match known.filter(|known| known.model.is_same_file(&trial.model)) {
            Some(known) => trial
                .outputs
                .extend(known.outputs.iter().take(first).cloned()),
            None => self.run(&mut trial, first, context)?,
        }
        Ok(trial)
    }

    /// Runs a model on the images that it has not seen yet.
    fn others(&self, trial: &mut Trial, context: &Context) -> Result<(), JobError> {
        self.run(trial, self.images(), context)
    }

    /// Runs a model on images until it has seen `count`.
    fn run(&self, trial: &mut Trial, count: usize, context: &Context) -> Result<(), JobError> {
        let file = &trial.model;
        let outputs = &mut trial.outputs;
        let seen = outputs.len();
        let load = |kernels: &Kernels| file.load(*kernels);
        let models = self
            .kernels
            .iter()
            .map(load)
            .collect::<Result<Vec<_>, _>>()?;
        run_in_order(
            count - seen,
            context.threads,
            context.cancellation.flag(),
            || {
                let engines = models.iter().map(TfliteModel::engine);
                let engines = engines.collect::<Result<Vec<_>, _>>()?;
                Ok((engines, self.images.room()))
            },
            |(engines, input), index| {
                self.images.read(&self.paths[seen + index], input)?;
                let turn = (seen + index) % engines.len();
                let engine = &mut engines[turn];
                engine.run(input)?;
                Ok(file.outputs.tensor(0, engine.as_ref(), input)?.to_vec())
            },
            || {},
            |_, output| {
                outputs.push(output);
                Ok(())
            },
        )
    }

    /// The noise of a model on the images that it has seen.
    pub(super) fn noise_of(&self, trial: &Trial) -> Noise {
        self.compared(&trial.outputs)
    }

    /// Whether a model has less noise than another one, on as many images as it takes to tell.
    pub(super) fn is_better(
        &self,
        model: &mut Trial,
        before: &mut Trial,
        expectation: Expectation,
        context: &Context,
    ) -> Result<bool, JobError> {
        if model.model.is_same_file(&before.model) {
            return Ok(false);
        }
        let noise = self.noise_of(model);
        if let Some(clear) = noise.is_clearly_below(&self.noise_of(before), expectation) {
            return Ok(clear);
        }
        self.others(model, context)?;
        self.others(before, context)?;
        Ok(self
            .noise_of(model)
            .is_below(&self.noise_of(before), expectation))
    }

    fn compared(&self, outputs: &[Vec<f32>]) -> Noise {
        let square = |value: f32| f64::from(value).powi(2);
        let noise = self.reference.iter().zip(outputs).map(|(float, int8)| {
            let pairs = float.iter().zip(int8);
            pairs.map(|(float, int8)| square(float - int8)).sum()
        });
        let images = self.reference.iter().take(outputs.len());
        let signal = images.map(|image| image.iter().copied().map(square).sum());
        Noise {
            noise: noise.collect(),
            signal: signal.collect(),
        }
    }
}

/// A model that tells its logits.
pub(super) struct Trial {
    model: InstrumentedModel,
    /// The logits of the images that were run.
    outputs: Vec<Vec<f32>>,
}

impl Trial {
    fn new(graph: &Graph, encodings: &Encodings) -> Result<Self, JobError> {
        Ok(Self {
            model: InstrumentedModel::new(graph, encodings, &[logits(graph)], "trial")?,
            outputs: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_images_judge_what_computes_little() {
        let images = |operations| most_images(operations, Effort::Balanced);
        assert_eq!(images(0), MOST_IMAGES);
        assert_eq!(images(MOST_COMPUTED / 64), 64);
        assert_eq!(images(u64::MAX), IMAGES);
        assert_eq!(most_images(u64::MAX, Effort::Best), MOST_IMAGES);
    }

    fn samples(count: usize) -> Vec<Sample> {
        let sample = |image| Sample { image, weight: 1 };
        (0..count).map(sample).collect()
    }

    #[test]
    fn images_are_held_out_from_everywhere() {
        let all = samples(300);
        let (fit, held_out) = split(&all, 64, 8, 1000, 7);
        assert_eq!(fit.len() % 8, 0);
        assert_eq!(fit.len() + held_out.len(), 300);
        assert!(fit.iter().all(|sample| !held_out.contains(sample)));
        for (part, sample) in held_out.iter().enumerate() {
            let count = held_out.len();
            let within = part * 300 / count..(part + 1) * 300 / count;
            assert!(within.contains(&sample.image), "{part}: {sample:?}");
        }
        assert_ne!(split(&all, 64, 8, 1000, 8).1, held_out, "another seed");
        // Large pictures are fewer.
        assert!(split(&all, 64, 8, 1 << 20, 7).1.len() <= 16 + 8);
        assert_eq!(
            split(&all[..10], 64, 8, 1000, 7),
            (samples(10), samples(10))
        );
    }

    #[test]
    fn a_change_has_to_help_in_all_and_in_the_mean() {
        let noise = |noise: &[f64]| Noise {
            noise: noise.to_vec(),
            signal: noise.iter().map(|_| 100.0 / 3.0).collect(),
        };
        let before = noise(&[1.0, 1.0, 8.0]);
        let check = |now: &[f64], better: bool, open: bool| {
            let now = noise(now);
            assert_eq!(
                now.is_below(&before, Expectation::Better),
                better,
                "{now:?}"
            );
            assert_eq!(now.is_below(&before, Expectation::Open), open, "{now:?}");
        };
        check(&[0.9, 0.9, 7.0], true, true);
        check(&[0.999, 1.0, 7.99], false, false);
        let little = noise(&[0.999, 1.0, 7.99]);
        assert!(little.is_below(&before, Expectation::Fitted));
        assert!(!before.is_below(&before, Expectation::Fitted));
        check(&[3.0, 3.0, 3.0], false, false);
        check(&[0.9, 0.9, 12.0], false, false);
        // More than nothing, and less than chance.
        check(&[1.2, 0.7, 7.9], true, false);
        let chance = noise(&[0.7, 1.5, 8.0]);
        assert!(chance.is_below(&before, Expectation::Safer));
        assert!(!chance.is_below(&before, Expectation::Usual));
        let worse = noise(&[1.2, 1.5, 9.0]);
        assert!(!worse.is_below(&before, Expectation::Safer));
        assert!((before.sqnr_db().unwrap() - 10.0).abs() < 1e-9);
        assert_eq!(noise(&[0.0]).sqnr_db(), None);
        // Few images suffice where they are clear.
        let clearly = |now: &[f64], expectation| noise(now).is_clearly_below(&before, expectation);
        assert_eq!(clearly(&[0.5, 0.5], Expectation::Open), Some(true));
        assert_eq!(clearly(&[0.5, 0.9], Expectation::Open), None);
        assert_eq!(clearly(&[1.5, 1.6], Expectation::Better), Some(false));
        assert_eq!(clearly(&[1.5, 2.5], Expectation::Better), Some(false));
        assert_eq!(clearly(&[1.5, 2.5], Expectation::Usual), None);
        assert_eq!(clearly(&[1.5, 1.6], Expectation::Usual), Some(false));
        assert_eq!(clearly(&[0.6, 1.7], Expectation::Better), None);
        assert_eq!(clearly(&[0.6, 1.7], Expectation::Open), Some(false));
    }
}
