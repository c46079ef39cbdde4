//! The table, as Markdown.

use std::fmt::Write as _;
use std::time::Duration;

use crate::Generation;
use crate::comparison::{ENGINES, Measurement};
use crate::difference::Difference;
use crate::expected::Expected;

/// One format of one model.
pub(crate) struct Row {
    pub(crate) generation: Generation,
    pub(crate) model: String,
    pub(crate) format: String,
    /// Number of weights, when known.
    pub(crate) parameters: Option<u64>,
    pub(crate) result: Outcome,
}

/// What became of it.
pub(crate) enum Outcome {
    /// It was read.
    Measured {
        /// How long reading took.
        read: Duration,
        /// For each engine the difference from TensorFlow, or why it did not run.
        differences: [Result<Difference, String>; ENGINES.len()],
        /// From the model's first format that was read, relative.
        disagreement: Option<f32>,
    },
    /// It was not read; the reader's sentence.
    Refused(String),
    /// Keras itself cannot write this format; its sentence.
    NotWritten(String),
}

/// Largest relative difference between formats.
const FORMAT_TOLERANCE: f32 = 1e-3;

impl Row {
    /// What is wrong, if anything is.
    pub(crate) fn failure(&self) -> Option<String> {
        let (differences, disagreement) = match &self.result {
            Outcome::Measured {
                differences,
                disagreement,
                ..
            } => (differences, disagreement),
            Outcome::Refused(sentence) => return Some(sentence.clone()),
            Outcome::NotWritten(_) => return None,
        };
        for (difference, engine) in differences.iter().zip(ENGINES) {
            match difference {
                Ok(difference) if difference.is_tolerable() => {}
                Ok(difference) => {
                    return Some(format!(
                        "{engine} is off by {}",
                        difference_cell(difference)
                    ));
                }
                Err(problem) => return Some(format!("{engine}: {problem}")),
            }
        }
        match disagreement {
            None => None,
            Some(disagreement) if *disagreement <= FORMAT_TOLERANCE => None,
            Some(disagreement) => Some(format!("the formats differ by {disagreement:.1e}")),
        }
    }

    /// A line of the table.
    pub(crate) fn line(&self) -> String {
        let model = format!("{} {}", self.generation.name(), self.model);
        let parameters = self
            .parameters
            .map_or_else(String::new, |count| format!("{:.1}", count as f64 / 1e6));
        let rest = match &self.result {
            Outcome::Measured {
                read,
                differences,
                disagreement,
            } => {
                let mut cells = format!("{:.0}", read.as_secs_f64() * 1e3);
                for difference in differences {
                    let cell = match difference {
                        Ok(difference) => difference_cell(difference),
                        Err(_) => "fails".to_owned(),
                    };
                    let _ = write!(cells, " | {cell}");
                }
                let disagreement = disagreement.map_or_else(String::new, magnitude);
                format!("{cells} | {disagreement}")
            }
            Outcome::Refused(_) => "refused | | | |".to_owned(),
            Outcome::NotWritten(_) => "not written | | | |".to_owned(),
        };
        format!("| {model} | {} | {parameters} | {rest} |", self.format)
    }
}

/// The two lines above the table.
pub(crate) fn heading() -> String {
    format!(
        "| model | format | million weights | ms to read | {} | between formats |\n\
         |---|---|--:|--:|{}--:|",
        ENGINES.join(" | "),
        "--:|".repeat(ENGINES.len())
    )
}

/// Everything that the table leaves out, and whether all is as it should be.
pub(crate) fn conclusion(rows: &[Row], expected: &[Expected]) -> (String, bool) {
    let mut text = String::new();
    let (mut agreeing, mut foretold, mut failing) = (0, 0, 0);
    for row in rows {
        let entry = expected
            .iter()
            .find(|entry| entry.is_about(row.generation, &row.model, &row.format));
        let name = format!("{} {} {}", row.generation.name(), row.model, row.format);
        let line = match (row.failure(), entry) {
            (None, None) => {
                if let Outcome::NotWritten(sentence) = &row.result {
                    let _ = writeln!(text, "- {name}: Keras does not write it ({sentence})");
                } else {
                    agreeing += 1;
                }
                continue;
            }
            (None, Some(_)) => {
                failing += 1;
                "was expected to fail, but does not; remove it from the expected failures"
                    .to_owned()
            }
            (Some(failure), Some(entry)) if entry.foretells(&failure) => {
                foretold += 1;
                format!("{failure} (expected: {})", entry.reason)
            }
            (Some(failure), _) => {
                failing += 1;
                format!("FAILS: {failure}")
            }
        };
        let _ = writeln!(text, "- {name}: {line}");
    }
    for (engine, name) in ENGINES.iter().enumerate() {
        let worst = rows
            .iter()
            .filter_map(|row| match &row.result {
                Outcome::Measured { differences, .. } => differences.get(engine)?.as_ref().ok(),
                _ => None,
            })
            .copied()
            .reduce(Difference::worst);
        if let Some(worst) = worst {
            let _ = writeln!(text, "\nWorst with {name}: {}", difference_cell(&worst));
        }
    }
    let _ = writeln!(
        text,
        "\n{agreeing} agree, {foretold} fail as expected, {failing} fail"
    );
    (text, failing == 0)
}

/// Difference behind the softmax, and of the logits.
pub(crate) fn difference_cell(difference: &Difference) -> String {
    let logits = magnitude(difference.logits);
    match difference.output {
        Some(output) => format!("{} / {logits}", magnitude(output)),
        None => format!("— / {logits}"),
    }
}

fn magnitude(value: f32) -> String {
    if value == 0.0 {
        "0".to_owned()
    } else {
        format!("{value:.0e}")
    }
}

impl From<(Measurement, Option<f32>)> for Outcome {
    fn from((measurement, disagreement): (Measurement, Option<f32>)) -> Self {
        Self::Measured {
            read: measurement.read,
            differences: measurement.differences,
            disagreement,
        }
    }
}
