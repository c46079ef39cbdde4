//! Slow and obvious evaluation of a graph: the oracle for graph passes, engines and readers, and
//! the evaluator behind constant folding. Sums are taken in `f64`.

mod elementwise;
mod layout;
mod window;

use localization::{Text, text};
use ndarray::{ArrayD, ArrayViewD};

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
            values[id.index()]
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
                problem: text!(
                    "is {shape:?}, not {needed:?}",
                    shape = tensor.shape,
                    needed = value.shape()
                ),
            });
        }
        values[id.index()] = Some(value.to_owned());
    }
    for node in graph.nodes() {
        let operands = node
            .inputs
            .iter()
            .map(|&id| match (graph.constant(id), &values[id.index()]) {
                (Some(constant), _) => Ok(constant.view()),
                (None, Some(value)) => Ok(value.view()),
                (None, None) => Err(unset(&graph.tensor(id).name)),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let result = evaluate_node(node, &operands)?;
        values[node.output.index()] = Some(result);
    }
    Ok(values)
}

/// Evaluates one node.
///
/// # Errors
/// [`GraphError::Shape`] when the operands do not fit the operator.
pub fn evaluate_node(node: &Node, inputs: &[ArrayViewD<f32>]) -> Result<ArrayD<f32>, GraphError> {
    let shapes: Vec<&[usize]> = inputs.iter().map(|input| input.shape()).collect();
    let result = output_shape(&node.op, &shapes)
        .and_then(|shape| evaluate_operator(&node.op, &Operands(inputs), &shape));
    let mut result = result.map_err(|problem| GraphError::Shape {
        node: node.name.clone(),
        op: node.op.name(),
        problem,
    })?;
    match node.activation {
        FusedActivation::None => {}
        FusedActivation::Relu => result.mapv_inplace(|value| value.max(0.0)),
        FusedActivation::Relu6 => result.mapv_inplace(|value| value.clamp(0.0, 6.0)),
    }
    Ok(result)
}

/// Operands that have passed the shape rule of their operator, so that they are as many as it
/// takes.
struct Operands<'a>(&'a [ArrayViewD<'a, f32>]);

impl<'a> Operands<'a> {
    /// The first operand.
    fn x(&self) -> &'a ArrayViewD<'a, f32> {
        &self.0[0]
    }

    /// An operand behind the first: a kernel, a parameter, the other one of two.
    fn other(&self, index: usize) -> &'a ArrayViewD<'a, f32> {
        &self.0[1 + index]
    }

    /// The bias behind so many kernels, where one is given.
    fn bias(&self, kernels: usize) -> Option<&'a ArrayViewD<'a, f32>> {
        self.0.get(1 + kernels)
    }
}

fn evaluate_operator(op: &Op, operands: &Operands, shape: &[usize]) -> Result<ArrayD<f32>, Text> {
    let x = operands.x();
    Ok(match op {
        Op::Conv2d { window, groups } => {
            let bias = operands.bias(1);
            window::convolution(x, operands.other(0), bias, *window, *groups, shape)
        }
        Op::DepthwiseConv2d { window, multiplier } => {
            let bias = operands.bias(1);
            window::depthwise(x, operands.other(0), bias, *window, *multiplier, shape)
        }
        Op::SeparableConv2d { window, multiplier } => {
            let kernels = [operands.other(0), operands.other(1)];
            let bias = operands.bias(2);
            window::separable(x, kernels, bias, *window, *multiplier, shape)
        }
        Op::TransposeConv2d {
            stride, padding, ..
        } => {
            let bias = operands.bias(1);
            window::transposed(x, operands.other(0), bias, *stride, *padding, shape)
        }
        Op::MaxPool2d(pool) => window::max_pool(x, *pool, shape),
        Op::AveragePool2d(pool) => window::average_pool(x, *pool, shape),
        Op::Resize { size, method } => window::resize(x, *size, *method, shape),
        Op::FullyConnected => {
            layout::fully_connected(x, operands.other(0), operands.bias(1), shape)?
        }
        Op::BatchMatMul { transpose_b } => {
            layout::batch_matmul(x, operands.other(0), *transpose_b, shape)
        }
        Op::BatchNormalization { epsilon } => {
            let parameters = [0, 1, 2, 3].map(|index| operands.other(index));
            elementwise::batch_normalization(x, parameters, *epsilon)
        }
        Op::Activation(activation) => x.mapv(|value| elementwise::activate(*activation, value)),
        Op::PRelu => elementwise::prelu(x, operands.other(0))?,
        Op::Softmax => elementwise::softmax(x),
        Op::Binary(op) => elementwise::binary(*op, x, operands.other(0), shape)?,
        Op::Concatenate { axis } => layout::concatenate(operands.0, *axis, shape),
        Op::Reduce { kind, axes, .. } => layout::reduce(x, *kind, axes, shape)?,
        Op::Pad { before, value, .. } => layout::pad(x, before, *value, shape),
        Op::Slice { begin, .. } => layout::slice(x, begin, shape),
        Op::Reshape { .. } => layout::reshape(x, shape)?,
        Op::Transpose { permutation } => layout::transpose(x, permutation),
        Op::Convert => x.to_owned(),
    })
}

fn unset(name: &str) -> GraphError {
    GraphError::Shape {
        node: name.to_owned(),
        op: "tensor",
        problem: text!("is read before any layer has computed it"),
    }
}
