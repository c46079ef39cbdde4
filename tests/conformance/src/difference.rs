//! How far results are from those of TensorFlow.

use serde::{Deserialize, Serialize};

/// Largest difference of an output behind a softmax.
const OUTPUT_TOLERANCE: f32 = 1e-4;

/// Largest difference of logits, relative to the largest magnitude among those of the image.
const LOGITS_TOLERANCE: f32 = 1e-3;

/// The worst differences over all images.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Difference {
    /// Between outputs behind a softmax.
    pub(crate) output: Option<f32>,
    /// Between logits, relative to the largest magnitude among those of the image.
    pub(crate) logits: f32,
}

impl Difference {
    /// What is not tolerable, if anything is.
    pub(crate) fn problem(&self) -> Option<String> {
        let output = self.output.unwrap_or_default();
        let mut problems = Vec::new();
        if exceeds(output, OUTPUT_TOLERANCE) {
            problems.push(format!(
                "the outputs differ by {}, where {} is tolerated",
                magnitude(output),
                magnitude(OUTPUT_TOLERANCE)
            ));
        }
        if exceeds(self.logits, LOGITS_TOLERANCE) {
            problems.push(format!(
                "the logits differ by {} of the largest, where {} is tolerated",
                magnitude(self.logits),
                magnitude(LOGITS_TOLERANCE)
            ));
        }
        (!problems.is_empty()).then(|| problems.join(" and "))
    }

    /// Difference behind the softmax, and of the logits.
    pub(crate) fn cell(&self) -> String {
        let output = self.output.map_or_else(|| "—".to_owned(), magnitude);
        format!("{output} / {}", magnitude(self.logits))
    }

    /// Whether both are numbers.
    pub(crate) fn is_finite(&self) -> bool {
        self.output.unwrap_or_default().is_finite() && self.logits.is_finite()
    }

    /// The worse of each.
    pub(crate) fn worst(self, other: Self) -> Self {
        let output = match (self.output, other.output) {
            (Some(a), Some(b)) => Some(larger(a, b)),
            (a, b) => a.or(b),
        };
        Self {
            output,
            logits: larger(self.logits, other.logits),
        }
    }
}

/// Whether a difference is more than is tolerated, as what is no number always is.
fn exceeds(difference: f32, tolerance: f32) -> bool {
    difference.is_nan() || difference > tolerance
}

/// The larger one; not a number if one is not.
pub(crate) fn larger(a: f32, b: f32) -> f32 {
    if a.is_nan() || a > b { a } else { b }
}

/// Largest difference between elements; infinite when there are more of one than of the other.
pub(crate) fn absolute(actual: &[f32], expected: &[f32]) -> f32 {
    if actual.len() != expected.len() {
        return f32::INFINITY;
    }
    let differences = actual.iter().zip(expected).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, larger)
}

/// Largest difference between elements, as a part of the largest expected magnitude.
pub(crate) fn relative(actual: &[f32], expected: &[f32]) -> f32 {
    let magnitude = expected.iter().map(|value| value.abs()).fold(0.0, larger);
    let difference = absolute(actual, expected);
    if difference == 0.0 {
        0.0
    } else {
        difference / magnitude
    }
}

/// A difference for people: one digit is enough.
pub(crate) fn magnitude(value: f32) -> String {
    if value == 0.0 {
        "0".to_owned()
    } else {
        format!("{value:.0e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_relative_to_the_largest_magnitude() {
        let check = |actual: &[f32], expected: &[f32], wanted: f32| {
            assert_eq!(
                relative(actual, expected),
                wanted,
                "{actual:?} {expected:?}"
            );
        };
        check(&[1.0, 2.0], &[1.0, 2.0], 0.0);
        check(&[1.0, 3.0], &[1.0, -4.0], 1.75);
        check(&[0.0], &[0.0], 0.0);
        check(&[1.0], &[0.0], f32::INFINITY);
        check(&[1.0], &[1.0, 1.0], f32::INFINITY);
        assert!(relative(&[f32::NAN, 1.0], &[1.0, 1.0]).is_nan());
    }

    #[test]
    fn what_is_no_number_is_not_tolerable() {
        let check = |output, logits, expected: bool| {
            let difference = Difference { output, logits };
            assert_eq!(difference.problem().is_none(), expected, "{difference:?}");
        };
        check(None, 0.0, true);
        check(Some(1e-4), 1e-3, true);
        check(Some(2e-4), 0.0, false);
        check(None, 2e-3, false);
        check(None, f32::NAN, false);
        check(Some(f32::NAN), 0.0, false);
    }
}
