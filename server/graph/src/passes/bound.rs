//! A clamp at six becomes one at eight.

use super::edges::Edge;
use crate::{BinaryOp, Constant, FusedActivation, Graph, Node, Op};

/// Power of two that the clamp moves to.
const BOUND: f32 = 8.0;

/// Scales what lies between two layers with a clamp at six by 8/6, so that a power-of-two
/// threshold has no unused range (the bounding of ReLU to a power of two of Sony's Model
/// Compression Toolkit). The clamp becomes a rectifier and a minimum with eight, which a quantizer
/// with the threshold eight applies by itself.
pub fn bound_to_power_of_two(graph: &mut Graph) {
    let mut index = 0;
    while index < graph.nodes().len() {
        let edge = Edge::leaving(graph, index, &[FusedActivation::Relu6]);
        let bounded = edge.is_some_and(|edge| {
            let scales = vec![6.0 / f64::from(BOUND); edge.channels];
            edge.rescale(graph, &scales)
        });
        if bounded {
            insert_minimum(graph, index);
        }
        index += if bounded { 2 } else { 1 };
    }
}

fn insert_minimum(graph: &mut Graph, index: usize) {
    let Node { name, output, .. } = graph.nodes()[index].clone();
    let name = format!("{name}/unbounded");
    let shape = graph.shape(output).to_vec();
    let unbounded = graph.push_tensor(name.clone(), shape, None);
    let bound = Constant::from_elem(vec![1], BOUND);
    let bound = graph.add_constant(format!("{name}/bound"), bound);
    let layer = &mut graph.nodes_mut()[index];
    layer.activation = FusedActivation::Relu;
    layer.output = unbounded;
    let minimum = Node {
        name: format!("{name}/minimum"),
        op: Op::Binary(BinaryOp::Minimum),
        activation: FusedActivation::None,
        inputs: vec![unbounded, bound],
        output,
    };
    graph.nodes_mut().insert(index + 1, minimum);
}
