use crate::{Graph, Op, Padding, same_padding};

use super::only_consumer;

/// Turns zero padding in front of an unpadded convolution into the convolution's own `Same`
/// padding, where both pad alike (as the strided convolutions of MobileNet do on even sizes).
pub fn absorb_padding(graph: &mut Graph) {
    let mut index = 0;
    while index < graph.nodes().len() {
        match convolution_that_pads_alike(graph, index) {
            Some(consumer) => {
                let input = graph.nodes()[index].inputs[0];
                let convolution = &mut graph.nodes_mut()[consumer];
                convolution.inputs[0] = input;
                if let Op::Conv2d { window, .. } | Op::DepthwiseConv2d { window, .. } =
                    &mut convolution.op
                {
                    window.padding = Padding::Same;
                }
                graph.nodes_mut().remove(index);
            }
            None => index += 1,
        }
    }
}

fn convolution_that_pads_alike(graph: &Graph, index: usize) -> Option<usize> {
    let node = &graph.nodes()[index];
    let Op::Pad {
        before,
        after,
        value: 0.0,
    } = &node.op
    else {
        return None;
    };
    let consumer = only_consumer(graph, node.output)?.0 as usize;
    let convolution = &graph.nodes()[consumer];
    let window = match convolution.op {
        Op::Conv2d { window, .. } | Op::DepthwiseConv2d { window, .. } => window,
        _ => return None,
    };
    let input = graph.shape(node.inputs[0]);
    let kernel = graph.shape(convolution.inputs[1]);
    let alike = window.padding == Padding::Valid
        && convolution.inputs[0] == node.output
        && [0, 3]
            .iter()
            .all(|&axis| before[axis] == 0 && after[axis] == 0)
        && [1, 2].iter().all(|&axis| {
            let (stride, dilation) = (window.stride[axis - 1], window.dilation[axis - 1]);
            (before[axis], after[axis]) == same_padding(input[axis], kernel[axis], stride, dilation)
                && graph.shape(convolution.output)[axis] == input[axis].div_ceil(stride)
        });
    alike.then_some(consumer)
}
