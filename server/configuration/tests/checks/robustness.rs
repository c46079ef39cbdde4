//! Hostile and half-typed text: always an answer, with ranges inside the text.

use crate::case::{cases, document};
use crate::disk::FakeDisk;
use configuration::syntax::{
    self, MAX_DEPTH, MAX_LENGTH, Node, SyntaxError, SyntaxErrorKind, Value,
};
use configuration::text::TextRange;
use configuration::{Document, Finding, Fix, Severity, assist, report, starting_configuration};
use std::time::{Duration, Instant};

/// The generator of Steele, Lea and Flood, "Fast splittable pseudorandom number generators"
/// (OOPSLA 2014): enough for tests, and the same everywhere.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

/// Everything that must hold for any text.
fn examine(text: &str) {
    let parsed = syntax::parse(text);
    if let Some(root) = &parsed.root {
        within(root, 0, text);
    }
    // A text that other software reads has no errors, and the other way round.
    let json: Result<serde_json::Value, _> = serde_json::from_str(text);
    let too_deep = |error: &SyntaxError| error.kind == SyntaxErrorKind::TooDeep;
    if parsed.errors.iter().any(too_deep) {
        // Other software goes deeper.
    } else if let Ok(json) = &json {
        assert_eq!(parsed.errors, [], "{text}");
        assert_eq!(
            parsed.root.and_then(|root| root.to_json()).as_ref(),
            Some(json)
        );
    } else if !text.starts_with('\u{feff}') {
        assert_ne!(parsed.errors, [], "{text}");
    }
    let document = document(text);
    let findings = document.check(&FakeDisk::default());
    // Help at one place of every few texts; `assistance.rs` tries every place of some.
    if text.len().is_multiple_of(8) {
        help(&document, &findings, text.len() / 2);
    }
    for finding in &findings {
        assert!(
            text.get(finding.range.start..finding.range.end).is_some(),
            "{text}"
        );
        assert!(!finding.message.contains("\n"), "{}", finding.message);
        for fix in &finding.fixes {
            changes_fit(fix, text);
        }
    }
    report::human("configuration.json", text, &findings);
    report::records(text, &findings);
}

/// Everything that must hold for help at one place of any text.
fn help(document: &Document, findings: &[Finding], offset: usize) {
    let text = document.text();
    let facts = FakeDisk::default();
    if let Some(hover) = assist::hover(document, offset, &facts) {
        assert!(hover.range.touches(offset), "{text}");
        assert!(
            text.get(hover.range.start..hover.range.end).is_some(),
            "{text}"
        );
    }
    for completion in assist::complete(document, offset, &facts) {
        let range = completion.edit.range;
        assert!(range.touches(offset), "{text}");
        assert!(text.get(range.start..range.end).is_some(), "{text}");
        assert!(!range.of(text).contains('\n'), "{text}");
    }
    for link in assist::links(document, &facts) {
        assert!(
            text.get(link.range.start..link.range.end).is_some(),
            "{text}"
        );
    }
    assist::lenses(document, &facts);
    assist::inlay_hints(document, TextRange::new(0, text.len()), &facts);
    for action in assist::actions(document, TextRange::at(offset), findings) {
        changes_fit(&action.fix, text);
    }
}

/// The changes of a fix lie in the text and do not overlap.
fn changes_fit(fix: &Fix, text: &str) {
    let mut ranges: Vec<TextRange> = fix
        .replacements()
        .unwrap_or_default()
        .iter()
        .map(|replacement| replacement.range)
        .collect();
    ranges.sort();
    let mut end = 0;
    for range in ranges {
        assert!(end <= range.start, "{}: {text}", fix.title);
        assert!(
            text.get(range.start..range.end).is_some(),
            "{}: {text}",
            fix.title
        );
        end = range.end;
    }
}

