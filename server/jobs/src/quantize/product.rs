//! The model that is written.

use configuration::Effort;
use quantization::{Options, QuantizedModel};

use super::budget::{Budget, Met};
use super::held_out::Judge;
use super::reconstruction::reconstruct;
use super::subject::Subject;
use crate::context::Context;
use crate::error::JobError;
use crate::float_model::CalibrationSet;
use crate::prepared_images::PreparedImages;

/// The best model that was found.
pub(super) struct Product<'a> {
    pub(super) model: QuantizedModel,
    /// How it was made, layers in more bits included.
    pub(super) options: Options,
    /// What became of the accuracy budget, where there is one.
    pub(super) met: Option<Met<'a>>,
}

impl<'a> Product<'a> {
    /// Quantizes with `options`, spends bits where there is a budget, and fits layer by layer where
    /// the effort is the greatest.
    ///
    /// `fitting` are the pictures that may fit layers, and `labelled` those of the evaluation folder.
    pub(super) fn make(
        subject: &Subject<'a>,
        options: Options,
        fitting: &CalibrationSet,
        judge: Option<&Judge>,
        labelled: &'a PreparedImages<'a>,
        context: &mut Context,
    ) -> Result<Self, JobError> {
        let chosen = &subject.settings.quantization;
        let mut product = Self {
            model: subject.quantize(&options, context)?,
            options,
            met: None,
        };
        if let Some(points) = chosen.accuracy_budget {
            let budget = Budget::new(points, subject, labelled, context)?;
            let met = budget.meet(subject, &product.options, product.model, context)?;
            product = Self {
                options: met.best.options.clone(),
                model: met.best.model.clone(),
                met: Some(met),
            };
        }
        if let (Effort::Best, Some(judge)) = (chosen.effort, judge) {
            let Self { model, met, .. } = &mut product;
            reconstruct(
                subject.rewritten,
                model,
                fitting,
                judge,
                chosen.seed,
                context,
            )?;
            if let Some(met) = met {
                met.improve(subject, model.clone(), context)?;
                *model = met.best.model.clone();
            }
        }
        if let Some(met) = &product.met {
            met.tell(subject, context);
        }
        Ok(product)
    }
}
