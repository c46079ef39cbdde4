use crate::{Graph, reference};

/// Computes nodes whose inputs are all constant.
///
/// A node that cannot be evaluated stays as it is; whoever runs the graph reports it.
pub fn fold_constants(graph: &mut Graph) {
    let mut index = 0;
    while index < graph.nodes().len() {
        let node = &graph.nodes()[index];
        let inputs: Option<Vec<_>> = node
            .inputs
            .iter()
            .map(|&id| graph.constant(id).map(|value| value.view()))
            .collect();
        let value = inputs.and_then(|inputs| reference::evaluate_node(node, &inputs).ok());
        match value {
            Some(value) => {
                let output = node.output;
                graph.nodes_mut().remove(index);
                graph.set_constant(output, value.into_shared());
            }
            None => index += 1,
        }
    }
}
