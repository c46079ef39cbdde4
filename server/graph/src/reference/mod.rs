//! Slow and obvious evaluation of a graph: the oracle for graph passes, engines and readers, and
//! the evaluator behind constant folding. Sums are taken in `f64`.

mod elementwise;
mod layout;
mod window;

use ndarray::{ArrayD, ArrayViewD, IxDyn};

use crate::{FusedActivation, Graph, GraphError, Node, Op, output_shape};

/// Evaluates a graph for one input each of the shape that the graph declares.
///
/// # Errors
/// [`GraphError::Shape`] when an input has another shape than declared, or the graph is invalid.
pub fn evaluate(graph: &Graph, inputs: &[ArrayViewD<f32>]) -> Result<Vec<ArrayD<f32>>, GraphError> {
    let mut values = evaluate_all(graph, inputs)?;
    graph
        .outputs()
        .iter()
        .map(|id| {
            values[id.0 as usize]
                .take()
                .or_else(|| graph.constant(*id).map(|value| value.to_owned()))
                .ok_or_else(|| unset(&graph.tensor(*id).name))
        })
        .collect()
}

/// Like [`evaluate`], but gives every tensor that a node computes, indexed by tensor id.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_all(
    graph: &Graph,
    inputs: &[ArrayViewD<f32>],
) -> Result<Vec<Option<ArrayD<f32>>>, GraphError> {
    let mut values: Vec<Option<ArrayD<f32>>> = vec![None; graph.tensors().count()];
    for (&id, value) in graph.inputs().iter().zip(inputs) {
        let tensor = graph.tensor(id);
        if value.shape() != tensor.shape {
            return Err(GraphError::Shape {
                node: tensor.name.clone(),
                op: "input",
                problem: format!("is {:?}, not {:?}", tensor.shape, value.shape()),
            });
        }
        values[id.0 as usize] = Some(value.to_owned());
    }
    for node in graph.nodes() {
        let operands = node
            .inputs
            .iter()
            .map(|&id| match (graph.constant(id), &values[id.0 as usize]) {
                (Some(constant), _) => Ok(constant.view()),
                (None, Some(value)) => Ok(value.view()),
                (None, None) => Err(unset(&graph.tensor(id).name)),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let result = evaluate_node(node, &operands)?;
        values[node.output.0 as usize] = Some(result);
    }
    Ok(values)
}

/// Evaluates one node.
///
/// # Errors
/// [`GraphError::Shape`] when the operands do not fit the operator.
pub fn evaluate_node(node: &Node, inputs: &[ArrayViewD<f32>]) -> Result<ArrayD<f32>, GraphError> {
    let shapes: Vec<&[usize]> = inputs.iter().map(|input| input.shape()).collect();
    let shape = output_shape(&node.op, &shapes).map_err(|problem| GraphError::Shape {
        node: node.name.clone(),
        op: node.op.name(),
        problem,
    })?;
    let x = &inputs[0];
    let mut result = match &node.op {
        Op::Conv2d { window, groups } => {
            window::convolution(x, &inputs[1], inputs.get(2), *window, *groups, &shape)
        }
        Op::DepthwiseConv2d { window, multiplier } => {
            window::depthwise(x, &inputs[1], inputs.get(2), *window, *multiplier, &shape)
        }
        Op::SeparableConv2d { window, multiplier } => {
            window::separable(x, inputs, *window, *multiplier, &shape)
        }
        Op::TransposeConv2d {
            stride, padding, ..
        } => window::transposed(x, &inputs[1], inputs.get(2), *stride, *padding, &shape),
        Op::MaxPool2d(pool) => window::max_pool(x, *pool, &shape),
        Op::AveragePool2d(pool) => window::average_pool(x, *pool, &shape),
        Op::Resize { size, method } => window::resize(x, *size, *method, &shape),
        Op::FullyConnected => layout::fully_connected(x, &inputs[1], inputs.get(2), &shape),
        Op::BatchMatMul { transpose_b } => {
            layout::batch_matmul(x, &inputs[1], *transpose_b, &shape)
        }
        Op::BatchNormalization { epsilon } => elementwise::batch_normalization(x, inputs, *epsilon),
        Op::Activation(activation) => x.mapv(|value| elementwise::activate(*activation, value)),
        Op::PRelu => elementwise::prelu(x, &inputs[1]),
        Op::Softmax => elementwise::softmax(x),
        Op::Binary(op) => elementwise::binary(*op, x, &inputs[1], &shape),
        Op::Concatenate { axis } => layout::concatenate(inputs, *axis, &shape),
        Op::Reduce { kind, axes, .. } => layout::reduce(x, *kind, axes, &shape),
        Op::Pad { before, value, .. } => layout::pad(x, before, *value, &shape),
        Op::Slice { begin, .. } => layout::slice(x, begin, &shape),
        Op::Reshape { .. } => layout::reshape(x, &shape),
        Op::Transpose { permutation } => x
            .view()
            .permuted_axes(IxDyn(permutation))
            .as_standard_layout()
            .into_owned(),
        Op::Convert => x.to_owned(),
    };
    match node.activation {
        FusedActivation::None => {}
        FusedActivation::Relu => result.mapv_inplace(|value| value.max(0.0)),
        FusedActivation::Relu6 => result.mapv_inplace(|value| value.clamp(0.0, 6.0)),
    }
    Ok(result)
}

fn unset(name: &str) -> GraphError {
    GraphError::Shape {
        node: name.to_owned(),
        op: "tensor",
        problem: "is read before any layer has computed it".to_owned(),
    }
}