/// Every value lies within its parent, in order.
fn within(node: &Node, start: usize, text: &str) {
    assert!(start <= node.range.start, "{text}");
    assert!(
        text.get(node.range.start..node.range.end).is_some(),
        "{text}"
    );
    let mut at = node.range.start;
    match &node.value {
        Value::Object(object) => {
            for member in &object.members {
                assert!(at <= member.key.range.start, "{text}");
                at = member.key.range.end;
                if let Some(value) = &member.value {
                    within(value, at, text);
                    at = value.range.end;
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                within(item, at, text);
                at = item.range.end;
            }
        }
        _ => {}
    }
    assert!(at <= node.range.end, "{text}");
}

#[test]
fn every_beginning_of_every_case() {
    for case in cases() {
        let ends = (0..=case.text.len()).filter(|&at| case.text.is_char_boundary(at));
        for end in ends {
            examine(&case.text[..end]);
        }
    }
}

#[test]
fn garbled_texts() {
    const PIECES: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "'",
        "\\",
        "//",
        "/*",
        "*/",
        "\n",
        "\r\n",
        " ",
        "\t",
        "0",
        "-",
        "1e999",
        "01",
        ".5",
        "true",
        "nul",
        "\"a\"",
        "\\u",
        "\\ud834",
        "ä",
        "𝄞",
        "\0",
        "\u{feff}",
        "\u{202e}",
        "\"batch_size\":",
        "\"preprocessing\": {",
        "\"quantization\": [",
    ];
    let seeds: Vec<String> = cases().into_iter().map(|case| case.text).collect();
    let mut random = SplitMix(1);
    for _ in 0..20_000 {
        let mut text: Vec<char> = seeds[random.below(seeds.len())].chars().collect();
        for _ in 0..=random.below(6) {
            let start = random.below(text.len());
            let end = (start + random.below(12)).min(text.len());
            let piece = PIECES[random.below(PIECES.len())].chars();
            match random.below(3) {
                0 => drop(text.splice(start..start, piece)),
                1 => drop(text.splice(start..end, piece)),
                _ => drop(text.drain(start..end)),
            }
        }
        examine(&text.into_iter().collect::<String>());
    }
}

#[test]
fn random_pieces() {
    const PIECES: &[&str] = &[
        "{", "}", "[", "]", ":", ",", "\"k\"", "1", "'", "x", "//", "\n", "\"",
    ];
    let mut random = SplitMix(2);
    for _ in 0..20_000 {
        let count = random.below(24);
        let text: String = (0..count)
            .map(|_| PIECES[random.below(PIECES.len())])
            .collect();
        examine(&text);
    }
}

#[test]
fn limits_hold_within_time() {
    let check = |text: String, expected: Option<SyntaxErrorKind>| {
        let start = Instant::now();
        let parsed = syntax::parse(&text);
        let found = parsed.errors.first().map(|error| error.kind.clone());
        assert_eq!(found, expected, "{}", &text[..text.len().min(40)]);
        check_all(&text);
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{}",
            &text[..text.len().min(40)]
        );
    };
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    check(nested(MAX_DEPTH), None);
    check(nested(MAX_DEPTH + 1), Some(SyntaxErrorKind::TooDeep));
    check(nested(MAX_LENGTH / 2), Some(SyntaxErrorKind::TooDeep));
    check("[".repeat(MAX_LENGTH), Some(SyntaxErrorKind::TooDeep));
    check(
        "{\"a\":".repeat(MAX_LENGTH / 5),
        Some(SyntaxErrorKind::TooDeep),
    );
    check(" ".repeat(MAX_LENGTH + 1), Some(SyntaxErrorKind::TooLong));
    check(
        ",".repeat(MAX_LENGTH),
        Some(SyntaxErrorKind::UnexpectedCharacter),
    );
    check(
        "/**/".repeat(MAX_LENGTH / 4),
        Some(SyntaxErrorKind::Comment),
    );
    check(format!("[{}0]", "0,".repeat(MAX_LENGTH / 2 - 2)), None);
    check(format!("\"{}\"", "x".repeat(MAX_LENGTH - 2)), None);
    let repeated = "\"k\":0,".repeat(MAX_LENGTH / 6 - 3);
    check(format!("{{{repeated}\"k\":0}}"), None);
    let distinct: String = (0..80_000).map(|key| format!("\"k{key}\":0,")).collect();
    check(format!("{{{distinct}\"k\":0}}"), None);
}

fn check_all(text: &str) {
    let findings = document(text).check(&FakeDisk::default());
    report::human("configuration.json", text, &findings);
}

#[test]
fn starting_configuration_satisfies_the_schema() {
    let text = starting_configuration();
    let disk = FakeDisk::default();
    let findings = document(&text).check(&disk);
    let errors: Vec<_> = findings
        .iter()
        .filter(|finding| finding.severity() == Severity::Error)
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert!(text.contains("\"// batch_size\": \"Batch size: "), "{text}");
}
