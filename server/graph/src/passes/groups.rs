//! Tensors whose channels can be scaled together without a change of what the graph computes.

use std::collections::BTreeMap;

use super::channelwise::Channelwise;
use super::edges::{Side, scalable, scaled_weights};
use super::weights::set_weights;
use crate::{Activation, BinaryOp, FusedActivation, Graph, Node, NodeId, Op, TensorId};

/// Tensors between layers with weights that share their channels, because only operators lie
/// between them that treat each channel alone and commute with positive factors
/// (`f(s x) = s f(x)`): the stream of a residual network with its additions, for example.
///
/// Dividing channel `c` of every tensor by `s[c]` changes nothing else if the layers that write
/// them are divided and those that read them multiplied by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelGroup {
    /// Number of channels. A flattened map has them one after the other at each position.
    pub channels: usize,
    /// All tensors, in the order of their numbers.
    pub tensors: Vec<TensorId>,
    /// Whether a clamp at six (ReLU6) lies within, which a factor moves.
    pub clamped: bool,
}

/// A clamp at six that factors have moved: a minimum of its own for each channel.
#[derive(Debug, Clone, PartialEq)]
pub struct MovedClamp {
    /// What the minimum reads.
    pub before: TensorId,
    /// What the clamp has written and the minimum writes.
    pub after: TensorId,
    /// The least of the minima.
    pub bound: f32,
}

/// Bound of a ReLU6.
const CLAMP: f64 = 6.0;

/// Divides the channels of the tensors of groups by scales, positive and one a channel. A clamp
/// within a group moves with each channel, so that the graph computes the same whatever its input
/// is. Groups whose weights would not stay finite are left as they are; their positions are missing
/// in the first result.
pub fn rescale_groups(
    graph: &mut Graph,
    groups: &[(&ChannelGroup, &[f64])],
) -> (Vec<usize>, Vec<MovedClamp>) {
    let scaled: Vec<(usize, (&ChannelGroup, &[f64]))> = groups
        .iter()
        .copied()
        .enumerate()
        .filter(|(_, (group, scales))| group.rescale_weights(graph, scales))
        .collect();
    let mut clamps = Vec::new();
    // From the last node, because minima move those behind them.
    for id in graph.node_ids().rev() {
        let node = graph.node(id);
        let mut within = scaled.iter().map(|&(_, group)| group);
        let group = within.find(|(group, _)| group.tensors.contains(&node.output));
        if is_clamp(node)
            && let Some((_, scales)) = group
            && scales.iter().any(|&scale| scale != 1.0)
        {
            clamps.push(move_clamp(graph, id, scales));
        }
    }
    let positions = scaled.into_iter().map(|(position, _)| position);
    (positions.collect(), clamps)
}

fn is_clamp(node: &Node) -> bool {
    node.activation == FusedActivation::Relu6 || node.op == Op::Activation(Activation::Relu6)
}

/// Makes a clamp a rectifier and a minimum, which is where six comes to in each channel.
fn move_clamp(graph: &mut Graph, id: NodeId, scales: &[f64]) -> MovedClamp {
    let Node { name, output, .. } = graph.node(id);
    let (name, output) = (format!("{name}/unbounded"), *output);
    let shape = graph.shape(output).to_vec();
    let scales = scales.iter().cycle().take(channels(graph, output));
    let mut bounds: Vec<f32> = scales.map(|scale| (CLAMP / scale) as f32).collect();
    let bound = bounds.iter().copied().fold(f32::INFINITY, f32::min);
    if bounds.iter().all(|&other| other == bound) {
        bounds.truncate(1);
    }
    let before = graph.push_tensor(name.clone(), shape, None);
    let bounds = ndarray::Array1::from(bounds).into_dyn().into_shared();
    let bounds = graph.add_constant(format!("{name}/bound"), bounds);
    let clamp = graph.node_mut(id);
    match clamp.op {
        Op::Activation(Activation::Relu6) => clamp.op = Op::Activation(Activation::Relu),
        _ => clamp.activation = FusedActivation::Relu,
    }
    clamp.output = before;
    let minimum = Node {
        name: format!("{name}/minimum"),
        op: Op::Binary(BinaryOp::Minimum),
        activation: FusedActivation::None,
        inputs: vec![before, bounds],
        output,
    };
    graph.insert_node(id.next(), minimum);
    MovedClamp {
        before,
        after: output,
        bound,
    }
}

impl ChannelGroup {
    /// Layers of a graph whose output belongs to the group. Clamps that were moved in other groups
    /// have put nodes between those that were there when the group was found.
    pub fn writers<'g>(&'g self, graph: &'g Graph) -> impl Iterator<Item = NodeId> + 'g {
        self.layers(graph, |node| node.output)
    }

    /// Layers of a graph whose input belongs to the group.
    pub fn readers<'g>(&'g self, graph: &'g Graph) -> impl Iterator<Item = NodeId> + 'g {
        self.layers(graph, Node::input)
    }

