//! What the report of the last quantization advises, as long as it is about this configuration and
//! this model.

use super::{Context, Inputs, json};
use crate::code::Code;
use crate::edit::add_members;
use crate::facts::AdvicePiece;
use crate::finding::Finding;
use crate::fix::{Change, Fix, Replacement, apply};
use crate::schema::{CONFIGURATION, validate};
use crate::settings::read_by_quantize;
use crate::syntax::{Node, parse};
use crate::text::TextRange;
use localization::text;
use serde_json::Value;

const OUTPUT: &str = "output_dir";
const REPORT: &str = "quantization_report.json";

/// Advice about a key that is not there is shown at the model, which it is about.
const MODEL: &str = "source_keras_model";

pub(super) fn check(context: &mut Context, inputs: &Inputs) {
    let (Some(output), Some(model)) = (context.path(OUTPUT), &inputs.model) else {
        return;
    };
    let report = output.join(REPORT);
    let Some(reported) = context.facts.advice(&report) else {
        return;
    };
    let time = |path| context.facts.modified(path);
    if time(model) > time(&report) {
        return;
    }
    let proposed: Vec<&[String]> = reported
        .pieces
        .iter()
        .filter(|piece| piece.value.is_some())
        .map(|piece| piece.path.as_slice())
        .collect();
    // Following one piece of advice does not make the others wrong.
    let (now, then) = (read_by_quantize(context.root), &reported.configuration);
    if without(&now, &proposed) != without(then, &proposed) {
        return;
    }
    for piece in &reported.pieces {
        let followed = at(&now, &piece.path) != at(then, &piece.path);
        if piece.code.is_advice() && !followed && !is_said(context, piece.code) {
            report_piece(context, piece);
        }
    }
}

/// Whether a check of what is written says the same.
fn is_said(context: &Context, code: Code) -> bool {
    let mut findings = context.findings.iter();
    matches!(code, Code::UnfittingNormalization | Code::UnfamiliarInputs)
        && findings.any(|finding| finding.code == Code::NormalizedTwice)
}

fn report_piece(context: &mut Context, piece: &AdvicePiece) {
    let Some(range) = place(context.root, &piece.path) else {
        return;
    };
    let path: Vec<&str> = piece.path.iter().map(String::as_str).collect();
    let finding = Finding::new(piece.code, range, &path, piece.message.clone());
    let fix = piece
        .value
        .as_ref()
        .and_then(|value| setting(context, &piece.path, value));
    context.findings.push(finding.with_fixes(fix));
}

/// The value at a path, or the key that it would be below, or the model.
fn place(root: &Node, path: &[String]) -> Option<TextRange> {
    if let Some(value) = descend(root, path) {
        return Some(value.range);
    }
    let object = root.as_object()?;
    let first = path.first()?;
    match object.member(first) {
        Some(member) => Some(member.key.range),
        None => Some(root.get(MODEL)?.range),
    }
}

fn descend<'a>(root: &'a Node, path: &[String]) -> Option<&'a Node> {
    path.iter().try_fold(root, |node, name| node.get(name))
}

fn at<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, name| value.get(name))
}

/// The value without the members at some paths, and without objects that this leaves empty.
fn without(value: &Value, paths: &[&[String]]) -> Value {
    fn remove(value: &mut Value, path: &[String]) {
        let (Some(object), Some((first, rest))) = (value.as_object_mut(), path.split_first())
        else {
            return;
        };
        let is_empty = |value: &Value| value.as_object().is_some_and(|object| object.is_empty());
        if let Some(inner) = object.get_mut(first) {
            remove(inner, rest);
            if rest.is_empty() || is_empty(inner) {
                object.remove(first);
            }
        }
    }
    let mut value = value.clone();
    for path in paths {
        remove(&mut value, path);
    }
    value
}

/// A fix that sets the value at a path, if the schema allows it there.
pub(super) fn setting(context: &Context, path: &[String], value: &Value) -> Option<Fix> {
    let text = context.document.text();
    let replacement = replacement(text, context.root, path, value)?;
    let changed = apply(text, &[&replacement]);
    let parsed = parse(&changed);
    let root = parsed.root.as_ref()?;
    let problems = |root: &Node, text: &str| validate(&CONFIGURATION, root, text).len();
    if problems(root, &changed) > problems(context.root, text) {
        return None;
    }
    let title = text!(
        "Set `{path}` to {value}",
        path = path.join("."),
        value = written(value)
    );
    Some(Fix::change(title, Change::Text(replacement)))
}

fn replacement(text: &str, root: &Node, path: &[String], value: &Value) -> Option<Replacement> {
    if let Some(present) = descend(root, path) {
        let (range, text) = (present.range, written(value));
        return Some(Replacement { range, text });
    }
    // The longest part of the path that is there; the rest is added below it.
    let depth = (0..path.len())
        .rev()
        .find(|&depth| descend(root, &path[..depth]).is_some())?;
    let object = descend(root, &path[..depth])?;
    let (name, inner) = path[depth..].split_first()?;
    let nested = inner.iter().rev().fold(written(value), |value, name| {
        format!("{{{}: {value}}}", json(name))
    });
    add_members(text, object, &[(json(name), nested)])
}

/// JSON on one line, with a space behind colons and commas.
fn written(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(written).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{}: {}", json(name), written(value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        other => other.to_string(),
    }
}
