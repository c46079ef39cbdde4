//! Operators that compute element by element, normalization and products of matrices.

use graph::{Activation, BinaryOp, FusedActivation, Op, ReduceOp};

use super::{Case, add, add_with_input};

const FEATURE_MAP: [usize; 4] = [1, 4, 5, 3];

/// Adds the cases.
pub fn add_cases(cases: &mut Vec<Case>) {
    activations(cases);
    arithmetic(cases);
    normalization(cases);
    products(cases);
}

fn activations(cases: &mut Vec<Case>) {
    let everywhere = [
        Activation::Relu,
        Activation::Relu6,
        Activation::LeakyRelu { alpha: 0.2 },
        Activation::Elu,
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::Swish,
        Activation::HardSwish,
        Activation::Gelu { approximate: false },
        Activation::Gelu { approximate: true },
        Activation::Exp,
        Activation::Negate,
        Activation::Abs,
        Activation::Square,
    ];
    for activation in everywhere {
        let name = format!("{activation:?}");
        add_with_input(cases, name, &FEATURE_MAP, (-7.0, 7.0), |draft, x| {
            draft.node(Op::Activation(activation), &[x])
        });
    }
    for activation in [Activation::Sqrt, Activation::Rsqrt, Activation::Log] {
        let name = format!("{activation:?}");
        add_with_input(cases, name, &FEATURE_MAP, (0.1, 9.0), |draft, x| {
            draft.node(Op::Activation(activation), &[x])
        });
    }
    for (slopes, kind) in [
        ([1, 1, 3], "for each channel"),
        ([4, 5, 3], "for each element"),
    ] {
        add(cases, format!("PRelu {kind}"), &FEATURE_MAP, |draft, x| {
            let alpha = draft.weights(&slopes);
            draft.node(Op::PRelu, &[x, alpha])
        });
    }
    add(cases, "PRelu of a vector", &[1, 6], |draft, x| {
        let alpha = draft.weights(&[6]);
        draft.node(Op::PRelu, &[x, alpha])
    });
    for shape in [&[1, 10][..], &[1, 4, 7], &FEATURE_MAP] {
        let name = format!("Softmax of {shape:?}");
        add_with_input(cases, name, shape, (-7.0, 7.0), |draft, x| {
            draft.node(Op::Softmax, &[x])
        });
    }
}

fn arithmetic(cases: &mut Vec<Case>) {
    let every = [
        BinaryOp::Add,
        BinaryOp::Subtract,
        BinaryOp::Multiply,
        BinaryOp::Divide,
        BinaryOp::Maximum,
        BinaryOp::Minimum,
    ];
    for op in every {
        add(
            cases,
            format!("{op:?} of tensors"),
            &FEATURE_MAP,
            |draft, x| {
                let exponential = draft.node(Op::Activation(Activation::Exp), &[x]);
                draft.node(Op::Binary(op), &[x, exponential])
            },
        );
        // Shapes that only broadcast as they should channels last.
        for shape in [
            &[][..],
            &[3],
            &[5, 3],
            &[4, 1, 1],
            &[1, 1, 1, 3],
            &[1, 4, 5, 1],
        ] {
            let name = format!("{op:?} of a constant {shape:?}");
            add(cases, name, &FEATURE_MAP, |draft, x| {
                let constant = draft.weights_between(shape, 0.5, 2.0);
                draft.node(Op::Binary(op), &[x, constant])
            });
        }
    }
    add(cases, "constant minus vector", &[1, 6], |draft, x| {
        let constant = draft.weights(&[6]);
        draft.node(Op::Binary(BinaryOp::Subtract), &[constant, x])
    });
    add(cases, "gate of channels", &FEATURE_MAP, |draft, x| {
        let mean = Op::Reduce {
            kind: ReduceOp::Mean,
            axes: vec![1, 2],
            keep_dims: true,
        };
        let gate = draft.node(mean, &[x]);
        draft.node(Op::Binary(BinaryOp::Multiply), &[x, gate])
    });
    for activation in [FusedActivation::Relu, FusedActivation::Relu6] {
        add(
            cases,
            format!("Add {activation:?}"),
            &FEATURE_MAP,
            |draft, x| {
                let constant = draft.weights(&[3]);
                let y = draft.node(Op::Binary(BinaryOp::Add), &[x, constant]);
                draft.clamp(activation);
                y
            },
        );
    }
}

fn normalization(cases: &mut Vec<Case>) {
    for shape in [&[1, 6][..], &[1, 4, 6], &[1, 4, 5, 6], &[1, 2, 3, 4, 6]] {
        let name = format!("batch normalization of {shape:?}");
        add(cases, name, shape, |draft, x| {
            let gamma = draft.weights(&[6]);
            let beta = draft.weights(&[6]);
            let mean = draft.weights(&[6]);
            let variance = draft.weights_between(&[6], 0.1, 2.0);
            let op = Op::BatchNormalization { epsilon: 1e-3 };
            draft.node(op, &[x, gamma, beta, mean, variance])
        });
    }
}

fn products(cases: &mut Vec<Case>) {
    for shape in [&[1, 8][..], &[1, 5, 8], &[1, 3, 4, 8]] {
        add(cases, format!("dense of {shape:?}"), shape, |draft, x| {
            let kernel = draft.weights(&[6, 8]);
            let bias = draft.weights(&[6]);
            let y = draft.node(Op::FullyConnected, &[x, kernel, bias]);
            draft.clamp(FusedActivation::Relu);
            y
        });
    }
    add(cases, "dense without bias", &[1, 8], |draft, x| {
        let kernel = draft.weights(&[6, 8]);
        draft.node(Op::FullyConnected, &[x, kernel])
    });
    for shape in [&[1, 4, 6][..], &[1, 2, 4, 6]] {
        add(cases, format!("product of {shape:?}"), shape, |draft, x| {
            let rank = shape.len();
            let permutation = (0..rank - 2).chain([rank - 1, rank - 2]).collect();
            let transposed = draft.node(Op::Transpose { permutation }, &[x]);
            let transpose_b = false;
            draft.node(Op::BatchMatMul { transpose_b }, &[x, transposed])
        });
        add(
            cases,
            format!("product of transposed {shape:?}"),
            shape,
            |draft, x| {
                let exponential = draft.node(Op::Activation(Activation::Exp), &[x]);
                let transpose_b = true;
                draft.node(Op::BatchMatMul { transpose_b }, &[x, exponential])
            },
        );
    }
}
