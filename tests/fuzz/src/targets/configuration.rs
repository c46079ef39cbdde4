//! configuration.json: from the text to findings, how they are printed, and help at a place.

use std::path::Path;

use configuration::report;
use configuration::syntax::{self, SyntaxErrorKind};
use configuration::target::check_target;
use configuration::text::{ColumnUnit, LineIndex, TextRange};
use configuration::{Configuration, Document, Fix, Job, assist};

use crate::disk::Disk;
use crate::{Target, parts, seeds};

pub(crate) const TARGET: Target = Target {
    name: "configuration",
    seeds: || {
        let cases = seeds::contents(seeds::fixtures("configuration", &["txt"]));
        let start = configuration::starting_configuration().into_bytes();
        let target = include_bytes!("../../../../schemas/targets/tflite.json").to_vec();
        let texts = cases.into_iter().flat_map(texts).chain([start, target]);
        texts.map(|text| parts::join(&[&[9, 0], &text])).collect()
    },
    examine: |input| {
        let [place, text] = parts::split(input);
        let text = String::from_utf8_lossy(text).into_owned();
        let place = place.iter().rev();
        let place = place.fold(0, |place, &byte| place << 8 | usize::from(byte));
        let offset = place % (text.len() + 1);
        agrees_with_json(&text);
        help(text.clone(), offset);
        let document = Document::new(text.clone(), Path::new(FILE));
        let configuration = Configuration::analyze(document, &Disk);
        let findings = configuration.findings();
        for finding in findings {
            fits(&text, finding.range);
            assert!(!finding.message.contains("\n"), "{finding:?}");
            finding.fixes.iter().for_each(|fix| changes_fit(fix, &text));
        }
        // The same text as a target file.
        for finding in check_target(&text) {
            fits(&text, finding.range);
            finding.fixes.iter().for_each(|fix| changes_fit(fix, &text));
        }
        report::human("configuration.json", &text, findings);
        report::records(&text, findings);
        for job in [Job::Quantize, Job::Evaluate] {
            let _ = configuration.settings_for(job);
        }
    },
};

const FILE: &str = "/folder/configuration.json";

/// The texts of the cases, without the marks of what is expected.
fn texts(cases: Vec<u8>) -> Vec<Vec<u8>> {
    let cases = String::from_utf8(cases).unwrap().replace(['⟦', '⟧'], "");
    let cases = cases.split("\n=== ").map(|case| {
        let lines = case.lines().skip(1).filter(|line| !line.starts_with("> "));
        lines.collect::<Vec<_>>().join("\n").into_bytes()
    });
    cases.collect()
}

/// A text that other software reads has no errors, and the other way round.
fn agrees_with_json(text: &str) {
    let parsed = syntax::parse(text);
    let limits = [SyntaxErrorKind::TooDeep, SyntaxErrorKind::TooLong];
    if text.starts_with('\u{feff}') || parsed.errors.iter().any(|it| limits.contains(&it.kind)) {
        return;
    }
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(json) => {
            assert_eq!(parsed.errors, []);
            let tree = parsed.root.and_then(|root| root.to_json());
            assert_eq!(tree, Some(json));
        }
        Err(error) => assert_ne!(parsed.errors, [], "{error}"),
    }
}

/// Everything that an editor asks for at a place, in whatever text.
fn help(text: String, offset: usize) {
    let index = LineIndex::new(&text);
    let position = index.position(&text, offset, ColumnUnit::Utf16);
    let offset = index.offset(&text, position, ColumnUnit::Utf16);
    let document = Document::new(text, Path::new(FILE));
    let text = document.text();
    if let Some(hover) = assist::hover(&document, offset, &Disk) {
        assert!(hover.range.touches(offset));
        fits(text, hover.range);
    }
    for completion in assist::complete(&document, offset, &Disk) {
        let range = completion.edit.range;
        assert!(range.touches(offset) && !range.of(text).contains('\n'));
        fits(text, range);
        if let Some(also) = completion.also {
            fits(text, also.range);
        }
    }
    for link in assist::links(&document, &Disk) {
        fits(text, link.range);
    }
    for lens in assist::lenses(&document, &Disk) {
        fits(text, lens.range);
    }
    for hint in assist::inlay_hints(&document, TextRange::new(0, text.len()), &Disk) {
        assert!(text.is_char_boundary(hint.offset));
    }
    for mention in document.mentions() {
        fits(text, mention.range);
    }
    let findings = document.check(&Disk);
    for action in assist::actions(&document, TextRange::at(offset), &findings) {
        changes_fit(&action.fix, text);
    }
}

fn fits(text: &str, range: TextRange) {
    assert!(text.get(range.start..range.end).is_some(), "{range:?}");
}

/// The changes of a fix lie in the text and do not overlap.
fn changes_fit(fix: &Fix, text: &str) {
    let replacements = fix.replacements().unwrap_or_default();
    let mut ranges: Vec<TextRange> = replacements.iter().map(|it| it.range).collect();
    ranges.sort();
    let mut end = 0;
    for range in ranges {
        assert!(end <= range.start, "{}", fix.title);
        fits(text, range);
        end = range.end;
    }
}
