//! Keys that an object does not have yet.

use super::{Completion, CompletionKind, escaped, replaced};
use crate::assist::cursor::Cursor;
use crate::assist::markdown;
use crate::document::Document;
use crate::fix::Replacement;
use crate::role::PathRole;
use crate::schema::{KeyHelp, keys, type_name};
use crate::starting::starting_configuration;
use crate::text::TextRange;
use localization::{Text, text};

/// The keys that may be written at the cursor.
pub(super) fn complete(document: &Document, cursor: &Cursor, offset: usize) -> Vec<Completion> {
    let path = cursor.path();
    let object = document
        .root()
        .and_then(|root| root.at(path.iter().copied()))
        .and_then(|node| node.as_object());
    // The key under the cursor may be completed to itself.
    let present: Vec<&str> = object
        .into_iter()
        .flat_map(|object| &object.members)
        .filter(|member| Some(member.key.range) != cursor.token)
        .map(|member| member.key.name.as_str())
        .collect();
    keys(&path)
        .into_iter()
        .filter(|help| !present.contains(&help.key.as_str()))
        .map(|help| completion(&help, document.text(), cursor, offset))
        .collect()
}

fn completion(help: &KeyHelp, text: &str, cursor: &Cursor, offset: usize) -> Completion {
    let quoted = format!("\"{}\"", help.key);
    let range = replaced(cursor, offset);
    let mut completion = Completion::new(CompletionKind::Key, &help.key, range, quoted.clone());
    completion.detail = detail(help);
    completion.documentation = markdown::document(&help.markdown);
    completion.also = cursor.missing_comma.map(|end| Replacement {
        range: TextRange::at(end),
        text: ",".to_owned(),
    });
    // A word without quotes is compared without them.
    if !range.of(text).starts_with('"') {
        completion.filter = help.key.clone();
    }
    if cursor.before_colon {
        return completion;
    }
    let comma = if cursor.before_entry { "," } else { "" };
    completion.edit.text = format!("{quoted}: {}{comma}", placeholder(help));
    completion.is_snippet = true;
    completion.again = !help.values.is_empty() || PathRole::of_key(&help.key).is_some();
    completion
}

fn detail(help: &KeyHelp) -> Text {
    match &help.default {
        _ if help.required => text!("required"),
        Some(default) => text!("optional, default {default}"),
        None => text!("optional"),
    }
}

/// The value to start from, selected so that typing replaces it.
fn placeholder(help: &KeyHelp) -> String {
    let starting = help.default.as_ref().or(help.examples.first());
    match starting {
        Some(json) => match json
            .strip_prefix('"')
            .and_then(|json| json.strip_suffix('"'))
        {
            Some(text) => format!("\"${{1:{}}}\"", escaped(text)),
            None => format!("${{1:{}}}", escaped(json)),
        },
        None if help.types.contains(&type_name("object")) => "{\n\t$1\n}".to_owned(),
        None => "$1".to_owned(),
    }
}

/// A whole configuration for an empty file.
pub(super) fn whole(offset: usize) -> Vec<Completion> {
    let range = TextRange::at(offset);
    let text = starting_configuration();
    let mut completion = Completion::new(
        CompletionKind::Value,
        "configuration",
        range,
        text.trim_end().to_owned(),
    );
    completion.detail = text!("a configuration with the required keys");
    completion.filter = "configuration".to_owned();
    vec![completion]
}
