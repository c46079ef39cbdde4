//! What a violation of the schema is called in a sentence.

use crate::finding::quoted;
use serde_json::{Map, Value};

/// A JSON type for people who may not know JSON Schema's words.
pub(super) fn type_name(name: &str) -> &'static str {
    match name {
        "object" => "an object `{…}`",
        "array" => "a list `[…]`",
        "string" => "a text in quotes",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        _ => "null",
    }
}

/// A value, or what it is where it may be long.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Object(_) => type_name("object").to_owned(),
        Value::Array(_) => type_name("array").to_owned(),
        Value::String(text) => format!("the text {}", quoted(text)),
        Value::Number(_) | Value::Bool(_) | Value::Null => value.to_string(),
    }
}

/// The numbers that a schema allows: `1 or more`, `from 1 to 4096`, `above 50, up to 100`.
pub(super) fn range(schema: &Map<String, Value>) -> Option<String> {
    if let (Some(least), Some(most)) = (schema.get("exclusiveMinimum"), schema.get("maximum")) {
        return Some(format!("above {least}, up to {most}"));
    }
    match (schema.get("minimum"), schema.get("maximum")) {
        (Some(least), Some(most)) => Some(format!("from {least} to {most}")),
        (Some(least), None) => Some(format!("{least} or more")),
        (None, Some(most)) => Some(format!("at most {most}")),
        (None, None) => None,
    }
}

/// `a`, `b` or `c`
pub(super) fn alternatives(values: &[&str]) -> String {
    let shown: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
    match shown.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} or {last}", first.join(", ")),
        None => String::new(),
    }
}

/// `preprocessing.normalization.std[1]`
pub(crate) fn dotted<S: AsRef<str>>(path: &[S]) -> String {
    let mut name = String::new();
    for segment in path {
        let segment = segment.as_ref();
        match segment.parse::<usize>() {
            Ok(position) => name.push_str(&format!("[{position}]")),
            Err(_) if name.is_empty() => name.push_str(segment),
            Err(_) => name.push_str(&format!(".{segment}")),
        }
    }
    name
}
