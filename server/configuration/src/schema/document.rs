//! The schema documents, each parsed and compiled once.

use jsonschema::Validator;
use localization::{Phrase, phrase};
use serde_json::{Map, Value};
use std::sync::LazyLock;

/// A schema, and what its instances are called.
pub(crate) struct Schema {
    text: &'static str,
    /// The whole instance in a sentence, such as "the configuration".
    pub(super) subject: Phrase,
    document: LazyLock<Value>,
    validator: LazyLock<Validator>,
}

/// `schemas/configuration.schema.json`
pub(crate) static CONFIGURATION: Schema = Schema {
    text: include_str!("../../../../schemas/configuration.schema.json"),
    subject: phrase!("the configuration"),
    document: LazyLock::new(|| parse(&CONFIGURATION)),
    validator: LazyLock::new(|| compile(&CONFIGURATION)),
};

/// `schemas/target.schema.json`
pub(crate) static TARGET: Schema = Schema {
    text: include_str!("../../../../schemas/target.schema.json"),
    subject: phrase!("the target"),
    document: LazyLock::new(|| parse(&TARGET)),
    validator: LazyLock::new(|| compile(&TARGET)),
};

fn parse(schema: &Schema) -> Value {
    #[expect(
        clippy::expect_used,
        reason = "the schema is part of the program, and every test run parses it"
    )]
    serde_json::from_str(schema.text).expect("the schema is JSON")
}

fn compile(schema: &Schema) -> Validator {
    #[expect(
        clippy::expect_used,
        reason = "the schema is part of the program, and every test run compiles it"
    )]
    jsonschema::draft202012::options()
        .build(schema.document())
        .expect("the schema is valid")
}

/// The text of `schemas/configuration.schema.json` (JSON Schema draft 2020-12).
pub fn configuration_schema() -> &'static str {
    CONFIGURATION.text
}

impl Schema {
    pub(super) fn document(&self) -> &Value {
        &self.document
    }

    pub(super) fn validator(&self) -> &Validator {
        &self.validator
    }

    /// The part of the schema at a JSON pointer, with references followed.
    pub(super) fn at(&self, pointer: &str) -> Map<String, Value> {
        let part = self.document().pointer(pointer);
        part.map(|part| self.resolve(part)).unwrap_or_default()
    }

    /// Follows a `$ref` to a definition of the same document. Keywords beside the reference win, as
    /// titles and descriptions there are the more specific ones.
    pub(super) fn resolve(&self, schema: &Value) -> Map<String, Value> {
        let Some(own) = schema.as_object() else {
            return Map::new();
        };
        let target = own
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|reference| reference.strip_prefix('#'))
            .and_then(|pointer| self.document().pointer(pointer));
        let mut merged = target
            .map(|target| self.resolve(target))
            .unwrap_or_default();
        merged.extend(own.clone());
        merged
    }
}

/// The string that a schema has under `keyword`.
pub(super) fn text<'a>(schema: &'a Map<String, Value>, keyword: &str) -> &'a str {
    schema
        .get(keyword)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The items of the array that a schema has under `keyword`.
pub(super) fn items<'a>(
    schema: &'a Map<String, Value>,
    keyword: &str,
) -> impl Iterator<Item = &'a Value> {
    let items = schema.get(keyword).and_then(Value::as_array);
    items.into_iter().flatten()
}

/// The strings in the array that a schema has under `keyword`.
pub(super) fn texts<'a>(schema: &'a Map<String, Value>, keyword: &str) -> Vec<&'a str> {
    items(schema, keyword).filter_map(Value::as_str).collect()
}
