//! Layers that compute in 16 bits or in float: what their outputs are stored in, and the
//! conversions between them and their neighbours.

use std::collections::HashMap;

use graph::{Graph, Node, NodeId, Op, TensorId, passes};
use tflite::has_int16_kernel;

use crate::assignment::{Candidates, fixed_parameters, not_observed};
use crate::options::{Options, Precision};
use crate::parameters::ActivationParameters;
use crate::quantize::QuantizationError;
use crate::statistics::{Statistics, moves_values};
use crate::storage::{Storage, Storages};

/// In what a node computes: as chosen, or else as its input if it only moves values, or else in 8
/// bits.
pub(crate) fn of_node(
    graph: &Graph,
    node: &Node,
    storages: &Storages,
    options: &Options,
) -> Result<Precision, QuantizationError> {
    let runs = |precision| precision != Precision::Int16 || has_int16_kernel(graph, node);
    match options.precisions.get(&node.name) {
        Some(&chosen) if runs(chosen) => Ok(chosen),
        Some(_) => Err(QuantizationError::NoInt16 {
            layer: node.name.clone(),
            op: node.op.name(),
        }),
        None => {
            let input = storages.get(&node.inputs[0]).map(|input| input.precision());
            let follows = moves_values(&node.op) || node.op == Op::Convert;
            let followed = input.filter(|&input| follows && runs(input));
            Ok(followed.unwrap_or_default())
        }
    }
}

/// What is known of the values of a model.
pub(crate) struct Context<'a> {
    pub(crate) statistics: &'a Statistics,
    pub(crate) candidates: &'a Candidates,
    /// Whether scales are powers of two.
    pub(crate) power_of_two: bool,
}

impl Context<'_> {
    /// Converts the operands of the node at `index` that have another precision, each tensor once
    /// for all its readers. Returns by how many places the node moved back.
    pub(crate) fn convert_operands(
        &self,
        graph: &mut Graph,
        storages: &mut Storages,
        index: usize,
        wanted: Precision,
        converted: &mut HashMap<(TensorId, Precision), TensorId>,
    ) -> Result<usize, QuantizationError> {
        let mut moved = 0;
        for operand in 0..graph.nodes()[index].inputs.len() {
            let tensor = graph.nodes()[index + moved].inputs[operand];
            let Some(stored) = storages.get(&tensor).copied() else {
                continue;
            };
            // A constant that an earlier reader has given a storage.
            if stored.precision() == wanted || graph.constant(tensor).is_some() {
                continue;
            }
            if let Some(&ready) = converted.get(&(tensor, wanted)) {
                let mut nodes = graph.nodes().to_vec();
                nodes[index + moved].inputs[operand] = ready;
                graph.set_nodes(nodes);
                continue;
            }
            let storage = match wanted {
                Precision::Float => Storage::Float,
                Precision::Int16 => self.widen(graph, tensor, storages)?,
                Precision::Int8 => Storage::Int8(self.narrowed(graph, tensor, storages)?),
            };
            // The runtime cannot widen an 8-bit tensor at once.
            let widened = stored.precision() == Precision::Int8 && wanted == Precision::Int16;
            let through = widened.then_some(Storage::Float);
            for storage in through.into_iter().chain([storage]) {
                let place = NodeId((index + moved) as u32);
                let output = passes::convert_operand(graph, place, operand);
                storages.insert(output, storage);
                converted.insert((tensor, storage.precision()), output);
                moved += 1;
            }
        }
        Ok(moved)
    }

    /// Storage of a node's output in 16 bits.
    pub(crate) fn wide(
        &self,
        graph: &Graph,
        node: &Node,
        storages: &Storages,
    ) -> Result<Storage, QuantizationError> {
        if moves_values(&node.op) || node.op == Op::Convert {
            let copied = storages.get(&node.inputs[0]).copied();
            return copied.ok_or_else(|| not_observed(graph, node.inputs[0]));
        }
        if fixed_parameters(&node.op).is_some() {
            return Ok(Storage::UNIT_INT16);
        }
        self.observed(node.output)
            .ok_or_else(|| not_observed(graph, node.output))
    }

    fn widen(
        &self,
        graph: &Graph,
        tensor: TensorId,
        storages: &Storages,
    ) -> Result<Storage, QuantizationError> {
        match (storages.get(&tensor), self.observed(tensor)) {
            (Some(Storage::Float), Some(observed)) => Ok(observed),
            // Moved values, and functions with fixed parameters, are not observed.
            _ => Ok(Storage::widened(self.narrowed(graph, tensor, storages)?)),
        }
    }

    /// 8-bit parameters of a tensor that is stored otherwise.
    pub(crate) fn narrowed(
        &self,
        graph: &Graph,
        tensor: TensorId,
        storages: &Storages,
    ) -> Result<ActivationParameters, QuantizationError> {
        if let Some(Storage::Int8(parameters)) = storages.get(&tensor) {
            return Ok(*parameters);
        }
        let producer = graph.nodes().iter().find(|node| node.output == tensor);
        if let Some(producer) = producer {
            if moves_values(&producer.op) || producer.op == Op::Convert {
                return self.narrowed(graph, producer.inputs[0], storages);
            }
            if let Some(fixed) = fixed_parameters(&producer.op) {
                return Ok(fixed);
            }
        }
        let candidate = self.candidates.get(&tensor).copied();
        candidate.ok_or_else(|| not_observed(graph, tensor))
    }

    fn observed(&self, tensor: TensorId) -> Option<Storage> {
        let seen = self.statistics.tensor(tensor)?;
        let largest = f64::from(seen.max.max(-seen.min));
        Some(Storage::covering(largest, self.power_of_two))
    }
}
