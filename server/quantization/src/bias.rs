//! Bias correction: rounding the weights shifts the mean of each output channel, and the bias can
//! take the shift back.

use graph::passes::kernel_channels;
use graph::{Graph, Node, Op};
use ndarray::ArrayD;

use crate::weights::output_axis;

/// The bias of a layer with so many output channels, zeros where it has none.
pub(crate) fn bias_of(graph: &Graph, node: &Node, channels: usize) -> Vec<f64> {
    let bias = node.bias().and_then(|bias| graph.constant(bias));
    match bias {
        Some(bias) => bias.iter().map(|&value| f64::from(value)).collect(),
        None => vec![0.0; channels],
    }
}

/// Mean shift of each output channel that weight errors cause, for inputs whose channels have the
/// given means: `sum_i (sum_hw error[o, h, w, i]) * mean[i]`. Padding is left out of account. `None`
/// where a channel has no mean.
///
/// A transposed convolution spreads its kernel over `stride[0] * stride[1]` output positions, each
/// of which sees that fraction of the taps.
pub(crate) fn mean_shift(op: &Op, errors: &ArrayD<f64>, means: &[f64]) -> Option<Vec<f64>> {
    // Outputs that share the taps of an input position.
    let share = match *op {
        Op::TransposeConv2d { stride, .. } => (stride[0] * stride[1]) as f64,
        _ => 1.0,
    };
    let mut shift = vec![0.0; errors.len_of(output_axis(op))];
    for (error, [output, input]) in errors.iter().zip(kernel_channels(op, errors.shape())) {
        *shift.get_mut(output)? += error * means.get(input)? / share;
    }
    Some(shift)
}

#[cfg(test)]
mod tests {
    use graph::{Graph, Padding, Window, reference};
    use ndarray::IxDyn;

    use super::*;

    /// The shift of a constant input, where padding does not interfere, is exact: compare it with
    /// what the operator itself makes of the errors.
    #[test]
    fn the_shift_is_what_the_operator_makes_of_the_errors() {
        let check = |op: Op, input: &[usize], kernel: &[usize]| {
            let mut value = 0.0f32;
            let errors = ArrayD::from_shape_simple_fn(IxDyn(kernel), || {
                value = (value + 0.37) % 1.0;
                value - 0.5
            });
            let means: Vec<f64> = (0..*input.last().unwrap())
                .map(|c| 0.5 + c as f64)
                .collect();
            let mut graph = Graph::new("test");
            let x = graph.add_input("x", input).unwrap();
            let weights = graph.add_constant("kernel", errors.clone().into_shared());
            let output = graph.add_node("layer", op.clone(), &[x, weights]).unwrap();
            graph.set_outputs(&[output]);
            let x =
                ArrayD::from_shape_fn(IxDyn(input), |index| means[index[input.len() - 1]] as f32);
            let result = reference::evaluate(&graph, &[x.view()]).unwrap().remove(0);
            let channels = *result.shape().last().unwrap();
            let shift = mean_shift(&op, &errors.mapv(f64::from), &means).unwrap();
            assert_eq!(shift.len(), channels);
            // Away from the border every position of a channel has the same value, and over the
            // stride of a transposed convolution the same mean.
            for (channel, shift) in shift.iter().enumerate() {
                let values: Vec<f64> = result
                    .indexed_iter()
                    .filter(|(index, _)| {
                        index[input.len() - 1] == channel
                            && (input.len() == 2
                                || [1, 2].iter().all(|&axis| (4..8).contains(&index[axis])))
                    })
                    .map(|(_, &value)| f64::from(value))
                    .collect();
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                assert!((mean - shift).abs() < 1e-5, "{mean} against {shift}");
            }
        };
        let same = Window {
            padding: Padding::Same,
            ..Window::UNIT
        };
        let conv = |groups| Op::Conv2d {
            window: same,
            groups,
        };
        check(conv(1), &[1, 12, 12, 3], &[4, 3, 3, 3]);
        check(conv(2), &[1, 12, 12, 4], &[6, 3, 3, 2]);
        let depthwise = Op::DepthwiseConv2d {
            window: same,
            multiplier: 2,
        };
        check(depthwise, &[1, 12, 12, 3], &[1, 3, 3, 6]);
        check(Op::FullyConnected, &[1, 5], &[3, 5]);
        let transpose = Op::TransposeConv2d {
            stride: [2, 2],
            padding: Padding::Same,
            output_size: [12, 12],
        };
        check(transpose, &[1, 6, 6, 3], &[4, 3, 3, 3]);
    }
}
