use crate::{FusedActivation, Graph, Node, NodeId, Op, TensorId};

/// Puts an [`Op::Convert`] behind an input of the model: the input's name moves to a new tensor
/// outside, and the tensor inside becomes `<input>/converted`. Returns the tensor outside.
pub fn convert_input(graph: &mut Graph, position: usize) -> TensorId {
    let inside = graph.inputs()[position];
    let name = graph.tensor(inside).name.clone();
    let outside = graph.push_tensor(name.clone(), graph.shape(inside).to_vec(), None);
    let converted = format!("{name}/converted");
    graph.rename(inside, converted.clone());
    graph.replace_input(position, outside);
    graph.insert_node(NodeId::at(0), convert(converted, outside, inside));
    outside
}

/// Puts an [`Op::Convert`] in front of an output of the model: the output's name moves to a new
/// tensor outside. Returns the tensor outside.
pub fn convert_output(graph: &mut Graph, position: usize) -> TensorId {
    let inside = graph.outputs()[position];
    let name = graph.tensor(inside).name.clone();
    let outside = graph.push_tensor(name.clone(), graph.shape(inside).to_vec(), None);
    graph.rename(inside, format!("{name}/quantized"));
    graph.replace_output(position, outside);
    graph.nodes_mut().push(convert(name, inside, outside));
    outside
}

/// Puts an [`Op::Convert`] in front of one operand of a node, which moves one place back.
/// Returns the converted operand.
pub fn convert_operand(graph: &mut Graph, node: NodeId, operand: usize) -> TensorId {
    let reader = graph.node(node);
    let input = reader.inputs[operand];
    let name = format!("{}/operand{operand}", reader.name);
    let output = graph.push_tensor(name.clone(), graph.shape(input).to_vec(), None);
    graph.replace_operand(node, operand, output);
    graph.insert_node(node, convert(name, input, output));
    output
}

fn convert(name: String, input: TensorId, output: TensorId) -> Node {
    Node {
        name,
        op: Op::Convert,
        activation: FusedActivation::None,
        inputs: vec![input],
        output,
    }
}
