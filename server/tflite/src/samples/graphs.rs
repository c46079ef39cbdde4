use graph::{
    Activation, BinaryOp, FusedActivation, GraphError, Op, Padding, Pool, ReduceOp, ResizeMethod,
    Window,
};

use super::{Sample, add, without_int8_kernel_if};

const RANGE: (f32, f32) = (-1.0, 1.0);
const POSITIVE: (f32, f32) = (0.25, 2.0);

/// Convolutions, pooling and resizing.
pub(super) fn windows(samples: &mut Vec<Sample>) -> Result<(), GraphError> {
    let same = Window {
        stride: [2, 1],
        dilation: [1, 1],
        padding: Padding::Same,
    };
    let dilated = Window {
        stride: [1, 1],
        dilation: [2, 2],
        padding: Padding::Same,
    };
    let convolution = |window, groups| Op::Conv2d { window, groups };
    let depthwise = |window, multiplier| Op::DepthwiseConv2d { window, multiplier };
    add(samples, "conv2d", |draft| {
        let x = draft.input(&[1, 7, 6, 3], RANGE)?;
        let [kernel, bias] = draft.weights(&[5, 3, 2, 3], 5);
        draft.node(convolution(same, 1), &[x, kernel, bias])
    })?;
    add(samples, "conv2d_no_bias", |draft| {
        let x = draft.input(&[1, 7, 6, 3], RANGE)?;
        let kernel = draft.constant("kernel", &[5, 3, 2, 3], RANGE);
        draft.node(convolution(Window::UNIT, 1), &[x, kernel])
    })?;
    add(samples, "conv2d_dilated_relu6", |draft| {
        let x = draft.input(&[1, 9, 8, 4], (-4.0, 4.0))?;
        let [kernel, bias] = draft.weights(&[8, 3, 3, 4], 8);
        let y = draft.node(convolution(dilated, 1), &[x, kernel, bias])?;
        draft.clamp(FusedActivation::Relu6);
        Ok(y)
    })?;
    add(samples, "conv2d_grouped", |draft| {
        let x = draft.input(&[1, 7, 6, 6], RANGE)?;
        let [kernel, bias] = draft.weights(&[9, 3, 3, 2], 9);
        draft.node(convolution(same, 3), &[x, kernel, bias])
    })?;
    add(samples, "depthwise", |draft| {
        let x = draft.input(&[1, 7, 6, 4], RANGE)?;
        let [kernel, bias] = draft.weights(&[1, 3, 3, 4], 4);
        let y = draft.node(depthwise(same, 1), &[x, kernel, bias])?;
        draft.clamp(FusedActivation::Relu);
        Ok(y)
    })?;
    add(samples, "depthwise_square_stride", |draft| {
        let x = draft.input(&[1, 7, 6, 4], RANGE)?;
        let [kernel, bias] = draft.weights(&[1, 3, 3, 4], 4);
        let window = Window {
            stride: [2, 2],
            ..same
        };
        draft.node(depthwise(window, 1), &[x, kernel, bias])
    })?;
    add(samples, "depthwise_multiplier_dilated", |draft| {
        let x = draft.input(&[1, 7, 6, 3], RANGE)?;
        let [kernel, bias] = draft.weights(&[1, 3, 3, 6], 6);
        draft.node(depthwise(dilated, 2), &[x, kernel, bias])
    })?;
    add(samples, "depthwise_no_bias", |draft| {
        let x = draft.input(&[1, 7, 6, 4], RANGE)?;
        let kernel = draft.constant("kernel", &[1, 3, 3, 4], RANGE);
        draft.node(depthwise(Window::UNIT, 1), &[x, kernel])
    })?;
    let transposed = |padding, output_size| Op::TransposeConv2d {
        stride: [2, 2],
        padding,
        output_size,
    };
    add(samples, "transpose_conv", |draft| {
        let x = draft.input(&[1, 4, 3, 3], RANGE)?;
        let [kernel, bias] = draft.weights(&[5, 3, 3, 3], 5);
        draft.node(transposed(Padding::Same, [8, 6]), &[x, kernel, bias])
    })?;
    add(samples, "transpose_conv_no_bias", |draft| {
        let x = draft.input(&[1, 4, 3, 3], RANGE)?;
        let kernel = draft.constant("kernel", &[5, 3, 3, 3], RANGE);
        draft.node(transposed(Padding::Valid, [9, 7]), &[x, kernel])
    })?;
    add(samples, "transpose_conv_relu", |draft| {
        let x = draft.input(&[1, 4, 3, 3], RANGE)?;
        let [kernel, bias] = draft.weights(&[5, 2, 2, 3], 5);
        let y = draft.node(transposed(Padding::Valid, [8, 6]), &[x, kernel, bias])?;
        draft.clamp(FusedActivation::Relu);
        Ok(y)
    })?;
    let pool = |padding| Pool {
        kernel: [3, 2],
        stride: [2, 1],
        padding,
    };
    let pools = [
        ("max_pool", Op::MaxPool2d(pool(Padding::Valid))),
        ("max_pool_same", Op::MaxPool2d(pool(Padding::Same))),
        ("average_pool", Op::AveragePool2d(pool(Padding::Valid))),
        ("average_pool_same", Op::AveragePool2d(pool(Padding::Same))),
    ];
    let resize = |method, size| Op::Resize { size, method };
    let resizes = [
        ("resize_nearest_up", resize(ResizeMethod::Nearest, [14, 9])),
        ("resize_nearest_down", resize(ResizeMethod::Nearest, [3, 4])),
        (
            "resize_bilinear_up",
            resize(ResizeMethod::Bilinear, [14, 9]),
        ),
        (
            "resize_bilinear_down",
            resize(ResizeMethod::Bilinear, [3, 4]),
        ),
    ];
    for (name, op) in pools.into_iter().chain(resizes) {
        add(samples, name, |draft| {
            let x = draft.input(&[1, 7, 6, 4], RANGE)?;
            draft.node(op, &[x])
        })?;
    }
    Ok(())
}

