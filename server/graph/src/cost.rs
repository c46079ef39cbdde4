//! Multiply-accumulate operations: counted here for the inspection of a model and for the report of
//! a quantization alike.

use crate::operators::Macs;
use crate::{Graph, Node, Op};

/// Multiply-accumulate operations of a node for one image: each weight of a kernel once for every
/// position of the output (of the input for a transposed convolution), and the terms of a matrix
/// product. Element-wise operators count nothing.
pub fn multiply_accumulates(graph: &Graph, node: &Node) -> u64 {
    let inputs: Vec<&[usize]> = node.inputs.iter().map(|&id| graph.shape(id)).collect();
    operator_multiply_accumulates(&node.op, &inputs, graph.shape(node.output))
}

/// [`multiply_accumulates`] of an operator that is in no graph yet, from the shapes of its
/// operands and its output. A kernel that is missing has no weights.
pub fn operator_multiply_accumulates(op: &Op, inputs: &[&[usize]], output: &[usize]) -> u64 {
    let Some((x, others)) = inputs.split_first() else {
        return 0;
    };
    let traits = op.opcode().traits();
    let kernels = others.iter().take(traits.operands.kernel_axes().len());
    let weights = kernels.fold(0u64, |sum, kernel| sum.saturating_add(elements(kernel)));
    match traits.macs {
        Macs::None => 0,
        Macs::OutputPositions => positions(output).saturating_mul(weights),
        Macs::InputPositions => positions(x).saturating_mul(weights),
        Macs::InnerProducts => match x {
            [.., terms] => elements(output).saturating_mul(*terms as u64),
            [] => 0,
        },
    }
}

fn elements(shape: &[usize]) -> u64 {
    shape.iter().fold(1u64, |product, &extent| {
        product.saturating_mul(extent as u64)
    })
}

/// Elements of one channel.
fn positions(shape: &[usize]) -> u64 {
    match shape {
        [positions @ .., _channels] => elements(positions),
        [] => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Padding, Window};

    #[test]
    fn every_weight_counts_once_a_position() {
        let check = |op: Op, inputs: &[&[usize]], output: &[usize], expected: u64| {
            assert_eq!(
                operator_multiply_accumulates(&op, inputs, output),
                expected,
                "{op:?}"
            );
        };
        let window = Window::UNIT;
        check(
            Op::Conv2d { window, groups: 1 },
            &[&[1, 6, 5, 3], &[4, 3, 3, 3]],
            &[1, 4, 3, 4],
            12 * 4 * 27,
        );
        check(
            Op::DepthwiseConv2d {
                window,
                multiplier: 2,
            },
            &[&[1, 6, 5, 3], &[1, 3, 3, 6]],
            &[1, 4, 3, 6],
            12 * 54,
        );
        check(
            Op::SeparableConv2d {
                window,
                multiplier: 2,
            },
            &[&[1, 6, 5, 3], &[1, 3, 3, 6], &[4, 1, 1, 6], &[4]],
            &[1, 4, 3, 4],
            12 * (54 + 24),
        );
        check(
            Op::TransposeConv2d {
                stride: [2, 2],
                padding: Padding::Same,
                output_size: [12, 10],
            },
            &[&[1, 6, 5, 3], &[4, 3, 3, 3], &[4]],
            &[1, 12, 10, 4],
            30 * 108,
        );
        check(
            Op::FullyConnected,
            &[&[1, 8], &[10, 8], &[10]],
            &[1, 10],
            80,
        );
        let transpose_b = false;
        check(
            Op::BatchMatMul { transpose_b },
            &[&[2, 3, 4], &[2, 4, 5]],
            &[2, 3, 5],
            2 * 3 * 4 * 5,
        );
        check(Op::Softmax, &[&[1, 8]], &[1, 8], 0);
        check(Op::FullyConnected, &[&[1, 8]], &[1, 10], 0);
    }
}
