//! Operators that move, join, cut or contract axes.

use graph::{Node, Op, ReduceOp};
use localization::phrase;

use super::conversion::{Conversion, onnx_axis, onnx_order, refused};
use super::onnx::{Value, integer, integers};
use crate::InferenceError;

pub(super) fn convert(conversion: &mut Conversion, node: &Node) -> Result<Value, InferenceError> {
    let label = &node.name;
    let rank = conversion.input_shape(node, 0).len();
    match &node.op {
        Op::FullyConnected => fully_connected(conversion, node),
        Op::BatchMatMul { transpose_b } => batch_matmul(conversion, node, *transpose_b),
        Op::Concatenate { axis } => {
            let parts = (0..node.inputs.len())
                .map(|index| conversion.input(node, index))
                .collect::<Result<Vec<_>, _>>()?;
            let parts: Vec<&Value> = parts.iter().collect();
            let attributes = vec![integer("axis", onnx_axis(rank, *axis))];
            Ok(conversion.onnx.node(label, "Concat", &parts, attributes))
        }
        Op::Reduce {
            kind,
            axes,
            keep_dims,
        } => reduce(conversion, node, *kind, axes, *keep_dims),
        Op::Pad {
            before,
            after,
            value,
        } => {
            let x = conversion.input(node, 0)?;
            let amounts = [onnx_order(before), onnx_order(after)].concat();
            let amounts = conversion.onnx.integers(label, amounts);
            let value = conversion.onnx.scalar(label, *value);
            let operands = [&x, &amounts, &value];
            Ok(conversion.onnx.node(label, "Pad", &operands, vec![]))
        }
        Op::Slice { begin, size } => {
            let x = conversion.input(node, 0)?;
            let end = begin.iter().zip(size).map(|(begin, size)| begin + size);
            let end: Vec<usize> = end.collect();
            let begin = conversion.onnx.integers(label, onnx_order(begin));
            let end = conversion.onnx.integers(label, onnx_order(&end));
            let operands = [&x, &begin, &end];
            Ok(conversion.onnx.node(label, "Slice", &operands, vec![]))
        }
        Op::Reshape { shape } => {
            let x = conversion.input_channels_last(node, 0)?;
            let y = conversion.reshape(label, &x, shape);
            Ok(conversion.channels_first(label, y, shape.len()))
        }
        Op::Transpose { permutation } => {
            let x = conversion.input_channels_last(node, 0)?;
            let y = conversion.transpose(label, &x, permutation.iter().copied());
            Ok(conversion.channels_first(label, y, rank))
        }
        _ => Err(refused(label, phrase!("does not change the shape"))),
    }
}

fn fully_connected(conversion: &mut Conversion, node: &Node) -> Result<Value, InferenceError> {
    let label = &node.name;
    let rank = conversion.input_shape(node, 0).len();
    let x = conversion.input_channels_last(node, 0)?;
    let kernel = conversion.constant(node, 1)?;
    let kernel = conversion.weights(label, kernel, &[1, 0]);
    let mut y = conversion
        .onnx
        .node(label, "MatMul", &[&x, &kernel], vec![]);
    if node.inputs.len() > 2 {
        let bias = conversion.constant(node, 2)?;
        let bias = conversion.weights(label, bias, &[0]);
        y = conversion.onnx.node(label, "Add", &[&y, &bias], vec![]);
    }
    Ok(conversion.channels_first(label, y, rank))
}

fn batch_matmul(
    conversion: &mut Conversion,
    node: &Node,
    transpose_b: bool,
) -> Result<Value, InferenceError> {
    let label = &node.name;
    let rank = conversion.input_shape(node, 0).len();
    let a = conversion.input_channels_last(node, 0)?;
    let mut b = conversion.input_channels_last(node, 1)?;
    if transpose_b && rank >= 2 {
        let exchanged = (0..rank - 2).chain([rank - 1, rank - 2]);
        b = conversion.transpose(label, &b, exchanged);
    }
    let y = conversion.onnx.node(label, "MatMul", &[&a, &b], vec![]);
    Ok(conversion.channels_first(label, y, rank))
}

fn reduce(
    conversion: &mut Conversion,
    node: &Node,
    kind: ReduceOp,
    axes: &[usize],
    keep_dims: bool,
) -> Result<Value, InferenceError> {
    let label = &node.name;
    let rank = conversion.input_shape(node, 0).len();
    let x = conversion.input(node, 0)?;
    let onnx_axes = axes.iter().map(|&axis| onnx_axis(rank, axis));
    let keep = integer("keepdims", 1);
    let y = match kind {
        // Without axes ONNX would reduce all of them.
        _ if axes.is_empty() => x,
        ReduceOp::Sum => {
            let axes = conversion.onnx.integers(label, onnx_axes);
            let operands = [&x, &axes];
            conversion
                .onnx
                .node(label, "ReduceSum", &operands, vec![keep])
        }
        ReduceOp::Mean => {
            let attributes = vec![integers("axes", onnx_axes), keep];
            conversion.onnx.node(label, "ReduceMean", &[&x], attributes)
        }
        ReduceOp::Max => {
            let attributes = vec![integers("axes", onnx_axes), keep];
            conversion.onnx.node(label, "ReduceMax", &[&x], attributes)
        }
        ReduceOp::Min => {
            let attributes = vec![integers("axes", onnx_axes), keep];
            conversion.onnx.node(label, "ReduceMin", &[&x], attributes)
        }
    };
    if keep_dims {
        return Ok(y);
    }
    let y = conversion.channels_last(label, y, rank);
    let shape = conversion.graph.shape(node.output);
    let y = conversion.reshape(label, &y, shape);
    Ok(conversion.channels_first(label, y, shape.len()))
}
