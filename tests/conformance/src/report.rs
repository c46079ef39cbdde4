//! The table of a run, as Markdown: model × format × engine.

use std::fmt::Write as _;

use crate::comparison::ENGINES;
use crate::difference::{Difference, magnitude};
use crate::expected::{Expected, Verdict};
use crate::row::{Outcome, Row};

/// The two lines above the table.
pub(crate) fn heading() -> String {
    format!(
        "| model | format | million weights | ms to read | {} | between formats |\n\
         |---|---|--:|--:|{}--:|",
        ENGINES.join(" | "),
        "--:|".repeat(ENGINES.len())
    )
}

/// A line of the table.
pub(crate) fn line(row: &Row) -> String {
    let millions = row.facts.as_ref().map_or_else(String::new, |facts| {
        format!("{:.1}", facts.parameters as f64 / 1e6)
    });
    let rest = match &row.outcome {
        Outcome::Measured {
            read,
            differences,
            disagreement,
        } => {
            let mut cells = format!("{:.0}", read * 1e3);
            for difference in differences {
                let cell = difference
                    .as_ref()
                    .map_or_else(|_| "fails".to_owned(), Difference::cell);
                let _ = write!(cells, " | {cell}");
            }
            let disagreement = disagreement.map_or_else(String::new, magnitude);
            format!("{cells} | {disagreement}")
        }
        Outcome::Refused(_) => "refused | | | |".to_owned(),
        Outcome::NotWritten(_) => "not written | | | |".to_owned(),
        Outcome::NotMade(_) => "not made | | | |".to_owned(),
    };
    format!(
        "| {} {} | {} | {millions} | {rest} |",
        row.generation.name(),
        row.model,
        row.format
    )
}

/// Everything that the table leaves out, and how many rows are not as they should be.
pub(crate) fn conclusion(rows: &[Row], expected: &[Expected]) -> (String, usize) {
    let mut text = String::new();
    let (mut agreeing, mut refused, mut failing) = (0, 0, 0);
    for row in rows {
        let name = row.name();
        let _ = match Verdict::of(row, expected) {
            Verdict::Agrees => {
                agreeing += 1;
                continue;
            }
            Verdict::RefusedAsExpected { sentence, reason } => {
                refused += 1;
                writeln!(text, "- {name}: refused as expected ({reason}): {sentence}")
            }
            Verdict::NotWritten(sentence) => {
                writeln!(text, "- {name}: Keras does not write it ({sentence})")
            }
            Verdict::Fails(failure) => {
                failing += 1;
                writeln!(text, "- {name} FAILS: {failure}")
            }
        };
    }
    for (engine, name) in ENGINES.iter().enumerate() {
        if let Some(worst) = worst(rows, engine) {
            let _ = writeln!(text, "\nWorst with {name}: {}", worst.cell());
        }
    }
    let _ = writeln!(
        text,
        "\n{agreeing} agree, {refused} are refused as expected, {failing} fail"
    );
    (text, failing)
}

/// The worst difference of one of [`ENGINES`] over all rows.
pub(crate) fn worst<'rows>(
    rows: impl IntoIterator<Item = &'rows Row>,
    engine: usize,
) -> Option<Difference> {
    rows.into_iter()
        .filter_map(|row| match &row.outcome {
            Outcome::Measured { differences, .. } => differences.get(engine)?.as_ref().ok(),
            _ => None,
        })
        .copied()
        .reduce(Difference::worst)
}
