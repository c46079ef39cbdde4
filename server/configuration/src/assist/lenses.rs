//! Commands above a configuration.

use crate::document::Document;
use crate::facts::{Entry, Facts};
use crate::role::PathRole;
use crate::text::TextRange;
use localization::{Phrase, Text, phrase};
use std::path::PathBuf;

/// A command that belongs to a place in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lens {
    /// The place.
    pub range: TextRange,
    /// What the command is called.
    pub title: Text,
    /// What it does.
    pub command: LensCommand,
}

/// What a [`Lens`] does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LensCommand {
    /// Run Quantize.
    Quantize,
    /// Run Evaluate.
    Evaluate,
    /// Open a report of an earlier run.
    OpenReport(PathBuf),
}

/// The reports of jobs for people. Of those written at the same moment, the first counts.
const REPORTS: [&str; 2] = ["evaluation_report.html", "quantization_report.html"];

/// What stands in for them where an earlier version has written no page.
const RESULTS: &str = "results.json";

/// The commands of a configuration, at its opening brace.
pub fn lenses(document: &Document, facts: &dyn Facts) -> Vec<Lens> {
    let Some(root) = document.root().filter(|root| root.as_object().is_some()) else {
        return Vec::new();
    };
    let range = TextRange::new(root.range.start, root.range.start + 1);
    let lens = |title: Phrase, command| Lens {
        range,
        title: title.into(),
        command,
    };
    let mut lenses = vec![
        lens(phrase!("Quantize"), LensCommand::Quantize),
        lens(phrase!("Evaluate"), LensCommand::Evaluate),
    ];
    let mentions = document.mentions();
    let outputs: Vec<_> = mentions
        .iter()
        .filter(|mention| mention.role == PathRole::Output)
        .collect();
    let written = |name: &str| -> Vec<PathBuf> {
        let files = outputs.iter().map(|mention| mention.path.join(name));
        files
            .filter(|file| facts.entry(file) == Entry::File)
            .collect()
    };
    let pages = REPORTS.into_iter().flat_map(written);
    let report = newest(pages, facts).or_else(|| newest(written(RESULTS), facts));
    lenses.extend(report.map(|file| lens(phrase!("Open Report"), LensCommand::OpenReport(file))));
    lenses
}

/// The file that was written last, and the first of several.
fn newest(files: impl IntoIterator<Item = PathBuf>, facts: &dyn Facts) -> Option<PathBuf> {
    let dated = files.into_iter().map(|file| (facts.modified(&file), file));
    let newest = dated.reduce(|best, next| if next.0 > best.0 { next } else { best });
    newest.map(|(_, file)| file)
}
