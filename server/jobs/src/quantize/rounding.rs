//! Optimized rounding of weights, from what some calibration images show of each layer's inputs.

use std::cell::{Cell, OnceCell};

use graph::Graph;
use localization::{phrase, text};
use quantization::{Options, PatchMoments, Patches, QuantizedModel, Sample, Statistics};

use crate::context::Context;
use crate::error::JobError;
use crate::event::{Level, Stage};
use crate::float_model::{CalibrationSet, FloatModel};
use crate::spacing::evenly_spaced;

/// Pictures whose patches count: more won nothing.
const IMAGES: usize = 64;

/// Rounds the weights of models that differ in their options.
pub(super) struct Rounding<'a> {
    graph: &'a Graph,
    statistics: &'a Statistics,
    set: CalibrationSet<'a>,
    samples: Vec<Sample>,
    seed: u64,
    /// What was collected, where it fits in memory all at once. It serves models with any options
    /// that leave bias correction as it is.
    kept: OnceCell<PatchMoments>,
    /// Whether the layers that are left out were told.
    told: Cell<bool>,
}

impl<'a> Rounding<'a> {
    /// Rounding by some of the pictures of a set, in which `seed` draws positions.
    pub(super) fn new(
        graph: &'a Graph,
        statistics: &'a Statistics,
        set: CalibrationSet<'a>,
        seed: u64,
    ) -> Self {
        Self {
            graph,
            statistics,
            set,
            samples: evenly_spaced(set.samples, IMAGES).copied().collect(),
            seed,
            kept: OnceCell::new(),
            told: Cell::new(false),
        }
    }

    /// Rounds the weights of a model made with some options.
    pub(super) fn round(
        &self,
        model: &mut QuantizedModel,
        options: &Options,
        context: &mut Context,
    ) -> Result<(), JobError> {
        if let Some(moments) = self.kept.get() {
            return round(moments, model, options, context);
        }
        let (parts, left_out) = self.parts(options, context)?;
        // Every model leaves out the same ones.
        if !self.told.replace(true) {
            for layer in left_out {
                context.log(
                    Level::Info,
                    text!(
                        "the weights of layer \"{layer}\" are rounded to the nearest levels, because each output reads too many values for `weights_rounding_optimization`"
                    ),
                );
            }
        }
        let is_whole = parts.len() == 1;
        for mut moments in parts {
            self.collect(&mut moments, context)?;
            round(&moments, model, options, context)?;
            if is_whole {
                let _ = self.kept.set(moments);
            }
        }
        Ok(())
    }

    fn parts(
        &self,
        options: &Options,
        context: &Context,
    ) -> Result<(Vec<PatchMoments>, Vec<String>), JobError> {
        let (graph, statistics) = (self.graph, self.statistics);
        let parts = PatchMoments::parts(graph, statistics, options, self.seed, context.threads)?;
        Ok(parts)
    }

    /// Runs the float model and adds the patches of every image.
    fn collect(&self, moments: &mut PatchMoments, context: &mut Context) -> Result<(), JobError> {
        let set = CalibrationSet {
            samples: &self.samples,
            ..self.set
        };
        let title = phrase!("collecting what layers read");
        context.begin(Stage::Round, title, set.samples.len(), phrase!("images"));
        let sampler = moments.sampler();
        let tensors = sampler.tensors();
        let model = FloatModel::new(self.graph, &tensors)?;
        model.run(
            &set,
            1,
            Patches::default,
            |patches, seen| {
                seen.tensors(|position, values| {
                    sampler.take(tensors[position], seen.index, values, patches);
                    Ok(())
                })
            },
            |_, patches| {
                moments.add(&patches);
                Ok(())
            },
            context,
        )
    }
}

fn round(
    moments: &PatchMoments,
    model: &mut QuantizedModel,
    options: &Options,
    context: &mut Context,
) -> Result<(), JobError> {
    context.begin(
        Stage::Round,
        phrase!("optimizing the rounding"),
        moments.layers(),
        phrase!("layers"),
    );
    let cancellation = context.cancellation.clone();
    let mut progress = |done: usize, _: usize| context.progress(done);
    match moments.round(model, options, cancellation.flag(), &mut progress) {
        Err(quantization::QuantizationError::Cancelled) => Err(JobError::Cancelled),
        other => Ok(other?),
    }
}
