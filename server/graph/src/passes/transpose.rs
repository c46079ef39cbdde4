use crate::{FusedActivation, Graph, Node, Op, TensorId};

/// Moves transpositions behind operators that do not care about the order of axes, until they meet
/// their inverses and vanish. Models with channels first are full of them.
pub fn cancel_transpositions(graph: &mut Graph) {
    // A transposition only ever moves towards the outputs, so this comes to an end.
    while cancel_once(graph) {}
}

fn cancel_once(graph: &mut Graph) -> bool {
    let mut changed = false;
    let mut index = 0;
    while index < graph.nodes().len() {
        changed |= merge_with_producer(graph, index) || move_behind(graph, index);
        index += 1;
    }
    changed
}

/// The node that makes a tensor, when it is a transposition.
fn transposition(graph: &Graph, tensor: TensorId) -> Option<(TensorId, Vec<usize>)> {
    let node = graph.nodes().iter().find(|node| node.output == tensor)?;
    match &node.op {
        Op::Transpose { permutation } if node.activation == FusedActivation::None => {
            Some((node.inputs[0], permutation.clone()))
        }
        _ => None,
    }
}

/// A transposition of a transposition becomes one, or nothing.
fn merge_with_producer(graph: &mut Graph, index: usize) -> bool {
    let node = &graph.nodes()[index];
    let Op::Transpose {
        permutation: second,
    } = &node.op
    else {
        return false;
    };
    let Some((x, first)) = transposition(graph, node.inputs[0]) else {
        return false;
    };
    let permutation: Vec<usize> = second.iter().map(|&axis| first[axis]).collect();
    let output = node.output;
    let identity = permutation.iter().copied().eq(0..permutation.len());
    if identity && !graph.outputs().contains(&output) {
        graph.nodes_mut().remove(index);
        super::replace_uses(graph, output, x);
    } else {
        let node = &mut graph.nodes_mut()[index];
        node.op = Op::Transpose { permutation };
        node.inputs = vec![x];
    }
    // The first one may have lost its only reader.
    super::remove_unused(graph);
    true
}

/// `op(transposed(a), transposed(b))` becomes `transposed(op(a, b))`.
fn move_behind(graph: &mut Graph, index: usize) -> bool {
    let node = graph.nodes()[index].clone();
    let Some(permutation) = common_permutation(graph, &node) else {
        return false;
    };
    let mut op = node.op.clone();
    if let Op::Concatenate { axis } = &mut op {
        *axis = permutation[*axis];
    }
    let inputs: Vec<TensorId> = node
        .inputs
        .iter()
        .map(|&input| transposition(graph, input).map_or(input, |(x, _)| x))
        .collect();
    let mut shape = vec![0; permutation.len()];
    for (to, &from) in permutation.iter().enumerate() {
        shape[from] = graph.shape(node.output)[to];
    }
    let name = format!("{}/transposed", node.name);
    let inner = graph.push_tensor(name, shape, None);
    let nodes = graph.nodes_mut();
    nodes[index].op = op;
    nodes[index].inputs = inputs;
    nodes[index].output = inner;
    let behind = Node {
        name: format!("{}/transpose", node.name),
        op: Op::Transpose { permutation },
        activation: FusedActivation::None,
        inputs: vec![inner],
        output: node.output,
    };
    nodes.insert(index + 1, behind);
    super::remove_unused(graph);
    true
}

/// The permutation behind all operands of a node that may change places with it.
fn common_permutation(graph: &Graph, node: &Node) -> Option<Vec<usize>> {
    let movable = matches!(
        node.op,
        Op::Activation(_) | Op::Binary(_) | Op::Concatenate { .. }
    );
    if !movable || graph.outputs().contains(&node.output) {
        return None;
    }
    let rank = graph.shape(node.output).len();
    let mut common: Option<Vec<usize>> = None;
    for &input in &node.inputs {
        if graph.constant(input).is_some_and(|value| value.len() == 1)
            && matches!(node.op, Op::Binary(_))
        {
            continue;
        }
        let (_, permutation) = transposition(graph, input)?;
        if permutation.len() != rank || common.as_ref().is_some_and(|it| *it != permutation) {
            return None;
        }
        common = Some(permutation);
    }
    common
}
