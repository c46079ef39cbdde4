//! The catalogue and the texts of the program belong together: a wording that changes in a source
//! makes its entry useless, and a new one needs an entry.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot read the sources has to stop"
)]

use localization::Localization::Japanese;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Where texts are made that an editor shows: every literal with words has to have an entry.
const SOURCES: [&str; 10] = [
    "server/advice/src",
    "server/configuration/src",
    "server/graph/src",
    "server/images/src",
    "server/inference/src",
    "server/jobs/src",
    "server/keras/src",
    "server/language-server/src",
    "server/quantization/src",
    "server/tflite/src",
];

/// Schemas whose descriptions an editor shows.
const SCHEMAS: [&str; 2] = [
    "schemas/configuration.schema.json",
    "schemas/target.schema.json",
];

/// Sources of those that speak to programs, to the log or on the command line only.
const FOR_OTHERS: [&str; 12] = [
    "configuration/src/code.rs",
    "configuration/src/report.rs",
    "configuration/src/report/records.rs",
    "configuration/src/report/sarif.rs",
    "images/src/preprocessing/describe.rs",
    "jobs/src/history/compare.rs",
    "jobs/src/history/mod.rs",
    "jobs/src/history/read.rs",
    "language-server/src/checking.rs",
    "language-server/src/framing.rs",
    "language-server/src/log.rs",
    "language-server/src/watching.rs",
];

/// Literals of those that no editor shows, one a line: they are for the log, the command line or
/// programs, or are parts of texts that have their entry as a whole.
const ENGLISH_ONLY: &str = include_str!("english_only.txt");

/// Keys that are put together from several literals, and messages of the system.
const COMPOSED: &str = include_str!("composed.txt");

/// A text with every placeholder as `{}`, whatever the marks around it.
fn bare(text: &str) -> String {
    let mut bare = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        bare.push_str(&rest[..open]);
        rest = &rest[open + 1..];
        let inside = rest.split_once('}').filter(|(inside, _)| {
            inside
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || "_:.?".contains(letter))
        });
        match inside {
            Some((_, behind)) => {
                bare.push_str("{}");
                rest = behind;
            }
            None => bare.push('{'),
        }
    }
    bare.push_str(rest);
    let mut bare = bare.replace("`{}`", "{}").replace("\"{}\"", "{}");
    while bare.contains("{}{}") {
        bare = bare.replace("{}{}", "{}");
    }
    bare
}

/// A literal that may be a format, likewise.
fn bare_format(literal: &str) -> String {
    const OPEN: &str = "\u{1}";
    const CLOSE: &str = "\u{2}";
    let escaped = literal.replace("{{", OPEN).replace("}}", CLOSE);
    bare(&escaped).replace(OPEN, "{").replace(CLOSE, "}")
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The Rust files of a folder, or the file itself, without those of tests.
fn rust_files(place: &Path) -> Vec<PathBuf> {
    if place.is_file() {
        return vec![place.to_owned()];
    }
    let entries = fs::read_dir(place).unwrap();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_stem().is_some_and(|stem| stem != "tests"))
        .flat_map(|path| match path.is_dir() {
            true => rust_files(&path),
            false => vec![path],
        })
        .collect();
    files.sort();
    files
}

/// The string literals of a Rust source outside of comments and of its tests.
fn literals(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let mut literals = Vec::new();
    let mut letters = source.char_indices().peekable();
    while let Some((position, letter)) = letters.next() {
        let rest = &source[position..];
        match letter {
            '/' if rest.starts_with("//") => {
                while letters.next_if(|(_, next)| *next != '\n').is_some() {}
            }
            '\'' if rest.starts_with("'\"'") => {
                letters.next();
                letters.next();
            }
            '\'' if rest.starts_with("'\\") => {
                letters.next();
                letters.next();
            }
            'r' if rest.starts_with("r#\"") => {
                let (text, _) = rest[3..].split_once("\"#").unwrap();
                literals.push(text.to_owned());
                let end = position + 3 + text.len() + 2;
                while letters.next_if(|(at, _)| *at < end).is_some() {}
            }
            '"' => literals.push(literal(&mut letters)),
            _ => {}
        }
    }
    literals
}

