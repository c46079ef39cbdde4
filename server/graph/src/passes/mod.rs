//! Rewrites that do not change what a graph computes.
//!
//! Every pass edits a graph in place, keeps the names and shapes of the tensors that survive, and
//! is proven by equal [`reference`](crate::reference) outputs in its tests. A node that takes
//! another one in keeps its own name (it holds the weights) and writes the other one's tensor.

mod activation;
mod affine;
mod channelwise;
mod collapse;
mod constant;
mod convert;
mod edges;
mod groups;
mod hard_swish;
mod input;
mod lower;
mod offsets;
mod padding;
mod prior;
mod separable;
mod transpose;
mod weights;

pub use convert::{convert_input, convert_operand, convert_output};
pub use groups::{ChannelGroup, MovedClamp, channel_groups, rescale_groups};
pub use input::{InputNormalization, input_normalization};
pub use offsets::{ChannelOffsets, movable_layers, move_channels, moved_tensors};
pub use weights::kernel_channels;

use std::collections::HashSet;

use activation::fuse_activations;
use affine::fold_affine;
use collapse::{collapse_linear, collapse_residual};
use constant::fold_constants;
use hard_swish::recognize_hard_swish;
use lower::lower_for_tflite;
use padding::absorb_padding;
use prior::equalize_normalized_channels;
use separable::decompose_separable;
use transpose::cancel_transpositions;

use crate::{Graph, Node, NodeId, Op, TensorId};

/// Rewrites that make a difference only to a quantized model, and may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rewrites {
    /// Layers that are linear together become one.
    pub linear_collapsing: bool,
    /// A convolution and the addition of its input become one convolution.
    pub residual_collapsing: bool,
    /// Channels behind batch normalizations are divided by their standard deviation.
    pub channel_equalization: bool,
}

impl Default for Rewrites {
    fn default() -> Self {
        Self {
            linear_collapsing: true,
            residual_collapsing: true,
            channel_equalization: false,
        }
    }
}

/// Runs the passes that every model needs: afterwards every operator has a direct counterpart in
/// TFLite.
pub fn prepare(graph: &Graph) -> Graph {
    prepare_with(graph, &Rewrites::default())
}

/// [`prepare`], with a choice of rewrites.
pub fn prepare_with(graph: &Graph, rewrites: &Rewrites) -> Graph {
    let mut graph = graph.clone();
    decompose_separable(&mut graph);
    fold_constants(&mut graph);
    remove_identities(&mut graph);
    cancel_transpositions(&mut graph);
    recognize_hard_swish(&mut graph);
    absorb_padding(&mut graph);
    if rewrites.channel_equalization {
        equalize_normalized_channels(&mut graph);
    }
    fold_affine(&mut graph);
    if rewrites.linear_collapsing {
        collapse_linear(&mut graph);
    }
    if rewrites.residual_collapsing {
        collapse_residual(&mut graph);
    }
    lower_for_tflite(&mut graph);
    fuse_activations(&mut graph);
    remove_unused(&mut graph);
    name_apart(&mut graph);
    graph
}

/// Numbers nodes that have the name of an earlier one: a pass may choose a name that a layer has,
/// and whoever quantizes finds layers by their names.
fn name_apart(graph: &mut Graph) {
    let mut taken: HashSet<String> = graph.nodes().iter().map(|node| node.name.clone()).collect();
    let mut seen = HashSet::new();
    for node in graph.nodes_mut() {
        let mut number = 2;
        while !seen.insert(node.name.clone()) {
            let name = format!("{}_{number}", node.name);
            if taken.insert(name.clone()) {
                node.name = name;
            }
            number += 1;
        }
    }
}

/// Removes nodes that hand their input on unchanged.
fn remove_identities(graph: &mut Graph) {
    let mut id = NodeId::at(0);
    while id.index() < graph.nodes().len() {
        let node = graph.node(id);
        let (input, output) = (node.input(), node.output);
        // The name of a model's output must survive, so its last node stays.
        if is_identity(graph, node) && !graph.is_output(output) {
            graph.remove_node(id);
            graph.replace_uses(output, input);
        } else {
            id = id.next();
        }
    }
}

fn is_identity(graph: &Graph, node: &Node) -> bool {
    match &node.op {
        Op::Reshape { .. } | Op::Slice { .. } => {
            graph.shape(node.input()) == graph.shape(node.output)
        }
        Op::Pad { before, after, .. } => before.iter().chain(after).all(|&extent| extent == 0),
        Op::Transpose { permutation } => permutation.iter().copied().eq(0..permutation.len()),
        Op::Concatenate { .. } => node.inputs.len() == 1,
        _ => false,
    }
}

/// Removes nodes whose results nothing reads.
fn remove_unused(graph: &mut Graph) {
    let mut used: HashSet<TensorId> = graph.outputs().iter().copied().collect();
    for node in graph.nodes().iter().rev() {
        if used.contains(&node.output) {
            used.extend(&node.inputs);
        }
    }
    graph.nodes_mut().retain(|node| used.contains(&node.output));
}

/// Removes a node, after `producer` in front of it has taken its work over and now writes its
/// output.
fn absorb(graph: &mut Graph, producer: NodeId, id: NodeId) {
    let absorbed = graph.remove_node(id);
    graph.node_mut(producer).output = absorbed.output;
}

#[cfg(test)]
mod tests;
