use crate::{Activation, BinaryOp, FusedActivation, Graph, Op};

use super::{absorb, only_consumer};

/// Lets operators apply the ReLU or ReLU6 that follows them, where TFLite's operator can.
pub fn fuse_activations(graph: &mut Graph) {
    let mut index = 0;
    while index < graph.nodes().len() {
        let node = &graph.nodes()[index];
        let fused = takes_activation(&node.op)
            .then(|| only_consumer(graph, node.output))
            .flatten()
            .filter(|_| node.activation == FusedActivation::None)
            .and_then(|consumer| {
                let consumer = consumer.0 as usize;
                match graph.nodes()[consumer].op {
                    Op::Activation(Activation::Relu) => Some((consumer, FusedActivation::Relu)),
                    Op::Activation(Activation::Relu6) => Some((consumer, FusedActivation::Relu6)),
                    _ => None,
                }
            });
        if let Some((consumer, activation)) = fused {
            graph.nodes_mut()[index].activation = activation;
            absorb(graph, index, consumer);
        }
        index += 1;
    }
}

fn takes_activation(op: &Op) -> bool {
    matches!(
        op,
        Op::Conv2d { .. }
            | Op::DepthwiseConv2d { .. }
            | Op::FullyConnected
            | Op::MaxPool2d(_)
            | Op::AveragePool2d(_)
            | Op::Binary(BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply)
    )
}
