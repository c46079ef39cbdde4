//! What became of one format of one model.

use serde::{Deserialize, Serialize};

use crate::Generation;
use crate::comparison::ENGINES;
use crate::difference::{Difference, magnitude};

/// Largest relative difference between the logits of two formats.
const FORMAT_TOLERANCE: f32 = 1e-3;

/// One format of one model.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) generation: Generation,
    pub(crate) model: String,
    /// `h5`, `keras` or `saved_model`; [`Row::EVERY_FORMAT`] when there is no model.
    pub(crate) format: String,
    /// What the generator knows of the model, if it made it.
    pub(crate) facts: Option<Facts>,
    pub(crate) outcome: Outcome,
}

/// What the table tells of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// Height, width and channels.
    pub(crate) input_shape: [usize; 3],
    /// Number of weights.
    pub(crate) parameters: u64,
    /// Such as `TensorFlow 2.15.1, Keras 2.15.0`.
    pub(crate) versions: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// It was read.
    Measured {
        /// How long reading took, in seconds.
        read: f64,
        /// For each engine the difference from TensorFlow, or why it did not run.
        differences: [Result<Difference, String>; ENGINES.len()],
        /// From the model's first format that was read, relative.
        disagreement: Option<f32>,
    },
    /// It was not read; the reader's sentence.
    Refused(String),
    /// Keras itself cannot write this format; its sentence.
    NotWritten(String),
    /// The model could not be made; the generator's sentence.
    NotMade(String),
}

impl Row {
    /// Stands for all formats of a model that was not made.
    pub(crate) const EVERY_FORMAT: &'static str = "every format";

    /// Environment, model and format, as messages name them.
    pub(crate) fn name(&self) -> String {
        format!("{} {} {}", self.generation.name(), self.model, self.format)
    }

    /// What is wrong, if anything is.
    pub(crate) fn failure(&self) -> Option<String> {
        match &self.outcome {
            Outcome::Measured {
                differences,
                disagreement,
                ..
            } => {
                let mut problems: Vec<String> = differences
                    .iter()
                    .zip(ENGINES)
                    .filter_map(|(difference, engine)| {
                        let problem = match difference {
                            Ok(difference) => difference.problem()?,
                            Err(problem) => problem.clone(),
                        };
                        Some(format!("{engine}: {problem}"))
                    })
                    .collect();
                if let Some(between) = disagreement.filter(|between| *between > FORMAT_TOLERANCE) {
                    problems.push(format!(
                        "its logits differ from those of the model's other formats by {} of the \
                         largest, where {} is tolerated",
                        magnitude(between),
                        magnitude(FORMAT_TOLERANCE)
                    ));
                }
                (!problems.is_empty()).then(|| problems.join("; "))
            }
            Outcome::Refused(sentence) => Some(format!("refused: {sentence}")),
            Outcome::NotMade(sentence) => Some(sentence.clone()),
            Outcome::NotWritten(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(outcome: Outcome) -> Row {
        Row {
            generation: Generation::Keras2,
            model: "Net".to_owned(),
            format: "h5".to_owned(),
            facts: None,
            outcome,
        }
    }

    #[test]
    fn failures_name_the_engine_and_what_is_tolerated() {
        let check = |differences, disagreement, expected: Option<&str>| {
            let outcome = Outcome::Measured {
                read: 0.0,
                differences,
                disagreement,
            };
            assert_eq!(row(outcome).failure().as_deref(), expected);
        };
        let off = |output, logits| {
            Ok(Difference {
                output: Some(output),
                logits,
            })
        };
        check([off(1e-5, 1e-4), off(0.0, 0.0), off(0.0, 0.0)], None, None);
        check(
            [off(1e-5, 1e-4), off(3e-4, 1e-4), off(0.0, 2e-3)],
            Some(1e-4),
            Some(
                "built-in kernels: the outputs differ by 3e-4, where 1e-4 is tolerated; \
                 tract: the logits differ by 2e-3 of the largest, where 1e-3 is tolerated",
            ),
        );
        check(
            [off(0.0, 0.0), off(0.0, 0.0), Err("no".to_owned())],
            Some(2e-3),
            Some(
                "tract: no; its logits differ from those of the model's other formats by 2e-3 of \
                 the largest, where 1e-3 is tolerated",
            ),
        );
    }

    #[test]
    fn what_keras_does_not_write_is_no_failure() {
        let check = |outcome, expected: Option<&str>| {
            assert_eq!(row(outcome).failure().as_deref(), expected);
        };
        check(Outcome::NotWritten("no".to_owned()), None);
        check(Outcome::NotMade("no".to_owned()), Some("no"));
        check(Outcome::Refused("no".to_owned()), Some("refused: no"));
    }
}