    fn layers<'g>(
        &'g self,
        graph: &'g Graph,
        end: impl Fn(&Node) -> TensorId + 'g,
    ) -> impl Iterator<Item = NodeId> + 'g {
        graph.node_ids().filter(move |&id| {
            let node = graph.node(id);
            self.tensors.binary_search(&end(node)).is_ok() && scalable(graph, node)
        })
    }

    /// Divides writers by `scales` and multiplies readers. Whether all weights stayed finite;
    /// nothing has changed otherwise.
    fn rescale_weights(&self, graph: &mut Graph, scales: &[f64]) -> bool {
        let inverse: Vec<f64> = scales.iter().map(|scale| 1.0 / scale).collect();
        let mut changed = graph.clone();
        let writers = self
            .writers(graph)
            .map(|id| (id, &inverse[..], Side::Output));
        let readers = self.readers(graph).map(|id| (id, scales, Side::Input));
        for (id, factors, side) in writers.chain(readers) {
            let scaled = scaled_weights(&changed, changed.node(id), factors, side);
            let Some((kernel, bias)) = scaled else {
                return false;
            };
            set_weights(&mut changed, id, kernel, &bias);
        }
        *graph = changed;
        true
    }
}

/// All groups of a graph with fused activations that have layers on both sides, and nothing
/// besides that would notice a factor.
pub fn channel_groups(graph: &Graph) -> Vec<ChannelGroup> {
    let mut sets = Sets::new(graph);
    for node in graph.nodes() {
        sets.take(graph, node);
    }
    for &end in graph.inputs().iter().chain(graph.outputs()) {
        sets.block(end);
    }
    sets.groups(graph)
}

/// Disjoint sets of tensors.
struct Sets {
    parents: Vec<usize>,
    blocked: Vec<bool>,
    clamped: Vec<bool>,
}

impl Sets {
    fn new(graph: &Graph) -> Self {
        let count = graph.tensors().count();
        Self {
            parents: (0..count).collect(),
            blocked: vec![false; count],
            clamped: vec![false; count],
        }
    }

    fn root(&mut self, tensor: TensorId) -> usize {
        let mut at = tensor.index();
        while self.parents[at] != at {
            self.parents[at] = self.parents[self.parents[at]];
            at = self.parents[at];
        }
        at
    }

    fn join(&mut self, a: TensorId, b: TensorId) {
        let (a, b) = (self.root(a), self.root(b));
        let (first, second) = (a.min(b), a.max(b));
        self.parents[second] = first;
        self.blocked[first] |= self.blocked[second];
        self.clamped[first] |= self.clamped[second];
    }

    fn block(&mut self, tensor: TensorId) {
        let root = self.root(tensor);
        self.blocked[root] = true;
    }

    fn take(&mut self, graph: &Graph, node: &Node) {
        if is_clamp(node) {
            let root = self.root(node.output);
            self.clamped[root] = true;
        }
        if scalable(graph, node) {
            return;
        }
        let (through, stopped) = channelwise_operands(graph, node);
        for &operand in &through {
            self.join(operand, node.output);
        }
        for &operand in &stopped {
            self.block(operand);
        }
        if through.is_empty() {
            self.block(node.output);
        }
    }

    fn groups(mut self, graph: &Graph) -> Vec<ChannelGroup> {
        let mut groups: BTreeMap<usize, ChannelGroup> = BTreeMap::new();
        let tensors: Vec<TensorId> = graph
            .tensors()
            .filter(|(_, tensor)| tensor.constant.is_none())
            .map(|(id, _)| id)
            .collect();
        for id in tensors {
            let root = self.root(id);
            let own = channels(graph, id);
            let clamped = self.clamped[root];
            let group = groups.entry(root).or_insert_with(|| ChannelGroup {
                channels: own,
                tensors: Vec::new(),
                clamped,
            });
            group.channels = group.channels.min(own);
            group.tensors.push(id);
        }
        groups
            .into_iter()
            .filter(|(root, group)| {
                let whole = |&id: &TensorId| channels(graph, id).is_multiple_of(group.channels);
                !self.blocked[*root]
                    && group.writers(graph).next().is_some()
                    && group.readers(graph).next().is_some()
                    && group.tensors.iter().all(whole)
            })
            .map(|(_, group)| group)
            .collect()
    }
}

/// A single number is a channel of its own.
fn channels(graph: &Graph, tensor: TensorId) -> usize {
    graph.channels(tensor).unwrap_or(1)
}

/// Operands whose factors a node hands on to its result, and those that must not change.
fn channelwise_operands(graph: &Graph, node: &Node) -> (Vec<TensorId>, Vec<TensorId>) {
    let shape = |id: TensorId| graph.shape(id);
    let variable: Vec<TensorId> = node
        .inputs
        .iter()
        .copied()
        .filter(|&id| graph.constant(id).is_none())
        .collect();
    let acts_alone = Channelwise::of(graph, node).is_some_and(|acts| acts.homogeneous);
    let through = match &node.op {
        _ if acts_alone => vec![node.input()],
        Op::Binary(BinaryOp::Add | BinaryOp::Subtract)
            if variable.len() == 2
                && variable.iter().all(|&id| shape(id) == shape(node.output)) =>
        {
            variable.clone()
        }
        // One factor is scaled, such as a map, and the other is not, such as its gate.
        Op::Binary(BinaryOp::Multiply) => {
            let scaled = variable.iter().find(|&&id| shape(id) == shape(node.output));
            scaled.map(|&id| vec![id]).unwrap_or_default()
        }
        _ => Vec::new(),
    };
    let mut stopped = variable;
    for operand in &through {
        if let Some(position) = stopped.iter().position(|id| id == operand) {
            stopped.remove(position);
        }
    }
    (through, stopped)
}
