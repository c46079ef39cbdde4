//! An ONNX model while it is being made.
//!
//! See the ONNX operator specification, operator set 13 (`HardSwish` is of set 14).

use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto, attribute_proto::AttributeType,
    tensor_proto::DataType, tensor_shape_proto::Dimension, tensor_shape_proto::dimension,
    type_proto,
};

const OPERATOR_SET: i64 = 14;
const IR_VERSION: i64 = 7;

/// Name of a value in the ONNX model.
#[derive(Debug, Clone)]
pub(super) struct Value(String);

/// An ONNX model to which nodes are added in execution order.
#[derive(Default)]
pub(super) struct OnnxModel {
    graph: GraphProto,
    names: usize,
}

impl OnnxModel {
    /// Adds an input of the model.
    pub(super) fn input(&mut self, label: &str, shape: &[usize]) -> Value {
        let value = self.new_value(label);
        let dim = shape
            .iter()
            .map(|&extent| Dimension {
                value: Some(dimension::Value::DimValue(extent as i64)),
                ..Default::default()
            })
            .collect();
        let tensor = type_proto::Tensor {
            elem_type: DataType::Float.into(),
            shape: Some(TensorShapeProto { dim }),
        };
        self.graph.input.push(ValueInfoProto {
            name: value.0.clone(),
            r#type: Some(TypeProto {
                value: Some(type_proto::Value::TensorType(tensor)),
                ..Default::default()
            }),
            ..Default::default()
        });
        value
    }

    /// Adds a constant of real numbers, in row-major order.
    pub(super) fn floats(
        &mut self,
        label: &str,
        shape: &[usize],
        elements: impl Iterator<Item = f32>,
    ) -> Value {
        let bytes = elements.flat_map(f32::to_le_bytes).collect();
        self.constant(label, shape, DataType::Float, bytes)
    }

    /// Adds a one-dimensional constant of integers.
    pub(super) fn integers(
        &mut self,
        label: &str,
        elements: impl IntoIterator<Item = usize>,
    ) -> Value {
        let elements: Vec<i64> = elements.into_iter().map(|element| element as i64).collect();
        let bytes = elements.iter().flat_map(|e| e.to_le_bytes()).collect();
        self.constant(label, &[elements.len()], DataType::Int64, bytes)
    }

    /// Adds a constant of one real number without axes.
    pub(super) fn scalar(&mut self, label: &str, element: f32) -> Value {
        self.floats(label, &[], [element].into_iter())
    }

    /// Adds a node with one output.
    pub(super) fn node(
        &mut self,
        label: &str,
        operator: &str,
        inputs: &[&Value],
        attributes: Vec<AttributeProto>,
    ) -> Value {
        let value = self.new_value(label);
        self.graph.node.push(NodeProto {
            input: inputs.iter().map(|input| input.0.clone()).collect(),
            output: vec![value.0.clone()],
            name: value.0.clone(),
            op_type: operator.to_owned(),
            attribute: attributes,
            ..Default::default()
        });
        value
    }

    /// Marks a value as the next output of the model.
    pub(super) fn output(&mut self, value: &Value) {
        self.graph.output.push(ValueInfoProto {
            name: value.0.clone(),
            ..Default::default()
        });
    }

    /// The finished model.
    pub(super) fn finish(self) -> ModelProto {
        ModelProto {
            ir_version: IR_VERSION,
            opset_import: vec![OperatorSetIdProto {
                version: OPERATOR_SET,
                ..Default::default()
            }],
            graph: Some(self.graph),
            ..Default::default()
        }
    }

    fn constant(
        &mut self,
        label: &str,
        shape: &[usize],
        data_type: DataType,
        bytes: Vec<u8>,
    ) -> Value {
        let value = self.new_value(label);
        self.graph.initializer.push(TensorProto {
            dims: shape.iter().map(|&extent| extent as i64).collect(),
            data_type: data_type.into(),
            name: value.0.clone(),
            raw_data: bytes,
            ..Default::default()
        });
        value
    }

    fn new_value(&mut self, label: &str) -> Value {
        self.names += 1;
        Value(format!("{label}#{}", self.names))
    }
}

/// An attribute that is a list of integers.
pub(super) fn integers(name: &str, elements: impl IntoIterator<Item = usize>) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Ints.into(),
        ints: elements.into_iter().map(|element| element as i64).collect(),
        ..Default::default()
    }
}

/// An attribute that is an integer.
pub(super) fn integer(name: &str, value: usize) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Int.into(),
        i: value as i64,
        ..Default::default()
    }
}

/// An attribute that is a real number.
pub(super) fn real(name: &str, value: f32) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Float.into(),
        f: value,
        ..Default::default()
    }
}

/// An attribute that is a word.
pub(super) fn word(name: &str, value: &str) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::String.into(),
        s: value.as_bytes().to_vec(),
        ..Default::default()
    }
}
