//! Advice that Quantize has given about the model.

use std::fs::{File, Metadata};
use std::io::Read as _;
use std::path::Path;

use report::EvaluationAdvice;
use serde::Deserialize;
use serde_json::Value;

use crate::result_files::QUANTIZATION_REPORT;

/// A quantization report has some kilobytes a layer.
const LONGEST: u64 = 32 << 20;

/// The most advice that is passed on.
const MOST: usize = 50;

/// The part of `quantization_report.json` that is read.
#[derive(Debug, Deserialize)]
struct Report {
    files: Files,
    advice: Vec<Advice>,
}

#[derive(Debug, Deserialize)]
struct Files {
    quantized_bytes: u64,
}

#[derive(Debug, Deserialize)]
struct Advice {
    code: String,
    layers: Vec<String>,
    key: String,
    value: Option<Value>,
    message: String,
}

/// What the quantization report in `output_dir` advises, if it is about a model of
/// `quantized_bytes` bytes. Anything else there is no reason to fail.
pub(super) fn advice(output_dir: &Path, quantized_bytes: u64) -> Vec<EvaluationAdvice> {
    let report = read(&output_dir.join(QUANTIZATION_REPORT));
    let fitting = report.filter(|report| report.files.quantized_bytes == quantized_bytes);
    let advice = fitting.map(|report| report.advice).unwrap_or_default();
    advice
        .into_iter()
        .take(MOST)
        .map(|advice| EvaluationAdvice {
            code: advice.code,
            layers: advice.layers,
            key: advice.key,
            value: advice.value,
            message: advice.message,
        })
        .collect()
}

fn read(path: &Path) -> Option<Report> {
    // Opening a pipe would wait for a writer.
    std::fs::metadata(path).ok().filter(Metadata::is_file)?;
    let file = File::open(path).ok()?;
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= LONGEST).then_some(())?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_is_passed_on_for_the_same_model_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(QUANTIZATION_REPORT);
        let check = |content: &str, bytes: u64, expected: &[&str]| {
            std::fs::write(&path, content).unwrap();
            let advice = advice(folder.path(), bytes);
            let messages: Vec<&str> = advice.iter().map(|advice| &*advice.message).collect();
            assert_eq!(messages, expected, "{content}");
        };
        let report = r#"{"files": {"float_bytes": 40, "quantized_bytes": 10},
            "advice": [{"code": "x", "layers": [], "key": "target", "value": null, "message": "m", "more": 1}], "layers": []}"#;
        check(report, 10, &["m"]);
        check(report, 11, &[]);
        check("{}", 10, &[]);
        check("no JSON", 10, &[]);
        std::fs::remove_file(&path).unwrap();
        assert!(advice(folder.path(), 10).is_empty());
    }
}
