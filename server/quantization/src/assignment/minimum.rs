//! Minima with a constant, which ReLU6 and the like become.

use std::collections::HashMap;

use graph::{BinaryOp, Constant, Graph, Node, Op, TensorId};

use crate::parameters::ActivationParameters;
use crate::storage::{Storage, Storages};

/// Removes minima with a constant that lies at the end of the other operand's range or above it:
/// saturation has taken it already.
pub(super) fn remove_saturated(graph: &mut Graph, storages: &Storages) {
    let mut kept = Vec::with_capacity(graph.nodes().len());
    let mut replaced: HashMap<TensorId, TensorId> = HashMap::new();
    for node in graph.nodes() {
        if is_saturated(graph, node, storages) {
            let x = node.input();
            replaced.insert(node.output, replaced.get(&x).copied().unwrap_or(x));
        } else {
            kept.push(node.clone());
        }
    }
    for input in kept.iter_mut().flat_map(|node| &mut node.inputs) {
        if let Some(&source) = replaced.get(input) {
            *input = source;
        }
    }
    graph.set_nodes(kept);
}

/// Whether nothing is left of a node for a minimum to do.
fn is_saturated(graph: &Graph, node: &Node, storages: &Storages) -> bool {
    let (Op::Binary(BinaryOp::Minimum), &[x, constant]) = (&node.op, node.inputs.as_slice()) else {
        return false;
    };
    let bound = graph.constant(constant).and_then(smallest);
    let (Some(bound), Some(Storage::Int8(parameters))) = (bound, storages.get(x)) else {
        return false;
    };
    // Whether the constant is stored as the highest level.
    let highest = (bound / parameters.scale).round() + parameters.zero_point as f32 >= 127.0;
    highest
        && storages.get(x) == storages.get(node.output)
        && graph.shape(x) == graph.shape(node.output)
        && !graph.outputs().contains(&node.output)
}

/// Where the minimum with a power of two is taken, no threshold is larger than that, although the
/// bound itself is then one step too much.
pub(super) fn bounded(
    graph: &Graph,
    node: &Node,
    chosen: ActivationParameters,
) -> ActivationParameters {
    let constants = node.inputs.iter().filter_map(|&id| graph.constant(id));
    let bound = constants.flatten().copied().reduce(f32::min);
    let signed = chosen.zero_point == 0;
    let threshold = chosen.scale * if signed { 128.0 } else { 256.0 };
    match bound {
        Some(bound)
            if node.op == Op::Binary(BinaryOp::Minimum)
                && chosen.is_symmetric()
                && (0.0..threshold).contains(&bound)
                && is_power_of_two(bound) =>
        {
            ActivationParameters::from_threshold(f64::from(bound), signed)
        }
        _ => chosen,
    }
}

fn smallest(constant: &Constant) -> Option<f32> {
    constant.iter().copied().reduce(f32::min)
}

fn is_power_of_two(value: f32) -> bool {
    value > 0.0 && value.log2().fract() == 0.0
}
