use crate::{FusedActivation, Graph, Node, NodeId, Op, TensorId};

/// Moves transpositions behind operators that do not care about the order of axes, until they meet
/// their inverses and vanish. Models with channels first are full of them.
pub(super) fn cancel_transpositions(graph: &mut Graph) {
    // A transposition only ever moves towards the outputs, so this comes to an end.
    while cancel_once(graph) {}
}

fn cancel_once(graph: &mut Graph) -> bool {
    let mut changed = false;
    let mut id = NodeId::at(0);
    while id.index() < graph.nodes().len() {
        changed |= merge_with_producer(graph, id) || move_behind(graph, id);
        id = id.next();
    }
    changed
}

/// What a tensor is transposed from and how, when a transposition makes it.
fn transposition(graph: &Graph, tensor: TensorId) -> Option<(TensorId, Vec<usize>)> {
    let node = graph.node(graph.producer(tensor)?);
    match &node.op {
        Op::Transpose { permutation } if node.activation == FusedActivation::None => {
            Some((node.input(), permutation.clone()))
        }
        _ => None,
    }
}

/// A transposition of a transposition becomes one, or nothing.
fn merge_with_producer(graph: &mut Graph, id: NodeId) -> bool {
    let node = graph.node(id);
    let Op::Transpose {
        permutation: second,
    } = &node.op
    else {
        return false;
    };
    let Some((x, first)) = transposition(graph, node.input()) else {
        return false;
    };
    let permutation: Vec<usize> = second.iter().map(|&axis| first[axis]).collect();
    let output = node.output;
    let identity = permutation.iter().copied().eq(0..permutation.len());
    if identity && !graph.is_output(output) {
        graph.remove_node(id);
        graph.replace_uses(output, x);
    } else {
        let node = graph.node_mut(id);
        node.op = Op::Transpose { permutation };
        node.inputs = vec![x];
    }
    // The first one may have lost its only reader.
    super::remove_unused(graph);
    true
}

/// `op(transposed(a), transposed(b))` becomes `transposed(op(a, b))`.
fn move_behind(graph: &mut Graph, id: NodeId) -> bool {
    let node = graph.node(id).clone();
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
    for (&from, &extent) in permutation.iter().zip(graph.shape(node.output)) {
        shape[from] = extent;
    }
    let inner = graph.push_tensor(format!("{}/transposed", node.name), shape, None);
    let behind = Node {
        name: format!("{}/transpose", node.name),
        op: Op::Transpose { permutation },
        activation: FusedActivation::None,
        inputs: vec![inner],
        output: node.output,
    };
    let moved = graph.node_mut(id);
    moved.op = op;
    moved.inputs = inputs;
    moved.output = inner;
    graph.insert_node(id.next(), behind);
    super::remove_unused(graph);
    true
}

/// The permutation behind all operands of a node that may change places with it.
fn common_permutation(graph: &Graph, node: &Node) -> Option<Vec<usize>> {
    let movable = matches!(
        node.op,
        Op::Activation(_) | Op::Binary(_) | Op::Concatenate { .. }
    );
    if !movable || graph.is_output(node.output) {
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
