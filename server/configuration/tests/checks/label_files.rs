//! Every case of `labels.txt`, and agreement with the reader that the jobs use.

use crate::case::{Expected, unmark, without_codes};
use crate::disk::output;
use configuration::labels::{LabelUse, check_labels};
use configuration::{Code, Finding};
use std::path::Path;
use std::sync::Arc;

/// One case: a label file, what it is used for, and what is expected.
pub struct LabelCase {
    pub title: String,
    pub text: String,
    pub used: Option<LabelUse>,
    pub expected: Vec<Expected>,
}

impl LabelCase {
    /// What is found in the file.
    pub fn findings(&self) -> Vec<Finding> {
        check_labels(&self.text, self.used.as_ref())
    }
}

/// Every case of `labels.txt`.
pub fn label_cases() -> Vec<LabelCase> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/configuration");
    let content = std::fs::read_to_string(folder.join("labels.txt")).unwrap();
    content.split("=== ").skip(1).map(read).collect()
}

fn read(case: &str) -> LabelCase {
    let (title, body) = case.split_once('\n').unwrap();
    let mut used: Option<LabelUse> = None;
    let (mut lines, mut codes, mut messages) = (Vec::new(), Vec::new(), Vec::new());
    for line in body.trim_end().lines() {
        if let Some(names) = line.strip_prefix("@ folders ") {
            let folders = names.split(' ').map(|name| (name.to_owned(), [].into()));
            let used = used.get_or_insert_default();
            used.classes = Some(Arc::new(folders.collect()));
            used.folder = "validation".into();
        } else if let Some(count) = line.strip_prefix("@ outputs ") {
            used.get_or_insert_default().output = Some(output(count));
        } else if let Some(message) = line.strip_prefix("> ") {
            messages.push(message.to_owned());
        } else {
            lines.push(without_codes(line, &mut codes));
        }
    }
    let (text, ranges) = unmark(&lines.join("\n"));
    assert_eq!(ranges.len(), codes.len(), "marks and codes of {title}");
    messages.resize(codes.len(), String::new());
    let expected = ranges.into_iter().zip(codes).zip(messages);
    LabelCase {
        title: format!("labels: {title}"),
        text,
        used,
        expected: expected
            .map(|((range, code), message)| Expected {
                range,
                code,
                message,
            })
            .collect(),
    }
}

#[test]
fn findings_of_every_label_file() {
    let mut failures = String::new();
    for case in label_cases() {
        let found: Vec<Expected> = case.findings().iter().map(Expected::of).collect();
        if found != case.expected {
            failures += &format!("{}\n{}\n", case.title, case.text);
            for one in found {
                let part = one.range.of(&case.text);
                failures += &format!("  {} at {part:?}\n> {}\n", one.code, one.message);
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// A file that has no error here is one that a job reads, and the other way round.
#[test]
fn the_jobs_read_what_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("labels.json");
    let others = [
        "{\"a\": 0, \"b\": 1, }",
        "{\"a\": 00}",
        "{\"a\": 18446744073709551616}",
        "{\"a\": 18446744073709551615}",
        "\u{feff}{\"a\": 0}",
        "{\"//\": 0}",
        "{\"// note\": \"x\", \"a\": 0}",
        "{\"a\": 0} {}",
        "{\"a\": 0, \"\\u0061\": 1}",
    ];
    let cases = label_cases();
    let texts = cases.iter().map(|case| case.text.as_str()).chain(others);
    for text in texts {
        std::fs::write(&file, text).unwrap();
        let sound = !check_labels(text, None).iter().any(Finding::is_error);
        assert_eq!(images::Labels::read(&file).is_ok(), sound, "{text}");
    }
}

#[test]
fn every_code_of_label_files_has_a_case() {
    let cases = label_cases();
    let covered = |code| {
        cases
            .iter()
            .flat_map(|case| &case.expected)
            .any(|one| one.code == code)
    };
    for code in [
        Code::SyntaxError,
        Code::DuplicateKey,
        Code::MalformedLabelFile,
        Code::DuplicateLabelNumber,
        Code::LabelNumberGap,
        Code::LabelOutsideModel,
        Code::LabelWithoutFolder,
    ] {
        assert!(covered(code), "{code}");
    }
}
