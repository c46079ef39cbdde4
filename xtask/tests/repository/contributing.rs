//! `CONTRIBUTING.md` names files that there are, and what it promises of their number holds.

use std::collections::BTreeSet;

use crate::{read, repository};

const DOCUMENT: &str = "CONTRIBUTING.md";

/// Walkthroughs that there are.
const WALKTHROUGHS: [&str; 5] = [
    "Add a configuration key",
    "Add a diagnostic",
    "Add a message",
    "Add a layer",
    "Add an operator",
];

/// Files that a new configuration key touches.
const FILES_OF_A_KEY: usize = 5;

/// Paths between backquotes and in links, outside of blocks of code.
fn paths(text: &str) -> BTreeSet<String> {
    let prose = text.split("```").step_by(2);
    let lines = prose.flat_map(str::lines);
    let lines: Vec<&str> = lines.filter(|line| !line.starts_with("    ")).collect();
    let prose = lines.join("\n");
    let quoted = prose.split('`').skip(1).step_by(2);
    let linked = prose
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let is_path = |text: &&str| text.contains('/') && !text.contains([' ', '<', '*', ':', '\n']);
    quoted
        .chain(linked)
        .filter(is_path)
        .map(str::to_owned)
        .collect()
}

fn section<'text>(document: &'text str, heading: &str) -> &'text str {
    let start = format!("\n## {heading}\n");
    let (_, section) = document.split_once(&start).unwrap();
    section.split("\n## ").next().unwrap()
}

#[test]
fn files_that_are_named_are_there() {
    let document = read(DOCUMENT);
    for heading in WALKTHROUGHS {
        let named = paths(section(&document, heading));
        assert!(!named.is_empty(), "{heading}");
    }
    let missing: Vec<String> = paths(&document)
        .into_iter()
        .filter(|path| !repository().join(path).exists())
        .collect();
    assert!(missing.is_empty(), "{DOCUMENT} names {missing:?}");
}

#[test]
fn a_key_touches_few_files() {
    let document = read(DOCUMENT);
    let steps = section(&document, WALKTHROUGHS[0]).lines();
    let steps = steps.filter(|line| line.starts_with(|first: char| first.is_ascii_digit()));
    assert_eq!(steps.count(), FILES_OF_A_KEY);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_other_words() {
        let check = |text: &str, expected: &[&str]| {
            let found: Vec<String> = paths(text).into_iter().collect();
            assert_eq!(found, expected, "{text}");
        };
        check("`a/b.rs`, `word` and [c](d/e.md)", &["a/b.rs", "d/e.md"]);
        check("[a](#b) `crate::c/d` `cargo test a/b`", &[]);
        check("```rust\n`a/b`\n```\n`c/d`", &["c/d"]);
        check("text\n    `a/b`\n", &[]);
    }
}
