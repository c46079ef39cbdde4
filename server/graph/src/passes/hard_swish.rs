use super::remove_unused;
use crate::{Activation, BinaryOp, Graph, Node, Op, TensorId};

/// Replaces `x * (relu6(x + 3) / 6)`, which MobileNetV3 spells out, by the one operator that TFLite
/// has for it: in int8 the parts would be rounded one by one.
pub fn recognize_hard_swish(graph: &mut Graph) {
    let mut found = false;
    for index in 0..graph.nodes().len() {
        let node = &graph.nodes()[index];
        let (Op::Binary(BinaryOp::Multiply), &[a, b]) = (&node.op, node.inputs.as_slice()) else {
            continue;
        };
        let x = if is_gate(graph, b, a) {
            a
        } else if is_gate(graph, a, b) {
            b
        } else {
            continue;
        };
        let node = &mut graph.nodes_mut()[index];
        node.op = Op::Activation(Activation::HardSwish);
        node.inputs = vec![x];
        found = true;
    }
    if found {
        remove_unused(graph);
    }
}

/// Whether a tensor is `relu6(x + 3) / 6`.
fn is_gate(graph: &Graph, tensor: TensorId, x: TensorId) -> bool {
    let parse = || {
        let scaled = producer(graph, tensor)?;
        let (clipped, factor) = with_number(graph, scaled)?;
        let sixth = match scaled.op {
            Op::Binary(BinaryOp::Multiply) => is_near(factor, 1.0 / 6.0),
            Op::Binary(BinaryOp::Divide) => scaled.inputs[0] == clipped && is_near(factor, 6.0),
            _ => false,
        };
        let clipped = producer(graph, clipped).filter(|_| sixth)?;
        let relu6 = matches!(clipped.op, Op::Activation(Activation::Relu6));
        let shifted = producer(graph, clipped.inputs[0]).filter(|_| relu6)?;
        let (start, summand) = with_number(graph, shifted)?;
        let add = matches!(shifted.op, Op::Binary(BinaryOp::Add));
        Some(add && start == x && is_near(summand, 3.0))
    };
    parse().unwrap_or(false)
}

fn producer(graph: &Graph, tensor: TensorId) -> Option<&Node> {
    graph.nodes().iter().find(|node| node.output == tensor)
}

/// The tensor and the number that an operator of two combines.
fn with_number(graph: &Graph, node: &Node) -> Option<(TensorId, f32)> {
    let &[a, b] = node.inputs.as_slice() else {
        return None;
    };
    let number = |id: TensorId| {
        let value = graph.constant(id).filter(|value| value.len() == 1)?;
        value.first().copied()
    };
    match (number(a), number(b)) {
        (None, Some(number)) => Some((a, number)),
        (Some(number), None) => Some((b, number)),
        _ => None,
    }
}

/// Equal but for the rounding of a saved constant.
fn is_near(value: f32, expected: f32) -> bool {
    (value - expected).abs() <= 1e-6 * expected
}
