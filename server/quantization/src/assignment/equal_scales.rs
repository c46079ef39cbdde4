//! Operands that want the parameters of their reader's result.

use graph::{Graph, NodeId, TensorId, passes};

use crate::operators::{fixed_parameters, moves_values, wants_equal_parameters};
use crate::storage::{Storage, Storages};

/// Makes all operands of a node have the parameters that it wants. Returns the node, which
/// conversions before it move back.
pub(super) fn equalize(
    graph: &mut Graph,
    storages: &mut Storages,
    mut reader: NodeId,
    wanted: Storage,
) -> NodeId {
    let operands = graph.node(reader).inputs.clone();
    for (operand, tensor) in operands.into_iter().enumerate() {
        if graph.constant(tensor).is_some() {
            storages.insert(tensor, wanted);
        } else if storages.get(tensor) != Some(wanted) && !retarget(graph, storages, tensor, wanted)
        {
            let converted = passes::convert_operand(graph, reader, operand);
            storages.insert(converted, wanted);
            reader = reader.next();
        }
    }
    reader
}

/// Lets the producer of a tensor write it with other parameters from the start, if nothing else
/// depends on the present ones.
fn retarget(graph: &Graph, storages: &mut Storages, tensor: TensorId, wanted: Storage) -> bool {
    let operands = graph.nodes().iter().flat_map(|node| &node.inputs);
    let reads = operands.filter(|&&input| input == tensor).count();
    let Some(producer) = graph.producer(tensor) else {
        return false;
    };
    let present = storages.get(tensor).map(Storage::precision);
    if reads != 1 || graph.outputs().contains(&tensor) || present != Some(wanted.precision()) {
        return false;
    }
    let producer = graph.node(producer);
    let op = &producer.op;
    let free = if moves_values(op) {
        retarget(graph, storages, producer.input(), wanted)
    } else {
        fixed_parameters(op).is_none() && !wants_equal_parameters(op)
    };
    if free {
        storages.insert(tensor, wanted);
    }
    free
}
