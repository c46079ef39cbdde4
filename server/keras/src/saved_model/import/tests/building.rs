//! Flat graphs from operators and their attributes.

use std::path::Path;

use super::super::{ImportOptions, Imported, Naming, import};
use crate::error::ErrorKind;
use crate::saved_model::SavedModel;
use crate::saved_model::attributes::Attributes;
use crate::saved_model::data_type::DataType;
use crate::saved_model::flat::{FlatGraph, FlatNode, Port, SignatureTensor};
use crate::saved_model::protocol::{GraphDef, decode};

pub(super) type Result = std::result::Result<Imported, ErrorKind>;

/// Value of an attribute.
#[derive(Debug, Clone)]
pub(super) enum Attribute {
    Text(String),
    Integer(i64),
    Float(f32),
    Boolean(bool),
    Integers(Vec<i64>),
    /// Type number, shape and elements of a constant.
    Tensor(u8, Vec<usize>, Vec<u8>),
}

/// A flat graph with an image as tensor 0.
pub(super) struct Builder {
    shape: Vec<usize>,
    nodes: Vec<FlatNode<'static>>,
    pub(super) channels_first: bool,
    pub(super) weights: bool,
}

impl Builder {
    /// Starts with an image, whose channels are last.
    pub(super) fn image(shape: &[usize]) -> Self {
        let mut builder = Self {
            shape: shape.to_vec(),
            nodes: Vec::new(),
            channels_first: false,
            weights: true,
        };
        builder.node("Placeholder", &[], Vec::new());
        builder
    }

    /// Adds an operator and returns the number of its output.
    pub(super) fn node(
        &mut self,
        op: &str,
        inputs: &[usize],
        attributes: Vec<(&str, Attribute)>,
    ) -> usize {
        let index = self.nodes.len();
        let name = format!("model/layer{index}/{op}");
        let mut message = field(1, name.as_bytes());
        message.extend(field(2, op.as_bytes()));
        for (key, value) in attributes {
            let mut entry = field(1, key.as_bytes());
            entry.extend(field(2, &value.encoded()));
            message.extend(field(5, &entry));
        }
        // Attributes borrow from the file, which has to outlive the test.
        let file = Box::leak(field(1, &message).into_boxed_slice());
        let graph: GraphDef<'static> = decode(file).unwrap();
        self.nodes.push(FlatNode {
            name,
            op: op.to_owned(),
            inputs: inputs
                .iter()
                .map(|&node| Port { node, output: 0 })
                .collect(),
            attributes: Attributes::of(graph.nodes[0]),
        });
        index
    }

    pub(super) fn floats(&mut self, shape: &[usize], values: &[f32]) -> usize {
        let bytes = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        let value = Attribute::Tensor(1, shape.to_vec(), bytes);
        self.node("Const", &[], vec![("value", value)])
    }

    pub(super) fn integers(&mut self, shape: &[usize], values: &[i64]) -> usize {
        let bytes = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        let value = Attribute::Tensor(9, shape.to_vec(), bytes);
        self.node("Const", &[], vec![("value", value)])
    }

    /// Adds an operator of a tensor and a number.
    pub(super) fn with_number(&mut self, op: &str, x: usize, number: f32) -> usize {
        let number = self.floats(&[], &[number]);
        self.node(op, &[x, number], Vec::new())
    }

    /// Imports the graph up to a tensor.
    pub(super) fn import(self, output: usize) -> Result {
        let tensor = |name: &str, node| SignatureTensor {
            name: name.to_owned(),
            port: Port { node, output: 0 },
            shape: None,
            data_type: DataType::Float32,
        };
        let flat = FlatGraph {
            nodes: self.nodes,
            inputs: vec![tensor("image", 0)],
            outputs: vec![tensor("scores", output)],
        };
        // The graphs of these tests have no variables; those of any SavedModel will do.
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/fixtures/keras/saved_models/tensorflow/module");
        let model = SavedModel::open(&fixture).unwrap();
        let options = ImportOptions {
            input_shape: &self.shape,
            channels_first: self.channels_first,
            weights: self.weights,
            naming: Naming::Keras2,
        };
        import(&flat, &model.flatten().unwrap().variables, &options)
    }
}

impl Attribute {
    /// The attribute as `tensorflow.AttrValue`.
    fn encoded(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => field(2, text.as_bytes()),
            Self::Integer(number) => variable_length(3, *number as u64),
            Self::Float(number) => {
                let mut bytes = vec![4 << 3 | 5];
                bytes.extend(number.to_le_bytes());
                bytes
            }
            Self::Boolean(value) => variable_length(5, u64::from(*value)),
            Self::Integers(numbers) => {
                let list: Vec<u8> = numbers
                    .iter()
                    .flat_map(|&number| variable_length(3, number as u64))
                    .collect();
                field(1, &list)
            }
            Self::Tensor(data_type, shape, elements) => {
                let mut tensor = variable_length(1, u64::from(*data_type));
                let shape: Vec<u8> = shape
                    .iter()
                    .flat_map(|&extent| field(2, &variable_length(1, extent as u64)))
                    .collect();
                tensor.extend(field(2, &shape));
                tensor.extend(field(4, elements));
                field(8, &tensor)
            }
        }
    }
}

/// A field of bytes in the encoding of protocol buffers.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    bytes.extend(varint(content.len() as u64));
    bytes.extend(content);
    bytes
}

fn variable_length(number: u8, value: u64) -> Vec<u8> {
    let mut bytes = vec![number << 3];
    bytes.extend(varint(value));
    bytes
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}
