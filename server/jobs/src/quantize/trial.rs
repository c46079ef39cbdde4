//! Proposals that may do harm as well as good are tried before they become advice.

use ::report::Advice;
use advice::Proposal;
use localization::text;
use quantization::Options;

use crate::error::JobError;

/// Gain of the logits' signal to noise ratio (dB) from which a setting is worth advice.
const LEAST_GAIN: f64 = 0.5;

/// The proposals that need no trial, and those that `measure` finds better than `present` (dB); the
/// latter say by how much. Nothing is tried where there is nothing to compare with.
pub(super) fn proven(
    proposals: Vec<Proposal>,
    present: Option<f64>,
    mut measure: impl FnMut(&Options) -> Result<Option<f64>, JobError>,
) -> Result<Vec<Advice>, JobError> {
    let mut proven = Vec::new();
    for Proposal { mut advice, trial } in proposals {
        if let Some(options) = trial {
            let Some(present) = present else { continue };
            match measure(&options)? {
                Some(then) if then >= present + LEAST_GAIN => {
                    advice.message = text!(
                        "{advice} (it raises the ratio of the logits to their noise from {present:.1} to {then:.1} dB)",
                        advice = advice.message
                    );
                }
                _ => continue,
            }
        }
        proven.push(advice);
    }
    Ok(proven)
}

#[cfg(test)]
mod tests {
    use super::*;
    use localization::Text;

    #[test]
    fn only_what_helps_is_advised() {
        let proposal = |trial: Option<Options>| Proposal {
            advice: Advice {
                code: "activation-outliers",
                layers: Vec::new(),
                key: "quantization.z_threshold".to_owned(),
                value: None,
                message: Text::verbatim("it was seen"),
            },
            trial: trial.map(Box::new),
        };
        let check = |present: Option<f64>, then: Option<f64>, expected: &[&str]| {
            let proposals = vec![proposal(None), proposal(Some(Options::default()))];
            let mut tried = 0;
            let advice = proven(proposals, present, |_| {
                tried += 1;
                Ok(then)
            });
            let messages: Vec<String> = advice
                .unwrap()
                .into_iter()
                .map(|a| a.message.to_string())
                .collect();
            assert_eq!(messages, expected);
            assert_eq!(tried, usize::from(present.is_some()));
        };
        let sure = "it was seen";
        let helps =
            "it was seen (it raises the ratio of the logits to their noise from 20.0 to 20.5 dB)";
        check(Some(20.0), Some(20.5), &[sure, helps]);
        check(Some(20.0), Some(20.4), &[sure]);
        check(Some(20.0), None, &[sure]);
        check(None, Some(20.5), &[sure]);
        let cancelled = proven(vec![proposal(Some(Options::default()))], Some(1.0), |_| {
            Err(JobError::Cancelled)
        });
        assert!(matches!(cancelled, Err(JobError::Cancelled)));
    }
}
