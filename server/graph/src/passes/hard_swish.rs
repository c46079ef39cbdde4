use super::remove_unused;
use crate::{Activation, BinaryOp, Graph, Node, Op, TensorId};

/// Replaces `x * (relu6(x + 3) / 6)`, which MobileNetV3 spells out, by the one operator that TFLite
/// has for it: in int8 the parts would be rounded one by one.
pub(super) fn recognize_hard_swish(graph: &mut Graph) {
    let mut found = false;
    for id in graph.node_ids() {
        if let Some(x) = gated(graph, graph.node(id)) {
            let node = graph.node_mut(id);
            node.op = Op::Activation(Activation::HardSwish);
            node.inputs = vec![x];
            found = true;
        }
    }
    if found {
        remove_unused(graph);
    }
}

/// `x`, if a node is the product of it and its gate.
fn gated(graph: &Graph, node: &Node) -> Option<TensorId> {
    let [a, b] = node
        .pair()
        .filter(|_| node.op == Op::Binary(BinaryOp::Multiply))?;
    if is_gate(graph, b, a) {
        Some(a)
    } else {
        is_gate(graph, a, b).then_some(b)
    }
}

/// Whether a tensor is `relu6(x + 3) / 6`.
fn is_gate(graph: &Graph, tensor: TensorId, x: TensorId) -> bool {
    let parse = || {
        let scaled = producer(graph, tensor)?;
        let (clipped, factor) = with_number(graph, scaled)?;
        let sixth = match scaled.op {
            Op::Binary(BinaryOp::Multiply) => is_near(factor, 1.0 / 6.0),
            Op::Binary(BinaryOp::Divide) => scaled.input() == clipped && is_near(factor, 6.0),
            _ => false,
        };
        let clipped = producer(graph, clipped).filter(|_| sixth)?;
        let relu6 = matches!(clipped.op, Op::Activation(Activation::Relu6));
        let shifted = producer(graph, clipped.input()).filter(|_| relu6)?;
        let (start, summand) = with_number(graph, shifted)?;
        let add = matches!(shifted.op, Op::Binary(BinaryOp::Add));
        Some(add && start == x && is_near(summand, 3.0))
    };
    parse() == Some(true)
}

fn producer(graph: &Graph, tensor: TensorId) -> Option<&Node> {
    graph.producer(tensor).map(|id| graph.node(id))
}

/// The tensor and the number that an operator of two combines.
fn with_number(graph: &Graph, node: &Node) -> Option<(TensorId, f32)> {
    let [a, b] = node.pair()?;
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
