//! `inbound_nodes`: where the inputs of a layer's calls come from.

use serde_json::Value;

use super::Generation;
use super::settings::integer;

/// A tensor by the name of the layer that makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedTensor {
    pub(super) layer: String,
    /// Number of the call, as the file counts.
    pub(super) node: usize,
    pub(super) output: usize,
}

/// A call whose inputs are still names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct NamedCall {
    pub(super) inputs: Vec<NamedTensor>,
    pub(super) training: bool,
    pub(super) arguments: bool,
}

/// Reads the `inbound_nodes` of a layer.
pub(super) fn parse_calls(nodes: &Value, generation: Generation) -> Result<Vec<NamedCall>, String> {
    let nodes = nodes.as_array().ok_or("\"inbound_nodes\" is not a list")?;
    nodes
        .iter()
        .map(|node| match (node, generation) {
            (Value::Object(object), Generation::Keras3) => {
                let mut call = NamedCall::default();
                if let Some(arguments) = object.get("args") {
                    collect_tensors(arguments, &mut call)?;
                }
                keyword_arguments(object.get("kwargs"), &mut call)?;
                Ok(call)
            }
            _ => parse_keras2_call(node),
        })
        .collect()
}

/// `[["conv", 0, 0, {}], ["skip", 0, 0, {}]]`, or without the outer list for operations used as
/// layers, which have one tensor and constants.
fn parse_keras2_call(node: &Value) -> Result<NamedCall, String> {
    let mut call = NamedCall::default();
    let tensors = match node {
        Value::Array(elements) if elements.first().is_some_and(Value::is_string) => {
            std::slice::from_ref(node)
        }
        Value::Array(elements) => elements,
        _ => return Err("a call is not a list".to_owned()),
    };
    for tensor in tensors {
        call.inputs.push(parse_tensor(tensor)?);
        keyword_arguments(tensor.get(3), &mut call)?;
    }
    Ok(call)
}

/// `["conv", 0, 0]`, with anything after.
pub(super) fn parse_tensor(value: &Value) -> Result<NamedTensor, String> {
    let parse = || {
        Some(NamedTensor {
            layer: value.get(0)?.as_str()?.to_owned(),
            node: integer(value.get(1)?)?,
            output: integer(value.get(2)?)?,
        })
    };
    parse().ok_or_else(|| "a tensor is not [layer, node, output]".to_owned())
}

/// `input_layers` and `output_layers`: one tensor, a list of them, or a dictionary.
pub(super) fn parse_tensors(value: &Value) -> Result<Vec<NamedTensor>, String> {
    match value {
        Value::Array(elements) if elements.first().is_some_and(Value::is_string) => {
            Ok(vec![parse_tensor(value)?])
        }
        Value::Array(elements) => elements.iter().map(parse_tensor).collect(),
        Value::Object(entries) => entries.values().map(parse_tensor).collect(),
        _ => Err("it is not a list of tensors".to_owned()),
    }
}

fn keyword_arguments(arguments: Option<&Value>, call: &mut NamedCall) -> Result<(), String> {
    let Some(Value::Object(arguments)) = arguments else {
        return Ok(());
    };
    for (key, value) in arguments {
        match key.as_str() {
            "training" => call.training |= value.as_bool() == Some(true),
            _ => collect_tensors(value, call)?,
        }
    }
    Ok(())
}

/// Collects tensors in the order of a call's arguments, at any depth.
fn collect_tensors(value: &Value, call: &mut NamedCall) -> Result<(), String> {
    match value {
        Value::Null => Ok(()),
        Value::Array(elements) => elements
            .iter()
            .try_for_each(|element| collect_tensors(element, call)),
        Value::Object(object)
            if object.get("class_name").and_then(Value::as_str) == Some("__keras_tensor__") =>
        {
            let history = value
                .get("config")
                .and_then(|config| config.get("keras_history"))
                .ok_or("a tensor has no \"keras_history\"")?;
            call.inputs.push(parse_tensor(history)?);
            Ok(())
        }
        _ => {
            call.arguments = true;
            Ok(())
        }
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
        let check = |generation, text: &str, inputs: &[NamedTensor], training, arguments| {
            let nodes = serde_json::from_str(text).unwrap();
            let calls = parse_calls(&nodes, generation).unwrap();
            let expected = NamedCall {
                inputs: inputs.to_vec(),
                training,
                arguments,
            };
            assert_eq!(calls, [expected], "{text}");
        };
        let (a, b) = (tensor("a", 0, 0), tensor("b", 1, 2));
        let keras2 = Generation::Keras2;
        check(
            keras2,
            r#"[[["a", 0, 0, {}]]]"#,
            std::slice::from_ref(&a),
            false,
            false,
        );
        check(
            keras2,
            r#"[[["a", 0, 0], ["b", 1, 2, {"training": true}]]]"#,
            &[a.clone(), b.clone()],
            true,
            false,
        );
        check(
            keras2,
            r#"[["a", 0, 0, {"y": 2.0, "name": null}]]"#,
            std::slice::from_ref(&a),
            false,
            true,
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
            false,
            false,
        );
        check(
            keras3,
            &format!(
                r#"[{{"args": [127.5, {}], "kwargs": {{}}}}]"#,
                history("a", 0)
            ),
            &[a],
            false,
            true,
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
