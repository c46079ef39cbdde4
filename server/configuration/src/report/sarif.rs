//! Findings as SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format").

use crate::code::{Code, Severity};
use crate::finding::{Finding, Place};
use crate::fix::Fix;
use crate::text::{ColumnUnit, LineIndex, Position, TextRange};
use serde_json::{Value, json};
use std::path::Path;

/// The log of one run over one file. `file` is the path as it was given, `version` that of the
/// program. Lines and columns count from one, columns in UTF-16 code units (section 3.14.17).
pub fn sarif(file: &str, text: &str, findings: &[Finding], version: &str) -> Value {
    let index = LineIndex::new(text);
    let position = |offset| index.position(text, offset, ColumnUnit::Utf16);
    let region = |range: TextRange| region(position(range.start), position(range.end));
    let here = json!({ "uri": file_uri(Path::new(file)) });
    let results: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let mut result = json!({
                "ruleId": finding.code.name(),
                "ruleIndex": Code::ALL.iter().position(|code| *code == finding.code),
                "level": level(finding.severity()),
                "message": { "text": finding.message },
                "locations": [{
                    "physicalLocation": { "artifactLocation": here, "region": region(finding.range) },
                }],
            });
            let related: Vec<Value> = finding
                .related
                .iter()
                .map(|related| {
                    let (location, region) = match &related.place {
                        Place::Here(range) => (here.clone(), region(*range)),
                        Place::File { path, start, end } => {
                            (json!({ "uri": file_uri(path) }), self::region(*start, *end))
                        }
                    };
                    json!({
                        "physicalLocation": { "artifactLocation": location, "region": region },
                        "message": { "text": related.message },
                    })
                })
                .collect();
            if !related.is_empty() {
                result["relatedLocations"] = related.into();
            }
            let fixes: Vec<Value> = finding
                .fixes
                .iter()
                .filter_map(|fix| self::fix(fix, &here, &region))
                .collect();
            if !fixes.is_empty() {
                result["fixes"] = fixes.into();
            }
            result
        })
        .collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "model-quantizer",
                "version": version,
                "rules": Code::ALL.iter().copied().map(rule).collect::<Vec<Value>>(),
            }},
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    })
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.name(),
        "shortDescription": { "text": code.summary() },
        "help": { "text": format!("See {}", code.documentation()) },
        "defaultConfiguration": { "level": level(code.severity()) },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Hint => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

fn region(start: Position, end: Position) -> Value {
    json!({
        "startLine": start.line + 1,
        "startColumn": start.column + 1,
        "endLine": end.line + 1,
        "endColumn": end.column + 1,
    })
}

/// A fix that changes nothing but the text; SARIF knows no others.
fn fix(fix: &Fix, here: &Value, region: &dyn Fn(TextRange) -> Value) -> Option<Value> {
    let replacements: Vec<Value> = fix
        .replacements()?
        .into_iter()
        .map(|replacement| {
            json!({
                "deletedRegion": region(replacement.range),
                "insertedContent": { "text": replacement.text },
            })
        })
        .collect();
    Some(json!({
        "description": { "text": fix.title },
        "artifactChanges": [{ "artifactLocation": here, "replacements": replacements }],
    }))
}

fn file_uri(path: &Path) -> String {
    let shown = path.to_string_lossy();
    match path.is_absolute() {
        // The drive of a Windows path has no slash before it.
        true if !shown.starts_with('/') => format!("file:///{}", uri(&shown)),
        true => format!("file://{}", uri(&shown)),
        false => uri(&shown),
    }
}

/// A path as a relative reference (RFC 3986): reserved and other characters in percent encoding.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    let slashes = path.replace(std::path::MAIN_SEPARATOR, "/");
    for byte in slashes.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
