//! What a key or value means.

use super::about;
use super::markdown::{self, code, images, samples};
use crate::document::Document;
use crate::facts::Facts;
use crate::schema::{KeyHelp, ValueHelp, dotted, key_help};
use crate::syntax::{Node, Value};
use crate::text::TextRange;
use localization::{Text, text};

/// An explanation of a piece of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// The key or value that is explained.
    pub range: TextRange,
    /// The explanation. Text of the user stands in code spans.
    pub markdown: Text,
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
    let mut parts = vec![text!(
        "**{title}** ({key})",
        title = Text::of_document(&help.title),
        key = code(&dotted(&keys))
    )];
    parts.extend(value.and_then(|value| meaning(&help, value)));
    parts.push(markdown::document(&help.markdown));
    parts.extend(facts_about(document, &keys, facts));
    parts.extend(bounds(&help));
    Some(Hover {
        range,
        markdown: paragraphs(parts),
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
fn meaning(help: &KeyHelp, value: &Node) -> Option<Text> {
    let text = value.as_str()?;
    help.values
        .iter()
        .find(|value| value.value == text)
        .map(described)
}

/// What the disk says about the value, or what it amounts to.
fn facts_about(document: &Document, keys: &[&str], facts: &dyn Facts) -> Option<Text> {
    let &[key] = keys else {
        return None;
    };
    if let Some(mention) = document
        .mentions()
        .iter()
        .find(|mention| mention.key == key)
    {
        let lines = about::path(document, mention, facts);
        return (!lines.is_empty()).then(|| Text::list(Text::verbatim("  \n"), lines));
    }
    match key {
        "batch_size" | "iteration_count" => {
            let (drawn, from) = about::samples(document, facts)?;
            let samples = samples(drawn);
            Some(match from {
                Some(count) => {
                    text!("{samples} are drawn from {images}.", images = images(count))
                }
                None => text!("{samples} are drawn."),
            })
        }
        "input_tensor_size" => {
            let model = about::model(document, facts)?;
            Some(text!(
                "The model's input is {shape}.",
                shape = about::input(&model)
            ))
        }
        _ => None,
    }
}

/// Default, allowed values, and whether the key is required.
fn bounds(help: &KeyHelp) -> Option<Text> {
    let mut lines = Vec::new();
    if let Some(default) = &help.default {
        let value = code(default);
        lines.push(match help.required {
            true => text!("Proposed: {value}"),
            false => text!("Default: {value}"),
        });
    }
    if let Some(range) = &help.range {
        lines.push(text!("Allowed: {range}"));
    }
    if !help.values.is_empty() {
        lines.push(Text::list(
            Text::verbatim("\n- "),
            [text!("Values:")]
                .into_iter()
                .chain(help.values.iter().map(described)),
        ));
    }
    if help.required {
        lines.push(text!("Required."));
    }
    (!lines.is_empty()).then(|| paragraphs(lines))
}

fn paragraphs(texts: Vec<Text>) -> Text {
    Text::list(Text::verbatim("\n\n"), texts)
}

/// An allowed value and what it means.
fn described(value: &ValueHelp) -> Text {
    text!(
        "{value}: {description}",
        value = code(&value.value),
        description = Text::of_document(&value.description)
    )
}
