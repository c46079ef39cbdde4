//! What the schema says about keys and values, for hovers, completions and starting files.

use super::document::{CONFIGURATION, items, text, texts};
use super::message::{range, type_name};
use localization::{Phrase, Text};
use serde_json::{Map, Value};

/// What there is to know about a key.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyHelp {
    /// The key.
    pub key: String,
    /// A short name.
    pub title: String,
    /// One or two sentences of plain text.
    pub description: String,
    /// The description with Markdown markup, and often more of it.
    pub markdown: String,
    /// Whether a configuration must have the key.
    pub required: bool,
    /// The value that holds, or that is proposed for a required key, as JSON text.
    pub default: Option<String>,
    /// Values as JSON text.
    pub examples: Vec<String>,
    /// The types of value that the key takes, in words.
    pub types: Vec<Phrase>,
    /// The numbers that are allowed, such as "from 1 to 4096".
    pub range: Option<Text>,
    /// The texts that are allowed, where only some are.
    pub values: Vec<ValueHelp>,
}

/// What there is to know about one of several allowed values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueHelp {
    /// The value, without quotes.
    pub value: String,
    /// What it means.
    pub description: String,
}

/// Help on the keys of the object at `path`: required keys in the order of the schema, then the
/// others by name. None where no object can stand. The empty path is the configuration itself.
pub fn keys(path: &[&str]) -> Vec<KeyHelp> {
    let Some(schema) = object_schema(path) else {
        return Vec::new();
    };
    let required = texts(&schema, "required");
    let properties = schema.get("properties").and_then(Value::as_object);
    let rank = |key: &str| required.iter().position(|name| *name == key);
    let mut keys: Vec<KeyHelp> = properties
        .into_iter()
        .flatten()
        .map(|(key, schema)| describe(key, schema, rank(key).is_some()))
        .collect();
    keys.sort_by_key(|help| rank(&help.key).unwrap_or(required.len()));
    keys
}

/// Help on the key that `path` leads to, such as `["preprocessing", "resize", "fit"]`. Positions in
/// lists are numbers: `["quantization", "overrides", "0", "layers"]`.
pub fn key_help(path: &[&str]) -> Option<KeyHelp> {
    let (key, parents) = path.split_last()?;
    keys(parents).into_iter().find(|help| help.key == *key)
}

/// The values that hold for optional keys of the object at `path` where they are not written.
pub(crate) fn defaults(path: &[&str]) -> Map<String, Value> {
    let schema = object_schema(path).unwrap_or_default();
    let required = texts(&schema, "required");
    let properties = schema.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flatten()
        .filter(|(key, _)| !required.contains(&key.as_str()))
        .filter_map(|(key, schema)| {
            let default = CONFIGURATION.resolve(schema).remove("default")?;
            Some((key.clone(), default))
        })
        .collect()
}

fn object_schema(path: &[&str]) -> Option<Map<String, Value>> {
    let whole = CONFIGURATION.resolve(CONFIGURATION.document());
    path.iter().try_fold(whole, |schema, segment| {
        let part = match segment.parse::<usize>() {
            Ok(_) => schema.get("items")?,
            Err(_) => schema.get("properties")?.get(*segment)?,
        };
        branches(&CONFIGURATION.resolve(part))
            .into_iter()
            .find(|branch| branch.contains_key("properties") || branch.contains_key("items"))
    })
}

/// The schema, or the alternatives that it stands for.
fn branches(schema: &Map<String, Value>) -> Vec<Map<String, Value>> {
    match schema.get("anyOf").and_then(Value::as_array) {
        Some(alternatives) => alternatives
            .iter()
            .map(|one| CONFIGURATION.resolve(one))
            .collect(),
        None => vec![schema.clone()],
    }
}

fn describe(key: &str, schema: &Value, required: bool) -> KeyHelp {
    let schema = CONFIGURATION.resolve(schema);
    let branches = branches(&schema);
    let markdown = match text(&schema, "markdownDescription") {
        "" => text(&schema, "description"),
        markdown => markdown,
    };
    let types = |branch: &Map<String, Value>| match branch.get("type") {
        Some(Value::String(name)) => vec![type_name(name)],
        _ => texts(branch, "type").into_iter().map(type_name).collect(),
    };
    let mut types: Vec<Phrase> = branches.iter().flat_map(types).collect();
    types.dedup();
    KeyHelp {
        key: key.to_owned(),
        title: text(&schema, "title").to_owned(),
        description: text(&schema, "description").to_owned(),
        markdown: markdown.to_owned(),
        required,
        default: schema.get("default").map(Value::to_string),
        examples: items(&schema, "examples").map(Value::to_string).collect(),
        types,
        range: range(&schema),
        values: branches.iter().flat_map(values).collect(),
    }
}

fn values(schema: &Map<String, Value>) -> Vec<ValueHelp> {
    texts(schema, "enum")
        .into_iter()
        .zip(texts(schema, "enumDescriptions"))
        .map(|(value, description)| ValueHelp {
            value: value.to_owned(),
            description: description.to_owned(),
        })
        .collect()
}
