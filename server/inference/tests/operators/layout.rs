//! Operators that move, join, cut or reduce axes, and a small network.

use graph::{Activation, Op, Padding, Pool, ReduceOp, Window};

use super::{Case, add};

/// Adds the cases.
pub fn add_cases(cases: &mut Vec<Case>) {
    shapes(cases);
    reductions(cases);
    add(cases, "network", &[1, 12, 10, 3], |draft, x| {
        let kernel = draft.weights(&[8, 3, 3, 3]);
        let window = Window {
            stride: [2, 2],
            ..Window::UNIT
        };
        let x = draft.node(Op::Conv2d { window, groups: 1 }, &[x, kernel]);
        let variance = draft.weights_between(&[8], 0.5, 2.0);
        let parameters = [(); 3].map(|()| draft.weights(&[8]));
        let op = Op::BatchNormalization { epsilon: 1e-3 };
        let [gamma, beta, mean] = parameters;
        let x = draft.node(op, &[x, gamma, beta, mean, variance]);
        let x = draft.node(Op::Activation(Activation::Relu6), &[x]);
        let pool = Pool {
            kernel: [2, 2],
            stride: [2, 2],
            padding: Padding::Same,
        };
        let x = draft.node(Op::MaxPool2d(pool), &[x]);
        let features = draft.graph.tensor(x).elements();
        let shape = vec![1, features];
        let x = draft.node(Op::Reshape { shape }, &[x]);
        let kernel = draft.weights(&[5, features]);
        let x = draft.node(Op::FullyConnected, &[x, kernel]);
        draft.node(Op::Softmax, &[x])
    });
}

fn shapes(cases: &mut Vec<Case>) {
    for (input, axis) in [
        (&[1, 4, 5, 3][..], 3),
        (&[1, 4, 5, 3], 1),
        (&[1, 4, 5, 3], 2),
        (&[1, 6], 1),
    ] {
        let name = format!("concatenation of {input:?} along {axis}");
        add(cases, name, input, |draft, x| {
            let negated = draft.node(Op::Activation(Activation::Negate), &[x]);
            let constant = draft.weights(input);
            draft.node(Op::Concatenate { axis }, &[x, negated, constant])
        });
    }
    for (before, after, value) in [
        (&[0, 1, 2, 0][..], &[0, 2, 0, 1][..], 0.0),
        (&[0, 1, 1, 0], &[0, 1, 1, 0], -3.0),
        (&[0, 2], &[0, 1], 0.0),
    ] {
        let input = &[1, 4, 5, 3][..before.len()];
        let name = format!("padding {before:?} {after:?} of {value}");
        add(cases, name, input, |draft, x| {
            let (before, after) = (before.to_vec(), after.to_vec());
            let op = Op::Pad {
                before,
                after,
                value,
            };
            draft.node(op, &[x])
        });
    }
    for (input, begin, size) in [
        (&[1, 6, 5, 4][..], &[0, 1, 2, 1][..], &[1, 4, 2, 3][..]),
        (&[1, 9], &[0, 3], &[1, 4]),
    ] {
        add(cases, format!("slice {size:?}"), input, |draft, x| {
            let (begin, size) = (begin.to_vec(), size.to_vec());
            draft.node(Op::Slice { begin, size }, &[x])
        });
    }
    for (from, to) in [
        (&[1, 4, 5, 3][..], &[1, 60][..]),
        (&[1, 60], &[1, 4, 5, 3]),
        (&[1, 4, 5, 3], &[1, 5, 2, 6]),
        (&[1, 4, 5, 3], &[1, 20, 3]),
        (&[1, 20, 3], &[1, 5, 4, 3]),
    ] {
        add(
            cases,
            format!("reshape {from:?} to {to:?}"),
            from,
            |draft, x| draft.node(Op::Reshape { shape: to.to_vec() }, &[x]),
        );
    }
    for permutation in [&[0, 3, 1, 2][..], &[0, 2, 1, 3], &[0, 2, 3, 1], &[0, 2, 1]] {
        let input = &[1, 4, 5, 3][..permutation.len()];
        let name = format!("transposition {permutation:?}");
        add(cases, name, input, |draft, x| {
            let permutation = permutation.to_vec();
            draft.node(Op::Transpose { permutation }, &[x])
        });
    }
}

fn reductions(cases: &mut Vec<Case>) {
    for kind in [ReduceOp::Mean, ReduceOp::Sum, ReduceOp::Max, ReduceOp::Min] {
        for keep_dims in [true, false] {
            for (input, axes) in [
                (&[1, 4, 5, 3][..], &[1, 2][..]),
                (&[1, 4, 5, 3], &[3]),
                (&[1, 4, 5, 3], &[1]),
                (&[1, 4, 5], &[1]),
                (&[1, 2, 3, 4, 5], &[1]),
            ] {
                let keep = if keep_dims { "kept" } else { "dropped" };
                let name = format!("{kind:?} of {input:?} over {axes:?}, {keep}");
                add(cases, name, input, |draft, x| {
                    let axes = axes.to_vec();
                    let op = Op::Reduce {
                        kind,
                        axes,
                        keep_dims,
                    };
                    draft.node(op, &[x])
                });
            }
        }
    }
}
