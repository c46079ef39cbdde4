//! Factors between layers, from what a few pictures show.

use graph::Graph;
use quantization::{ActivationMethod, Options};

use crate::calibration::calibrate;
use crate::context::Context;
use crate::error::JobError;
use crate::event::{Level, Stage};
use crate::float_model::CalibrationSet;
use crate::spacing::evenly_spaced;

/// Pictures that tell the ranges of channels: each has hundreds of positions.
const IMAGES: usize = 64;

/// Scales the channels between layers where that makes quantization less noisy.
pub(super) fn equalize(
    graph: &mut Graph,
    options: &Options,
    set: &CalibrationSet,
    context: &mut Context,
) -> Result<(), JobError> {
    let observations = quantization::equalization_observations(graph);
    if observations.is_empty() {
        return Ok(());
    }
    let samples = evenly_spaced(set.samples, IMAGES).copied();
    let some = CalibrationSet {
        samples: &samples.collect::<Vec<_>>(),
        ..*set
    };
    let seen = calibrate(
        (Stage::Equalize, "equalizing"),
        graph,
        &observations,
        &some,
        context,
    )?
    .statistics;
    let power_of_two = options.activations.method == ActivationMethod::PowerOfTwo;
    let equalized = quantization::equalize(graph, seen, power_of_two);
    context.log(
        Level::Info,
        format!(
            "centred the channels of {} layers and equalized those of {} of {} groups of tensors",
            equalized.centered, equalized.groups, equalized.candidates
        ),
    );
    Ok(())
}
