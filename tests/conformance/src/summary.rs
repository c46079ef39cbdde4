//! The short table: one line for each model, the worst of all engines in each cell, and above it
//! one line for each format.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::Generation;
use crate::comparison::ENGINES;
use crate::difference::Difference;
use crate::expected::{Expected, Verdict};
use crate::report::worst;
use crate::row::{Outcome, Row};

/// Formats, with their names for people.
const FORMATS: [(&str, &str); 3] = [
    ("h5", ".h5"),
    ("keras", ".keras"),
    ("saved_model", "SavedModel"),
];

/// Lines of the README between which the table stands.
const MARKERS: [&str; 2] = [
    "<!-- begin of the table -->\n",
    "<!-- end of the table -->\n",
];

/// Puts the table into a Markdown file, in the place of an older one.
///
/// # Errors
/// A sentence when the file cannot be read or written or has no place for the table.
pub(crate) fn insert(path: &Path, table: &str) -> Result<(), String> {
    let text = fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let [begin, end] = MARKERS;
    let changed = text.split_once(begin).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(end)?;
        Some(format!("{before}{begin}\n{table}\n{end}{after}"))
    });
    let changed = changed.ok_or_else(|| {
        format!(
            "{} has no lines `{}` and `{}`; add them where the table belongs",
            path.display(),
            begin.trim(),
            end.trim()
        )
    })?;
    fs::write(path, changed).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// Both tables and what is refused, as Markdown.
pub(crate) fn summary(rows: &[Row], expected: &[Expected]) -> String {
    let versions: BTreeSet<&str> = rows
        .iter()
        .filter_map(|row| Some(row.facts.as_ref()?.versions.as_str()))
        .collect();
    let mut text = format!(
        "Model Quantizer {} against {}.\n\n{}\n\n{}\n",
        env!("CARGO_PKG_VERSION"),
        Vec::from_iter(versions).join("; against "),
        by_format(rows, expected),
        by_model(rows, expected)
    );
    for row in rows {
        let name = row.name();
        let line = match Verdict::of(row, expected) {
            Verdict::Agrees => continue,
            Verdict::RefusedAsExpected { sentence, reason } => {
                format!("{name} is refused as it should be, because {reason}: “{sentence}”")
            }
            Verdict::NotWritten(sentence) => format!("{name} is not written by Keras: {sentence}"),
            Verdict::Fails(failure) => format!("**{name} fails**: {failure}"),
        };
        text.push_str(&format!("\n- {line}"));
    }
    text.push('\n');
    text
}

/// One line for each format: how many models each engine computes as TensorFlow does.
fn by_format(rows: &[Row], expected: &[Expected]) -> String {
    let mut lines = vec![
        format!(
            "| format | models | {} | refused as expected | fail |",
            ENGINES.join(" | ")
        ),
        format!("|---|--:|{}--:|--:|", "--:|".repeat(ENGINES.len())),
    ];
    for (generation, format, heading) in columns() {
        let of_format: Vec<&Row> = rows
            .iter()
            .filter(|row| row.generation == generation && row.format == format)
            .filter(|row| !matches!(row.outcome, Outcome::NotWritten(_)))
            .collect();
        let engines: Vec<String> = (0..ENGINES.len())
            .map(|engine| {
                let agreeing = of_format.iter().filter(|row| agrees(row, engine)).count();
                match worst(of_format.iter().copied(), engine) {
                    Some(worst) => format!("{agreeing} agree, worst {}", worst.cell()),
                    None => String::new(),
                }
            })
            .collect();
        let (mut refused, mut failing) = (0, 0);
        for row in &of_format {
            match Verdict::of(row, expected) {
                Verdict::RefusedAsExpected { .. } => refused += 1,
                Verdict::Fails(_) => failing += 1,
                Verdict::Agrees | Verdict::NotWritten(_) => {}
            }
        }
        lines.push(format!(
            "| {heading} | {} | {} | {refused} | {failing} |",
            of_format.len(),
            engines.join(" | ")
        ));
    }
    lines.join("\n")
}

fn agrees(row: &Row, engine: usize) -> bool {
    match &row.outcome {
        Outcome::Measured { differences, .. } => differences
            .get(engine)
            .and_then(|difference| difference.as_ref().ok())
            .is_some_and(|difference| difference.problem().is_none()),
        _ => false,
    }
}