/// The literal whose opening quote was read.
fn literal(letters: &mut std::iter::Peekable<std::str::CharIndices<'_>>) -> String {
    let mut text = String::new();
    while let Some((_, letter)) = letters.next() {
        match letter {
            '"' => break,
            '\\' => match letters.next().unwrap().1 {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                '\n' => while letters.next_if(|(_, next)| next.is_whitespace()).is_some() {},
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
    text
}

fn literals_in(places: &[&str]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in places
        .iter()
        .flat_map(|place| rust_files(&repository().join(place)))
        .filter(|file| !FOR_OTHERS.iter().any(|other| file.ends_with(other)))
    {
        found.extend(literals(&fs::read_to_string(file).unwrap()));
    }
    found
}

/// Titles and descriptions of a schema, by lines.
fn described(value: &serde_json::Value, found: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(members) => {
            for (key, value) in members {
                let is_text = ["title", "description", "markdownDescription"];
                match value.as_str() {
                    Some(text) if is_text.contains(&key.as_str()) => {
                        found.extend(text.lines().map(str::to_owned));
                    }
                    _ if key == "enumDescriptions" => {
                        let texts = value.as_array().into_iter().flatten();
                        found.extend(texts.filter_map(|text| text.as_str().map(str::to_owned)));
                    }
                    _ => described(value, found),
                }
            }
        }
        serde_json::Value::Array(items) => {
            items.iter().for_each(|item| described(item, found));
        }
        _ => {}
    }
}

#[test]
fn every_entry_is_a_text_of_the_program() {
    let mut texts: BTreeSet<String> = literals_in(&SOURCES)
        .iter()
        .map(|literal| bare_format(literal))
        .collect();
    for schema in SCHEMAS {
        let text = fs::read_to_string(repository().join(schema)).unwrap();
        described(&serde_json::from_str(&text).unwrap(), &mut texts);
    }
    let is_there = |key: &str| {
        let key = bare(key);
        let inside = key.strip_prefix("{}").unwrap_or(&key);
        let inside = inside.strip_suffix("{}").unwrap_or(inside);
        let noun = inside.trim_start().trim_end_matches('.');
        [key.as_str(), inside, noun]
            .into_iter()
            .chain([key.strip_prefix("{}").unwrap_or(&key)])
            .any(|text| texts.contains(text))
    };
    let stale: Vec<&str> = Japanese
        .entries()
        .map(|(key, _)| key)
        .filter(|key| !is_there(key) && !COMPOSED.lines().any(|composed| composed == *key))
        .collect();
    assert!(
        stale.is_empty(),
        "no text is made like\n{}",
        stale.join("\n")
    );
}

#[test]
fn every_text_for_people_has_an_entry() {
    let known: BTreeSet<String> = Japanese
        .entries()
        .flat_map(|(key, _)| {
            let key = bare(key);
            let inside = key.strip_prefix("{}").unwrap_or(&key).to_owned();
            let clause = key.strip_suffix("{}").unwrap_or(&key).to_owned();
            let noun = inside.trim_matches([' ', '.']).to_owned();
            [noun, inside, clause, key]
        })
        .collect();
    let is_sentence = |text: &str| {
        // Text that is written into files.
        if text.contains(['\n', '\r']) {
            return false;
        }
        let words = text.split(' ').filter(|word| {
            let letters = word.chars().filter(char::is_ascii_lowercase).count();
            letters > 1
        });
        words.count() > 1
    };
    let missing: Vec<String> = literals_in(&SOURCES)
        .into_iter()
        .map(|literal| bare_format(&literal))
        .filter(|text| is_sentence(text))
        .filter(|text| !known.contains(text))
        .filter(|text| !ENGLISH_ONLY.lines().any(|known| known == text))
        .collect();
    assert!(missing.is_empty(), "no entry for\n{}", missing.join("\n"));
}

/// What is listed as an exception is one.
#[test]
fn exceptions_are_needed() {
    let literals: BTreeSet<String> = literals_in(&SOURCES)
        .iter()
        .map(|literal| bare_format(literal))
        .collect();
    let gone: Vec<&str> = ENGLISH_ONLY
        .lines()
        .filter(|line| !literals.contains(*line))
        .collect();
    assert!(gone.is_empty(), "no literal is\n{}", gone.join("\n"));
    let keys: BTreeSet<&str> = Japanese.entries().map(|(key, _)| key).collect();
    let gone: Vec<&str> = COMPOSED
        .lines()
        .filter(|line| !keys.contains(line))
        .collect();
    assert!(gone.is_empty(), "no entry is\n{}", gone.join("\n"));
}

/// Japanese texts are Japanese, with the punctuation that the extension's texts have.
#[test]
fn translations_look_alike() {
    for (key, translation) in Japanese.entries() {
        let wrong = ["、 ", "。 ", "（", "）", "：", "！", "？", "  "];
        let found = wrong.iter().find(|mark| translation.contains(**mark));
        assert_eq!(found, None, "{key}: {translation}");
        let ends = translation.ends_with('.') && !key.contains("...");
        assert!(!ends, "{key}: {translation}");
    }
}
