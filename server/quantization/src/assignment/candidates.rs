//! 8-bit parameters that the values of each tensor ask for, before neighbours have a say.

use std::sync::atomic::{AtomicBool, Ordering};

use graph::Graph;
use rayon::prelude::*;

use crate::activations;
use crate::error::QuantizationError;
use crate::found::FoundThresholds;
use crate::operators::chooses_parameters;
use crate::options::Options;
use crate::parameters::Candidates;
use crate::statistics::Statistics;

/// Parameters that the values of each tensor ask for, where an operator does not decide.
pub(super) fn choose(
    graph: &Graph,
    statistics: &Statistics,
    options: &Options,
    found: &mut FoundThresholds,
    cancelled: &AtomicBool,
) -> Result<Candidates, QuantizationError> {
    let computed = graph
        .nodes()
        .iter()
        .filter(|node| chooses_parameters(&node.op))
        .map(|node| (node.output, options.layer(node).activations));
    let inputs = graph
        .inputs()
        .iter()
        .map(|&input| (input, options.input(&graph.tensor(input).name)));
    let tensors: Vec<_> = inputs.chain(computed).collect();
    let known = &*found;
    let chosen: Vec<_> = tensors
        .into_par_iter()
        .map(|(tensor, settings)| {
            if cancelled.load(Ordering::Relaxed) {
                return Err(QuantizationError::Cancelled);
            }
            let observed = statistics.shared(tensor);
            let observed =
                observed.ok_or_else(|| QuantizationError::not_observed(graph, tensor))?;
            let parameters = known.range(observed, &settings);
            let parameters =
                parameters.unwrap_or_else(|| activations::parameters(observed, &settings));
            Ok((tensor, (observed.clone(), settings, parameters)))
        })
        .collect::<Result<_, QuantizationError>>()?;
    let candidates = chosen
        .iter()
        .map(|(tensor, (_, _, parameters))| (*tensor, *parameters))
        .collect();
    found.keep_ranges(chosen.into_iter().map(|(_, range)| range).collect());
    Ok(candidates)
}
