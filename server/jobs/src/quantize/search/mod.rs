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
use localization::{Text, phrase, text};
use quantization::{FoundThresholds, Options, Statistics};

use super::held_out::{self, Expectation, Judge};
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
    pub(super) judge: Option<&'a Judge<'a>>,
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
        context.begin(
            Stage::Search,
            phrase!("trying improvements"),
            most,
            phrase!("models"),
        );
        let start = options.clone();
        let best = steps::demanded(self, options);
        let rewritten = best.rewritten(self.base, self.statistics);
        let model = self.attempt(judge, thresholds, &best, &rewritten, None, context)?;
        let before = judge.noise_of(&model);
        let mut progress = Progress {
            start,
            search: self,
            judge,
            thresholds,
            rewritten,
            best,
            model,
            trials: Vec::new(),
        };
        steps::all(&mut progress, context)?;
        context.progress(most);
        let after = judge.noise_of(&progress.model);
        let kept: Vec<&str> = progress
            .trials
            .iter()
            .filter(|trial| trial.kept)
            .map(|trial| trial.what.as_str())
            .collect();
        context.log(
            Level::Info,
            text!(
                "{count} of {all} improvements that were tried are kept: {names}",
                count = kept.len(),
                all = progress.trials.len(),
                names = match kept.is_empty() {
                    true => Text::from(phrase!("none")),
                    false => Text::verbatim(kept.join(", ")),
                }
            ),
        );
        Ok(Found {
            report: Some(Report {
                images: before.images(),
                held_out: self.set.samples.len() >= judge.images()
                    && self.set.samples.len() > held_out::LEAST,
                before_sqnr_db: before.sqnr_db(),
                after_sqnr_db: after.first(before.images()).sqnr_db(),
                trials: progress.trials,
            }),
            plan: progress.best,
        })
    }

    /// A model that is made to a plan, on the first images.
    fn attempt(
        &self,
        judge: &Judge,
        thresholds: &RefCell<FoundThresholds>,
        plan: &Plan,
        (graph, statistics): &(Graph, Statistics),
        known: Option<&held_out::Trial>,
        context: &mut Context,
    ) -> Result<held_out::Trial, JobError> {
        context.check_cancelled()?;
        let set = self.set;
        let settings = &self.settings.quantization;
        let seed = settings.seed;
        let rounding = plan
            .rounding
            .then(|| Rounding::new(graph, statistics, set, seed));
        let subject = super::subject::Subject {
            settings: self.settings,
            original: self.base,
            rewritten: graph,
            statistics,
            set,
            rounding,
            second_moment: plan.second_moment,
            thresholds,
            is_trial: true,
        };
        let mut options = plan.options.clone();
        if settings.effort != Effort::Best {
            // The search for their thresholds takes longest, and says little of other changes.
            options.weights.error_method = quantization::ErrorMethod::NoClipping;
        }
        let model = subject.quantize(&options, context)?;
        judge.first(&model.graph, &model.encodings, known, context)
    }
}

/// A search under way.
struct Progress<'s, 'a> {
    /// Options of the settings, without what they leave open.
    start: Options,
    search: &'s Search<'a>,
    judge: &'s Judge<'s>,
    thresholds: &'s RefCell<FoundThresholds>,
    best: Plan,
    /// The model of the best plan in float, and its statistics.
    rewritten: (Graph, Statistics),
    /// Its quantized model.
    model: held_out::Trial,
    trials: Vec<Trial>,
}

/// A plan that is tried, and its model on the first images.
struct Attempt {
    noise: f64,
    /// Of the trial in the report.
    position: usize,
    plan: Plan,
    /// The model in float, and its statistics.
    rewritten: (Graph, Statistics),
    model: held_out::Trial,
}

impl Progress<'_, '_> {
    /// The float model that a plan makes, and its statistics. Most plans only add to the best one.
    fn rewritten(&self, plan: &Plan) -> (Graph, Statistics) {
        match plan.beyond(&self.best) {
            Some(more) => more.rewritten(&self.rewritten.0, &self.rewritten.1),
            None => plan.rewritten(self.search.base, self.search.statistics),
        }
    }

    /// Keeps the plan that is the best of several on the first images, where it is better than the best
    /// so far on all. Whether it is.
    fn keep_best(
        &mut self,
        plans: Vec<(String, Plan)>,
        expectation: Expectation,
        context: &mut Context,
    ) -> Result<bool, JobError> {
        let before = self.judge.noise_of(&self.model);
        let mut best: Option<Attempt> = None;
        for (what, plan) in plans {
            let rewritten = self.rewritten(&plan);
            let (search, judge) = (self.search, self.judge);
            let known = Some(&self.model);
            let model =
                search.attempt(judge, self.thresholds, &plan, &rewritten, known, context)?;
            context.progress((self.trials.len() + 1).min(steps::MOST_TRIALS));
            let noise = judge.noise_of(&model);
            self.trials.push(Trial {
                what,
                gain_db: noise.gain_db(&before),
                kept: false,
            });
            let noise = noise.total();
            if best.as_ref().is_none_or(|best| noise < best.noise) {
                best = Some(Attempt {
                    noise,
                    position: self.trials.len() - 1,
                    plan,
                    rewritten,
                    model,
                });
            }
        }
        let Some(mut attempt) = best else {
            return Ok(false);
        };
        let model = &mut attempt.model;
        let better = self
            .judge
            .is_better(model, &mut self.model, expectation, context)?;
        if let Some(trial) = self.trials.get_mut(attempt.position) {
            let [now, before] = [&*model, &self.model].map(|model| self.judge.noise_of(model));
            trial.gain_db = now.gain_db(&before);
            trial.kept = better;
        }
        if better {
            (self.best, self.rewritten, self.model) =
                (attempt.plan, attempt.rewritten, attempt.model);
        }
        Ok(better)
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
