//! Operators that keep the shape, and arithmetic on two tensors.

use graph::{Activation, BinaryOp, Node, Op};
use localization::phrase;
use ndarray::Axis;

use super::conversion::{Conversion, refused};
use super::onnx::{Value, integer, real};
use crate::InferenceError;

pub(super) fn convert(conversion: &mut Conversion, node: &Node) -> Result<Value, InferenceError> {
    let label = &node.name;
    let rank = conversion.input_shape(node, 0).len();
    match &node.op {
        Op::Activation(activation) => {
            let x = conversion.input(node, 0)?;
            Ok(activate(conversion, label, *activation, &x))
        }
        Op::PRelu => {
            let x = conversion.input(node, 0)?;
            let alpha = conversion.constant(node, 1)?.clone();
            let alpha = alpha.insert_axis(Axis(0));
            let alpha = conversion.data_constant(label, &alpha);
            Ok(conversion.onnx.node(label, "PRelu", &[&x, &alpha], vec![]))
        }
        Op::Softmax => {
            let x = conversion.input(node, 0)?;
            let axis = if rank == 4 { 1 } else { rank.saturating_sub(1) };
            let attributes = vec![integer("axis", axis)];
            Ok(conversion.onnx.node(label, "Softmax", &[&x], attributes))
        }
        Op::Binary(op) => {
            let operator = match op {
                BinaryOp::Add => "Add",
                BinaryOp::Subtract => "Sub",
                BinaryOp::Multiply => "Mul",
                BinaryOp::Divide => "Div",
                BinaryOp::Maximum => "Max",
                BinaryOp::Minimum => "Min",
            };
            let a = broadcast_operand(conversion, node, 0)?;
            let b = broadcast_operand(conversion, node, 1)?;
            Ok(conversion.onnx.node(label, operator, &[&a, &b], vec![]))
        }
        Op::BatchNormalization { epsilon } => batch_normalization(conversion, node, *epsilon),
        Op::Convert => conversion.input(node, 0),
        _ => Err(refused(label, phrase!("is not element-wise"))),
    }
}

/// Adds `min(max(x, 0), 6)`.
pub(super) fn relu6(conversion: &mut Conversion, label: &str, x: &Value) -> Value {
    let least = conversion.onnx.scalar(label, 0.0);
    let most = conversion.onnx.scalar(label, 6.0);
    let operands = [x, &least, &most];
    conversion.onnx.node(label, "Clip", &operands, vec![])
}

fn activate(conversion: &mut Conversion, label: &str, activation: Activation, x: &Value) -> Value {
    let onnx = &mut conversion.onnx;
    match activation {
        Activation::Relu => onnx.node(label, "Relu", &[x], vec![]),
        Activation::Relu6 => relu6(conversion, label, x),
        Activation::LeakyRelu { alpha } => {
            onnx.node(label, "LeakyRelu", &[x], vec![real("alpha", alpha)])
        }
        Activation::Elu => onnx.node(label, "Elu", &[x], vec![real("alpha", 1.0)]),
        Activation::Sigmoid => onnx.node(label, "Sigmoid", &[x], vec![]),
        Activation::Tanh => onnx.node(label, "Tanh", &[x], vec![]),
        Activation::Swish => {
            let gate = onnx.node(label, "Sigmoid", &[x], vec![]);
            onnx.node(label, "Mul", &[x, &gate], vec![])
        }
        Activation::HardSwish => onnx.node(label, "HardSwish", &[x], vec![]),
        Activation::Gelu { approximate } => gelu(conversion, label, approximate, x),
        Activation::Exp => onnx.node(label, "Exp", &[x], vec![]),
        Activation::Log => onnx.node(label, "Log", &[x], vec![]),
        Activation::Sqrt => onnx.node(label, "Sqrt", &[x], vec![]),
        Activation::Rsqrt => {
            let root = onnx.node(label, "Sqrt", &[x], vec![]);
            onnx.node(label, "Reciprocal", &[&root], vec![])
        }
        Activation::Negate => onnx.node(label, "Neg", &[x], vec![]),
        Activation::Abs => onnx.node(label, "Abs", &[x], vec![]),
        Activation::Square => onnx.node(label, "Mul", &[x, x], vec![]),
    }
}

