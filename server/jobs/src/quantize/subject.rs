//! What a job quantizes, so that models with other options can be made of it and judged.

use std::cell::RefCell;

use configuration::Settings;
use graph::Graph;
use localization::phrase;
use quantization::{
    FoundThresholds, MomentProbe, Options, QuantizationError, QuantizedModel, Statistics,
};

use super::rounding::Rounding;
use crate::calibration::calibrate;
use crate::context::Context;
use crate::error::JobError;
use crate::event::Stage;
use crate::float_model::CalibrationSet;

/// The model in float, and what calibration knows of it.
pub(super) struct Subject<'a> {
    pub(super) settings: &'a Settings,
    /// What the user gave; it becomes the float file.
    pub(super) original: &'a Graph,
    /// What is quantized: the same function with other values in between.
    pub(super) rewritten: &'a Graph,
    pub(super) statistics: &'a Statistics,
    pub(super) set: CalibrationSet<'a>,
    /// `None` where weights are rounded to the nearest levels.
    pub(super) rounding: Option<Rounding<'a>>,
    /// Whether the moments of layers' outputs are restored.
    pub(super) second_moment: bool,
    pub(super) thresholds: &'a RefCell<FoundThresholds>,
    /// Whether the model is one of many that are tried, whose making is no stage of the job.
    pub(super) is_trial: bool,
}

impl Subject<'_> {
    /// A quantized model, with all corrections that the user has asked for.
    pub(super) fn quantize(
        &self,
        options: &Options,
        context: &mut Context,
    ) -> Result<QuantizedModel, JobError> {
        let mut model = self.rounded_to_nearest(options, context)?;
        if let Some(rounding) = &self.rounding {
            rounding.round(&mut model, options, context)?;
        }
        if self.second_moment {
            let probe = MomentProbe::new(self.rewritten, &model)?;
            let moments = calibrate(
                (Stage::Correct, phrase!("correcting")),
                &probe.graph,
                &probe.observations(),
                &self.set,
                self.set.samples.len(),
                context,
            )?;
            probe.correct(&mut model, &moments.statistics);
        }
        Ok(model)
    }

    fn rounded_to_nearest(
        &self,
        options: &Options,
        context: &mut Context,
    ) -> Result<QuantizedModel, JobError> {
        let nodes = self.rewritten.nodes().iter();
        let kernels = nodes.filter(|node| node.op.has_kernel()).count();
        if !self.is_trial {
            context.begin(
                Stage::Quantize,
                phrase!("quantizing"),
                kernels,
                phrase!("layers"),
            );
        }
        let cancellation = context.cancellation.clone();
        let threads = context.threads;
        let mut progress = |done: usize, _: usize| {
            if !self.is_trial {
                context.progress(done);
            }
        };
        let result = quantization::quantize(
            self.rewritten,
            self.statistics,
            options,
            &mut self.thresholds.borrow_mut(),
            threads,
            cancellation.flag(),
            &mut progress,
        );
        match result {
            Err(QuantizationError::Cancelled) => Err(JobError::Cancelled),
            other => Ok(other?),
        }
    }
}
