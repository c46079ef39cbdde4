use crate::disk::FakeDisk;
use configuration::text::TextRange;
use configuration::{Code, Document, Finding};
use std::path::Path;

const BASE: &str = r#"{
  "source_keras_model": "model.h5",
  "dataset_image_dir": "dataset/training",
  "batch_size": 50,
  "input_tensor_size": 224,
  "iteration_count": 10,
  "output_dir": "output",
  "evaluate_image_dir": "dataset/validation",
  "evaluate_image_extension": "jpg",
  "evaluate_label_file": "dataset/labels.json",
  "evaluate_result_dir": "results"
}"#;

/// One case of a fixture file.
pub struct Case {
    pub title: String,
    pub text: String,
    pub disk: FakeDisk,
    pub expected: Vec<Expected>,
}

impl Case {
    /// The text as the content of a configuration on the made-up disk.
    pub fn document(&self) -> Document {
        document(&self.text)
    }

    /// What is found in it.
    pub fn findings(&self) -> Vec<Finding> {
        self.document().check(&self.disk)
    }
}

/// A text as the content of the configuration on the made-up disk.
pub fn document(text: &str) -> Document {
    let file = Path::new(FakeDisk::FOLDER).join("configuration.json");
    Document::new(text.to_owned(), &file)
}

/// A finding as the fixture states it.
#[derive(Debug, PartialEq)]
pub struct Expected {
    pub range: TextRange,
    pub code: Code,
    pub message: String,
}

impl Expected {
    /// A finding in the form of the fixtures.
    pub fn of(finding: &Finding) -> Expected {
        Expected {
            range: finding.range,
            code: finding.code,
            message: finding.message.to_string(),
        }
    }
}

/// Every case of every fixture file, with the name of its file in the title.
pub fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/configuration");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .filter(|path| {
            path.file_stem()
                .is_some_and(|stem| stem != "labels" && stem != "help")
        })
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
        .iter()
        .flat_map(|file| {
            let content = std::fs::read_to_string(file).unwrap();
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            content
                .split("=== ")
                .skip(1)
                .map(move |case| read(&name, case))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn read(file: &str, case: &str) -> Case {
    let (title, body) = case.split_once('\n').unwrap();
    let mut disk = FakeDisk::default();
    let mut lines = Vec::new();
    let mut codes = Vec::new();
    let mut messages = Vec::new();
    for line in body.trim_end().lines() {
        if let Some(fact) = line.strip_prefix("@ ") {
            disk.set(fact);
        } else if let Some(message) = line.strip_prefix("> ") {
            messages.push(message.to_owned());
        } else {
            lines.push(without_codes(line, &mut codes));
        }
    }
    let marked = match title.starts_with("whole text") {
        true => lines.join("\n"),
        false => merge(&lines),
    };
    let (text, ranges) = unmark(&marked);
    assert_eq!(ranges.len(), codes.len(), "marks and codes of {title}");
    messages.resize(codes.len(), String::new());
    let expected = ranges.into_iter().zip(codes).zip(messages);
    Case {
        title: format!("{file}: {title}"),
        text,
        disk,
        expected: expected
            .map(|((range, code), message)| Expected {
                range,
                code,
                message,
            })
            .collect(),
    }
}

/// Splits the codes off the end of a line.
pub fn without_codes(line: &str, codes: &mut Vec<Code>) -> String {
    let Some((content, names)) = line.rsplit_once(" //= ") else {
        return line.to_owned();
    };
    codes.extend(
        names
            .split(", ")
            .map(|name| Code::from_name(name).expect(name)),
    );
    content.to_owned()
}

/// Puts lines in place of the base's lines with the same key, or behind them.
fn merge(lines: &[String]) -> String {
    let mut merged: Vec<String> = BASE
        .lines()
        .map(|line| line.trim_end_matches(',').to_owned())
        .collect();
    for line in lines.iter().filter(|line| !line.trim().is_empty()) {
        let removed = line.strip_prefix("- ");
        let key = removed.map_or_else(|| key(line), str::to_owned);
        let place = merged.iter().position(|present| self::key(present) == key);
        match (place, removed) {
            (Some(place), Some(_)) => {
                merged.remove(place);
            }
            (Some(place), None) => merged[place] = format!("  {line}"),
            (None, _) => merged.insert(merged.len() - 1, format!("  {line}")),
        }
    }
    let last = merged.len() - 1;
    let (first, rest) = merged.split_at(1);
    let (members, close) = rest.split_at(last - 1);
    format!("{}\n{}\n{}", first[0].trim(), members.join(",\n"), close[0])
}

fn key(line: &str) -> String {
    let bare = line.replace(['⟦', '⟧'], "");
    let key: String = bare
        .trim()
        .chars()
        .take_while(|&next| next != ':')
        .collect();
    key.trim_matches('"').to_owned()
}

/// The text without marks, and the ranges between them in the order of their starts.
pub fn unmark(marked: &str) -> (String, Vec<TextRange>) {
    let mut text = String::new();
    let mut ranges = Vec::new();
    let mut open = Vec::new();
    for character in marked.chars() {
        match character {
            '⟦' => {
                open.push(ranges.len());
                ranges.push(TextRange::at(text.len()));
            }
            '⟧' => ranges[open.pop().unwrap()].end = text.len(),
            _ => text.push(character),
        }
    }
    (text, ranges)
}
