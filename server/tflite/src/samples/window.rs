//! Operators that slide a window over a feature map, or resample it.

use graph::{FusedActivation, GraphError, Op, Padding, Pool, ResizeMethod, Window};

use super::{Sample, UNIT_RANGE, add};

const SAME: Window = Window {
    stride: [2, 1],
    dilation: [1, 1],
    padding: Padding::Same,
};

const DILATED: Window = Window {
    stride: [1, 1],
    dilation: [2, 2],
    padding: Padding::Same,
};

pub(super) fn convolutions(samples: &mut Vec<Sample>) -> Result<(), GraphError> {
    let convolution = |window, groups| Op::Conv2d { window, groups };
    add(samples, "conv2d", |draft| {
        let x = draft.input(&[1, 7, 6, 3], UNIT_RANGE)?;
        let [kernel, bias] = draft.weights(&[5, 3, 2, 3], 5);
        draft.node(convolution(SAME, 1), &[x, kernel, bias])
    })?;
    add(samples, "conv2d_no_bias", |draft| {
        let x = draft.input(&[1, 7, 6, 3], UNIT_RANGE)?;
        let kernel = draft.constant("kernel", &[5, 3, 2, 3], UNIT_RANGE);
        draft.node(convolution(Window::UNIT, 1), &[x, kernel])
    })?;
    add(samples, "conv2d_dilated_relu6", |draft| {
        let x = draft.input(&[1, 9, 8, 4], (-4.0, 4.0))?;
        let [kernel, bias] = draft.weights(&[8, 3, 3, 4], 8);
        let y = draft.node(convolution(DILATED, 1), &[x, kernel, bias])?;
        draft.clamp(FusedActivation::Relu6);
        Ok(y)
    })?;
    add(samples, "conv2d_grouped", |draft| {
        let x = draft.input(&[1, 7, 6, 6], UNIT_RANGE)?;
        let [kernel, bias] = draft.weights(&[9, 3, 3, 2], 9);
        draft.node(convolution(SAME, 3), &[x, kernel, bias])
    })?;
    Ok(())
}

pub(super) fn depthwise_convolutions(samples: &mut Vec<Sample>) -> Result<(), GraphError> {
    let depthwise = |window, multiplier| Op::DepthwiseConv2d { window, multiplier };
    add(samples, "depthwise", |draft| {
        let x = draft.input(&[1, 7, 6, 4], UNIT_RANGE)?;
        let [kernel, bias] = draft.weights(&[1, 3, 3, 4], 4);
        let y = draft.node(depthwise(SAME, 1), &[x, kernel, bias])?;
        draft.clamp(FusedActivation::Relu);
        Ok(y)
    })?;
    add(samples, "depthwise_square_stride", |draft| {
        let x = draft.input(&[1, 7, 6, 4], UNIT_RANGE)?;
        let [kernel, bias] = draft.weights(&[1, 3, 3, 4], 4);
        let window = Window {
            stride: [2, 2],
            ..SAME
        };
        draft.node(depthwise(window, 1), &[x, kernel, bias])
    })?;
    add(samples, "depthwise_multiplier_dilated", |draft| {
        let x = draft.input(&[1, 7, 6, 3], UNIT_RANGE)?;
        let [kernel, bias] = draft.weights(&[1, 3, 3, 6], 6);
        draft.node(depthwise(DILATED, 2), &[x, kernel, bias])
    })?;
    add(samples, "depthwise_no_bias", |draft| {
        let x = draft.input(&[1, 7, 6, 4], UNIT_RANGE)?;
        let kernel = draft.constant("kernel", &[1, 3, 3, 4], UNIT_RANGE);
        draft.node(depthwise(Window::UNIT, 1), &[x, kernel])
    })?;
    Ok(())
}

pub(super) fn transposed_convolutions(samples: &mut Vec<Sample>) -> Result<(), GraphError> {
    let transposed = |padding, output_size| Op::TransposeConv2d {
        stride: [2, 2],
        padding,
        output_size,
    };
    add(samples, "transpose_conv", |draft| {
        let x = draft.input(&[1, 4, 3, 3], UNIT_RANGE)?;
        let [kernel, bias] = draft.weights(&[5, 3, 3, 3], 5);
        draft.node(transposed(Padding::Same, [8, 6]), &[x, kernel, bias])
    })?;
    add(samples, "transpose_conv_no_bias", |draft| {
        let x = draft.input(&[1, 4, 3, 3], UNIT_RANGE)?;
        let kernel = draft.constant("kernel", &[5, 3, 3, 3], UNIT_RANGE);
        draft.node(transposed(Padding::Valid, [9, 7]), &[x, kernel])
    })?;
    add(samples, "transpose_conv_relu", |draft| {
        let x = draft.input(&[1, 4, 3, 3], UNIT_RANGE)?;
        let [kernel, bias] = draft.weights(&[5, 2, 2, 3], 5);
        let y = draft.node(transposed(Padding::Valid, [8, 6]), &[x, kernel, bias])?;
        draft.clamp(FusedActivation::Relu);
        Ok(y)
    })?;
    Ok(())
}

pub(super) fn pooling_and_resizing(samples: &mut Vec<Sample>) -> Result<(), GraphError> {
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
            let x = draft.input(&[1, 7, 6, 4], UNIT_RANGE)?;
            draft.node(op, &[x])
        })?;
    }
    Ok(())
}
