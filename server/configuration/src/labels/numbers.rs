//! The numbers of a label file: every one from 0 up, each once.

use super::Label;
use crate::code::Code;
use crate::finding::{Finding, MAX_FINDINGS, quoted};
use crate::fix::{Change, Fix, Replacement};
use localization::text;
use std::collections::HashMap;

/// Checks labels whose entries are sound.
pub(super) fn check(labels: &[Label], findings: &mut Vec<Finding>) {
    let count = labels.len();
    let mut first: HashMap<usize, &Label> = HashMap::with_capacity(count);
    let mut wrong = Vec::new();
    for label in labels {
        if label.number >= count {
            wrong.push((label, None));
        } else if let Some(&earlier) = first.get(&label.number) {
            wrong.push((label, Some(earlier)));
        } else {
            first.insert(label.number, label);
        }
    }
    if wrong.is_empty() {
        return;
    }
    // As many numbers are unused as are wrong; in this order they are the next guess.
    let unused = (0..count).filter(|number| !first.contains_key(number));
    // Numbers that are all different keep their order when they are counted anew; where two are
    // equal, the one that is free is the better guess.
    let distinct = wrong.iter().all(|(_, earlier)| earlier.is_none());
    let renumbering = renumbering(labels, distinct);
    for ((label, earlier), free) in wrong.into_iter().zip(unused).take(MAX_FINDINGS) {
        let write = Fix::replace(text!("Write {free}"), label.value, free.to_string());
        let fixes = match distinct {
            true => [renumbering.clone(), write],
            false => [write.preferred(), renumbering.clone()],
        };
        findings.push(finding(label, earlier, count, free).with_fixes(fixes));
    }
}

fn finding(label: &Label, earlier: Option<&Label>, count: usize, free: usize) -> Finding {
    let (shown, number) = (quoted(&label.name), label.number);
    let path = [label.name.as_str()];
    match earlier {
        Some(earlier) => {
            let message = text!(
                "{shown} has the number {number}, which is also that of {other}, but each class needs its own; {free} is not used",
                other = quoted(&earlier.name)
            );
            Finding::new(Code::DuplicateLabelNumber, label.value, &path, message)
                .with_related(earlier.value, text!("{number} stands here first"))
        }
        None => {
            let message = text!(
                "{shown} has the number {number}, but {count} classes have the numbers from 0 to {most}; {free} is not used",
                most = count.saturating_sub(1)
            );
            Finding::new(Code::LabelNumberGap, label.value, &path, message)
        }
    }
}

/// New numbers for all classes, in the order of those they have.
fn renumbering(labels: &[Label], preferred: bool) -> Fix {
    let mut ordered: Vec<&Label> = labels.iter().collect();
    ordered.sort_by_key(|label| (label.number, label.key));
    let changes = ordered
        .iter()
        .enumerate()
        .filter(|(number, label)| label.number != *number)
        .map(|(number, label)| {
            Change::Text(Replacement {
                range: label.value,
                text: number.to_string(),
            })
        });
    Fix {
        title: text!("Number all classes anew, in this order"),
        preferred,
        changes: changes.collect(),
    }
}
