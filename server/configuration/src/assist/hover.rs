//! What a key or value means.

use super::about;
use super::markdown::{code, counted};
use crate::document::Document;
use crate::facts::Facts;
use crate::schema::{KeyHelp, dotted, key_help};
use crate::syntax::{Node, Value};
use crate::text::TextRange;

/// An explanation of a piece of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// The key or value that is explained.
    pub range: TextRange,
    /// The explanation. Text of the user stands in code spans.
    pub markdown: String,
}

/// Explains the key or value at `offset`.
pub fn hover(document: &Document, offset: usize, facts: &dyn Facts) -> Option<Hover> {
    let mut path = Vec::new();
    let (range, value) = find(document.root()?, offset, &mut path)?;
    let mut keys: Vec<&str> = path.iter().map(String::as_str).collect();
    // An item of a list is explained by the list.
    while keys.last().is_some_and(|key| key.parse::<usize>().is_ok()) {
        keys.pop();
    }
    let help = key_help(&keys)?;
    let mut parts = vec![format!("**{}** ({})", help.title, code(&dotted(&keys)))];
    parts.extend(value.and_then(|value| meaning(&help, value)));
    parts.push(help.markdown.clone());
    parts.extend(facts_about(document, &keys, facts));
    parts.extend(bounds(&help));
    Some(Hover {
        range,
        markdown: parts.join("\n\n"),
    })
}

/// The key or value at `offset`: its range, the path of its member, and the value unless the
/// cursor is on the key.
fn find<'a>(
    node: &'a Node,
    offset: usize,
    path: &mut Vec<String>,
) -> Option<(TextRange, Option<&'a Node>)> {
    if !node.range.touches(offset) {
        return None;
    }
    match &node.value {
        Value::Object(object) => object.members.iter().find_map(|member| {
            path.push(member.key.name.clone());
            if member.key.range.touches(offset) {
                return Some((member.key.range, None));
            }
            let found = member
                .value
                .as_ref()
                .and_then(|value| find(value, offset, path));
            if found.is_none() {
                path.pop();
            }
            found
        }),
        Value::Array(items) => items.iter().enumerate().find_map(|(position, item)| {
            path.push(position.to_string());
            let found = find(item, offset, path);
            if found.is_none() {
                path.pop();
            }
            found
        }),
        _ if path.is_empty() => None,
        _ => Some((node.range, Some(node))),
    }
}

/// What one of several allowed values means.
fn meaning(help: &KeyHelp, value: &Node) -> Option<String> {
    let text = value.as_str()?;
    let value = help.values.iter().find(|value| value.value == text)?;
    Some(format!("{}: {}", code(&value.value), value.description))
}

/// What the disk says about the value, or what it amounts to.
fn facts_about(document: &Document, keys: &[&str], facts: &dyn Facts) -> Option<String> {
    let &[key] = keys else {
        return None;
    };
    if let Some(mention) = document
        .mentions()
        .iter()
        .find(|mention| mention.key == key)
    {
        let lines = about::path(document, mention, facts);
        return (!lines.is_empty()).then(|| lines.join("  \n"));
    }
    match key {
        "batch_size" | "iteration_count" => {
            let (drawn, images) = about::samples(document, facts)?;
            let samples = counted(drawn, "sample", "samples");
            Some(match images {
                Some(images) => {
                    format!(
                        "{samples} are drawn from {}.",
                        counted(images, "image", "images")
                    )
                }
                None => format!("{samples} are drawn."),
            })
        }
        "input_tensor_size" => {
            let model = about::model(document, facts)?;
            Some(format!("The model's input is {}.", about::input(&model)))
        }
        _ => None,
    }
}

/// Default, allowed values, and whether the key is required.
fn bounds(help: &KeyHelp) -> Option<String> {
    let mut lines = Vec::new();
    if let Some(default) = &help.default {
        let word = if help.required { "Proposed" } else { "Default" };
        lines.push(format!("{word}: {}", code(default)));
    }
    if let Some(range) = &help.range {
        lines.push(format!("Allowed: {range}"));
    }
    if !help.values.is_empty() {
        let values = help
            .values
            .iter()
            .map(|value| format!("- {}: {}", code(&value.value), value.description));
        lines.push(format!(
            "Values:\n{}",
            values.collect::<Vec<_>>().join("\n")
        ));
    }
    if help.required {
        lines.push("Required.".to_owned());
    }
    (!lines.is_empty()).then(|| lines.join("\n\n"))
}
