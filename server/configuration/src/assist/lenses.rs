//! Commands above a configuration.

use crate::document::Document;
use crate::facts::{Entry, Facts};
use crate::role::PathRole;
use crate::text::TextRange;
use std::path::PathBuf;

/// A command that belongs to a place in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lens {
    /// The place.
    pub range: TextRange,
    /// What the command is called.
    pub title: String,
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

/// The reports of jobs, those for people first.
const REPORTS: [&str; 3] = [
    "evaluation_report.html",
    "quantization_report.html",
    "results.json",
];

/// The commands of a configuration, at its opening brace.
pub fn lenses(document: &Document, facts: &dyn Facts) -> Vec<Lens> {
    let Some(root) = document.root().filter(|root| root.as_object().is_some()) else {
        return Vec::new();
    };
    let range = TextRange::new(root.range.start, root.range.start + 1);
    let lens = |title: &str, command| Lens {
        range,
        title: title.to_owned(),
        command,
    };
    let mut lenses = vec![
        lens("Quantize", LensCommand::Quantize),
        lens("Evaluate", LensCommand::Evaluate),
    ];
    let mentions = document.mentions();
    let outputs: Vec<_> = mentions
        .iter()
        .filter(|mention| mention.role == PathRole::Output)
        .collect();
    let report = REPORTS.into_iter().find_map(|name| {
        let mut files = outputs.iter().map(|mention| mention.path.join(name));
        files.find(|file| facts.entry(file) == Entry::File)
    });
    lenses.extend(report.map(|file| lens("Open report", LensCommand::OpenReport(file))));
    lenses
}
