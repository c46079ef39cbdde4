//! `inbound_nodes`: where the inputs of a layer's calls come from.

use localization::{Text, phrase, text};
use serde_json::{Map, Value};

use crate::settings::{Argument, Arguments, Generation, integer, sequence};

/// A tensor by the name of the layer that makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedTensor {
    pub(super) layer: String,
    /// Number of the call, as the file counts.
    pub(super) node: usize,
    pub(super) output: usize,
}

/// A call whose inputs are still names.
#[derive(Debug, Default, PartialEq)]
pub(super) struct NamedCall {
    pub(super) inputs: Vec<NamedTensor>,
    pub(super) arguments: Arguments,
}

/// What stands in the place of a layer's name where Keras 2 calls a layer with a constant.
const CONSTANT: &str = "_CONSTANT_VALUE";

/// Reads the `inbound_nodes` of a layer.
pub(super) fn parse_calls(nodes: &Value, generation: Generation) -> Result<Vec<NamedCall>, Text> {
    let nodes = nodes
        .as_array()
        .ok_or(phrase!("\"inbound_nodes\" is not a list"))?;
    nodes
        .iter()
        .map(|node| match (node, generation) {
            (Value::Object(object), Generation::Keras3) => parse_keras3_call(object),
            _ => parse_keras2_call(node),
        })
        .collect()
}

fn parse_keras3_call(object: &Map<String, Value>) -> Result<NamedCall, Text> {
    let mut call = NamedCall::default();
    if let Some(Value::Array(arguments)) = object.get("args") {
        for argument in arguments {
            let argument = call.argument(argument, keras3_tensor)?;
            call.arguments.positional.push(argument);
        }
    }
    call.named(object.get("kwargs"), keras3_tensor)?;
    Ok(call)
}

/// `[["conv", 0, 0, {}], ["skip", 0, 0, {}]]`, or without the outer list for operations used as
/// layers. The first argument stands in the list, the others are named beside each of its tensors.
fn parse_keras2_call(node: &Value) -> Result<NamedCall, Text> {
    let mut call = NamedCall::default();
    let Value::Array(elements) = node else {
        return Err(text!("a call is not a list"));
    };
    let mut named = None;
    let mut first = call.keras2_first(node, &mut named)?;
    if let ([_], Argument::List(inner)) = (elements.as_slice(), &mut first)
        && let Some(only) = inner.pop()
    {
        first = only;
    }
    call.arguments.positional.push(first);
    call.named(named, keras2_tensor)?;
    Ok(call)
}

impl NamedCall {
    /// Reads the first argument of a call of Keras 2, and finds the arguments by name.
    fn keras2_first<'a>(
        &mut self,
        value: &'a Value,
        named: &mut Option<&'a Value>,
    ) -> Result<Argument, Text> {
        let Value::Array(elements) = value else {
            return Err(text!("a call is not a list of tensors"));
        };
        let Some(layer) = elements.first().and_then(Value::as_str) else {
            return elements
                .iter()
                .map(|element| self.keras2_first(element, named))
                .collect::<Result<_, _>>()
                .map(Argument::List);
        };
        *named = named.or(value.get(3));
        if layer == CONSTANT {
            let constant = value.get(2).cloned().unwrap_or_default();
            return Ok(Argument::Constant(constant));
        }
        Ok(self.tensor(parse_tensor(value)?))
    }

    fn tensor(&mut self, tensor: NamedTensor) -> Argument {
        self.inputs.push(tensor);
        Argument::Tensor(self.inputs.len() - 1)
    }

    fn named(&mut self, arguments: Option<&Value>, tensor: ReadTensor) -> Result<(), Text> {
        if let Some(Value::Object(arguments)) = arguments {
            for (name, value) in arguments {
                let argument = self.argument(value, tensor)?;
                self.arguments.named.push((name.clone(), argument));
            }
        }
        Ok(())
    }

    fn argument(&mut self, value: &Value, tensor: ReadTensor) -> Result<Argument, Text> {
        if let Some(found) = tensor(value) {
            return Ok(self.tensor(found?));
        }
        let Some(elements) = sequence(value) else {
            return Ok(Argument::Constant(value.clone()));
        };
        let before = self.inputs.len();
        let list = elements
            .iter()
            .map(|element| self.argument(element, tensor))
            .collect::<Result<_, _>>()?;
        if self.inputs.len() == before {
            return Ok(Argument::Constant(Value::Array(elements.to_vec())));
        }
        Ok(Argument::List(list))
    }
}

/// Tells and reads the tensors among the arguments.
type ReadTensor = fn(&Value) -> Option<Result<NamedTensor, Text>>;

fn keras3_tensor(value: &Value) -> Option<Result<NamedTensor, Text>> {
    let class = value.get("class_name")?.as_str()?;
    let history = || {
        let history = value.get("config")?.get("keras_history")?;
        Some(parse_tensor(history))
    };
    (class == "__keras_tensor__")
        .then(|| history().unwrap_or_else(|| Err(text!("a tensor has no \"keras_history\""))))
}

/// `["layer", 0, 0]` among the constants; no setting of a layer looks so.
fn keras2_tensor(value: &Value) -> Option<Result<NamedTensor, Text>> {
    match value.as_array()?.as_slice() {
        [Value::String(_), Value::Number(_), Value::Number(_)] => Some(parse_tensor(value)),
        _ => None,
    }
}

