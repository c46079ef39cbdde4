//! Changes that are offered at a place in the text.

use crate::code::Code;
use crate::document::Document;
use crate::edit::add_members;
use crate::finding::Finding;
use crate::fix::{Change, Fix, Replacement};
use crate::schema::keys;
use crate::text::TextRange;
use localization::text;

/// A change that is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// The change.
    pub fix: Fix,
    /// Which of the findings it puts right; `None` where it concerns several or none.
    pub finding: Option<usize>,
}

/// The changes offered at `range`: fixes of the findings there, then those of the whole text.
/// `findings` are those of [`Document::check`], also those that an editor's JSON service reports.
pub fn actions(document: &Document, range: TextRange, findings: &[Finding]) -> Vec<Action> {
    let touches = |place: TextRange| place.start <= range.end && range.start <= place.end;
    let mut actions: Vec<Action> = findings
        .iter()
        .enumerate()
        .filter(|(_, finding)| touches(finding.range))
        .flat_map(|(position, finding)| {
            finding.fixes.iter().map(move |fix| Action {
                fix: fix.clone(),
                finding: Some(position),
            })
        })
        .collect();
    let whole = [add_missing(document, findings), fix_all(findings)];
    actions.extend(
        whole
            .into_iter()
            .flatten()
            .map(|fix| Action { fix, finding: None }),
    );
    actions
}

/// The addition of all required keys that are missing, in the order of the schema.
fn add_missing(document: &Document, findings: &[Finding]) -> Option<Fix> {
    let missing = |key: &str| {
        findings.iter().any(|finding| {
            finding.code == Code::MissingKey
                && finding.path.len() == 1
                && finding.key() == Some(key)
        })
    };
    let members: Vec<(String, String)> = keys(&[])
        .into_iter()
        .filter(|help| missing(&help.key))
        .map(|help| {
            let value = help.default.unwrap_or_else(|| "null".to_owned());
            (format!("\"{}\"", help.key), value)
        })
        .collect();
    // A single one is added by the fix of its finding.
    if members.len() < 2 {
        return None;
    }
    let addition = add_members(document.text(), document.root()?, &members)?;
    let title = text!("Add the {count} missing keys", count = members.len());
    Some(Fix::change(title, Change::Text(addition)).preferred())
}

/// Everything that has a preferred fix, where the fixes do not get into each other's way.
fn fix_all(findings: &[Finding]) -> Option<Fix> {
    let mut chosen: Vec<&Replacement> = Vec::new();
    let mut count = 0;
    for finding in findings
        .iter()
        .filter(|finding| finding.code != Code::MissingKey)
    {
        let preferred = finding.fixes.iter().find(|fix| fix.preferred);
        let Some(replacements) = preferred.and_then(Fix::replacements) else {
            continue;
        };
        let apart = |new: &&Replacement| {
            chosen
                .iter()
                .all(|old| new.range.end < old.range.start || old.range.end < new.range.start)
        };
        if replacements.iter().all(apart) {
            chosen.extend(replacements);
            count += 1;
        }
    }
    (count >= 2).then(|| Fix {
        title: text!("Fix {count} problems"),
        preferred: false,
        changes: chosen.into_iter().cloned().map(Change::Text).collect(),
    })
}
