use crate::{FusedActivation, Graph, Node, Op, Window};

/// Splits each separable convolution into its depthwise and its pointwise step
/// (`<layer>/depthwise`, `<layer>`).
pub fn decompose_separable(graph: &mut Graph) {
    let mut index = 0;
    while index < graph.nodes().len() {
        let node = &graph.nodes()[index];
        let Op::SeparableConv2d { window, multiplier } = node.op else {
            index += 1;
            continue;
        };
        let name = format!("{}/depthwise", node.name);
        let (x, depthwise_kernel) = (node.inputs[0], node.inputs[1]);
        let mut pointwise_inputs = node.inputs[2..].to_vec();
        // Both steps see the same positions: only the number of channels differs.
        let mut shape = graph.shape(node.output).to_vec();
        shape[3] = graph.shape(depthwise_kernel)[3];
        let between = graph.push_tensor(name.clone(), shape, None);
        pointwise_inputs.insert(0, between);
        let pointwise = &mut graph.nodes_mut()[index];
        pointwise.op = Op::Conv2d {
            window: Window::UNIT,
            groups: 1,
        };
        pointwise.inputs = pointwise_inputs;
        let depthwise = Node {
            name,
            op: Op::DepthwiseConv2d { window, multiplier },
            activation: FusedActivation::None,
            inputs: vec![x, depthwise_kernel],
            output: between,
        };
        graph.nodes_mut().insert(index, depthwise);
        index += 2;
    }
}
