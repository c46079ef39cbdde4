use super::affine::{Affine, to_constant};
use crate::{
    Activation, BinaryOp, FusedActivation, Graph, Node, Op, Padding, Pool, ReduceOp, TensorId,
    Window,
};

/// Replaces operators that TFLite lacks: an affine function that nothing could take in becomes a
/// 1 x 1 depthwise convolution (or a multiplication and an addition where the input is no feature
/// map), swish becomes `x * sigmoid(x)`, a square
/// `x * x`.
///
/// A depthwise convolution has one scale a channel and a 32-bit bias, which loses far less in
/// int8 than a product and a sum with 8-bit constants. Pooling over a whole map becomes a mean,
/// which has a scale of its own where pooling takes that of the map.
pub fn lower_for_tflite(graph: &mut Graph) {
    let mut index = 0;
    while index < graph.nodes().len() {
        let node = graph.nodes()[index].clone();
        let is_feature_map = graph.shape(node.output).len() == 4;
        let affine = Affine::of_node(graph, &node);
        index += match (&node.op, affine) {
            (Op::Activation(Activation::Swish), _) => lower_swish(graph, index, &node),
            (Op::Activation(Activation::Square), _) => {
                let square = &mut graph.nodes_mut()[index];
                square.op = Op::Binary(BinaryOp::Multiply);
                square.inputs = vec![node.inputs[0]; 2];
                1
            }
            (Op::AveragePool2d(pool), _) if covers_map(graph, &node, pool) => {
                graph.nodes_mut()[index].op = Op::Reduce {
                    kind: ReduceOp::Mean,
                    axes: vec![1, 2],
                    keep_dims: true,
                };
                1
            }
            (_, Some((x, affine))) if is_feature_map => {
                lower_to_depthwise(graph, index, &node, x, &affine)
            }
            (
                Op::BatchNormalization { .. } | Op::Activation(Activation::Negate),
                Some((x, affine)),
            ) => lower_to_product_and_sum(graph, index, &node, x, &affine),
            _ => 1,
        };
    }
}

/// Whether a pooling window has one position, in which it sees the whole map.
fn covers_map(graph: &Graph, node: &Node, pool: &Pool) -> bool {
    let (input, output) = (graph.shape(node.inputs[0]), graph.shape(node.output));
    [0, 1].iter().all(|&axis| {
        let (extent, kernel) = (input[axis + 1], pool.kernel[axis]);
        let covers = match pool.padding {
            Padding::Valid => kernel == extent,
            Padding::Same => kernel >= extent,
        };
        covers && output[axis + 1] == 1
    })
}

fn lower_swish(graph: &mut Graph, index: usize, node: &Node) -> usize {
    let x = node.inputs[0];
    let sigmoid = Op::Activation(Activation::Sigmoid);
    let gate = insert_before(
        graph,
        index,
        format!("{}/sigmoid", node.name),
        sigmoid,
        vec![x],
    );
    let product = &mut graph.nodes_mut()[index + 1];
    product.op = Op::Binary(BinaryOp::Multiply);
    product.inputs = vec![x, gate];
    2
}

fn lower_to_depthwise(
    graph: &mut Graph,
    index: usize,
    node: &Node,
    x: TensorId,
    affine: &Affine,
) -> usize {
    let channels = affine.scale.len();
    let kernel = to_constant(&affine.scale);
    // A vector of `channels` elements always reshapes to [1, 1, 1, channels].
    let Ok(kernel) = kernel.into_shape_with_order(vec![1, 1, 1, channels]) else {
        return 1;
    };
    let kernel = graph.add_constant(format!("{}/kernel", node.name), kernel);
    let bias = graph.add_constant(format!("{}/bias", node.name), to_constant(&affine.offset));
    let node = &mut graph.nodes_mut()[index];
    node.op = Op::DepthwiseConv2d {
        window: Window::UNIT,
        multiplier: 1,
    };
    node.inputs = vec![x, kernel, bias];
    1
}

fn lower_to_product_and_sum(
    graph: &mut Graph,
    index: usize,
    node: &Node,
    x: TensorId,
    affine: &Affine,
) -> usize {
    let scale = graph.add_constant(format!("{}/scale", node.name), to_constant(&affine.scale));
    let offset = graph.add_constant(format!("{}/offset", node.name), to_constant(&affine.offset));
    let multiply = Op::Binary(BinaryOp::Multiply);
    let name = format!("{}/product", node.name);
    let product = insert_before(graph, index, name, multiply, vec![x, scale]);
    let sum = &mut graph.nodes_mut()[index + 1];
    sum.op = Op::Binary(BinaryOp::Add);
    sum.inputs = vec![product, offset];
    2
}

/// Inserts a node whose output has the shape of the output of the node at `index`.
fn insert_before(
    graph: &mut Graph,
    index: usize,
    name: String,
    op: Op,
    inputs: Vec<TensorId>,
) -> TensorId {
    let shape = graph.shape(graph.nodes()[index].output).to_vec();
    let output = graph.push_tensor(name.clone(), shape, None);
    let node = Node {
        name,
        op,
        activation: FusedActivation::None,
        inputs,
        output,
    };
    graph.nodes_mut().insert(index, node);
    output
}
