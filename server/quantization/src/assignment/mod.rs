//! Scale and zero point of every activation tensor, under TFLite's rules: some outputs have fixed
//! parameters, some operators hand their input's parameters on, and some want the same parameters
//! everywhere.

mod additions;
mod candidates;
mod equal_scales;
mod input_scaling;
mod minimum;
mod precision;
mod shift_negative;

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;

use graph::{Graph, Node, NodeId, TensorId};

use crate::error::QuantizationError;
use crate::found::FoundThresholds;
use crate::operators::{fixed_parameters, moves_values, wants_equal_parameters};
use crate::options::{ActivationMethod, Options, Precision};
use crate::parameters::{ActivationParameters, Candidates};
use crate::statistics::Statistics;
use crate::storage::{Storage, Storages};

pub use additions::is_sum;
use precision::Conversions;
pub use shift_negative::{NegativeTail, negative_tails};

/// How the tensors of a model are stored.
pub(crate) struct Assignment {
    /// Storage of every activation tensor.
    pub(crate) storages: Storages,
    /// 8-bit parameters at the model's ends, in whatever it computes inside.
    pub(crate) ends: Ends,
}

/// 8-bit parameters of the inputs and outputs of a model.
pub(crate) struct Ends {
    pub(crate) inputs: Vec<ActivationParameters>,
    pub(crate) outputs: Vec<ActivationParameters>,
}

/// Gives a storage to every activation tensor of a prepared graph. Where an operator needs its
/// operands at one scale and they cannot all take it from the start, or in another precision, a
/// conversion is inserted.
pub(crate) fn assign(
    graph: &mut Graph,
    statistics: &Statistics,
    options: &Options,
    found: &mut FoundThresholds,
    cancelled: &AtomicBool,
) -> Result<Assignment, QuantizationError> {
    let mut candidates = candidates::choose(graph, statistics, options, found, cancelled)?;
    if options.input_scaling {
        input_scaling::scale_inputs(graph, statistics, &mut candidates);
    }
    if let Some(ratio) = options.shift_negative_ratio {
        shift_negative::shift_negative(graph, statistics, &mut candidates, ratio);
    }
    additions::align(graph, &mut candidates, options);
    let conversions = Conversions {
        statistics,
        candidates: &candidates,
        power_of_two: options.activations.method == ActivationMethod::PowerOfTwo,
    };
    let mut storages = Storages::default();
    for &input in graph.inputs() {
        let chosen = candidates.get(&input).copied();
        let chosen = chosen.ok_or_else(|| QuantizationError::not_observed(graph, input))?;
        storages.insert(input, Storage::Int8(chosen));
    }
    store_outputs(graph, &conversions, options, &mut storages)?;
    minimum::remove_saturated(graph, &storages);
    let narrowed = |tensors: &[TensorId]| -> Result<Vec<ActivationParameters>, _> {
        let tensors = tensors.iter();
        let all = tensors.map(|&tensor| conversions.narrowed(graph, tensor, &storages));
        all.collect()
    };
    let ends = Ends {
        inputs: narrowed(graph.inputs())?,
        outputs: narrowed(graph.outputs())?,
    };
    Ok(Assignment { storages, ends })
}

/// Gives a storage to the output of every node, in execution order.
fn store_outputs(
    graph: &mut Graph,
    conversions: &Conversions,
    options: &Options,
    storages: &mut Storages,
) -> Result<(), QuantizationError> {
    let mut converted = HashMap::new();
    let mut id = NodeId::at(0);
    while let Some(node) = graph.nodes().get(id.index()) {
        let wanted = precision::of_node(graph, node, storages, options)?;
        id = conversions.convert_operands(graph, storages, id, wanted, &mut converted)?;
        let node = graph.node(id);
        let (output, wants_equal) = (node.output, wants_equal_parameters(&node.op));
        let chosen = match wanted {
            Precision::Float => Storage::Float,
            Precision::Int16 => conversions.wide(graph, node, storages)?,
            Precision::Int8 => {
                Storage::Int8(narrow(graph, node, storages, conversions.candidates)?)
            }
        };
        if wants_equal && wanted != Precision::Float {
            id = equal_scales::equalize(graph, storages, id, chosen);
        }
        storages.insert(output, chosen);
        id = id.next();
    }
    Ok(())
}

/// Parameters of a node's output in 8 bits.
fn narrow(
    graph: &Graph,
    node: &Node,
    storages: &Storages,
    candidates: &Candidates,
) -> Result<ActivationParameters, QuantizationError> {
    let chosen = match &node.op {
        op if moves_values(op) => match storages.get(node.input()) {
            Some(Storage::Int8(parameters)) => Some(parameters),
            _ => None,
        },
        op => fixed_parameters(op),
    };
    let chosen = chosen.or_else(|| candidates.get(&node.output).copied());
    let chosen = chosen.ok_or_else(|| QuantizationError::not_observed(graph, node.output))?;
    Ok(minimum::bounded(graph, node, chosen))
}
