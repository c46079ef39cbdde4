//! The schema document, parsed and compiled once.

use jsonschema::Validator;
use serde_json::{Map, Value};
use std::sync::LazyLock;

static TEXT: &str = include_str!("../../../../schemas/configuration.schema.json");

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "the schema is part of the program, and every test run parses it"
    )]
    serde_json::from_str(TEXT).expect("the schema is JSON")
});

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "the schema is part of the program, and every test run compiles it"
    )]
    jsonschema::draft202012::options()
        .build(&DOCUMENT)
        .expect("the schema is valid")
});

/// The text of `schemas/configuration.schema.json` (JSON Schema draft 2020-12).
pub fn configuration_schema() -> &'static str {
    TEXT
}

pub(super) fn document() -> &'static Value {
    &DOCUMENT
}

pub(super) fn validator() -> &'static Validator {
    &VALIDATOR
}

/// Follows a `$ref` to a definition of the same document. Keywords beside the reference win, as
/// titles and descriptions there are the more specific ones.
pub(super) fn resolve(schema: &Value) -> Map<String, Value> {
    let Some(own) = schema.as_object() else {
        return Map::new();
    };
    let target = own
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| reference.strip_prefix('#'))
        .and_then(|pointer| document().pointer(pointer));
    let mut merged = target.map(resolve).unwrap_or_default();
    merged.extend(own.clone());
    merged
}

/// The string that a schema has under `keyword`.
pub(super) fn text<'a>(schema: &'a Map<String, Value>, keyword: &str) -> &'a str {
    schema
        .get(keyword)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The strings in the array that a schema has under `keyword`.
pub(super) fn texts<'a>(schema: &'a Map<String, Value>, keyword: &str) -> Vec<&'a str> {
    let items = schema.get(keyword).and_then(Value::as_array);
    items
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}
