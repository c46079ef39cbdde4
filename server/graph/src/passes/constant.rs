use crate::{Graph, NodeId, reference};

/// Computes nodes whose inputs are all constant.
///
/// A node that cannot be evaluated stays as it is; whoever runs the graph reports it.
pub(super) fn fold_constants(graph: &mut Graph) {
    let mut id = NodeId::at(0);
    while id.index() < graph.nodes().len() {
        let node = graph.node(id);
        let inputs: Option<Vec<_>> = node
            .inputs
            .iter()
            .map(|&id| graph.constant(id).map(|value| value.view()))
            .collect();
        match inputs.and_then(|inputs| reference::evaluate_node(node, &inputs).ok()) {
            Some(value) => {
                let folded = graph.remove_node(id);
                graph.set_constant(folded.output, value.into_shared());
            }
            None => id = id.next(),
        }
    }
}
