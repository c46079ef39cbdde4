//! Offsets of channels that layers with weights can take away and give back.

use std::collections::{BTreeMap, HashSet};

use super::affine::{Affine, exact_behind_offset, weights_after};
use super::channelwise::Channelwise;
use super::edges::scalable;
use super::weights::{bias_of, set_bias};
use crate::{BinaryOp, FusedActivation, Graph, Node, NodeId, Op, TensorId};

/// What is subtracted from each channel of a tensor.
pub type ChannelOffsets = BTreeMap<TensorId, Vec<f64>>;

/// Layers whose output may be moved by a constant in each channel without a change of what the
/// graph computes: it reaches nothing but layers that can add the constant's effect to their bias,
/// through operators that move their result with their operands.
pub fn movable_layers(graph: &Graph) -> Vec<NodeId> {
    let noticed = noticed_tensors(graph);
    let movable = |id: &NodeId| {
        let node = graph.node(*id);
        moves_freely(graph, node) && !noticed.contains(&node.output)
    };
    graph.node_ids().filter(movable).collect()
}

/// Subtracts `offsets` from the channels of the outputs of [`movable_layers`], one value a channel.
/// Returns what that subtracted from all tensors; `None` where a bias would not be finite, and
/// nothing has changed.
pub fn move_channels(
    graph: &mut Graph,
    offsets: &BTreeMap<NodeId, Vec<f64>>,
) -> Option<ChannelOffsets> {
    let mut changed = graph.clone();
    let mut moved = ChannelOffsets::new();
    for id in graph.node_ids() {
        let node = graph.node(id);
        if scalable(graph, node)
            && let Some(offset) = moved.get(&node.input())
        {
            let affine = Affine {
                scale: vec![1.0; offset.len()],
                offset: offset.clone(),
            };
            // The kernel stays, also in memory.
            let (_, bias) = weights_after(&changed, changed.node(id), &affine)?;
            set_bias(&mut changed, id, &bias);
        }
        if let Some(offset) = offsets.get(&id) {
            let mut bias = bias_of(&changed, changed.node(id), offset.len())?;
            bias.iter_mut()
                .zip(offset)
                .for_each(|(bias, offset)| *bias -= offset);
            if bias.iter().any(|&bias| !(bias as f32).is_finite()) {
                return None;
            }
            set_bias(&mut changed, id, &bias);
            moved.insert(node.output, offset.clone());
        } else if let Some(offset) = offset_behind(graph, node, &moved) {
            moved.insert(node.output, offset);
        }
    }
    *graph = changed;
    Some(moved)
}

/// The tensors that [`move_channels`] moves if every movable layer has an offset.
pub fn moved_tensors(graph: &Graph) -> Vec<TensorId> {
    let layers = movable_layers(graph);
    let mut moved = ChannelOffsets::new();
    for id in graph.node_ids() {
        let node = graph.node(id);
        let offset = match layers.contains(&id) {
            true => graph
                .channels(node.output)
                .map(|channels| vec![0.0; channels]),
            false => offset_behind(graph, node, &moved),
        };
        moved.extend(offset.map(|offset| (node.output, offset)));
    }
    moved.into_keys().collect()
}

/// Tensors that something reads which would notice an offset.
fn noticed_tensors(graph: &Graph) -> HashSet<TensorId> {
    let mut noticed: HashSet<TensorId> = graph.outputs().iter().copied().collect();
    for node in graph.nodes().iter().rev() {
        let takes_up = scalable(graph, node) && exact_behind_offset(graph, node);
        if hands_on(graph, node) && !noticed.contains(&node.output) {
            continue;
        }
        if !takes_up {
            noticed.insert(node.input());
        }
        noticed.extend(node.others());
    }
    noticed
}

fn moves_freely(graph: &Graph, node: &Node) -> bool {
    scalable(graph, node) && node.activation == FusedActivation::None
}

/// Whether an offset of the variable operands is an offset of the result.
fn hands_on(graph: &Graph, node: &Node) -> bool {
    let output = graph.shape(node.output);
    let sum = node.op == Op::Binary(BinaryOp::Add)
        && node
            .inputs
            .iter()
            .all(|&id| graph.constant(id).is_none() && graph.shape(id) == output);
    let alone = Channelwise::of(graph, node).is_some_and(|acts| acts.moves_along);
    node.activation == FusedActivation::None && (sum || alone)
}

/// Offset of a node's result from those of its operands; `None` where it has none.
fn offset_behind(graph: &Graph, node: &Node, moved: &ChannelOffsets) -> Option<Vec<f64>> {
    if !hands_on(graph, node) {
        return None;
    }
    let channels = graph.channels(node.output)?;
    let mut offset = vec![0.0; channels];
    let mut any = false;
    for operand in node.inputs.iter().filter_map(|input| moved.get(input)) {
        any = true;
        // A flattened map has its channels one after the other at each position.
        for (sum, offset) in offset.iter_mut().zip(operand.iter().cycle()) {
            *sum += offset;
        }
    }
    any.then_some(offset)
}
