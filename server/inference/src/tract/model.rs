//! From a [`Graph`] to an ONNX model, one operator after the other.

use graph::{FusedActivation, Graph, Node, Op, TensorId};
use tract_onnx::pb::ModelProto;

use super::conversion::Conversion;
use super::{elementwise, shape, window};
use crate::InferenceError;

/// Makes an ONNX model that computes `outputs` from `input`, both channels last.
pub(super) fn convert(
    graph: &Graph,
    input: TensorId,
    outputs: &[TensorId],
) -> Result<ModelProto, InferenceError> {
    let mut conversion = Conversion::new(graph);
    let shape = graph.shape(input);
    let label = &graph.tensor(input).name;
    let value = conversion.onnx.input(label, shape);
    let value = conversion.channels_first(label, value, shape.len());
    conversion.set(input, value);
    for node in graph.nodes() {
        convert_node(&mut conversion, node)?;
    }
    for &id in outputs {
        let value = conversion.operand(id)?;
        let label = &graph.tensor(id).name;
        let value = conversion.channels_last(label, value, graph.shape(id).len());
        let value = conversion.onnx.node(label, "Identity", &[&value], vec![]);
        conversion.onnx.output(&value);
    }
    Ok(conversion.onnx.finish())
}

fn convert_node(conversion: &mut Conversion, node: &Node) -> Result<(), InferenceError> {
    let result = match &node.op {
        Op::Conv2d { .. }
        | Op::DepthwiseConv2d { .. }
        | Op::SeparableConv2d { .. }
        | Op::TransposeConv2d { .. }
        | Op::MaxPool2d(_)
        | Op::AveragePool2d(_)
        | Op::Resize { .. } => window::convert(conversion, node)?,
        Op::Activation(_)
        | Op::PRelu
        | Op::Softmax
        | Op::Binary(_)
        | Op::BatchNormalization { .. }
        | Op::Convert => elementwise::convert(conversion, node)?,
        Op::FullyConnected
        | Op::BatchMatMul { .. }
        | Op::Concatenate { .. }
        | Op::Reduce { .. }
        | Op::Pad { .. }
        | Op::Slice { .. }
        | Op::Reshape { .. }
        | Op::Transpose { .. } => shape::convert(conversion, node)?,
    };
    let result = match node.activation {
        FusedActivation::None => result,
        FusedActivation::Relu => conversion.onnx.node(&node.name, "Relu", &[&result], vec![]),
        FusedActivation::Relu6 => elementwise::relu6(conversion, &node.name, &result),
    };
    conversion.set(node.output, result);
    Ok(())
}
