//! Scale and zero point of every activation tensor, under TFLite's rules: some outputs have fixed
//! parameters, some operators hand their input's parameters on, and some want the same parameters
//! everywhere.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use graph::{Activation, BinaryOp, Graph, NodeId, Op, TensorId, passes};
use rayon::prelude::*;

use crate::activations;
use crate::options::ActivationSettings;
use crate::parameters::ActivationParameters;
use crate::quantize::QuantizationError;
use crate::statistics::{Statistics, copies_values};

pub(crate) type Parameters = HashMap<TensorId, ActivationParameters>;

/// Gives parameters to every activation tensor of a prepared graph. Where an operator needs its
/// operands at one scale and they cannot all take it from the start, a conversion is inserted.
pub(crate) fn assign(
    graph: &mut Graph,
    statistics: &Statistics,
    settings: &ActivationSettings,
    cancelled: &AtomicBool,
) -> Result<Parameters, QuantizationError> {
    let mut parameters = chosen_parameters(graph, statistics, settings, cancelled)?;
    let mut index = 0;
    while index < graph.nodes().len() {
        let output = graph.nodes()[index].output;
        let chosen = match &graph.nodes()[index].op {
            op if copies_values(op) => parameters.get(&graph.nodes()[index].inputs[0]).copied(),
            op => fixed_parameters(op),
        };
        let chosen = chosen.or_else(|| parameters.get(&output).copied());
        let chosen = chosen.ok_or_else(|| not_observed(graph, output))?;
        if wants_equal_parameters(&graph.nodes()[index].op) {
            for operand in 0..graph.nodes()[index].inputs.len() {
                index += equalize(graph, &mut parameters, index, operand, chosen);
            }
        }
        parameters.insert(output, chosen);
        index += 1;
    }
    Ok(parameters)
}

/// Parameters that TFLite's specification fixes for an operator's output.
pub(crate) fn fixed_parameters(op: &Op) -> Option<ActivationParameters> {
    match op {
        Op::Softmax | Op::Activation(Activation::Sigmoid) => {
            Some(ActivationParameters::UNIT_INTERVAL)
        }
        Op::Activation(Activation::Tanh) => Some(ActivationParameters::TANH),
        _ => None,
    }
}

fn wants_equal_parameters(op: &Op) -> bool {
    matches!(
        op,
        Op::Concatenate { .. } | Op::Binary(BinaryOp::Maximum | BinaryOp::Minimum)
    )
}

/// Parameters that the values of each tensor ask for, where an operator does not decide.
fn chosen_parameters(
    graph: &Graph,
    statistics: &Statistics,
    settings: &ActivationSettings,
    cancelled: &AtomicBool,
) -> Result<Parameters, QuantizationError> {
    let computed = graph
        .nodes()
        .iter()
        .filter(|node| !copies_values(&node.op) && fixed_parameters(&node.op).is_none())
        .map(|node| node.output);
    let tensors: Vec<TensorId> = graph.inputs().iter().copied().chain(computed).collect();
    tensors
        .par_iter()
        .map(|&tensor| {
            if cancelled.load(Ordering::Relaxed) {
                return Err(QuantizationError::Cancelled);
            }
            let observed = statistics.tensor(tensor);
            let observed = observed.ok_or_else(|| not_observed(graph, tensor))?;
            Ok((tensor, activations::parameters(observed, settings)))
        })
        .collect()
}

fn not_observed(graph: &Graph, tensor: TensorId) -> QuantizationError {
    QuantizationError::NotObserved {
        layer: graph.tensor(tensor).name.clone(),
    }
}

/// Makes an operand have the parameters that its reader wants. Returns by how many places the
/// reader moved back.
fn equalize(
    graph: &mut Graph,
    parameters: &mut Parameters,
    index: usize,
    operand: usize,
    wanted: ActivationParameters,
) -> usize {
    let tensor = graph.nodes()[index].inputs[operand];
    if graph.constant(tensor).is_some() {
        parameters.insert(tensor, wanted);
        return 0;
    }
    if parameters.get(&tensor) == Some(&wanted) || retarget(graph, parameters, tensor, wanted) {
        return 0;
    }
    let converted = passes::convert_operand(graph, NodeId(index as u32), operand);
    parameters.insert(converted, wanted);
    1
}

/// Lets the producer of a tensor write it with other parameters from the start, if nothing else
/// depends on the present ones.
fn retarget(
    graph: &Graph,
    parameters: &mut Parameters,
    tensor: TensorId,
    wanted: ActivationParameters,
) -> bool {
    let readers = graph
        .nodes()
        .iter()
        .flat_map(|node| &node.inputs)
        .filter(|&&input| input == tensor)
        .count();
    let producer = graph.nodes().iter().find(|node| node.output == tensor);
    let Some(producer) = producer.filter(|_| readers == 1 && !graph.outputs().contains(&tensor))
    else {
        return false;
    };
    let op = &producer.op;
    let free = if copies_values(op) {
        retarget(graph, parameters, producer.inputs[0], wanted)
    } else {
        fixed_parameters(op).is_none() && !wants_equal_parameters(op)
    };
    if free {
        parameters.insert(tensor, wanted);
    }
    free
}
