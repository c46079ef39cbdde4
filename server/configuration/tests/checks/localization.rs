//! Every text that the cases give has a translation.

use crate::assistance::{HelpCase, help_cases};
use crate::case::cases;
use crate::expected::expect_file;
use crate::label_files::label_cases;
use configuration::assist::{actions, complete, hover, inlay_hints, lenses, links};
use configuration::text::TextRange;
use configuration::{Code, Finding};
use localization::Localization::Japanese;
use localization::Text;
use std::collections::{BTreeMap, BTreeSet};

/// Messages that the cases make up, in place of those of the system or of other crates, and lines
/// of nothing but names.
const MADE_UP: [&str; 22] = [
    "/home/project/",
    "a layer cannot be converted",
    "a branch has few levels",
    "channels differ",
    "few values reach far",
    "folder `a` cannot be listed; check its permissions",
    "folder `a` is a symbolic link; put the folder itself there",
    "it is squeezed",
    "label file `labels.json` is larger than 16777216 bytes, the most that is read; keep one entry a class",
    "levels are idle",
    "no roses",
    "the answers are noisy",
    "the file holds only weights, without the model's configuration",
    "the model `model.h5` has no layers; save it again",
    "they are darker",
    "they are unlike",
    "two halves differ",
    "weights are noisy",
    "permission denied",
    "dataset/validation/daisy/c.jpg is incomplete",
    "Keras HDF5 (.h5), Keras `2.15.0`, 3.5 MB.",
    "it has code of its own",
];

#[derive(Default)]
struct Missing(BTreeSet<String>);

impl Missing {
    fn text(&mut self, text: &Text) {
        let english = text.to_string();
        let made_up = MADE_UP.iter().any(|made_up| english.contains(made_up));
        if !made_up && has_words(&english) && Japanese.text(text) == english {
            self.0.insert(english);
        }
    }

    fn findings(&mut self, findings: &[Finding]) {
        for finding in findings {
            self.text(&finding.message);
            for related in &finding.related {
                self.text(&related.message);
            }
            for fix in &finding.fixes {
                self.text(&fix.title);
            }
        }
    }

    fn help(&mut self, case: &HelpCase) {
        let HelpCase {
            document,
            offset,
            disk,
            ..
        } = case;
        for completion in complete(document, *offset, disk) {
            self.text(&completion.detail);
            self.text(&completion.documentation);
        }
        if let Some(hover) = hover(document, *offset, disk) {
            self.text(&hover.markdown);
        }
        for link in links(document, disk) {
            self.text(&link.tooltip);
        }
        for lens in lenses(document, disk) {
            self.text(&lens.title);
        }
        for hint in inlay_hints(document, TextRange::new(0, document.text().len()), disk) {
            self.text(&hint.label);
            self.text(&hint.tooltip);
        }
        let findings = document.check(disk);
        self.findings(&findings);
        for action in actions(document, TextRange::at(*offset), &findings) {
            self.text(&action.fix.title);
        }
    }
}

/// Whether there are words outside of code spans.
fn has_words(text: &str) -> bool {
    let plain: Vec<&str> = text.split('`').step_by(2).collect();
    let plain = plain.join(" ");
    let is_word =
        |word: &&str| word.len() > 2 && word.bytes().all(|letter| letter.is_ascii_lowercase());
    plain.split(' ').filter(is_word).count() > 1
}

#[test]
fn every_text_has_a_japanese_form() {
    let mut missing = Missing::default();
    for case in cases() {
        missing.findings(&case.findings());
    }
    for case in label_cases() {
        missing.findings(&case.findings());
    }
    for case in help_cases() {
        missing.help(&case);
    }
    let missing: Vec<String> = missing.0.into_iter().collect();
    assert!(
        missing.is_empty(),
        "no translation of\n{}",
        missing.join("\n")
    );
}

/// The Japanese text, or that the case has made up the English one.
fn in_japanese(text: &Text) -> String {
    let made_up = MADE_UP.iter().any(|made_up| text.contains(made_up));
    match made_up {
        true => "(made up)".to_owned(),
        false => Japanese.text(text),
    }
}

/// The first finding of every code with its fixes, in English and Japanese.
#[test]
fn every_finding_in_japanese() {
    let mut shown: BTreeMap<Code, String> = BTreeMap::new();
    let of_cases = cases().into_iter().flat_map(|case| case.findings());
    let of_labels = label_cases().into_iter().flat_map(|case| case.findings());
    for finding in of_cases.chain(of_labels) {
        let related = finding.related.iter().map(|related| &related.message);
        let fixes = finding.fixes.iter().map(|fix| &fix.title);
        let texts = related.chain(fixes);
        let mut lines = format!("{}\n{}\n", finding.message, in_japanese(&finding.message));
        for text in texts {
            lines += &format!("    {text} → {}\n", in_japanese(text));
        }
        let block = format!("[{}]\n{lines}", finding.code.name());
        shown.entry(finding.code).or_insert(block);
    }
    let blocks: Vec<String> = shown.into_values().collect();
    expect_file("findings.ja.snapshot", &blocks.join("\n"));
}
