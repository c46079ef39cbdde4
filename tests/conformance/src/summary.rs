//! A short table: one line for each model, the worst of all engines in each cell.

use crate::Generation;
use crate::report::{Outcome, Row, difference_cell};

/// Formats, with the headings of their columns.
const FORMATS: [(&str, &str); 3] = [
    ("h5", ".h5"),
    ("keras", ".keras"),
    ("saved_model", "SavedModel"),
];

/// The table, as Markdown. Cells of formats that a model was not made in stay empty.
pub(crate) fn summary(rows: &[Row]) -> String {
    let mut models: Vec<&str> = Vec::new();
    for row in rows {
        if !models.contains(&row.model.as_str()) {
            models.push(&row.model);
        }
    }
    let columns: Vec<(Generation, &str, &str)> = Generation::ALL
        .into_iter()
        .flat_map(|generation| FORMATS.map(|(format, heading)| (generation, format, heading)))
        .collect();
    let headings: Vec<String> = columns
        .iter()
        .map(|(generation, _, heading)| format!("{} {heading}", generation.name()))
        .collect();
    let mut lines = vec![
        format!("| model | {} |", headings.join(" | ")),
        format!("|---|{}", "--:|".repeat(columns.len())),
    ];
    for model in models {
        let cells: Vec<String> = columns
            .iter()
            .map(|&(generation, format, _)| {
                rows.iter()
                    .find(|row| {
                        row.generation == generation && row.model == model && row.format == format
                    })
                    .map_or_else(String::new, cell)
            })
            .collect();
        lines.push(format!("| {model} | {} |", cells.join(" | ")));
    }
    lines.join("\n")
}

fn cell(row: &Row) -> String {
    match &row.result {
        Outcome::Measured { differences, .. } => {
            let worst = differences
                .iter()
                .flatten()
                .copied()
                .reduce(crate::difference::Difference::worst);
            match worst {
                Some(worst) if row.failure().is_none() => difference_cell(&worst),
                Some(worst) => format!("**{}**", difference_cell(&worst)),
                None => "fails".to_owned(),
            }
        }
        Outcome::Refused(_) => "refused".to_owned(),
        Outcome::NotWritten(_) => "not written".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::difference::Difference;
    use std::time::Duration;

    fn row(generation: Generation, format: &str, result: Outcome) -> Row {
        Row {
            generation,
            model: "Net".to_owned(),
            format: format.to_owned(),
            parameters: None,
            result,
        }
    }

    fn measured(logits: [f32; 3]) -> Outcome {
        Outcome::Measured {
            read: Duration::ZERO,
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
        let table = summary(&rows);
        assert_eq!(
            table.lines().last(),
            Some("| Net | — / 3e-5 |  |  |  | **— / 3e-1** | refused |")
        );
    }
}
