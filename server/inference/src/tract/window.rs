//! Operators that slide a window over a feature map, and resizing.

use graph::{Node, Op, Padding, Pool, ResizeMethod, Window, same_padding};
use localization::phrase;
use tract_onnx::pb::AttributeProto;

use super::conversion::{Conversion, refused};
use super::onnx::{Value, integer, integers, word};
use crate::InferenceError;

/// `[out, in, height, width]` as a permutation of `[out, height, width, in]`.
const CONVOLUTION_KERNEL: [usize; 4] = [0, 3, 1, 2];
/// `[out, 1, height, width]` as a permutation of `[1, height, width, out]`.
const DEPTHWISE_KERNEL: [usize; 4] = [3, 0, 1, 2];
/// `[in, out, height, width]` as a permutation of `[out, height, width, in]`.
const TRANSPOSED_KERNEL: [usize; 4] = [3, 0, 1, 2];

pub(super) fn convert(conversion: &mut Conversion, node: &Node) -> Result<Value, InferenceError> {
    let x = conversion.input(node, 0)?;
    let channels = conversion.input_shape(node, 0).last().copied().unwrap_or(0);
    match &node.op {
        Op::Conv2d { window, groups } => {
            let attributes = convolution(conversion, node, window, *groups)?;
            weighted(
                conversion,
                node,
                "Conv",
                &x,
                1,
                CONVOLUTION_KERNEL,
                attributes,
            )
        }
        Op::DepthwiseConv2d { window, .. } => {
            let attributes = convolution(conversion, node, window, channels)?;
            weighted(
                conversion,
                node,
                "Conv",
                &x,
                1,
                DEPTHWISE_KERNEL,
                attributes,
            )
        }
        Op::SeparableConv2d { window, .. } => {
            let attributes = convolution(conversion, node, window, channels)?;
            let depthwise = conversion.constant(node, 1)?;
            let depthwise = conversion.weights(&node.name, depthwise, &DEPTHWISE_KERNEL);
            let operands = [&x, &depthwise];
            let x = conversion
                .onnx
                .node(&node.name, "Conv", &operands, attributes);
            weighted(conversion, node, "Conv", &x, 2, CONVOLUTION_KERNEL, vec![])
        }
        Op::TransposeConv2d {
            stride,
            padding,
            output_size,
        } => {
            let attributes = transposed(conversion, node, *stride, *padding, *output_size);
            let operator = "ConvTranspose";
            weighted(
                conversion,
                node,
                operator,
                &x,
                1,
                TRANSPOSED_KERNEL,
                attributes,
            )
        }
        Op::MaxPool2d(pool) => {
            let attributes = pooling(conversion, node, pool);
            Ok(conversion
                .onnx
                .node(&node.name, "MaxPool", &[&x], attributes))
        }
        Op::AveragePool2d(pool) => {
            let mut attributes = pooling(conversion, node, pool);
            attributes.push(integer("count_include_pad", 0));
            let operator = "AveragePool";
            Ok(conversion
                .onnx
                .node(&node.name, operator, &[&x], attributes))
        }
        Op::Resize { size, method } => Ok(resize(conversion, node, &x, *size, *method)),
        _ => Err(refused(&node.name, phrase!("has no window"))),
    }
}

/// Adds an operator on `x` with the kernel that is input `kernel` of the node, and with the bias
/// that follows it, if any.
fn weighted(
    conversion: &mut Conversion,
    node: &Node,
    operator: &str,
    x: &Value,
    kernel: usize,
    kernel_axes: [usize; 4],
    attributes: Vec<AttributeProto>,
) -> Result<Value, InferenceError> {
    let weights = conversion.constant(node, kernel)?;
    let weights = conversion.weights(&node.name, weights, &kernel_axes);
    let mut operands = vec![x.clone(), weights];
    if node.inputs.len() > kernel + 1 {
        let bias = conversion.constant(node, kernel + 1)?;
        operands.push(conversion.weights(&node.name, bias, &[0]));
    }
    let operands: Vec<&Value> = operands.iter().collect();
    Ok(conversion
        .onnx
        .node(&node.name, operator, &operands, attributes))
}

