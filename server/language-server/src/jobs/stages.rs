//! The stages of a job as parts of a whole.

/// Stages in order, with the percentage at which each ends; measured on MobileNetV2 with 300
/// images.
const QUANTIZE: [(&str, u32); 11] = [
    ("read", 2),
    ("convert", 4),
    ("calibrate", 55),
    ("search", 75),
    ("quantize", 83),
    ("round", 88),
    ("correct", 89),
    ("budget", 90),
    ("verify", 92),
    ("compare", 98),
    ("write", 100),
];

const EVALUATE: [(&str, u32); 6] = [
    ("read", 2),
    ("convert", 4),
    ("evaluate_keras", 60),
    ("evaluate_tflite", 80),
    ("evaluate_tflite_quantized", 98),
    ("write", 100),
];

/// How much of the job is done when `done` of `total` steps of a stage are, in percent; `None`
/// for a stage that this version does not know.
pub(crate) fn percentage(job: &str, stage: &str, done: u64, total: u64) -> Option<u32> {
    let stages: &[(&str, u32)] = if job == "quantize" {
        &QUANTIZE
    } else {
        &EVALUATE
    };
    let position = stages.iter().position(|(name, _)| *name == stage)?;
    let end = stages.get(position)?.1;
    let start = match position.checked_sub(1) {
        Some(before) => stages.get(before)?.1,
        None => 0,
    };
    let span = u64::from(end - start);
    let inside = match total {
        0 => 0,
        total => u128::from(done.min(total)) * u128::from(span) / u128::from(total),
    };
    Some(start + u32::try_from(inside).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages() {
        let check = |job, stage, done, total, expected| {
            assert_eq!(percentage(job, stage, done, total), expected, "{stage}");
        };
        check("quantize", "read", 0, 0, Some(0));
        check("quantize", "calibrate", 0, 300, Some(4));
        check("quantize", "calibrate", 150, 300, Some(29));
        check("quantize", "calibrate", u64::MAX, 1, Some(55));
        check("evaluate", "write", 1, 1, Some(100));
        check("evaluate", "calibrate", 1, 1, None);
    }

    /// The names are those of the event schema.
    #[test]
    fn stages_exist() {
        let schema = include_str!("../../../../schemas/events.schema.json");
        for (name, _) in QUANTIZE.iter().chain(&EVALUATE) {
            assert!(schema.contains(&format!("\"{name}\"")), "{name}");
        }
    }
}
