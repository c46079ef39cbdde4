//! What a job quantizes, so that models with other options can be made of it and judged.

use configuration::Settings;
use graph::Graph;
use quantization::{MomentProbe, Options, QuantizationError, QuantizedModel, Statistics};

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
    /// What calibration ran: the same function, as far as clamps allow, with other values in
    /// between.
    pub(super) rewritten: &'a Graph,
    pub(super) statistics: &'a Statistics,
    pub(super) set: CalibrationSet<'a>,
    /// `None` where weights are rounded to the nearest levels.
    pub(super) rounding: Option<Rounding<'a>>,
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
        if self.settings.quantization.weights_second_moment_correction {
            let probe = MomentProbe::new(self.rewritten, &model)?;
            let moments = calibrate(
                (Stage::Correct, "correcting"),
                &probe.graph,
                &probe.observations(),
                &self.set,
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
        context.begin(Stage::Quantize, "quantizing", kernels, "layers");
        let cancellation = context.cancellation.clone();
        let threads = context.threads;
        let mut progress = |done: usize, _: usize| context.progress(done);
        let result = quantization::quantize(
            self.rewritten,
            self.statistics,
            options,
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
