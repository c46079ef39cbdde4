use crate::{Graph, NodeId, Op, Padding, same_padding};

/// Turns zero padding in front of an unpadded convolution into the convolution's own `Same`
/// padding, where both pad alike (as the strided convolutions of MobileNet do on even sizes).
pub(super) fn absorb_padding(graph: &mut Graph) {
    let mut id = NodeId::at(0);
    while id.index() < graph.nodes().len() {
        let Some(convolution) = convolution_that_pads_alike(graph, id) else {
            id = id.next();
            continue;
        };
        let input = graph.node(id).input();
        graph.replace_operand(convolution, 0, input);
        if let Op::Conv2d { window, .. } | Op::DepthwiseConv2d { window, .. } =
            &mut graph.node_mut(convolution).op
        {
            window.padding = Padding::Same;
        }
        graph.remove_node(id);
    }
}

fn convolution_that_pads_alike(graph: &Graph, id: NodeId) -> Option<NodeId> {
    let node = graph.node(id);
    let Op::Pad {
        before,
        after,
        value: 0.0,
    } = &node.op
    else {
        return None;
    };
    let reader = graph.only_reader(node.output)?;
    let convolution = graph.node(reader);
    let window = match convolution.op {
        Op::Conv2d { window, .. } | Op::DepthwiseConv2d { window, .. } => window,
        _ => return None,
    };
    let input = graph.shape(node.input());
    let kernel = graph.shape(convolution.kernel()?);
    let alike = window.padding == Padding::Valid
        && convolution.input() == node.output
        && [0, 3]
            .iter()
            .all(|&axis| before[axis] == 0 && after[axis] == 0)
        && [1, 2].iter().all(|&axis| {
            let (stride, dilation) = (window.stride[axis - 1], window.dilation[axis - 1]);
            (before[axis], after[axis]) == same_padding(input[axis], kernel[axis], stride, dilation)
                && graph.shape(convolution.output)[axis] == input[axis].div_ceil(stride)
        });
    alike.then_some(reader)
}