/// Matrix products.
pub(super) fn products(samples: &mut Vec<Sample>) -> Result<(), GraphError> {
    add(samples, "fully_connected", |draft| {
        let x = draft.input(&[1, 12], RANGE)?;
        let [kernel, bias] = draft.weights(&[7, 12], 7);
        let y = draft.node(Op::FullyConnected, &[x, kernel, bias])?;
        draft.clamp(FusedActivation::Relu);
        Ok(y)
    })?;
    add(samples, "fully_connected_no_bias", |draft| {
        let x = draft.input(&[1, 12], RANGE)?;
        let kernel = draft.constant("kernel", &[7, 12], RANGE);
        draft.node(Op::FullyConnected, &[x, kernel])
    })?;
    add(samples, "fully_connected_keep_dims", |draft| {
        let x = draft.input(&[1, 3, 2, 12], RANGE)?;
        let [kernel, bias] = draft.weights(&[7, 12], 7);
        draft.node(Op::FullyConnected, &[x, kernel, bias])
    })?;
    for (name, transpose_b, b) in [
        ("batch_matmul", false, [1, 2, 5, 4]),
        ("batch_matmul_transposed", true, [1, 2, 4, 5]),
    ] {
        add(samples, name, |draft| {
            let a = draft.input(&[1, 2, 3, 5], RANGE)?;
            let b = draft.input(&b, RANGE)?;
            draft.node(Op::BatchMatMul { transpose_b }, &[a, b])
        })?;
    }
    Ok(())
}

