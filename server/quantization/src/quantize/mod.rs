//! A graph and what calibration has seen become an int8 model.

mod constants;
mod ends;
mod kernels;

use std::sync::atomic::AtomicBool;

use graph::{Graph, Node, TensorId};
use tflite::Encodings;

use crate::assignment::{self, Assignment};
use crate::error::QuantizationError;
use crate::found::FoundThresholds;
use crate::model::QuantizedModel;
use crate::operators::lacks_int8_kernel;
use crate::options::{Options, Precision};
use crate::statistics::Statistics;
use crate::threads::thread_pool;

use kernels::{Kernels, inputs_of_layers};

/// Quantizes a prepared graph on `threads` threads; the result does not depend on their number.
/// `found` keeps thresholds for models that are quantized with it later. `progress` is called with
/// the number of kernels done and in all.
///
/// # Errors
/// [`QuantizationError`] when a tensor was not observed, an operator has no form in the precision
/// that it should have, or `cancelled` was set.
pub fn quantize(
    graph: &Graph,
    statistics: &Statistics,
    options: &Options,
    found: &mut FoundThresholds,
    threads: usize,
    cancelled: &AtomicBool,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<QuantizedModel, QuantizationError> {
    found.begin();
    let inputs = inputs_of_layers(graph, statistics);
    let mut graph = graph.clone();
    check_operators(&graph, options)?;
    let pool = thread_pool(threads)?;
    let Assignment { storages, ends } =
        pool.install(|| assignment::assign(&mut graph, statistics, options, found, cancelled))?;
    let mut encodings = Encodings::float();
    for (tensor, storage) in storages.iter() {
        encodings.insert(tensor, storage.encoding());
    }
    constants::encode_operands(&mut graph, &storages, &mut encodings)?;
    let kernels = Kernels {
        storages: &storages,
        options,
        inputs,
        pool: &pool,
        cancelled,
    };
    kernels.quantize(&mut graph, &mut encodings, found, progress)?;
    ends::convert_ends(&mut graph, &mut encodings, &ends, options.input_type);
    Ok(QuantizedModel { graph, encodings })
}

/// The nodes for which the runtime has no int8 kernel, also because their weights vary, and which are not
/// to stay in float.
pub fn without_int8_kernel<'a>(
    graph: &'a Graph,
    options: &'a Options,
) -> impl Iterator<Item = &'a Node> {
    graph.nodes().iter().filter(|node| {
        let constant = |&id: &TensorId| graph.constant(id).is_some();
        options.precisions.get(&node.name) != Some(&Precision::Float)
            && lacks_int8_kernel(&node.op, node.others().iter().map(constant))
    })
}

/// Refuses what the runtime has no int8 kernel for.
///
/// # Errors
/// [`QuantizationError::NoInteger`] with the first such node.
pub fn check_operators(graph: &Graph, options: &Options) -> Result<(), QuantizationError> {
    match without_int8_kernel(graph, options).next() {
        Some(node) => Err(QuantizationError::no_integer(node)),
        None => Ok(()),
    }
}
