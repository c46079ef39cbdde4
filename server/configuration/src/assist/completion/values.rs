//! Values that a key takes.

use super::{Completion, CompletionKind, paths, replaced};
use crate::assist::about;
use crate::assist::cursor::Cursor;
use crate::assist::markdown::{self, images};
use crate::document::Document;
use crate::facts::{Entry, Facts};
use crate::role::PathRole;
use crate::schema::{KeyHelp, key_help};
use crate::settings;
use crate::text::TextRange;
use localization::{Text, phrase, text};
use std::collections::BTreeMap;

/// The values that may be written at the cursor.
pub(super) fn complete(
    document: &Document,
    cursor: &Cursor,
    offset: usize,
    facts: &dyn Facts,
) -> Vec<Completion> {
    let path = cursor.path();
    let role = match path.as_slice() {
        &[key] => PathRole::of_key(key),
        _ => None,
    };
    let files = match role {
        Some(role) => paths::complete(document, cursor, offset, role, facts),
        None => Vec::new(),
    };
    if role.is_some_and(|role| role != PathRole::Target) {
        return files;
    }
    // An item of a list is explained by the list.
    let is_item = |segment: &&&str| segment.parse::<usize>().is_ok();
    let items = path.iter().rev().take_while(is_item).count();
    let Some(help) = key_help(path.get(..path.len() - items).unwrap_or_default()) else {
        return Vec::new();
    };
    let range = replaced(cursor, offset);
    let mut completions: Vec<Completion> = from_facts(document, &path, facts)
        .into_iter()
        .map(|(json, detail)| value(&help, &json, detail, range))
        .collect();
    let of_schema = match items {
        0 => from_schema(&help),
        _ => Vec::new(),
    };
    for (json, detail) in of_schema {
        let known = completions
            .iter()
            .any(|completion| completion.edit.text == json);
        if !known {
            completions.push(value(&help, &json, detail, range));
        }
    }
    // A bare word is compared without quotes, a quoted one with them.
    let bare = cursor
        .token
        .is_none_or(|token| !token.of(document.text()).starts_with('"'));
    if bare {
        for completion in &mut completions {
            completion.filter = completion.label.clone();
        }
    }
    completions.extend(files);
    completions
}

fn value(help: &KeyHelp, json: &str, detail: Text, range: TextRange) -> Completion {
    let label = json.trim_matches('"');
    let mut completion = Completion::new(CompletionKind::Value, label, range, json.to_owned());
    let described = help.values.iter().find(|value| value.value == label);
    completion.documentation = match described {
        Some(value) => Text::of_document(&value.description),
        None => markdown::document(&help.markdown),
    };
    completion.detail = detail;
    completion
}

/// Values as JSON text that the schema names, each with a few words.
fn from_schema(help: &KeyHelp) -> Vec<(String, Text)> {
    let default = help.default.as_ref();
    let word = |json: &String| match Some(json) == default {
        true if help.required => text!("proposed"),
        true => text!("default"),
        false if json.starts_with(['{', '[']) => text!("example"),
        false => Text::default(),
    };
    let mut values: Vec<String> = help
        .values
        .iter()
        .map(|value| serde_json::Value::from(value.value.as_str()).to_string())
        .collect();
    if help.types.contains(&phrase!("true or false")) {
        values.extend(["true".to_owned(), "false".to_owned()]);
    }
    values.extend(default.cloned());
    values.extend(help.examples.iter().cloned());
    let mut seen = Vec::new();
    values.retain(|value| {
        let new = !seen.contains(value);
        seen.push(value.clone());
        new
    });
    values
        .into_iter()
        .map(|json| (word(&json), json))
        .map(|(word, json)| (json, word))
        .collect()
}

/// Values as JSON text that the files at hand suggest, each with the reason.
fn from_facts(document: &Document, path: &[&str], facts: &dyn Facts) -> Vec<(String, Text)> {
    match *path {
        ["input_tensor_size"] => {
            let size = about::model(document, facts)
                .and_then(|model| Some([model.input_height?, model.input_width?]));
            let written = size.map(settings::written_size);
            let suggestion = written.map(|written| (written, text!("the model's input")));
            suggestion.into_iter().collect()
        }
        ["evaluate_image_extension"] => extensions(document, facts),
        ["quantization", "overrides", _, "layers"]
        | ["quantization", "overrides", _, "layers", _] => {
            let model = about::model(document, facts);
            let names = model.iter().flat_map(|model| &model.layer_names);
            let name = |name: &String| {
                let json = serde_json::Value::from(name.as_str()).to_string();
                (json, text!("layer"))
            };
            names.map(name).collect()
        }
        ["preprocessing" | "evaluate_preprocessing"] => {
            let model = about::model(document, facts);
            let normalizes = model.is_some_and(|model| !model.normalization_layers.is_empty());
            let reason = text!("the model normalizes its input itself");
            normalizes
                .then_some(("\"none\"".to_owned(), reason))
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The extensions of the evaluation images, the commonest first.
fn extensions(document: &Document, facts: &dyn Facts) -> Vec<(String, Text)> {
    let mentions = document.mentions();
    let folder = mentions
        .iter()
        .find(|mention| mention.role == PathRole::EvaluationImages);
    let classes = folder
        .filter(|folder| facts.entry(&folder.path) == Entry::Folder)
        .and_then(|folder| facts.class_folders(&folder.path)?.ok());
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (extension, count) in classes
        .iter()
        .flat_map(|classes| classes.values())
        .flatten()
    {
        if ["jpg", "jpeg"].contains(&extension.to_ascii_lowercase().as_str()) {
            *counts.entry(extension.clone()).or_default() += count;
        }
    }
    let mut ordered: Vec<(String, usize)> = counts.into_iter().collect();
    ordered.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let suggestion = |(extension, count): (String, usize)| {
        let json = serde_json::Value::from(extension).to_string();
        (json, images(count))
    };
    ordered.into_iter().map(suggestion).collect()
}
