//! Hovers, completions, links, lenses, hints and actions: the cases of
//! `tests/fixtures/configuration/help.txt` with what they give.

use crate::case::document;
use crate::disk::FakeDisk;
use crate::expected::expect_file;
use configuration::assist::{
    self, Completion, CompletionKind, LensCommand, actions, complete, hover, inlay_hints, lenses,
    links,
};
use configuration::text::TextRange;
use configuration::{Document, Replacement, apply};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Runs every case and puts its results behind it. The file that comes out is the file that went
/// in, when all is as expected.
#[test]
fn help_of_every_case() {
    let content = std::fs::read_to_string(help_file()).unwrap();
    let mut cases = content.split("=== ");
    let mut written = cases.next().unwrap().to_owned();
    for case in cases {
        let inputs = inputs(case);
        let _ = write!(
            written,
            "=== {}\n{}\n",
            inputs.join("\n").trim_end(),
            results(&inputs)
        );
    }
    expect_file("help.txt", &format!("{}\n", written.trim_end()));
}

/// A case of help, as its fixture states it.
pub struct HelpCase {
    pub title: String,
    pub document: Document,
    /// Where the cursor is.
    pub offset: usize,
    pub disk: FakeDisk,
}

/// Every case of help.
pub fn help_cases() -> Vec<HelpCase> {
    let content = std::fs::read_to_string(help_file()).unwrap();
    let cases = content.split("=== ").skip(1);
    cases.map(|case| read(&inputs(case))).collect()
}

fn help_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/configuration/help.txt")
}

/// The lines of a case without those that say what comes out.
fn inputs(case: &str) -> Vec<&str> {
    let lines = case.trim_end().lines();
    lines
        .filter(|line| !line.starts_with("> ") && *line != ">")
        .collect()
}

fn read(inputs: &[&str]) -> HelpCase {
    let (title, lines) = inputs.split_first().unwrap();
    let mut disk = FakeDisk::default();
    let mut text = Vec::new();
    for line in lines {
        match line.strip_prefix("@ ") {
            Some(fact) => disk.set(fact),
            None => text.push(*line),
        }
    }
    let marked = text.join("\n");
    HelpCase {
        title: (*title).to_owned(),
        offset: marked.find('|').unwrap_or(0),
        document: document(&marked.replacen('|', "", 1)),
        disk,
    }
}

/// The results of a case, each line behind `> `.
fn results(inputs: &[&str]) -> String {
    let HelpCase {
        title,
        document,
        offset,
        disk,
    } = read(inputs);
    let operation = title.split(':').next().unwrap();
    let shown = match operation {
        "complete" => completions(&document, offset, &disk),
        "hover" => hovered(&document, offset, &disk),
        "links" => linked(&document, &disk),
        "lenses" => lensed(&document, &disk),
        "hints" => hinted(&document, &disk),
        "actions" => acted(&document, offset, &disk),
        _ => panic!("nothing is called {operation}"),
    };
    let lines = shown.trim_end().lines();
    lines
        .map(|line| format!("> {line}").trim_end().to_owned() + "\n")
        .collect()
}

/// Every proposal with its detail, and the text once the first one is taken.
fn completions(document: &Document, offset: usize, disk: &FakeDisk) -> String {
    let completions = complete(document, offset, disk);
    let mut shown = String::new();
    for completion in &completions {
        let kind = match completion.kind {
            CompletionKind::Key => "key",
            CompletionKind::Value => "value",
            CompletionKind::File => "file",
            CompletionKind::Folder => "folder",
        };
        let again = if completion.again { " …" } else { "" };
        let detail = &completion.detail;
        let _ = writeln!(shown, "{kind} {}{again} ({detail})", completion.label);
    }
    if let Some(first) = completions.first() {
        let _ = write!(shown, "taken:\n{}", taken(document.text(), first));
    }
    if completions.is_empty() {
        "nothing".to_owned()
    } else {
        shown
    }
}

fn taken(text: &str, completion: &Completion) -> String {
    let changes: Vec<&Replacement> = completion.also.iter().chain([&completion.edit]).collect();
    apply(text, &changes)
}

fn hovered(document: &Document, offset: usize, disk: &FakeDisk) -> String {
    match hover(document, offset, disk) {
        Some(hover) => format!("at {}\n{}", hover.range.of(document.text()), hover.markdown),
        None => "nothing".to_owned(),
    }
}