fn convolution(
    conversion: &Conversion,
    node: &Node,
    window: &Window,
    groups: usize,
) -> Result<Vec<AttributeProto>, InferenceError> {
    let &[_, height, width, _] = conversion.input_shape(node, 1) else {
        return Err(refused(
            &node.name,
            phrase!("has a kernel without four axes"),
        ));
    };
    let size = spatial(conversion.input_shape(node, 0));
    let kernel = [height, width];
    let amounts = padding(window.padding, size, kernel, window.stride, window.dilation);
    Ok(vec![
        integers("strides", window.stride),
        integers("dilations", window.dilation),
        integers("pads", amounts),
        integer("group", groups),
    ])
}

fn pooling(conversion: &Conversion, node: &Node, pool: &Pool) -> Vec<AttributeProto> {
    let size = spatial(conversion.input_shape(node, 0));
    let amounts = padding(pool.padding, size, pool.kernel, pool.stride, [1, 1]);
    vec![
        integers("kernel_shape", pool.kernel),
        integers("strides", pool.stride),
        integers("pads", amounts),
    ]
}

/// ONNX computes the size of the output as `stride * (in - 1) + kernel - padding + extra`, so that
/// padding or extra positions follow from the size that is wanted.
fn transposed(
    conversion: &Conversion,
    node: &Node,
    stride: [usize; 2],
    forward_padding: Padding,
    output_size: [usize; 2],
) -> Vec<AttributeProto> {
    let input = spatial(conversion.input_shape(node, 0));
    let kernel = spatial(conversion.input_shape(node, 1));
    let forward = padding(forward_padding, output_size, kernel, stride, [1, 1]);
    let mut amounts = [0; 4];
    let mut extra = [0; 2];
    for axis in 0..2 {
        let before = forward[axis];
        let full = stride[axis] * input[axis].saturating_sub(1) + kernel[axis];
        let wanted = before + output_size[axis];
        amounts[axis] = before;
        amounts[axis + 2] = full.saturating_sub(wanted);
        extra[axis] = wanted.saturating_sub(full);
    }
    vec![
        integers("strides", stride),
        integers("pads", amounts),
        integers("output_padding", extra),
    ]
}

/// Height and width of a feature map, or of a kernel whose first axis is the output channel.
fn spatial(shape: &[usize]) -> [usize; 2] {
    match *shape {
        [_, height, width, _] => [height, width],
        _ => [1, 1],
    }
}

/// Padding in ONNX's order: top, left, bottom, right.
fn padding(
    padding: Padding,
    input: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
) -> [usize; 4] {
    match padding {
        Padding::Valid => [0; 4],
        Padding::Same => {
            let [(top, bottom), (left, right)] = [0, 1]
                .map(|axis| same_padding(input[axis], kernel[axis], stride[axis], dilation[axis]));
            [top, left, bottom, right]
        }
    }
}

fn resize(
    conversion: &mut Conversion,
    node: &Node,
    x: &Value,
    size: [usize; 2],
    method: ResizeMethod,
) -> Value {
    let label = &node.name;
    let shape = conversion.input_shape(node, 0);
    let input = spatial(shape);
    let onnx = &mut conversion.onnx;
    match method {
        // Looking pixels up by index leaves no room for another rule of rounding.
        ResizeMethod::Nearest => {
            let mut value = x.clone();
            for axis in 0..2 {
                let source = |i: usize| (2 * i + 1) * input[axis] / (2 * size[axis]);
                let indices = onnx.integers(label, (0..size[axis]).map(source));
                let attributes = vec![integer("axis", axis + 2)];
                value = onnx.node(label, "Gather", &[&value, &indices], attributes);
            }
            value
        }
        ResizeMethod::Bilinear => {
            let batch = shape.first().copied().unwrap_or(1);
            let channels = shape.last().copied().unwrap_or(0);
            let none = onnx.floats(label, &[0], std::iter::empty());
            let sizes = onnx.integers(label, [batch, channels, size[0], size[1]]);
            let attributes = vec![
                word("mode", "linear"),
                word("coordinate_transformation_mode", "half_pixel"),
            ];
            onnx.node(label, "Resize", &[x, &none, &none, &sizes], attributes)
        }
    }
}
