//! Convolutions, pools and resizing.

use graph::{FusedActivation, Op, Padding, Pool, ResizeMethod, Window};

use super::{Case, add};

/// Adds the cases.
pub fn add_cases(cases: &mut Vec<Case>) {
    convolutions(cases);
    kinds_of_convolutions(cases);
    transposed_convolutions(cases);
    pools(cases);
    resizes(cases);
}

fn window(stride: [usize; 2], dilation: [usize; 2], padding: Padding) -> Window {
    Window {
        stride,
        dilation,
        padding,
    }
}

fn convolutions(cases: &mut Vec<Case>) {
    let input = [1, 7, 6, 4];
    let windows = [
        ("valid", [3, 3], window([1, 1], [1, 1], Padding::Valid)),
        ("same", [3, 3], window([1, 1], [1, 1], Padding::Same)),
        (
            "same strided",
            [3, 3],
            window([2, 2], [1, 1], Padding::Same),
        ),
        ("same even", [2, 4], window([1, 1], [1, 1], Padding::Same)),
        (
            "uneven strides",
            [3, 2],
            window([2, 1], [1, 1], Padding::Same),
        ),
        ("dilated", [3, 3], window([1, 1], [2, 2], Padding::Same)),
        (
            "dilated valid",
            [2, 2],
            window([1, 1], [3, 2], Padding::Valid),
        ),
        ("pointwise", [1, 1], window([1, 1], [1, 1], Padding::Same)),
        (
            "pointwise strided",
            [1, 1],
            window([2, 2], [1, 1], Padding::Same),
        ),
    ];
    for (kind, [height, width], window) in windows {
        add(cases, format!("convolution {kind}"), &input, |draft, x| {
            let kernel = draft.weights(&[5, height, width, 4]);
            let bias = draft.weights(&[5]);
            draft.node(Op::Conv2d { window, groups: 1 }, &[x, kernel, bias])
        });
        add(cases, format!("depthwise {kind}"), &input, |draft, x| {
            let kernel = draft.weights(&[1, height, width, 4]);
            let bias = draft.weights(&[4]);
            let multiplier = 1;
            draft.node(
                Op::DepthwiseConv2d { window, multiplier },
                &[x, kernel, bias],
            )
        });
    }
}

fn kinds_of_convolutions(cases: &mut Vec<Case>) {
    let input = [1, 7, 6, 4];
    let same = window([1, 1], [1, 1], Padding::Same);
    add(cases, "convolution without bias", &input, |draft, x| {
        let kernel = draft.weights(&[3, 3, 3, 4]);
        let window = same;
        draft.node(Op::Conv2d { window, groups: 1 }, &[x, kernel])
    });
    add(cases, "convolution in groups", &input, |draft, x| {
        let kernel = draft.weights(&[6, 3, 3, 2]);
        let bias = draft.weights(&[6]);
        let window = same;
        draft.node(Op::Conv2d { window, groups: 2 }, &[x, kernel, bias])
    });
    for activation in [FusedActivation::Relu, FusedActivation::Relu6] {
        add(
            cases,
            format!("convolution {activation:?}"),
            &input,
            |draft, x| {
                let kernel = draft.weights(&[5, 3, 3, 4]);
                let window = same;
                let y = draft.node(Op::Conv2d { window, groups: 1 }, &[x, kernel]);
                draft.clamp(activation);
                y
            },
        );
    }
    add(cases, "depthwise with multiplier", &input, |draft, x| {
        let kernel = draft.weights(&[1, 3, 3, 12]);
        let (window, multiplier) = (same, 3);
        draft.node(Op::DepthwiseConv2d { window, multiplier }, &[x, kernel])
    });
    add(cases, "separable", &input, |draft, x| {
        let depthwise = draft.weights(&[1, 3, 3, 8]);
        let pointwise = draft.weights(&[5, 1, 1, 8]);
        let bias = draft.weights(&[5]);
        let window = window([2, 2], [1, 1], Padding::Same);
        let op = Op::SeparableConv2d {
            window,
            multiplier: 2,
        };
        draft.node(op, &[x, depthwise, pointwise, bias])
    });
}

fn transposed_convolutions(cases: &mut Vec<Case>) {
    let variants = [
        ("same", 3, [2, 2], Padding::Same, [8, 10]),
        ("same odd", 3, [2, 2], Padding::Same, [7, 9]),
        ("same without overlap", 2, [2, 2], Padding::Same, [8, 10]),
        ("same with gaps", 1, [2, 2], Padding::Same, [8, 10]),
        ("valid", 3, [2, 2], Padding::Valid, [9, 11]),
        ("valid with rest", 3, [2, 2], Padding::Valid, [10, 12]),
        ("unit stride", 3, [1, 1], Padding::Same, [4, 5]),
    ];
    for (kind, size, stride, padding, output_size) in variants {
        add(
            cases,
            format!("transposed {kind}"),
            &[1, 4, 5, 3],
            |draft, x| {
                let kernel = draft.weights(&[6, size, size, 3]);
                let bias = draft.weights(&[6]);
                let op = Op::TransposeConv2d {
                    stride,
                    padding,
                    output_size,
                };
                draft.node(op, &[x, kernel, bias])
            },
        );
    }
    add(
        cases,
        "transposed without bias",
        &[1, 4, 5, 3],
        |draft, x| {
            let kernel = draft.weights(&[2, 2, 2, 3]);
            let op = Op::TransposeConv2d {
                stride: [2, 2],
                padding: Padding::Valid,
                output_size: [8, 10],
            };
            draft.node(op, &[x, kernel])
        },
    );
}

fn pools(cases: &mut Vec<Case>) {
    let variants = [
        ("valid", [2, 2], [2, 2], Padding::Valid),
        ("same", [3, 3], [2, 2], Padding::Same),
        ("overlapping", [3, 2], [1, 1], Padding::Same),
    ];
    for (kind, kernel, stride, padding) in variants {
        let pool = Pool {
            kernel,
            stride,
            padding,
        };
        for (name, op) in [
            ("maximum", Op::MaxPool2d(pool)),
            ("average", Op::AveragePool2d(pool)),
        ] {
            add(
                cases,
                format!("{name} pool {kind}"),
                &[1, 7, 8, 3],
                |draft, x| draft.node(op, &[x]),
            );
        }
    }
}

fn resizes(cases: &mut Vec<Case>) {
    for method in [ResizeMethod::Nearest, ResizeMethod::Bilinear] {
        for size in [[10, 12], [7, 5], [3, 2], [5, 6]] {
            add(
                cases,
                format!("{method:?} to {size:?}"),
                &[1, 5, 6, 3],
                |draft, x| draft.node(Op::Resize { size, method }, &[x]),
            );
        }
    }
}
