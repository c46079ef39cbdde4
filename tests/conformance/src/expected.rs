//! Refusals that are as they should be, and what that makes of a row.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::Generation;
use crate::row::{Outcome, Row};

/// An entry of `expected_refusals.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    environment: Generation,
    model: String,
    format: String,
    /// A part of the sentence that the reader must print.
    message: String,
    /// Why this model cannot be read, or need not.
    reason: String,
}

/// Whether a row is as it should be.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    Agrees,
    /// The reader's sentence, and why it is right.
    RefusedAsExpected {
        sentence: String,
        reason: String,
    },
    /// Keras does not write this format of the model; its sentence.
    NotWritten(String),
    /// What is wrong.
    Fails(String),
}

/// Reads the list.
///
/// # Errors
/// A sentence when the file cannot be read or is not such a list.
pub(crate) fn read(path: &Path) -> Result<Vec<Expected>, String> {
    let text =
        fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    serde_json::from_slice(&text).map_err(|error| format!("{} is damaged: {error}", path.display()))
}

impl Expected {
    fn is_about(&self, row: &Row) -> bool {
        self.environment == row.generation && self.model == row.model && self.format == row.format
    }
}

impl Verdict {
    pub(crate) fn of(row: &Row, expected: &[Expected]) -> Self {
        let entry = expected.iter().find(|entry| entry.is_about(row));
        let failure = match (entry, &row.outcome, row.failure()) {
            (None, Outcome::NotWritten(sentence), _) => return Self::NotWritten(sentence.clone()),
            (None, _, None) => return Self::Agrees,
            (None, _, Some(failure)) => failure,
            (Some(entry), Outcome::Refused(sentence), _) if sentence.contains(&entry.message) => {
                return Self::RefusedAsExpected {
                    sentence: sentence.clone(),
                    reason: entry.reason.clone(),
                };
            }
            (Some(entry), _, Some(failure)) => format!(
                "{failure} (expected a refusal with the words `{}`)",
                entry.message
            ),
            (Some(_), _, None) => {
                "is not refused any more; remove it from expected_refusals.json".to_owned()
            }
        };
        Self::Fails(failure)
    }
}

/// A sentence for every entry that is about none of the rows.
pub(crate) fn unused(expected: &[Expected], rows: &[Row]) -> Vec<String> {
    expected
        .iter()
        .filter(|entry| !rows.iter().any(|row| entry.is_about(row)))
        .map(|entry| {
            format!(
                "{} {} {} is in expected_refusals.json, but there is no such file; remove the \
                 entry",
                entry.environment.name(),
                entry.model,
                entry.format
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::difference::Difference;

    fn row(model: &str, outcome: Outcome) -> Row {
        Row {
            generation: Generation::Keras3,
            model: model.to_owned(),
            format: "h5".to_owned(),
            facts: None,
            outcome,
        }
    }

    fn entry() -> Expected {
        Expected {
            environment: Generation::Keras3,
            model: "listed".to_owned(),
            format: "h5".to_owned(),
            message: "threshold".to_owned(),
            reason: "rare".to_owned(),
        }
    }

    fn agreeing() -> Outcome {
        Outcome::Measured {
            read: 0.0,
            differences: [(); 3].map(|()| Ok(Difference::default())),
            disagreement: None,
        }
    }

    #[test]
    fn only_the_expected_words_excuse_a_refusal() {
        let check = |model: &str, outcome, expected: Verdict| {
            assert_eq!(Verdict::of(&row(model, outcome), &[entry()]), expected);
        };
        let refused = |sentence: &str| Outcome::Refused(sentence.to_owned());
        let fails = |words: &str| Verdict::Fails(words.to_owned());
        check("other", agreeing(), Verdict::Agrees);
        check(
            "other",
            refused("a threshold"),
            fails("refused: a threshold"),
        );
        check(
            "listed",
            refused("a threshold"),
            Verdict::RefusedAsExpected {
                sentence: "a threshold".to_owned(),
                reason: "rare".to_owned(),
            },
        );
        check(
            "listed",
            refused("damaged"),
            fails("refused: damaged (expected a refusal with the words `threshold`)"),
        );
        check(
            "listed",
            Outcome::NotMade("no threshold".to_owned()),
            fails("no threshold (expected a refusal with the words `threshold`)"),
        );
        check(
            "listed",
            agreeing(),
            fails("is not refused any more; remove it from expected_refusals.json"),
        );
    }

    #[test]
    fn entries_without_a_file_are_named() {
        let check = |model, expected: usize| {
            let rows = [row(model, agreeing())];
            assert_eq!(unused(&[entry()], &rows).len(), expected);
        };
        check("listed", 0);
        check("other", 1);
    }
}
