use crate::{Graph, Node, Op};

/// Multiply-accumulate operations of a node for one image: each weight of a kernel once for every
/// position of the output (of the input for a transposed convolution), and the terms of a matrix
/// product. Element-wise operators count nothing.
pub fn multiply_accumulates(graph: &Graph, node: &Node) -> u64 {
    let inputs: Vec<&[usize]> = node.inputs.iter().map(|&id| graph.shape(id)).collect();
    operator_multiply_accumulates(&node.op, &inputs, graph.shape(node.output))
}

/// [`multiply_accumulates`] of an operator that is in no graph yet, from the shapes of its
/// operands and its output.
pub fn operator_multiply_accumulates(op: &Op, inputs: &[&[usize]], output: &[usize]) -> u64 {
    let elements = |shape: &[usize]| {
        shape.iter().fold(1u64, |product, &extent| {
            product.saturating_mul(extent as u64)
        })
    };
    let operand = |index: usize| inputs.get(index).copied().unwrap_or_default();
    let positions = |shape: &[usize]| elements(shape.split_last().map_or(&[], |(_, rest)| rest));
    let kernel = |index: usize| match operand(index) {
        [] => 0,
        shape => elements(shape),
    };
    match op {
        Op::Conv2d { .. } | Op::DepthwiseConv2d { .. } | Op::FullyConnected => {
            positions(output).saturating_mul(kernel(1))
        }
        Op::SeparableConv2d { .. } => {
            positions(output).saturating_mul(kernel(1).saturating_add(kernel(2)))
        }
        Op::TransposeConv2d { .. } => positions(operand(0)).saturating_mul(kernel(1)),
        Op::BatchMatMul { .. } => {
            let terms = operand(0).last().copied().unwrap_or_default();
            elements(output).saturating_mul(terms as u64)
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Window;

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
        check(Op::FullyConnected, &[&[1, 8], &[10, 8]], &[1, 10], 80);
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
