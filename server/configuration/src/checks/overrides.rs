//! Settings of single layers against the layers of the model and against each other.

use super::{Context, json, remove_key};
use crate::code::Code;
use crate::facts::ModelFacts;
use crate::finding::{Finding, list, quoted};
use crate::fix::Fix;
use crate::layers::{matches_layer, nearest_layers};
use crate::schema::dotted;
use crate::syntax::{Node, Value};
use localization::text;

/// Patterns that are looked at; nobody writes more by hand.
const MAX_PATTERNS: usize = 1000;

pub(super) fn check(context: &mut Context, model: Option<&ModelFacts>) {
    let Some(quantization) = context.value("quantization") else {
        return;
    };
    percentile_without_method(context, quantization);
    let entries = items(quantization.get("overrides"));
    for (position, entry) in entries.iter().enumerate() {
        bits_beside_float(context, position, entry);
    }
    if let Some(model) = model.filter(|model| !model.layer_names.is_empty()) {
        let patterns = entries.iter().enumerate().flat_map(|(position, entry)| {
            let layers = entry.get("layers");
            let several = items(layers).iter().enumerate();
            let several = several.map(move |(index, node)| (position, Some(index), node));
            let one = layers.filter(|node| node.as_str().is_some());
            one.map(|node| (position, None, node))
                .into_iter()
                .chain(several)
        });
        for (position, index, node) in patterns.take(MAX_PATTERNS) {
            matches_nothing(context, position, index, node, model);
        }
    }
}

pub(super) fn items(list: Option<&Node>) -> &[Node] {
    match list.map(|node| &node.value) {
        Some(Value::Array(items)) => items,
        _ => &[],
    }
}

/// Reports a pattern that names no layer of the model, nor a part of one.
fn matches_nothing(
    context: &mut Context,
    position: usize,
    index: Option<usize>,
    node: &Node,
    model: &ModelFacts,
) {
    let Some(pattern) = node.as_str() else {
        return;
    };
    let part_of = |name: &String| {
        pattern
            .strip_prefix(name.as_str())
            .is_some_and(|rest| rest.starts_with('/'))
    };
    let names = || model.layer_names.iter();
    if names().any(|name| matches_layer(pattern, name) || part_of(name)) {
        return;
    }
    let nearest = nearest_layers(pattern, model.layer_names.iter().map(String::as_str));
    let remedy = match nearest.is_empty() {
        true => text!("write names that Inspect shows"),
        false => text!(
            "did you mean {name}?",
            name = list(nearest.iter().copied(), 3)
        ),
    };
    let message = text!(
        "no layer of the model matches {pattern}; {remedy}",
        pattern = quoted(pattern)
    );
    let (position, index) = (position.to_string(), index.map(|index| index.to_string()));
    let mut path = vec!["quantization", "overrides", &position, "layers"];
    path.extend(index.as_deref());
    let fixes = nearest.iter().map(|name| {
        Fix::replace(
            text!("Write {name}", name = quoted(name)),
            node.range,
            json(name),
        )
    });
    let finding = Finding::new(Code::UnmatchedLayers, node.range, &path, message);
    context.findings.push(finding.with_fixes(fixes));
}

/// A layer in float has no bits to choose.
fn bits_beside_float(context: &mut Context, position: usize, entry: &Node) {
    let floats = entry.get("float").and_then(Node::as_bool) == Some(true);
    if let (true, Some(bits)) = (floats, entry.get("activation_bits")) {
        let message = text!(
            "the layers stay in float, so `activation_bits` changes nothing; remove one of the two"
        );
        let position = position.to_string();
        let path = ["quantization", "overrides", &position, "activation_bits"];
        let finding = Finding::new(Code::SettingWithoutEffect, bits.range, &path, message);
        let fix = remove_key(Some(entry), "activation_bits");
        context.findings.push(finding.with_fixes(fix));
    }
}

/// A percentile that no error method reads.
fn percentile_without_method(context: &mut Context, quantization: &Node) {
    let chosen = |node: &Node| {
        let method = node.get("activation_error_method").and_then(Node::as_str);
        method == Some("percentile")
    };
    let entries = items(quantization.get("overrides"));
    if chosen(quantization) || entries.iter().any(chosen) {
        return;
    }
    let own = quantization.get("percentile");
    let written = own.map(|node| (vec!["quantization".to_owned()], quantization, node));
    let of_entries = entries.iter().enumerate().filter_map(|(position, entry)| {
        let path = ["quantization", "overrides", &position.to_string()];
        let path = path.iter().map(|&segment| segment.to_owned()).collect();
        Some((path, entry, entry.get("percentile")?))
    });
    for (mut path, object, node) in written.into_iter().chain(of_entries) {
        path.push("percentile".to_owned());
        let message = text!(
            "no `activation_error_method` is `percentile`, so `{key}` changes nothing; remove it or choose the method",
            key = dotted(&path)
        );
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let finding = Finding::new(Code::SettingWithoutEffect, node.range, &path, message);
        let fix = remove_key(Some(object), "percentile");
        context.findings.push(finding.with_fixes(fix));
    }
}
