use crate::{FusedActivation, Graph, Node, NodeId, Op, Window};

/// Splits each separable convolution into its depthwise and its pointwise step
/// (`<layer>/depthwise`, `<layer>`).
pub(super) fn decompose_separable(graph: &mut Graph) {
    let mut id = NodeId::at(0);
    while id.index() < graph.nodes().len() {
        if decompose(graph, id).is_some() {
            id = id.next();
        }
        id = id.next();
    }
}

fn decompose(graph: &mut Graph, id: NodeId) -> Option<()> {
    let node = graph.node(id);
    let Op::SeparableConv2d { window, multiplier } = node.op else {
        return None;
    };
    let (x, bias) = (node.input(), node.bias());
    let &[depthwise_kernel, pointwise_kernel] = node.kernels() else {
        return None;
    };
    let name = format!("{}/depthwise", node.name);
    // Both steps see the same positions: only the number of channels differs.
    let mut shape = graph.shape(node.output).to_vec();
    *shape.last_mut()? = graph.channels(depthwise_kernel)?;
    let between = graph.push_tensor(name.clone(), shape, None);
    let pointwise = graph.node_mut(id);
    pointwise.op = Op::Conv2d {
        window: Window::UNIT,
        groups: 1,
    };
    pointwise.inputs = [between, pointwise_kernel]
        .into_iter()
        .chain(bias)
        .collect();
    let depthwise = Node {
        name,
        op: Op::DepthwiseConv2d { window, multiplier },
        activation: FusedActivation::None,
        inputs: vec![x, depthwise_kernel],
        output: between,
    };
    graph.insert_node(id, depthwise);
    Some(())
}
