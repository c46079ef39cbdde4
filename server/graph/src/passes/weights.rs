//! Kernels and biases of layers, as passes read and replace them.

use ndarray::ArrayD;

use crate::{Constant, Graph, Node, NodeId, Op};

/// A kernel, and one bias for each output channel.
pub(super) type Weights = (ArrayD<f32>, Vec<f64>);

/// Output and input channel that each element of a kernel of this shape connects, in the order of
/// the elements. A reader of a flattened map counts the positions' channels through.
pub fn kernel_channels(op: &Op, kernel: &[usize]) -> impl Iterator<Item = [usize; 2]> + use<> {
    let (first, last) = match kernel {
        [] => (0, 0),
        [first, .., last] => (*first, *last),
        [only] => (1, *only),
    };
    let between: usize = kernel.iter().skip(1).rev().skip(1).product();
    // Depthwise kernels have their output channels last; others have them first, in groups of so many
    // that read the same input channels.
    let (depthwise, group) = match *op {
        Op::DepthwiseConv2d { multiplier, .. } => (Some(multiplier.max(1)), 1),
        Op::Conv2d { groups, .. } => (None, (first / groups.max(1)).max(1)),
        _ => (None, first.max(1)),
    };
    (0..first).flat_map(move |output| {
        (0..between).flat_map(move |_| {
            (0..last).map(move |element| match depthwise {
                Some(multiplier) => [element, element / multiplier],
                None => [output, output / group * last + element],
            })
        })
    })
}

pub(super) fn to_constant(values: &[f64]) -> Constant {
    values
        .iter()
        .map(|&value| value as f32)
        .collect::<ndarray::Array1<f32>>()
        .into_dyn()
        .into_shared()
}

pub(super) fn to_real(constant: &Constant) -> Vec<f64> {
    constant.iter().map(|&value| f64::from(value)).collect()
}

/// The bias of a layer, zeros where it has none; `None` where it is not constant.
pub(super) fn bias_of(graph: &Graph, node: &Node, channels: usize) -> Option<Vec<f64>> {
    match node.bias() {
        None => Some(vec![0.0; channels]),
        Some(id) => Some(to_real(graph.constant(id)?)),
    }
}

pub(super) fn set_weights(graph: &mut Graph, id: NodeId, kernel: ArrayD<f32>, bias: &[f64]) {
    let name = graph.node(id).name.clone();
    let kernel = graph.add_constant(format!("{name}/kernel"), kernel.into_shared());
    let bias = graph.add_constant(format!("{name}/bias"), to_constant(bias));
    graph.set_weights(id, kernel, bias);
}

pub(super) fn set_bias(graph: &mut Graph, id: NodeId, bias: &[f64]) {
    let name = graph.node(id).name.clone();
    let bias = graph.add_constant(format!("{name}/bias"), to_constant(bias));
    graph.set_bias(id, bias);
}

/// Weights that `f32` can hold, if they are.
pub(super) fn finite(kernel: ArrayD<f32>, bias: Vec<f64>) -> Option<Weights> {
    let representable = kernel.iter().all(|weight| weight.is_finite())
        && bias.iter().all(|&bias| (bias as f32).is_finite());
    representable.then_some((kernel, bias))
}