/// One line for each model. Cells of formats that a model was not made in stay empty.
fn by_model(rows: &[Row], expected: &[Expected]) -> String {
    let models: BTreeSet<&str> = rows.iter().map(|row| row.model.as_str()).collect();
    let headings: Vec<String> = columns().into_iter().map(|column| column.2).collect();
    let mut lines = vec![
        format!(
            "| model | input | million weights | {} |",
            headings.join(" | ")
        ),
        format!("|---|--:|--:|{}", "--:|".repeat(headings.len())),
    ];
    for model in models {
        let of_model = || rows.iter().filter(|row| row.model == model);
        let facts = of_model().find_map(|row| row.facts.as_ref());
        let (input, millions) = facts.map_or_else(Default::default, |facts| {
            let [height, width, channels] = facts.input_shape;
            (
                format!("{height} × {width} × {channels}"),
                format!("{:.1}", facts.parameters as f64 / 1e6),
            )
        });
        let cells: Vec<String> = columns()
            .into_iter()
            .map(|(generation, format, _)| {
                of_model()
                    .find(|row| {
                        row.generation == generation
                            && (row.format == format || row.format == Row::EVERY_FORMAT)
                    })
                    .map_or_else(String::new, |row| cell(row, expected))
            })
            .collect();
        lines.push(format!(
            "| {model} | {input} | {millions} | {} |",
            cells.join(" | ")
        ));
    }
    lines.join("\n")
}

/// Generation and format of each column of results, and its heading.
fn columns() -> Vec<(Generation, &'static str, String)> {
    Generation::ALL
        .into_iter()
        .flat_map(|generation| {
            FORMATS
                .map(|(format, name)| (generation, format, format!("{} {name}", generation.name())))
        })
        .collect()
}

fn cell(row: &Row, expected: &[Expected]) -> String {
    let text = match &row.outcome {
        Outcome::Measured { differences, .. } => differences
            .iter()
            .flatten()
            .copied()
            .reduce(Difference::worst)
            .map_or_else(|| "fails".to_owned(), |worst| worst.cell()),
        Outcome::Refused(_) => "refused".to_owned(),
        Outcome::NotWritten(_) => "not written".to_owned(),
        Outcome::NotMade(_) => "not made".to_owned(),
    };
    match Verdict::of(row, expected) {
        Verdict::Fails(_) => format!("**{text}**"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Facts;

    fn row(generation: Generation, format: &str, outcome: Outcome) -> Row {
        Row {
            generation,
            model: "Net".to_owned(),
            format: format.to_owned(),
            facts: Some(Facts {
                input_shape: [8, 9, 3],
                parameters: 1_250_000,
                versions: format!("Keras of {}", generation.name()),
            }),
            outcome,
        }
    }

    fn measured(logits: [f32; 3]) -> Outcome {
        Outcome::Measured {
            read: 0.0,
            differences: logits.map(|logits| {
                Ok(Difference {
                    output: None,
                    logits,
                })
            }),
            disagreement: None,
        }
    }

    #[test]
    fn each_cell_has_the_worst_engine() {
        let rows = [
            row(Generation::Keras2, "h5", measured([1e-6, 3e-5, 2e-7])),
            row(Generation::Keras3, "keras", measured([1e-6, 3e-1, 2e-7])),
            row(
                Generation::Keras3,
                "saved_model",
                Outcome::Refused("no".to_owned()),
            ),
        ];
        let text = summary(&rows, &[]);
        let check = |line: &str| assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        check("Model Quantizer 0.1.0 against Keras of keras2; against Keras of keras3.");
        check(
            "| keras2 .h5 | 1 | 1 agree, worst — / 1e-6 | 1 agree, worst — / 3e-5 | 1 agree, worst — / 2e-7 | 0 | 0 |",
        );
        check(
            "| keras3 .keras | 1 | 1 agree, worst — / 1e-6 | 0 agree, worst — / 3e-1 | 1 agree, worst — / 2e-7 | 0 | 1 |",
        );
        check("| Net | 8 × 9 × 3 | 1.2 | — / 3e-5 |  |  |  | **— / 3e-1** | **refused** |");
        check("- **keras3 Net saved_model fails**: refused: no");
    }

    #[test]
    fn a_table_takes_the_place_of_the_older_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("README.md");
        let [begin, end] = MARKERS;
        fs::write(&path, format!("a\n{begin}old\n{end}b\n")).expect("it is written");
        insert(&path, "new").expect("there is a place");
        let text = fs::read_to_string(&path).expect("it is read");
        assert_eq!(text, format!("a\n{begin}\nnew\n{end}b\n"));
        fs::write(&path, "a\n").expect("it is written");
        insert(&path, "new").expect_err("there is no place");
    }
}
