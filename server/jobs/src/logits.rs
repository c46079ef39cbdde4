//! Where a model has its logits.

use graph::{Activation, Graph, Op, TensorId};

/// What the final softmax or sigmoid reads, or else the output of the model; conversions and changes of
/// shape at the end do not count.
pub(crate) fn logits(graph: &Graph) -> TensorId {
    let computed_by = |tensor| graph.nodes().iter().find(|node| node.output == tensor);
    let mut output = graph.outputs()[0];
    while let Some(node) = computed_by(output)
        && matches!(node.op, Op::Convert | Op::Reshape { .. })
    {
        output = node.inputs[0];
    }
    match computed_by(output) {
        Some(last) if is_squashing(&last.op) => last.inputs[0],
        _ => output,
    }
}

/// Whether the operator makes probabilities of logits, in which large differences no longer show.
fn is_squashing(op: &Op) -> bool {
    matches!(op, Op::Softmax | Op::Activation(Activation::Sigmoid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_and_the_softmax_are_looked_through() {
        let mut graph = Graph::new("test");
        let input = graph.add_input("input", &[1, 4]).unwrap();
        graph.set_outputs(&[input]);
        assert_eq!(logits(&graph), input);
        let scores = graph.add_node("scores", Op::Softmax, &[input]).unwrap();
        graph.set_outputs(&[scores]);
        assert_eq!(logits(&graph), input);
        let stored = graph.add_node("stored", Op::Convert, &[scores]).unwrap();
        let again = graph.add_node("again", Op::Convert, &[stored]).unwrap();
        graph.set_outputs(&[again]);
        assert_eq!(logits(&graph), input);
    }

    #[test]
    fn a_sigmoid_is_looked_through_where_it_is_the_last_function() {
        let mut graph = Graph::new("test");
        let input = graph.add_input("input", &[1, 1, 1, 1]).unwrap();
        let sigmoid = Op::Activation(Activation::Sigmoid);
        let scores = graph.add_node("scores", sigmoid, &[input]).unwrap();
        let flatten = Op::Reshape { shape: vec![1, 1] };
        let flat = graph.add_node("flat", flatten, &[scores]).unwrap();
        graph.set_outputs(&[flat]);
        assert_eq!(logits(&graph), input);
        let relu = Op::Activation(Activation::Relu);
        let last = graph.add_node("last", relu, &[flat]).unwrap();
        graph.set_outputs(&[last]);
        assert_eq!(logits(&graph), last);
    }
}