/// Functions of one or two elements.
pub(super) fn elementwise(samples: &mut Vec<Sample>) -> Result<(), GraphError> {
    let wide = (-6.0, 6.0);
    for (name, range, activation, has_kernel) in [
        ("relu", wide, Activation::Relu, true),
        ("relu6", (-8.0, 8.0), Activation::Relu6, true),
        (
            "leaky_relu",
            wide,
            Activation::LeakyRelu { alpha: 0.2 },
            true,
        ),
        ("elu", wide, Activation::Elu, true),
        ("sigmoid", wide, Activation::Sigmoid, true),
        ("tanh", (-3.0, 3.0), Activation::Tanh, true),
        ("hard_swish", wide, Activation::HardSwish, true),
        ("gelu", wide, Activation::Gelu { approximate: false }, true),
        (
            "gelu_approximate",
            wide,
            Activation::Gelu { approximate: true },
            true,
        ),
        ("exp", RANGE, Activation::Exp, true),
        ("log", POSITIVE, Activation::Log, true),
        ("sqrt", POSITIVE, Activation::Sqrt, false),
        ("rsqrt", POSITIVE, Activation::Rsqrt, true),
        ("negate", wide, Activation::Negate, false),
        ("abs", wide, Activation::Abs, true),
        ("square", RANGE, Activation::Square, false),
    ] {
        add(samples, name, |draft| {
            let x = draft.input(&[1, 5, 4, 3], range)?;
            draft.node(Op::Activation(activation), &[x])
        })?;
        without_int8_kernel_if(!has_kernel, samples);
    }
    add(samples, "prelu", |draft| {
        let x = draft.input(&[1, 5, 4, 3], wide)?;
        let alpha = draft.constant("alpha", &[1, 1, 3], (-0.5, 0.5));
        draft.node(Op::PRelu, &[x, alpha])
    })?;
    add(samples, "softmax", |draft| {
        let x = draft.input(&[1, 10], wide)?;
        draft.node(Op::Softmax, &[x])
    })?;
    for (name, op) in [
        ("add", BinaryOp::Add),
        ("subtract", BinaryOp::Subtract),
        ("multiply", BinaryOp::Multiply),
        ("divide", BinaryOp::Divide),
        ("maximum", BinaryOp::Maximum),
        ("minimum", BinaryOp::Minimum),
    ] {
        add(samples, name, |draft| {
            let a = draft.input(&[1, 5, 4, 3], RANGE)?;
            let b = draft.input(&[1, 5, 4, 3], POSITIVE)?;
            draft.node(Op::Binary(op), &[a, b])
        })?;
        without_int8_kernel_if(op == BinaryOp::Divide, samples);
    }
    for (name, op) in [
        ("add_constant", BinaryOp::Add),
        ("subtract_constant", BinaryOp::Subtract),
        ("multiply_constant", BinaryOp::Multiply),
        ("divide_constant", BinaryOp::Divide),
        ("maximum_constant", BinaryOp::Maximum),
        ("minimum_constant", BinaryOp::Minimum),
    ] {
        add(samples, name, |draft| {
            let a = draft.input(&[1, 5, 4, 3], RANGE)?;
            let b = draft.constant("constant", &[3], POSITIVE);
            draft.node(Op::Binary(op), &[a, b])
        })?;
        without_int8_kernel_if(op == BinaryOp::Divide, samples);
    }
    for (name, op) in [
        ("add_relu", BinaryOp::Add),
        ("subtract_relu", BinaryOp::Subtract),
        ("multiply_relu", BinaryOp::Multiply),
        ("divide_relu", BinaryOp::Divide),
    ] {
        add(samples, name, |draft| {
            let a = draft.input(&[1, 5, 4, 3], (-1.0, 3.0))?;
            let b = draft.input(&[1, 1, 1, 3], POSITIVE)?;
            let y = draft.node(Op::Binary(op), &[a, b])?;
            draft.clamp(FusedActivation::Relu);
            Ok(y)
        })?;
        without_int8_kernel_if(op == BinaryOp::Divide, samples);
    }
    Ok(())
}

/// Reductions and operators that move elements.
pub(super) fn layout(samples: &mut Vec<Sample>) -> Result<(), GraphError> {
    add(samples, "concatenate", |draft| {
        let a = draft.input(&[1, 5, 4, 3], RANGE)?;
        let b = draft.input(&[1, 5, 4, 2], (-2.0, 2.0))?;
        draft.node(Op::Concatenate { axis: 3 }, &[a, b])
    })?;
    let reduce = |kind, axes: &[usize], keep_dims| Op::Reduce {
        kind,
        axes: axes.to_vec(),
        keep_dims,
    };
    let pad = |value| Op::Pad {
        before: vec![0, 1, 2, 0],
        after: vec![0, 2, 0, 0],
        value,
    };
    for (name, op) in [
        ("mean", reduce(ReduceOp::Mean, &[1, 2], false)),
        ("mean_keep_dims", reduce(ReduceOp::Mean, &[1, 2], true)),
        ("mean_channels", reduce(ReduceOp::Mean, &[3], true)),
        ("sum", reduce(ReduceOp::Sum, &[1, 2], false)),
        ("reduce_max", reduce(ReduceOp::Max, &[1, 2], false)),
        ("reduce_min", reduce(ReduceOp::Min, &[1, 2], false)),
        ("pad", pad(0.0)),
        ("pad_value", pad(-0.5)),
        (
            "slice",
            Op::Slice {
                begin: vec![0, 1, 1, 0],
                size: vec![1, 3, 2, 4],
            },
        ),
        (
            "reshape",
            Op::Reshape {
                shape: vec![1, 120],
            },
        ),
        (
            "transpose",
            Op::Transpose {
                permutation: vec![0, 3, 1, 2],
            },
        ),
    ] {
        add(samples, name, |draft| {
            let x = draft.input(&[1, 6, 5, 4], RANGE)?;
            draft.node(op, &[x])
        })?;
    }
    Ok(())
}
