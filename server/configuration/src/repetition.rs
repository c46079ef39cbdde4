//! Keys that stand twice in one object.

use crate::code::Code;
use crate::edit::remove_member;
use crate::finding::{Finding, MAX_FINDINGS, quoted};
use crate::fix::{Change, Fix};
use crate::schema::is_comment_key;
use crate::syntax::{Node, Value};
use localization::{phrase, text};
use std::collections::HashMap;

/// Reports keys that stand twice in an object. Readers of JSON keep the last one, without a word.
pub(crate) fn repeated_keys(root: &Node) -> Vec<Finding> {
    let mut findings = Vec::new();
    below(root, &mut Vec::new(), &mut findings);
    findings
}

fn below(node: &Node, path: &mut Vec<String>, findings: &mut Vec<Finding>) {
    let members = match &node.value {
        Value::Object(object) => &object.members,
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                path.push(position.to_string());
                below(item, path, findings);
                path.pop();
            }
            return;
        }
        _ => return,
    };
    let mut first = HashMap::new();
    for (position, member) in members.iter().enumerate() {
        let name = member.key.name.as_str();
        path.push(name.to_owned());
        match first.get(name) {
            Some(&range) if !is_comment_key(name) && findings.len() < MAX_FINDINGS => {
                let shown = quoted(name);
                let place: Vec<&str> = path.iter().map(String::as_str).collect();
                let message = text!(
                    "the key {shown} stands here a second time, and only one value can hold; remove one of them"
                );
                let finding = Finding::new(Code::DuplicateKey, member.key.range, &place, message)
                    .with_related(range, text!("{shown} stands here first"));
                let removal = remove_member(node, position).map(|removal| {
                    Fix::change(phrase!("Remove the second one"), Change::Text(removal))
                });
                findings.push(removal.into_iter().fold(finding, Finding::with_fix));
            }
            Some(_) => {}
            None => {
                first.insert(name, member.key.range);
            }
        }
        if let Some(value) = &member.value {
            below(value, path, findings);
        }
        path.pop();
    }
}
