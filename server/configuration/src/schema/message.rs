//! What a violation of the schema is called in a sentence.

use crate::finding::{enumerated, quoted};
use localization::{Phrase, Text, phrase, text};
use serde_json::{Map, Value};

/// A JSON type for people who may not know JSON Schema's words.
pub(crate) fn type_name(name: &str) -> Phrase {
    match name {
        "object" => phrase!("an object `{{…}}`"),
        "array" => phrase!("a list `[…]`"),
        "string" => phrase!("a text in quotes"),
        "integer" => phrase!("a whole number"),
        "number" => phrase!("a number"),
        "boolean" => phrase!("true or false"),
        _ => phrase!("null"),
    }
}

/// A value, or what it is where it may be long.
pub(crate) fn shown(value: &Value) -> Text {
    match value {
        Value::Object(_) => type_name("object").into(),
        Value::Array(_) => type_name("array").into(),
        Value::String(text) => text!("the text {text}", text = quoted(text)),
        Value::Number(_) | Value::Bool(_) | Value::Null => Text::verbatim(value.to_string()),
    }
}

/// The numbers that a schema allows: `1 or more`, `from 1 to 4096`, `above 50, up to 100`.
pub(super) fn range(schema: &Map<String, Value>) -> Option<Text> {
    if let (Some(least), Some(most)) = (schema.get("exclusiveMinimum"), schema.get("maximum")) {
        return Some(text!("above {least}, up to {most}"));
    }
    match (schema.get("minimum"), schema.get("maximum")) {
        (Some(least), Some(most)) => Some(text!("from {least} to {most}")),
        (Some(least), None) => Some(text!("{least} or more")),
        (None, Some(most)) => Some(text!("at most {most}")),
        (None, None) => None,
    }
}

/// `a`, `b` or `c`
pub(super) fn alternatives(values: &[&str]) -> Text {
    let shown: Vec<Text> = values
        .iter()
        .map(|value| Text::verbatim(format!("`{value}`")))
        .collect();
    match shown.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => text!("{names} or {last}", names = enumerated(first)),
        None => Text::default(),
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