fn linked(document: &Document, disk: &FakeDisk) -> String {
    let links = links(document, disk).into_iter();
    let shown = links.map(|link| {
        let written = link.range.of(document.text());
        let kind = if link.is_folder { "folder" } else { "file" };
        format!(
            "{written} → {kind} {} ({})\n",
            link.target.display(),
            link.tooltip
        )
    });
    shown.collect()
}

fn lensed(document: &Document, disk: &FakeDisk) -> String {
    let shown = lenses(document, disk).into_iter().map(|lens| {
        let report = match &lens.command {
            LensCommand::OpenReport(path) => format!(" {}", path.display()),
            LensCommand::Quantize | LensCommand::Evaluate => String::new(),
        };
        format!("{}{report}\n", lens.title)
    });
    shown.collect()
}

fn hinted(document: &Document, disk: &FakeDisk) -> String {
    let text = document.text();
    let hints = inlay_hints(document, TextRange::new(0, text.len()), disk);
    let shown = hints.into_iter().map(|hint| {
        let line = text[..hint.offset].lines().last().unwrap();
        format!("{} → {} ({})\n", line.trim(), hint.label, hint.tooltip)
    });
    shown.collect()
}

fn acted(document: &Document, offset: usize, disk: &FakeDisk) -> String {
    let findings = document.check(disk);
    let mut shown = String::new();
    for action in actions(document, TextRange::at(offset), &findings) {
        let mark = if action.fix.preferred { "*" } else { "" };
        let code = action
            .finding
            .map_or("whole text", |position| findings[position].code.name());
        let _ = writeln!(shown, "{}{mark} ({code})", action.fix.title);
        match action.fix.replacements() {
            Some(replacements) => {
                let changed = apply(document.text(), &replacements);
                let _ = writeln!(shown, "{}", changed.replace('\n', "\n  "));
            }
            None => {
                let _ = writeln!(shown, "{:?}", action.fix.changes);
            }
        }
    }
    shown
}

/// Text of a user stays inside code spans: no heading, link, image or command appears in a hover.
#[test]
fn hovers_show_hostile_names_as_text() {
    let mut disk = FakeDisk::default();
    disk.set("classes `](command:x)<img>/jpg=1 [a](b)/jpg=2");
    disk.set("labels [a](command:x) `<b>`");
    let text = r#"{"evaluate_image_dir": "dataset/validation", "evaluate_label_file": "dataset/labels.json"}"#;
    for key in ["evaluate_image_dir", "evaluate_label_file"] {
        let offset = text.find(key).unwrap();
        let markdown = hover(&document(text), offset, &disk)
            .unwrap()
            .markdown
            .to_string();
        // Outside of code spans nothing of the names is left.
        let mut outside = String::new();
        let mut rest = markdown.as_str();
        while let Some(start) = rest.find('`') {
            outside += &rest[..start];
            let fence = rest[start..]
                .chars()
                .take_while(|&next| next == '`')
                .count();
            let mark = "`".repeat(fence);
            let end = rest[start + fence..].find(&mark).unwrap();
            rest = &rest[start + fence + end + fence..];
        }
        outside += rest;
        assert!(
            !outside.contains("command:") && !outside.contains('<'),
            "{markdown}"
        );
    }
}

/// Help at every place of a text that is long in UTF-16, and in every beginning of it.
#[test]
fn help_at_every_place() {
    let text = "{\"𝄞ä\": \"日本\", \"source_keras_model\": \"mödel.h5\", \"preprocessing\": {\"resize\": {\"fit\": \"cr\"}, \"normalization\": {\"mean\": [1, 2";
    let disk = FakeDisk::default();
    let boundaries: Vec<usize> = (0..=text.len())
        .filter(|&at| text.is_char_boundary(at))
        .collect();
    for &end in &boundaries {
        let document = document(&text[..end]);
        let step = if end == text.len() { 1 } else { 7 };
        for &offset in boundaries
            .iter()
            .filter(|&&at| at <= end)
            .rev()
            .step_by(step)
        {
            for completion in assist::complete(&document, offset, &disk) {
                let range = completion.edit.range;
                assert!(range.touches(offset), "{offset} {text}");
                assert!(
                    document.text().get(range.start..range.end).is_some(),
                    "{offset}"
                );
            }
            if let Some(hover) = assist::hover(&document, offset, &disk) {
                assert!(hover.range.touches(offset), "{offset}");
            }
        }
    }
}
