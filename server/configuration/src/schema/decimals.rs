//! Whole numbers that are written with a decimal point, such as `50.0`.
//!
//! JSON Schema takes them for whole numbers; the JSON services of editors and most programs that
//! read such files do not. So that all of them say the same, neither are they here.

use super::message::dotted;
use crate::code::Code;
use crate::finding::{Finding, quoted};
use crate::fix::Fix;
use crate::syntax::{Node, Value as Syntax};
use localization::text;
use serde_json::Value;

/// Added to a number, this makes it none that could be whole.
const FRACTION: f64 = 0.5;

/// A number without fraction that has a decimal point.
struct Decimal<'a> {
    path: Vec<String>,
    node: &'a Node,
    number: f64,
}

/// The findings about decimals where the schema wants whole numbers. `wrong_types` gives the paths
/// of an instance's values that have the wrong type.
pub(super) fn findings(
    instance: &Value,
    root: &Node,
    text: &str,
    wrong_types: impl Fn(&Value) -> Vec<Vec<String>>,
) -> Vec<Finding> {
    let mut decimals = Vec::new();
    collect(root, text, &mut Vec::new(), &mut decimals);
    if decimals.is_empty() {
        return Vec::new();
    }
    let mut fractional = instance.clone();
    decimals.retain(|decimal| {
        let place = at(&mut fractional, &decimal.path);
        let is_there = place.as_deref() == Some(&Value::from(decimal.number));
        if let Some(place) = place.filter(|_| is_there) {
            *place = Value::from(decimal.number + FRACTION);
        }
        is_there
    });
    let wrong = wrong_types(&fractional);
    decimals.retain(|decimal| wrong.contains(&decimal.path));
    decimals
        .iter()
        .map(|decimal| decimal.finding(text))
        .collect()
}

impl Decimal<'_> {
    fn finding(&self, text: &str) -> Finding {
        let range = self.node.range;
        let whole = self.number.to_string();
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let (name, written) = (quoted(&dotted(&path)), range.of(text));
        let message = text!("{name} is {written}, but it must be a whole number; write {whole}");
        let fix = Fix::replace(text!("Write {whole}"), range, whole).preferred();
        Finding::new(Code::WrongType, range, &path, message).with_fix(fix)
    }
}

fn collect<'a>(
    node: &'a Node,
    text: &str,
    path: &mut Vec<String>,
    decimals: &mut Vec<Decimal<'a>>,
) {
    // A large text has many members, and hardly any number with a point.
    let mut below = |name: &dyn ToString, node: &'a Node| {
        if node.range.of(text).contains('.') {
            path.push(name.to_string());
            collect(node, text, path, decimals);
            path.pop();
        }
    };
    match &node.value {
        Syntax::Object(object) => {
            for member in &object.members {
                if let Some(value) = &member.value {
                    below(&member.key.name, value);
                }
            }
        }
        Syntax::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                below(&position, item);
            }
        }
        Syntax::Number(number) => {
            let number = number.as_f64().filter(|number| number.fract() == 0.0);
            if let Some(number) = number.filter(|_| node.range.of(text).contains('.')) {
                let path = path.clone();
                decimals.push(Decimal { path, node, number });
            }
        }
        _ => {}
    }
}

fn at<'a>(value: &'a mut Value, path: &[String]) -> Option<&'a mut Value> {
    path.iter().try_fold(value, |value, segment| match value {
        Value::Object(members) => members.get_mut(segment),
        Value::Array(items) => items.get_mut(segment.parse::<usize>().ok()?),
        _ => None,
    })
}
