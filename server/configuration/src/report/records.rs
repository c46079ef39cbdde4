//! Findings as JSON for programs.

use crate::code::{Code, Severity};
use crate::finding::{Finding, Place};
use crate::fix::{Change, Replacement};
use crate::text::{ColumnUnit, LineIndex, Position, TextRange};
use localization::Text;
use serde::Serialize;
use std::path::Path;

/// A finding for programs; positions count from zero, columns in UTF-16 code units, as in the
/// Language Server Protocol.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record<'a> {
    /// The stable name of the kind of finding.
    pub code: Code,
    /// How grave it is.
    pub severity: Severity,
    /// What is wrong and what to do.
    pub message: &'a Text,
    /// Where the text at fault starts.
    pub start: Position,
    /// Where it ends.
    pub end: Position,
    /// Path of member names to the value at fault.
    pub path: &'a [String],
    /// The page and anchor that explain the code.
    pub documentation: String,
    /// Other places that belong to the finding.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<RelatedRecord<'a>>,
    /// Ways to put it right, the best one first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fixes: Vec<FixRecord<'a>>,
}

/// Another place for programs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RelatedRecord<'a> {
    /// The file, where it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<&'a Path>,
    /// Where the place starts.
    pub start: Position,
    /// Where it ends.
    pub end: Position,
    /// What is there.
    pub message: &'a Text,
}

/// A proposed fix for programs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FixRecord<'a> {
    /// What it does.
    pub title: &'a Text,
    /// Whether it is most probably what is wanted.
    pub preferred: bool,
    /// All that has to be done.
    pub changes: Vec<ChangeRecord<'a>>,
}

/// A part of a fix for programs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum ChangeRecord<'a> {
    /// Text to write in place of other text.
    Text {
        /// The file, where it is another one.
        #[serde(skip_serializing_if = "Option::is_none")]
        file: Option<&'a Path>,
        /// Where the old text starts.
        start: Position,
        /// Where it ends.
        end: Position,
        /// The new text.
        text: &'a str,
    },
    /// A folder to create.
    CreateFolder {
        /// The folder.
        path: &'a Path,
    },
    /// A file to create.
    WriteFile {
        /// The file.
        path: &'a Path,
        /// Its content.
        text: &'a str,
    },
}

/// Findings about `text` as [`Record`]s.
pub fn records<'a>(text: &str, findings: &'a [Finding]) -> Vec<Record<'a>> {
    let index = LineIndex::new(text);
    let places = |range: TextRange| {
        let position = |offset| index.position(text, offset, ColumnUnit::Utf16);
        (position(range.start), position(range.end))
    };
    let change = |change: &'a Change| match change {
        Change::Text(Replacement { range, text }) => {
            let (start, end) = places(*range);
            ChangeRecord::Text {
                file: None,
                start,
                end,
                text,
            }
        }
        Change::OtherText {
            path,
            start,
            end,
            text,
        } => ChangeRecord::Text {
            file: Some(path),
            start: *start,
            end: *end,
            text,
        },
        Change::CreateFolder(path) => ChangeRecord::CreateFolder { path },
        Change::WriteFile { path, text } => ChangeRecord::WriteFile { path, text },
    };
    findings
        .iter()
        .map(|finding| {
            let (start, end) = places(finding.range);
            let related = finding.related.iter().map(|related| {
                let (file, (start, end)) = match &related.place {
                    Place::Here(range) => (None, places(*range)),
                    Place::File { path, start, end } => (Some(path.as_path()), (*start, *end)),
                };
                RelatedRecord {
                    file,
                    start,
                    end,
                    message: &related.message,
                }
            });
            let fixes = finding.fixes.iter().map(|fix| FixRecord {
                title: &fix.title,
                preferred: fix.preferred,
                changes: fix.changes.iter().map(change).collect(),
            });
            Record {
                code: finding.code,
                severity: finding.severity(),
                message: &finding.message,
                start,
                end,
                path: &finding.path,
                documentation: finding.code.documentation(),
                related: related.collect(),
                fixes: fixes.collect(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fix::Fix;

    #[test]
    fn records_count_in_utf16() {
        let text = "{\n\"𝄞\": 0}";
        let range = TextRange::new(text.find('0').unwrap(), text.find('}').unwrap());
        let mut finding = Finding::new(
            Code::OutOfRange,
            range,
            &["key"],
            Text::verbatim("it is wrong"),
        )
        .with_fix(Fix::replace(Text::verbatim("Write 1"), range, "1".to_owned()).preferred())
        .with_related(TextRange::new(2, 8), Text::verbatim("the key"));
        finding.fixes.push(Fix::change(
            Text::verbatim("Create"),
            Change::CreateFolder("/a".into()),
        ));
        let json = serde_json::to_value(records(text, &[finding])).unwrap();
        let place = |line, column| serde_json::json!({"line": line, "column": column});
        assert_eq!(
            json,
            serde_json::json!([{
                "code": "out-of-range",
                "severity": "error",
                "message": "it is wrong",
                "start": place(1, 6),
                "end": place(1, 7),
                "path": ["key"],
                "documentation": "docs/diagnostics.md#out-of-range",
                "related": [{"start": place(1, 0), "end": place(1, 4), "message": "the key"}],
                "fixes": [
                    {"title": "Write 1", "preferred": true, "changes": [
                        {"change": "text", "start": place(1, 6), "end": place(1, 7), "text": "1"},
                    ]},
                    {"title": "Create", "preferred": false, "changes": [
                        {"change": "create-folder", "path": "/a"},
                    ]},
                ],
            }])
        );
    }
}
