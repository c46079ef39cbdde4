//! What of everything that may improve a quantized model does improve this one.
//!
//! Rewrites of the float model compute the same, and corrections are sound in the mean; what either
//! does to the noise of a model depends on the model. Each is tried on calibration images that did not
//! fit it, and kept where the logits have less noise.

mod plan;
mod steps;

use std::cell::RefCell;

use ::report::{Search as Report, Trial};
use configuration::{Effort, Settings};
use graph::Graph;
use quantization::{FoundThresholds, Options, Statistics};

use super::held_out::{Expectation, Judge, Noise};
use super::rounding::Rounding;
use crate::context::Context;
use crate::error::JobError;
use crate::event::{Level, Stage};
use crate::float_model::CalibrationSet;
pub(super) use plan::Plan;

/// What a search has to go on.
pub(super) struct Search<'a> {
    pub(super) settings: &'a Settings,
    /// The prepared model, which nothing has changed yet.
    pub(super) base: &'a Graph,
    /// What the images that fit models have shown of it.
    pub(super) statistics: &'a Statistics,
    /// Those images.
    pub(super) set: CalibrationSet<'a>,
    /// `None` where nothing can be tried.
    pub(super) judge: Option<&'a Judge>,
}

/// What was found.
pub(super) struct Found {
    pub(super) plan: Plan,
    pub(super) report: Option<Report>,
}

impl Search<'_> {
    /// The plan that the settings ask for; what they leave open is tried.
    pub(super) fn find(
        &self,
        options: Options,
        thresholds: &RefCell<FoundThresholds>,
        context: &mut Context,
    ) -> Result<Found, JobError> {
        let fast = self.settings.quantization.effort == Effort::Fast;
        let Some(judge) = self.judge.filter(|_| !fast) else {
            let plan = steps::preset(self, options);
            return Ok(Found { plan, report: None });
        };
        let most = match self.settings.quantization.effort {
            Effort::Best => 0,
            _ => steps::MOST_TRIALS,
        };
        context.begin(Stage::Search, "trying improvements", most, "models");
        let best = steps::demanded(self, options);
        let mut progress = Progress {
            search: self,
            judge,
            thresholds,
            rewritten: best.rewritten(self.base, self.statistics),
            best,
            noise: Noise::default(),
            trials: Vec::new(),
        };
        progress.noise = progress.measure(&progress.best, None, context)?;
        let before = progress.noise.sqnr_db();
        steps::all(&mut progress, context)?;
        context.progress(most);
        let kept: Vec<&str> = progress
            .trials
            .iter()
            .filter(|trial| trial.kept)
            .map(|trial| trial.what.as_str())
            .collect();
        context.log(
            Level::Info,
            format!(
                "{} of {} improvements that were tried are kept: {}",
                kept.len(),
                progress.trials.len(),
                if kept.is_empty() {
                    "none".to_owned()
                } else {
                    kept.join(", ")
                }
            ),
        );
        Ok(Found {
            report: Some(Report {
                images: judge.images(),
                held_out: self.set.samples.len() >= judge.images()
                    && self.set.samples.len() > super::held_out::LEAST,
                before_sqnr_db: before,
                after_sqnr_db: progress.noise.sqnr_db(),
                trials: progress.trials,
            }),
            plan: progress.best,
        })
    }
}

/// A search under way.
struct Progress<'s, 'a> {
    search: &'s Search<'a>,
    judge: &'s Judge,
    thresholds: &'s RefCell<FoundThresholds>,
    best: Plan,
    /// The model of the best plan in float, and its statistics.
    rewritten: (Graph, Statistics),
    /// The noise of its quantized model.
    noise: Noise,
    trials: Vec<Trial>,
}

impl Progress<'_, '_> {
    /// The float model that a plan makes, and its statistics. Most plans only add to the best one.
    fn rewritten(&self, plan: &Plan) -> (Graph, Statistics) {
        match plan.beyond(&self.best) {
            Some(more) => more.rewritten(&self.rewritten.0, &self.rewritten.1),
            None => plan.rewritten(self.search.base, self.search.statistics),
        }
    }

    /// The noise of a model that is made to a plan.
    fn measure(
        &self,
        plan: &Plan,
        before: Option<&Noise>,
        context: &mut Context,
    ) -> Result<Noise, JobError> {
        let base = self.search.base;
        let (graph, statistics) = self.rewritten(plan);
        let set = self.search.set;
        let settings = &self.search.settings.quantization;
        let seed = settings.seed;
        let rounding = plan
            .rounding
            .then(|| Rounding::new(&graph, &statistics, set, seed));
        let subject = super::subject::Subject {
            settings: self.search.settings,
            original: base,
            rewritten: &graph,
            statistics: &statistics,
            set,
            rounding,
            second_moment: plan.second_moment,
            thresholds: self.thresholds,
            is_trial: true,
        };
        let mut options = plan.options.clone();
        if settings.effort != Effort::Best {
            // The search for their thresholds takes longest, and says little of other changes.
            options.weights.error_method = quantization::ErrorMethod::NoClipping;
        }
        let model = subject.quantize(&options, context)?;
        self.judge
            .noise(&model.graph, &model.encodings, before, context)
    }

    /// Keeps the best of several plans, where it is better than the best so far. Whether one is.
    fn keep_best(
        &mut self,
        plans: Vec<(String, Plan)>,
        expectation: Expectation,
        context: &mut Context,
    ) -> Result<bool, JobError> {
        let start = self.noise.clone();
        let mut kept = None;
        for (what, plan) in plans {
            context.check_cancelled()?;
            let noise = self.measure(&plan, Some(&self.noise), context)?;
            context.progress((self.trials.len() + 1).min(steps::MOST_TRIALS));
            let gain_db = noise.gain_db(&start);
            self.trials.push(Trial {
                what,
                gain_db,
                kept: false,
            });
            if noise.is_below(&self.noise, expectation) {
                kept = Some(self.trials.len() - 1);
                self.noise = noise;
                self.rewritten = self.rewritten(&plan);
                self.best = plan;
            }
        }
        if let Some(trial) = kept.and_then(|kept| self.trials.get_mut(kept)) {
            trial.kept = true;
        }
        Ok(kept.is_some())
    }

    /// Keeps a change of the best plan, where it is better.
    fn keep(
        &mut self,
        what: &str,
        expectation: Expectation,
        change: impl FnOnce(&mut Plan),
        context: &mut Context,
    ) -> Result<bool, JobError> {
        let mut plan = self.best.clone();
        change(&mut plan);
        self.keep_best(vec![(what.to_owned(), plan)], expectation, context)
    }
}
