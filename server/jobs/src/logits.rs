//! Where a model has its logits.

use graph::{Graph, Op, TensorId};

/// What the final softmax reads, or else the output of the model; conversions at the end do not count.
pub(crate) fn logits(graph: &Graph) -> TensorId {
    let computed_by = |tensor| graph.nodes().iter().find(|node| node.output == tensor);
    let mut output = graph.outputs()[0];
    while let Some(node) = computed_by(output)
        && node.op == Op::Convert
    {
        output = node.inputs[0];
    }
    match computed_by(output) {
        Some(softmax) if softmax.op == Op::Softmax => softmax.inputs[0],
        _ => output,
    }
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
}