/// `x / 2 * (1 + erf(x / sqrt(2)))`, or with `tanh(sqrt(2 / pi) * (x + 0.044715 x^3))` in place of
/// the error function (Hendrycks and Gimpel, 2016).
fn gelu(conversion: &mut Conversion, label: &str, approximate: bool, x: &Value) -> Value {
    let onnx = &mut conversion.onnx;
    let curve = if approximate {
        let cubic = onnx.scalar(label, 0.044_715);
        let scale = onnx.scalar(label, (2.0 / std::f32::consts::PI).sqrt());
        let square = onnx.node(label, "Mul", &[x, x], vec![]);
        let cube = onnx.node(label, "Mul", &[&square, x], vec![]);
        let cube = onnx.node(label, "Mul", &[&cube, &cubic], vec![]);
        let sum = onnx.node(label, "Add", &[x, &cube], vec![]);
        let scaled = onnx.node(label, "Mul", &[&sum, &scale], vec![]);
        onnx.node(label, "Tanh", &[&scaled], vec![])
    } else {
        let scale = onnx.scalar(label, std::f32::consts::FRAC_1_SQRT_2);
        let scaled = onnx.node(label, "Mul", &[x, &scale], vec![]);
        onnx.node(label, "Erf", &[&scaled], vec![])
    };
    let one = onnx.scalar(label, 1.0);
    let half = onnx.scalar(label, 0.5);
    let gate = onnx.node(label, "Add", &[&curve, &one], vec![]);
    let halved = onnx.node(label, "Mul", &[x, &half], vec![]);
    onnx.node(label, "Mul", &[&halved, &gate], vec![])
}

/// An operand of a broadcasting operator, brought to the axis order of the output.
///
/// ONNX adds missing axes in front, as NumPy does; that is right only in the graph's order.
fn broadcast_operand(
    conversion: &mut Conversion,
    node: &Node,
    index: usize,
) -> Result<Value, InferenceError> {
    let label = &node.name;
    let shape = conversion.input_shape(node, index);
    let rank = conversion.graph.shape(node.output).len();
    if shape.len() == rank {
        return conversion.input(node, index);
    }
    let value = conversion.input_channels_last(node, index)?;
    let mut full = vec![1; rank.saturating_sub(shape.len())];
    full.extend_from_slice(shape);
    let value = conversion.reshape(label, &value, &full);
    Ok(conversion.channels_first(label, value, rank))
}

/// ONNX normalizes axis 1, the graph the last one.
fn batch_normalization(
    conversion: &mut Conversion,
    node: &Node,
    epsilon: f32,
) -> Result<Value, InferenceError> {
    let label = &node.name;
    let rank = conversion.input_shape(node, 0).len();
    let x = conversion.input(node, 0)?;
    // Moving the last axis to place 1, and back; four axes are in ONNX's order already.
    let moved = rank > 2 && rank != 4;
    let x = if moved {
        let forth = [0, rank - 1].into_iter().chain(1..rank - 1);
        conversion.transpose(label, &x, forth)
    } else {
        x
    };
    let mut operands = vec![x];
    for index in 1..5 {
        let parameter = conversion.constant(node, index)?;
        operands.push(conversion.weights(label, parameter, &[0]));
    }
    let operands: Vec<&Value> = operands.iter().collect();
    let attributes = vec![real("epsilon", epsilon)];
    let y = conversion
        .onnx
        .node(label, "BatchNormalization", &operands, attributes);
    if moved {
        let back = [0].into_iter().chain(2..rank).chain([1]);
        Ok(conversion.transpose(label, &y, back))
    } else {
        Ok(y)
    }
}
