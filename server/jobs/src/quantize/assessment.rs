//! What is to be said of a quantized model.

use ::report::{Advice, Comparison, Layer};
use advice::Evidence;
use graph::Graph;
use graph::passes::Rewrites;

use super::comparison::{self, compare, compare_logits};
use super::evidence::{self, EvaluationImages};
use super::product::Product;
use super::report::layers;
use super::subject::Subject;
use super::trial::proven;
use crate::calibration::Calibrated;
use crate::context::Context;
use crate::error::JobError;

/// How a model compares with the original one, and what would help it.
pub(super) struct Assessment {
    /// `None` where nothing can be compared.
    pub(super) comparison: Option<Comparison>,
    /// What the output means.
    pub(super) output: ::report::Output,
    /// The noisiest one first.
    pub(super) layers: Vec<Layer>,
    pub(super) advice: Vec<Advice>,
}

/// What advice goes by besides the model.
pub(super) struct Material<'a> {
    /// What the file says.
    pub(super) source: &'a Graph,
    pub(super) rewrites: &'a Rewrites,
    pub(super) calibrated: &'a Calibrated,
    /// Number of draws of calibration images.
    pub(super) draws: usize,
    pub(super) evaluation: &'a EvaluationImages,
}

impl Assessment {
    pub(super) fn new(
        subject: &Subject,
        product: &Product,
        material: &Material,
        context: &mut Context,
    ) -> Result<Self, JobError> {
        let images = material.evaluation.compared(&subject.set);
        let compared = compare(subject, &product.model, &images, context)?;
        let (rewritten, statistics) = (subject.rewritten, subject.statistics);
        let layers = layers(rewritten, &product.model, statistics, compared.as_ref());
        let names = evidence::names(subject.settings, &subject.set);
        let comparison = compared.as_ref().map(comparison::Comparison::summary);
        let proposals = advice::advise(&Evidence {
            settings: subject.settings,
            options: &product.options,
            rewrites: material.rewrites,
            source: material.source,
            graph: rewritten,
            model: &product.model,
            statistics,
            halves: &material.calibrated.halves,
            calibration: &material.calibrated.images,
            samples: material.draws,
            evaluation: material.evaluation.moments.as_ref(),
            classes: names.as_ref(),
            layers: &layers,
            comparison: comparison.as_ref(),
        });
        let present = comparison
            .as_ref()
            .and_then(|compared| compared.logits_sqnr_db);
        let advice = proven(proposals, present, |options| {
            let model = subject.quantize(options, context)?;
            let compared = compare_logits(subject, &model, &images, context)?;
            Ok(compared.and_then(|compared| compared.summary().logits_sqnr_db))
        })?;
        let names = names.as_ref().map(|names| names.classes.as_slice());
        Ok(Self {
            output: subject.set.classifier.described_output(names),
            comparison,
            layers,
            advice,
        })
    }
}
