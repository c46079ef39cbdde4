//! Layers that are linear together become one.

use ndarray::{Array2, ArrayD, Axis, IxDyn};

use super::absorb;
use super::weights::{Weights, bias_of, finite, set_weights, to_real};
use crate::{BinaryOp, Constant, FusedActivation, Graph, Node, NodeId, Op, Padding, Window};

/// A convolution without activation and a 1 x 1 convolution behind it become one, where that has
/// no more weights than the two: `K[o] = sum_m K2[o, m] K1[m]` and `b = b2 + K2 b1`. Dense layers
/// likewise.
pub(super) fn collapse_linear(graph: &mut Graph) {
    let mut id = NodeId::at(0);
    while id.index() < graph.nodes().len() {
        // The merged layer may merge again.
        if collapse_into_next(graph, id).is_none() {
            id = id.next();
        }
    }
}

fn collapse_into_next(graph: &mut Graph, id: NodeId) -> Option<()> {
    let first = graph.node(id);
    let consumer = graph.only_reader(first.output)?;
    let second = graph.node(consumer);
    let alike = match (&first.op, &second.op) {
        (Op::Conv2d { groups: 1, .. }, Op::Conv2d { window, groups: 1 }) => {
            let kernel = graph.shape(second.kernel()?);
            window.stride == [1, 1] && kernel[1..3] == [1, 1]
        }
        (Op::FullyConnected, Op::FullyConnected) => true,
        _ => false,
    };
    if !alike || first.activation != FusedActivation::None || second.input() != first.output {
        return None;
    }
    let (kernel, bias) = product(graph, first, second)?;
    let activation = second.activation;
    set_weights(graph, id, kernel, &bias);
    graph.node_mut(id).activation = activation;
    absorb(graph, id, consumer);
    Some(())
}

fn product(graph: &Graph, first: &Node, second: &Node) -> Option<Weights> {
    let inner = graph.kernel(first)?;
    let outer = graph.kernel(second)?;
    let (&between, taps) = inner.shape().split_first()?;
    let outputs = *outer.shape().first()?;
    let count: usize = taps.iter().product();
    if outputs.checked_mul(count)? > inner.len() + outer.len() {
        return None;
    }
    let matrix = |constant: &Constant, rows: usize, columns: usize| {
        Array2::from_shape_vec((rows, columns), to_real(constant)).ok()
    };
    let outer = matrix(outer, outputs, between)?;
    let product = outer.dot(&matrix(inner, between, count)?);
    let inner_bias = ndarray::Array1::from(bias_of(graph, first, between)?);
    let mut bias = bias_of(graph, second, outputs)?;
    for (bias, row) in bias.iter_mut().zip(outer.axis_iter(Axis(0))) {
        *bias += row.dot(&inner_bias);
    }
    let shape = [&[outputs], taps].concat();
    let weights: Vec<f32> = product.iter().map(|&weight| weight as f32).collect();
    finite(ArrayD::from_shape_vec(IxDyn(&shape), weights).ok()?, bias)
}

/// `x + conv(x)` becomes one convolution, whose centre tap has one more for each channel.
pub(super) fn collapse_residual(graph: &mut Graph) {
    let mut id = NodeId::at(0);
    while id.index() < graph.nodes().len() {
        let _ = collapse_into_sum(graph, id);
        id = id.next();
    }
}

fn collapse_into_sum(graph: &mut Graph, id: NodeId) -> Option<()> {
    let node = graph.node(id);
    let Op::Conv2d { window, groups: 1 } = node.op else {
        return None;
    };
    let consumer = graph.only_reader(node.output)?;
    let sum = graph.node(consumer);
    let input = node.input();
    let residual = sum.op == Op::Binary(BinaryOp::Add)
        && node.activation == FusedActivation::None
        && sum.inputs.iter().filter(|&&id| id == input).count() == 1
        && graph.shape(input) == graph.shape(sum.output);
    let kernel = graph.kernel(node).filter(|_| residual)?;
    let &[outputs, height, width, _] = kernel.shape() else {
        return None;
    };
    let y = centre(window, 0, height)?;
    let x = centre(window, 1, width)?;
    let mut kernel = kernel.to_owned();
    for channel in 0..outputs {
        kernel[[channel, y, x, channel].as_slice()] += 1.0;
    }
    let bias = bias_of(graph, node, outputs)?;
    let activation = sum.activation;
    set_weights(graph, id, kernel, &bias);
    graph.node_mut(id).activation = activation;
    absorb(graph, id, consumer);
    Some(())
}

/// The tap that sees the input at the output's own position, if one does at every position.
fn centre(window: Window, axis: usize, extent: usize) -> Option<usize> {
    let dilation = window.dilation[axis];
    let before = match window.padding {
        Padding::Same => (extent - 1) * dilation / 2,
        Padding::Valid => 0,
    };
    (window.stride[axis] == 1 && before % dilation == 0).then_some(before / dilation)
}
