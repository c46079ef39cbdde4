//! The entries of a label file.

use super::{Label, malformed};
use crate::finding::{Finding, MAX_FINDINGS, quoted};
use crate::fix::{Change, Fix, Replacement};
use crate::schema::shown;
use crate::syntax::{Node, Object, Value};
use crate::text::TextRange;
use localization::{phrase, text};
use serde_json::json;

/// The sound entries; what is wrong with the others goes to `findings`.
pub(super) fn read(object: &Object, findings: &mut Vec<Finding>) -> Vec<Label> {
    let mut labels = Vec::with_capacity(object.members.len());
    let swapped = swap(object);
    for member in &object.members {
        let Some(value) = &member.value else {
            continue;
        };
        let name = &member.key.name;
        let number = match &value.value {
            Value::Number(number) => number.as_u64().and_then(|id| usize::try_from(id).ok()),
            _ => None,
        };
        if findings.len() > MAX_FINDINGS {
            break;
        }
        if name.is_empty() {
            let message = phrase!("the class name is empty; write the name of the class's folder");
            findings.push(malformed(member.key.range, message));
        }
        let Some(number) = number else {
            findings.push(not_a_number(name, value, swapped.as_ref()));
            continue;
        };
        labels.push(Label {
            name: name.clone(),
            number,
            key: member.key.range,
            value: value.range,
        });
    }
    labels
}

fn not_a_number(name: &str, value: &Node, swapped: Option<&Fix>) -> Finding {
    let shown = value
        .to_json()
        .map_or_else(|| text!("no value"), |json| shown(&json));
    let finding = malformed(
        value.range,
        text!(
            "the class {name} has {shown} where its position in the model's output belongs; write a whole number from 0",
            name = quoted(name)
        ),
    );
    let unquoted = value
        .as_str()
        .map(str::trim)
        .filter(|text| text.parse::<u32>().is_ok());
    let whole = match &value.value {
        Value::Number(_) => value.as_integer().map(|number| number.to_string()),
        _ => unquoted.map(str::to_owned),
    };
    let rewritten =
        whole.map(|number| Fix::replace(text!("Write {number}"), value.range, number).preferred());
    let fixes = rewritten.or_else(|| swapped.cloned());
    fixes.into_iter().fold(finding, Finding::with_fix)
}

/// `{"0": "daisy"}` the right way round, where all entries are like that.
fn swap(object: &Object) -> Option<Fix> {
    let changes: Option<Vec<Change>> = object
        .members
        .iter()
        .map(|member| {
            let number: u32 = member.key.name.trim().parse().ok()?;
            let value = member.value.as_ref()?;
            let name = value.as_str()?;
            let replacement = Replacement {
                range: TextRange::new(member.key.range.start, value.range.end),
                text: format!("{}: {number}", json!(name)),
            };
            Some(Change::Text(replacement))
        })
        .collect();
    Some(Fix {
        title: text!("Swap names and numbers"),
        preferred: true,
        changes: changes?,
    })
}

/// A file whose value is something else than an object. A list of names has an obvious meaning.
pub(super) fn not_an_object(root: &Node) -> Finding {
    let finding = malformed(
        root.range,
        phrase!(
            "the label file must be a JSON object of class names and numbers; write for example {{\"daisy\": 0, \"roses\": 1}}"
        ),
    );
    let Value::Array(items) = &root.value else {
        return finding;
    };
    let names: Option<Vec<&str>> = items.iter().map(Node::as_str).collect();
    let Some(names) = names.filter(|names| !names.is_empty()) else {
        return finding;
    };
    let object = write(names.into_iter());
    finding
        .with_fix(Fix::replace(phrase!("Number the names from 0"), root.range, object).preferred())
}

/// The text of a label file that numbers the names from 0.
pub(crate) fn write<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let entries: Vec<String> = names
        .enumerate()
        .map(|(number, name)| format!("  {}: {number}", json!(name)))
        .collect();
    format!("{{\n{}\n}}", entries.join(",\n"))
}
