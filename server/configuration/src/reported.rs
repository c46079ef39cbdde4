//! Advice out of a quantization report on disk, which may be anybody's file.

use crate::code::Code;
use crate::facts::{AdvicePiece, ReportedAdvice};
use crate::finding::printable;
use localization::Structured;
use serde::Deserialize;
use serde_json::Value;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

/// No report of a model that Quantize can write is longer.
const MAX_BYTES: u64 = 16 << 20;

/// So many pieces of advice are read.
const MAX_PIECES: usize = 32;

/// A longer message is cut.
const MAX_CHARACTERS: usize = 1000;

/// The parts of `quantization_report.json` that are read.
#[derive(Deserialize)]
struct Report {
    configuration: Value,
    advice: Vec<Piece>,
}

#[derive(Deserialize)]
struct Piece {
    code: String,
    key: String,
    value: Option<Value>,
    message: String,
    text: Option<Structured>,
}

/// Reads a report; `None` where there is none, or the file is none.
pub(crate) fn read(path: &Path) -> Option<ReportedAdvice> {
    // Only regular files: opening a pipe would wait for ever.
    if !fs::symlink_metadata(path).ok()?.is_file() {
        return None;
    }
    let mut text = Vec::new();
    let file = File::open(path).ok()?;
    file.take(MAX_BYTES + 1).read_to_end(&mut text).ok()?;
    if text.len() as u64 > MAX_BYTES {
        return None;
    }
    parse(&text)
}

/// The advice in the text of a report. Kinds that this version does not know are left out.
pub(crate) fn parse(text: &[u8]) -> Option<ReportedAdvice> {
    let report: Report = serde_json::from_slice(text).ok()?;
    let piece = |piece: Piece| {
        let characters = piece.message.chars().take(MAX_CHARACTERS);
        let message: String = characters.flat_map(printable).collect();
        Some(AdvicePiece {
            code: Code::from_name(&piece.code)?,
            path: piece.key.split('.').map(str::to_owned).collect(),
            value: piece.value,
            message: Structured::said(piece.text, &message),
        })
    };
    Some(ReportedAdvice {
        configuration: report.configuration,
        pieces: report
            .advice
            .into_iter()
            .take(MAX_PIECES)
            .filter_map(piece)
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_report_has_no_advice() {
        let check = |text: &str, pieces: Option<usize>| {
            let read = parse(text.as_bytes()).map(|advice| advice.pieces.len());
            assert_eq!(read, pieces, "{text}");
        };
        check("", None);
        check("[]", None);
        check(r#"{"configuration": {}}"#, None);
        check(r#"{"configuration": {}, "advice": []}"#, Some(0));
        let piece = |code: &str| {
            format!(r#"{{"code": "{code}", "key": "a.b", "value": null, "message": "m"}}"#)
        };
        let report =
            |pieces: &str| format!(r#"{{"configuration": 1, "advice": [{pieces}], "x": 2}}"#);
        check(&report(&piece("noisy-logits")), Some(1));
        check(&report(&piece("of-the-future")), Some(0));
        check(
            &report(&vec![piece("noisy-logits"); 99].join(",")),
            Some(MAX_PIECES),
        );
    }

    #[test]
    fn messages_cannot_control_the_terminal() {
        let text = r#"{"configuration": {}, "advice": [
            {"code": "noisy-logits", "key": "quantization.seed", "value": 1, "message": "a\u001b[2J"}]}"#;
        let advice = parse(text.as_bytes()).unwrap();
        assert_eq!(advice.pieces[0].message, "a\\u{1b}[2J");
        assert_eq!(advice.pieces[0].path, ["quantization", "seed"]);
    }

    #[test]
    fn only_regular_files_of_sane_length_are_read() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()), None);
        let file = folder.path().join("report.json");
        assert_eq!(read(&file), None);
        let report = r#"{"configuration": {}, "advice": []}"#;
        fs::write(&file, report).unwrap();
        assert_eq!(read(&file).map(|advice| advice.pieces.len()), Some(0));
        fs::write(&file, report.to_owned() + &" ".repeat(MAX_BYTES as usize)).unwrap();
        assert_eq!(read(&file), None);
    }
}
