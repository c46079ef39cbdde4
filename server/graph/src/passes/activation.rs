use crate::{Activation, FusedActivation, Graph, NodeId, Op};

use super::absorb;

/// Lets operators apply the ReLU or ReLU6 that follows them, where TFLite's operator can.
pub(super) fn fuse_activations(graph: &mut Graph) {
    let mut id = NodeId::at(0);
    while id.index() < graph.nodes().len() {
        if let Some((rectifier, activation)) = rectifier_behind(graph, id) {
            graph.node_mut(id).activation = activation;
            absorb(graph, id, rectifier);
        }
        id = id.next();
    }
}

fn rectifier_behind(graph: &Graph, id: NodeId) -> Option<(NodeId, FusedActivation)> {
    let node = graph.node(id);
    if node.activation != FusedActivation::None || !node.op.opcode().traits().clamps {
        return None;
    }
    let reader = graph.only_reader(node.output)?;
    match graph.node(reader).op {
        Op::Activation(Activation::Relu) => Some((reader, FusedActivation::Relu)),
        Op::Activation(Activation::Relu6) => Some((reader, FusedActivation::Relu6)),
        _ => None,
    }
}
