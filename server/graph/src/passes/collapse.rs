//! Layers that are linear together become one.

use ndarray::{Array2, ArrayD, Axis, IxDyn};

use super::affine::{bias_of, set_weights};
use super::{absorb, only_consumer};
use crate::{BinaryOp, FusedActivation, Graph, Node, Op, Padding, Window};

/// A convolution without activation and a 1 x 1 convolution behind it become one, where that has
/// no more weights than the two: `K[o] = sum_m K2[o, m] K1[m]` and `b = b2 + K2 b1`. Dense layers
/// likewise.
pub fn collapse_linear(graph: &mut Graph) {
    let mut index = 0;
    while index < graph.nodes().len() {
        // The merged layer may merge again.
        if collapse_into_next(graph, index).is_none() {
            index += 1;
        }
    }
}

fn collapse_into_next(graph: &mut Graph, index: usize) -> Option<()> {
    let first = &graph.nodes()[index];
    let consumer = only_consumer(graph, first.output)?.0 as usize;
    let second = &graph.nodes()[consumer];
    let alike = match (&first.op, &second.op) {
        (Op::Conv2d { groups: 1, .. }, Op::Conv2d { window, groups: 1 }) => {
            let kernel = graph.shape(second.inputs[1]);
            window.stride == [1, 1] && kernel[1..3] == [1, 1]
        }
        (Op::FullyConnected, Op::FullyConnected) => true,
        _ => false,
    };
    if !alike || first.activation != FusedActivation::None || second.inputs[0] != first.output {
        return None;
    }
    let (kernel, bias) = product(graph, first, second)?;
    let activation = second.activation;
    set_weights(graph, index, kernel, &bias);
    graph.nodes_mut()[index].activation = activation;
    absorb(graph, index, consumer);
    Some(())
}

fn product(graph: &Graph, first: &Node, second: &Node) -> Option<(ArrayD<f32>, Vec<f64>)> {
    let inner = graph.constant(first.inputs[1])?;
    let outer = graph.constant(second.inputs[1])?;
    let between = inner.shape()[0];
    let outputs = outer.shape()[0];
    let taps = inner.len() / between.max(1);
    if outputs.checked_mul(taps)? > inner.len() + outer.len() {
        return None;
    }
    let matrix = |constant: &crate::Constant, rows: usize, columns: usize| {
        let values = constant.iter().map(|&weight| f64::from(weight)).collect();
        Array2::from_shape_vec((rows, columns), values).ok()
    };
    let outer = matrix(outer, outputs, between)?;
    let product = outer.dot(&matrix(inner, between, taps)?);
    let inner_bias = ndarray::Array1::from(bias_of(graph, first, between)?);
    let mut bias = bias_of(graph, second, outputs)?;
    for (bias, row) in bias.iter_mut().zip(outer.axis_iter(Axis(0))) {
        *bias += row.dot(&inner_bias);
    }
    let mut shape = inner.shape().to_vec();
    shape[0] = outputs;
    let weights: Vec<f32> = product.iter().map(|&weight| weight as f32).collect();
    let kernel = ArrayD::from_shape_vec(IxDyn(&shape), weights).ok()?;
    let finite = kernel.iter().all(|weight| weight.is_finite())
        && bias.iter().all(|&bias| (bias as f32).is_finite());
    finite.then_some((kernel, bias))
}

/// `x + conv(x)` becomes one convolution, whose centre tap has one more for each channel.
pub fn collapse_residual(graph: &mut Graph) {
    let mut index = 0;
    while index < graph.nodes().len() {
        let _ = collapse_into_sum(graph, index);
        index += 1;
    }
}

fn collapse_into_sum(graph: &mut Graph, index: usize) -> Option<()> {
    let node = &graph.nodes()[index];
    let Op::Conv2d { window, groups: 1 } = node.op else {
        return None;
    };
    let consumer = only_consumer(graph, node.output)?.0 as usize;
    let sum = &graph.nodes()[consumer];
    let input = node.inputs[0];
    let residual = sum.op == Op::Binary(BinaryOp::Add)
        && node.activation == FusedActivation::None
        && sum
            .inputs
            .iter()
            .filter(|&&operand| operand == input)
            .count()
            == 1
        && graph.shape(input) == graph.shape(sum.output);
    let kernel = graph.constant(node.inputs[1]).filter(|_| residual)?;
    let y = centre(window, 0, kernel.shape()[1])?;
    let x = centre(window, 1, kernel.shape()[2])?;
    let mut kernel = kernel.to_owned();
    for channel in 0..kernel.shape()[0] {
        kernel[[channel, y, x, channel].as_slice()] += 1.0;
    }
    let bias = bias_of(graph, node, kernel.shape()[0])?;
    let activation = sum.activation;
    set_weights(graph, index, kernel.into_owned().into_dyn(), &bias);
    graph.nodes_mut()[index].activation = activation;
    absorb(graph, index, consumer);
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