/// `["conv", 0, 0]`, with anything after.
pub(super) fn parse_tensor(value: &Value) -> Result<NamedTensor, Text> {
    let parse = || {
        Some(NamedTensor {
            layer: value.get(0)?.as_str()?.to_owned(),
            node: integer(value.get(1)?)?,
            output: integer(value.get(2)?)?,
        })
    };
    parse().ok_or_else(|| text!("a tensor is not [layer, node, output]"))
}

/// `input_layers` and `output_layers`: one tensor, a list of them, or a dictionary.
pub(super) fn parse_tensors(value: &Value) -> Result<Vec<NamedTensor>, Text> {
    match value {
        Value::Array(elements) if elements.first().is_some_and(Value::is_string) => {
            Ok(vec![parse_tensor(value)?])
        }
        Value::Array(elements) => elements.iter().map(parse_tensor).collect(),
        Value::Object(entries) => entries.values().map(parse_tensor).collect(),
        _ => Err(text!("it is not a list of tensors")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(layer: &str, node: usize, output: usize) -> NamedTensor {
        NamedTensor {
            layer: layer.to_owned(),
            node,
            output,
        }
    }

    #[test]
    fn calls_of_both_generations() {
        use Argument::{List, Tensor};
        let constant = |value: Value| Argument::Constant(value);
        let check = |generation,
                     text: &str,
                     inputs: &[NamedTensor],
                     positional: &[Argument],
                     named: &[(&str, Argument)]| {
            let nodes = serde_json::from_str(text).unwrap();
            let calls = parse_calls(&nodes, generation).unwrap();
            let named = named.iter().cloned();
            let expected = NamedCall {
                inputs: inputs.to_vec(),
                arguments: Arguments {
                    positional: positional.to_vec(),
                    named: named.map(|(name, it)| (name.to_owned(), it)).collect(),
                },
            };
            assert_eq!(calls, [expected], "{text}");
        };
        let (a, b) = (tensor("a", 0, 0), tensor("b", 1, 2));
        let keras2 = Generation::Keras2;
        let only_a = std::slice::from_ref(&a);
        check(keras2, r#"[[["a", 0, 0, {}]]]"#, only_a, &[Tensor(0)], &[]);
        check(
            keras2,
            r#"[[["a", 0, 0], ["b", 1, 2, {"training": true}]]]"#,
            &[a.clone(), b.clone()],
            &[List(vec![Tensor(0), Tensor(1)])],
            &[("training", constant(true.into()))],
        );
        check(
            keras2,
            r#"[["a", 0, 0, {"y": 2.0, "name": null}]]"#,
            only_a,
            &[Tensor(0)],
            &[("name", constant(Value::Null)), ("y", constant(2.0.into()))],
        );
        check(
            keras2,
            r#"[["_CONSTANT_VALUE", -1, 2.0, {"y": ["b", 1, 2]}]]"#,
            std::slice::from_ref(&b),
            &[constant(2.0.into())],
            &[("y", Tensor(0))],
        );
        // The arguments by name stand beside each tensor, but are given once.
        check(
            keras2,
            r#"[[["a", 0, 0, {"y": ["b", 1, 2]}], ["a", 0, 0, {"y": ["b", 1, 2]}]]]"#,
            &[a.clone(), a.clone(), b.clone()],
            &[List(vec![Tensor(0), Tensor(1)])],
            &[("y", Tensor(2))],
        );
        let history = |layer: &str, node| {
            format!(
                r#"{{"class_name": "__keras_tensor__", "config": {{"keras_history": ["{layer}", {node}, 0]}}}}"#
            )
        };
        let keras3 = Generation::Keras3;
        check(
            keras3,
            &format!(
                r#"[{{"args": [[{}, {}]], "kwargs": {{"training": false}}}}]"#,
                history("a", 0),
                history("c", 3)
            ),
            &[a.clone(), tensor("c", 3, 0)],
            &[List(vec![Tensor(0), Tensor(1)])],
            &[("training", constant(false.into()))],
        );
        check(
            keras3,
            &format!(
                r#"[{{"args": [127.5, {}], "kwargs": {{}}}}]"#,
                history("a", 0)
            ),
            only_a,
            &[constant(127.5.into()), Tensor(0)],
            &[],
        );
    }

    #[test]
    fn malformed_calls_are_refused() {
        for text in ["3", "[3]", "[[3]]", r#"[[["a", -1, 0]]]"#, r#"[[["a"]]]"#] {
            let nodes = serde_json::from_str(text).unwrap();
            assert!(parse_calls(&nodes, Generation::Keras2).is_err(), "{text}");
        }
    }

    #[test]
    fn inputs_and_outputs_take_three_forms() {
        let check = |text: &str, count: usize| {
            let value = serde_json::from_str(text).unwrap();
            assert_eq!(parse_tensors(&value).unwrap().len(), count, "{text}");
        };
        check(r#"["a", 0, 0]"#, 1);
        check(r#"[["a", 0, 0], ["b", 0, 0]]"#, 2);
        check(r#"{"x": ["a", 0, 0], "y": ["b", 0, 0]}"#, 2);
    }
}
