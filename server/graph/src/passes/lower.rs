use super::affine::Affine;
use super::weights::to_constant;
use crate::{
    Activation, BinaryOp, FusedActivation, Graph, Node, NodeId, Op, Padding, Pool, ReduceOp,
    TensorId, Window,
};

/// Replaces operators that TFLite lacks: an affine function that nothing could take in becomes a
/// 1 x 1 depthwise convolution (or a multiplication and an addition where the input is no feature
/// map), swish becomes `x * sigmoid(x)`, a square
/// `x * x`.
///
/// A depthwise convolution has one scale a channel and a 32-bit bias, which loses far less in
/// int8 than a product and a sum with 8-bit constants. Pooling over a whole map becomes a mean,
/// which has a scale of its own where pooling takes that of the map.
pub(super) fn lower_for_tflite(graph: &mut Graph) {
    let mut id = NodeId::at(0);
    while id.index() < graph.nodes().len() {
        id = lower_node(graph, id);
    }
}

/// Lowers a node. Returns the node behind it.
fn lower_node(graph: &mut Graph, id: NodeId) -> NodeId {
    let node = graph.node(id).clone();
    let is_feature_map = graph.shape(node.output).len() == 4;
    match (&node.op, Affine::of_node(graph, &node)) {
        (Op::Activation(Activation::Swish), _) => lower_swish(graph, id, &node),
        (Op::Activation(Activation::Square), _) => {
            let square = graph.node_mut(id);
            square.op = Op::Binary(BinaryOp::Multiply);
            square.inputs = vec![node.input(); 2];
            id.next()
        }
        (Op::AveragePool2d(pool), _) if covers_map(graph, &node, pool) => {
            graph.node_mut(id).op = Op::Reduce {
                kind: ReduceOp::Mean,
                axes: vec![1, 2],
                keep_dims: true,
            };
            id.next()
        }
        (_, Some((x, affine))) if is_feature_map => lower_to_depthwise(graph, id, x, &affine),
        (Op::BatchNormalization { .. } | Op::Activation(Activation::Negate), Some((x, affine))) => {
            lower_to_product_and_sum(graph, id, x, &affine)
        }
        _ => id.next(),
    }
}

/// Whether a pooling window has one position, in which it sees the whole map.
fn covers_map(graph: &Graph, node: &Node, pool: &Pool) -> bool {
    let (input, output) = (graph.shape(node.input()), graph.shape(node.output));
    [0, 1].iter().all(|&axis| {
        let (extent, kernel) = (input[axis + 1], pool.kernel[axis]);
        let covers = match pool.padding {
            Padding::Valid => kernel == extent,
            Padding::Same => kernel >= extent,
        };
        covers && output[axis + 1] == 1
    })
}

fn lower_swish(graph: &mut Graph, id: NodeId, node: &Node) -> NodeId {
    let x = node.input();
    let sigmoid = Op::Activation(Activation::Sigmoid);
    let name = format!("{}/sigmoid", node.name);
    let gate = insert_before(graph, id, name, sigmoid, vec![x]);
    let product = graph.node_mut(id.next());
    product.op = Op::Binary(BinaryOp::Multiply);
    product.inputs = vec![x, gate];
    id.next().next()
}

fn lower_to_depthwise(graph: &mut Graph, id: NodeId, x: TensorId, affine: &Affine) -> NodeId {
    let channels = affine.scale.len();
    let kernel = to_constant(&affine.scale);
    // A vector of `channels` elements always reshapes to [1, 1, 1, channels].
    let Ok(kernel) = kernel.into_shape_with_order(vec![1, 1, 1, channels]) else {
        return id.next();
    };
    let name = graph.node(id).name.clone();
    let kernel = graph.add_constant(format!("{name}/kernel"), kernel);
    let bias = graph.add_constant(format!("{name}/bias"), to_constant(&affine.offset));
    let node = graph.node_mut(id);
    node.op = Op::DepthwiseConv2d {
        window: Window::UNIT,
        multiplier: 1,
    };
    node.inputs = vec![x, kernel, bias];
    id.next()
}

fn lower_to_product_and_sum(graph: &mut Graph, id: NodeId, x: TensorId, affine: &Affine) -> NodeId {
    let name = graph.node(id).name.clone();
    let scale = graph.add_constant(format!("{name}/scale"), to_constant(&affine.scale));
    let offset = graph.add_constant(format!("{name}/offset"), to_constant(&affine.offset));
    let multiply = Op::Binary(BinaryOp::Multiply);
    let name = format!("{name}/product");
    let product = insert_before(graph, id, name, multiply, vec![x, scale]);
    let sum = graph.node_mut(id.next());
    sum.op = Op::Binary(BinaryOp::Add);
    sum.inputs = vec![product, offset];
    id.next().next()
}

/// Inserts a node whose output has the shape of the output of the node at `id`, which moves one
/// place back.
fn insert_before(
    graph: &mut Graph,
    id: NodeId,
    name: String,
    op: Op,
    inputs: Vec<TensorId>,
) -> TensorId {
    let shape = graph.shape(graph.node(id).output).to_vec();
    let output = graph.push_tensor(name.clone(), shape, None);
    let node = Node {
        name,
        op,
        activation: FusedActivation::None,
        inputs,
        output,
    };
    graph.insert_node(id, node);
    output
}
