//! Nodes of a graph as `TensorFlowOpLayer` saves them (TensorFlow 2.0 to 2.3): the name of the
//! operator, its attributes as JSON, and the inputs that are constants by their positions.

use std::collections::BTreeMap;

use localization::{phrase, text};
use serde_json::{Map, Value, json};

use super::names::{BINARY, Reader, Signature, UNARY, find_function};
use crate::operations::elementwise::binary_operator;
use crate::operations::function::Function;
use crate::problem::{LayerProblem, invalid, unsupported};
use crate::settings::{Argument, Arguments, Generation, Settings};

/// Operators that are functions with arguments of their own; others are found by
/// [`binary_operator`] and [`Function::of_operator`].
const FUNCTIONS: &[(&str, &str)] = &[
    ("SquaredDifference", "squared_difference"),
    ("Pow", "pow"),
    ("LeakyRelu", "leaky_relu"),
    ("Identity", "identity"),
    ("StopGradient", "identity"),
    ("BiasAdd", "bias_add"),
    ("Mean", "reduce_mean"),
    ("Sum", "reduce_sum"),
    ("Max", "reduce_max"),
    ("Min", "reduce_min"),
    ("ConcatV2", "concat"),
    ("Pack", "stack"),
    ("Reshape", "reshape"),
    ("Transpose", "transpose"),
    ("ExpandDims", "expand_dims"),
    ("Squeeze", "squeeze"),
    ("Pad", "pad"),
    ("Tile", "tile"),
    ("Roll", "roll"),
    ("BroadcastTo", "broadcast_to"),
    ("StridedSlice", "getitem"),
];

/// A node whose inputs are partly constants.
pub(super) struct Node {
    op: String,
    attributes: Map<String, Value>,
    constants: BTreeMap<usize, Value>,
}

impl Node {
    pub(super) fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        let Some(Value::Object(node)) = settings.get("node_def") else {
            return unsupported(phrase!(
                "its operation is stored as TensorFlow 2.0 and 2.1 did"
            ));
        };
        let Some(op) = node.get("op").and_then(Value::as_str) else {
            return invalid(phrase!("its \"node_def\" names no operation"));
        };
        let attributes = match node.get("attr") {
            Some(Value::Object(attributes)) => attributes.clone(),
            _ => Map::new(),
        };
        let mut constants = BTreeMap::new();
        if let Some(Value::Object(given)) = settings.get("constants") {
            for (position, value) in given {
                match position.parse::<u8>() {
                    Ok(position) => constants.insert(usize::from(position), value.clone()),
                    Err(_) => {
                        return invalid(phrase!("\"constants\" has a key that is no position"));
                    }
                };
            }
        }
        Ok(Self {
            op: op.to_owned(),
            attributes,
            constants,
        })
    }

    /// Parameters and reader of the function of TensorFlow that does the same.
    pub(super) fn signature(&self, generation: Generation) -> Result<Signature, LayerProblem> {
        let op = self.op.as_str();
        let same = FUNCTIONS.iter().find(|(operator, _)| *operator == op);
        let named = same.and_then(|(_, function)| find_function(function, generation));
        let binary = || Some((BINARY, Reader::Binary(binary_operator(op)?)));
        let unary = || Some((UNARY, Reader::Unary(Function::of_operator(op)?)));
        match named.or_else(binary).or_else(unary) {
            Some(signature) => Ok(signature),
            None => unsupported(text!(
                "the TensorFlow operation {op} is not supported, use a Keras layer instead"
            )),
        }
    }

    /// The arguments of the function for a call of the layer with its tensors.
    pub(super) fn arguments(&self, call: &Arguments) -> Arguments {
        let mut positional = Vec::new();
        for argument in &call.positional {
            match argument {
                Argument::List(elements) => positional.extend(elements.iter().cloned()),
                argument => positional.push(argument.clone()),
            }
        }
        for (&position, value) in &self.constants {
            let position = position.min(positional.len());
            positional.insert(position, Argument::Constant(value.clone()));
        }
        let mut named: Vec<(&str, Value)> = Vec::new();
        match self.op.as_str() {
            "Mean" | "Sum" | "Max" | "Min" => {
                let keep = self.attribute("keep_dims", "b").unwrap_or_default();
                named.push(("keepdims", keep));
            }
            "LeakyRelu" => named.extend(self.attribute("alpha", "f").map(|it| ("alpha", it))),
            "Squeeze" => {
                let axes = self.attributes.get("squeeze_dims");
                let axes = axes.and_then(|it| it.pointer("/list/i")?.as_array());
                let axes = axes.map(|axes| axes.iter().filter_map(integer).collect());
                named.extend(axes.map(|axes: Vec<i64>| ("axis", json!(axes))));
            }
            "ConcatV2" => {
                if let Some(Argument::Constant(axis)) = positional.pop() {
                    named.push(("axis", axis));
                }
                positional = vec![Argument::List(positional)];
            }
            "Pack" => {
                let axis = self.attribute("axis", "i").as_ref().and_then(integer);
                named.push(("axis", json!(axis.unwrap_or(0))));
                positional = vec![Argument::List(positional)];
            }
            "StridedSlice" => {
                let subscript = self.subscript();
                positional.truncate(1);
                named.push(("slice_spec", Value::Array(subscript)));
            }
            _ => {}
        }
        let named = named.into_iter();
        Arguments {
            positional,
            named: named
                .map(|(name, value)| (name.to_owned(), Argument::Constant(value)))
                .collect(),
        }
    }

    fn attribute(&self, name: &str, kind: &str) -> Option<Value> {
        self.attributes.get(name)?.get(kind).cloned()
    }

    /// Begin, end and stride with their masks as the elements of a subscript.
    fn subscript(&self) -> Vec<Value> {
        let list = |position: usize| -> Vec<i64> {
            let list = self.constants.get(&position).and_then(Value::as_array);
            list.map(|list| list.iter().filter_map(integer).collect())
                .unwrap_or_default()
        };
        let mask = |name: &str| {
            let mask = self.attribute(name, "i").as_ref().and_then(integer);
            mask.unwrap_or(0)
        };
        let (begin, end, strides) = (list(1), list(2), list(3));
        let has = |mask: i64, index: usize| index < 63 && mask >> index & 1 == 1;
        begin
            .iter()
            .zip(end.iter().zip(&strides))
            .enumerate()
            .map(|(index, (start, (stop, step)))| {
                if has(mask("ellipsis_mask"), index) {
                    json!({"class_name": "__ellipsis__"})
                } else if has(mask("new_axis_mask"), index) {
                    Value::Null
                } else if has(mask("shrink_axis_mask"), index) {
                    json!(start)
                } else {
                    let start = (!has(mask("begin_mask"), index)).then_some(start);
                    let stop = (!has(mask("end_mask"), index)).then_some(stop);
                    json!({"start": start, "stop": stop, "step": step})
                }
            })
            .collect()
    }
}

/// JSON of protocol buffers writes 64-bit integers as text.
fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}
