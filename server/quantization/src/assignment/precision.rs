//! Layers that compute in 16 bits or in float: what their outputs are stored in, and the
//! conversions between them and their neighbours.

use std::collections::HashMap;

use graph::{Graph, Node, NodeId, TensorId, passes};
use tflite::has_int16_kernel;

use crate::error::QuantizationError;
use crate::operators::{fixed_parameters, follows_input};
use crate::options::{Options, Precision};
use crate::parameters::{ActivationParameters, Candidates};
use crate::statistics::Statistics;
use crate::storage::{Storage, Storages};

/// In what a node computes: as chosen, or else as its input if it only moves values, or else in 8
/// bits.
pub(super) fn of_node(
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
            let input = storages.get(node.input()).map(Storage::precision);
            let followed = input.filter(|&input| follows_input(&node.op) && runs(input));
            Ok(followed.unwrap_or(Precision::Int8))
        }
    }
}

/// Storage of tensors in other precisions than their own, from what is known of their values.
pub(super) struct Conversions<'a> {
    pub(super) statistics: &'a Statistics,
    pub(super) candidates: &'a Candidates,
    /// Whether scales are powers of two.
    pub(super) power_of_two: bool,
}

impl Conversions<'_> {
    /// Converts the operands of a node that have another precision, each tensor once for all its
    /// readers. Returns the node, which conversions before it move back.
    pub(super) fn convert_operands(
        &self,
        graph: &mut Graph,
        storages: &mut Storages,
        mut reader: NodeId,
        wanted: Precision,
        converted: &mut HashMap<(TensorId, Precision), TensorId>,
    ) -> Result<NodeId, QuantizationError> {
        let operands = graph.node(reader).inputs.clone();
        for (operand, tensor) in operands.into_iter().enumerate() {
            let Some(stored) = storages.get(tensor).map(Storage::precision) else {
                continue;
            };
            // A constant that an earlier reader has given a storage.
            if stored == wanted || graph.constant(tensor).is_some() {
                continue;
            }
            if let Some(&ready) = converted.get(&(tensor, wanted)) {
                graph.replace_operand(reader, operand, ready);
                continue;
            }
            let storage = match wanted {
                Precision::Float => Storage::Float,
                Precision::Int16 => self.widen(graph, tensor, storages)?,
                Precision::Int8 => Storage::Int8(self.narrowed(graph, tensor, storages)?),
            };
            // The runtime cannot widen an 8-bit tensor at once.
            let widened = stored == Precision::Int8 && wanted == Precision::Int16;
            let through = widened.then_some(Storage::Float);
            for storage in through.into_iter().chain([storage]) {
                let output = passes::convert_operand(graph, reader, operand);
                storages.insert(output, storage);
                converted.insert((tensor, storage.precision()), output);
                reader = reader.next();
            }
        }
        Ok(reader)
    }

    /// Storage of a node's output in 16 bits.
    pub(super) fn wide(
        &self,
        graph: &Graph,
        node: &Node,
        storages: &Storages,
    ) -> Result<Storage, QuantizationError> {
        if follows_input(&node.op) {
            return storages.of(graph, node.input());
        }
        if fixed_parameters(&node.op).is_some() {
            return Ok(Storage::UNIT_INT16);
        }
        self.observed(node.output)
            .ok_or_else(|| QuantizationError::not_observed(graph, node.output))
    }

    fn widen(
        &self,
        graph: &Graph,
        tensor: TensorId,
        storages: &Storages,
    ) -> Result<Storage, QuantizationError> {
        match (storages.get(tensor), self.observed(tensor)) {
            (Some(Storage::Float), Some(observed)) => Ok(observed),
            // Moved values, and functions with fixed parameters, are not observed.
            _ => Ok(Storage::widened(self.narrowed(graph, tensor, storages)?)),
        }
    }

    /// 8-bit parameters of a tensor that is stored otherwise.
    pub(super) fn narrowed(
        &self,
        graph: &Graph,
        tensor: TensorId,
        storages: &Storages,
    ) -> Result<ActivationParameters, QuantizationError> {
        if let Some(Storage::Int8(parameters)) = storages.get(tensor) {
            return Ok(parameters);
        }
        if let Some(producer) = graph.producer(tensor) {
            let producer = graph.node(producer);
            if follows_input(&producer.op) {
                return self.narrowed(graph, producer.input(), storages);
            }
            if let Some(fixed) = fixed_parameters(&producer.op) {
                return Ok(fixed);
            }
        }
        let candidate = self.candidates.get(&tensor).copied();
        candidate.ok_or_else(|| QuantizationError::not_observed(graph, tensor))
    }

    fn observed(&self, tensor: TensorId) -> Option<Storage> {
        let seen = self.statistics.tensor(tensor)?;
        Some(Storage::covering(
            seen.largest_magnitude(),
            self.power_of_two,
        ))
    }
}
