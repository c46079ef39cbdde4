//! Findings for people at a terminal and for programs.

mod records;
mod sarif;

pub use records::{Record, records};
pub use sarif::sarif;

use crate::finding::{Finding, Place, Related, printable};
use crate::text::{ColumnUnit, LineIndex, TextRange};
use std::fmt::Write;

/// Characters of a line that are shown; a longer line is cut around the place that matters.
const EXCERPT: usize = 100;

/// Findings as plain text, each with the line it is about:
///
/// ```text
/// configuration.json:5:17: error[out-of-range]: `batch_size` is 0, but …
///   5 |   "batch_size": 0,
///     |                 ^
/// ```
///
/// `file` is the name to print; line and column count from one, columns in characters.
pub fn human(file: &str, text: &str, findings: &[Finding]) -> String {
    let index = LineIndex::new(text);
    let mut report = String::new();
    for finding in findings {
        let start = index.position(text, finding.range.start, ColumnUnit::Character);
        let (line, column) = (start.line + 1, start.column + 1);
        let (severity, code) = (finding.severity(), finding.code);
        // Writing to a string cannot fail.
        let _ = writeln!(
            report,
            "{file}:{line}:{column}: {severity}[{code}]: {}",
            finding.message
        );
        report.push_str(&excerpt(text, &index, finding.range));
        for Related { place, message } in &finding.related {
            match place {
                Place::Here(range) => {
                    let place = index.position(text, range.start, ColumnUnit::Character);
                    let (line, column) = (place.line + 1, place.column + 1);
                    let _ = writeln!(report, "{file}:{line}:{column}: note: {message}");
                    report.push_str(&excerpt(text, &index, *range));
                }
                Place::File { path, start, .. } => {
                    let (line, column) = (start.line + 1, start.column + 1);
                    let path = path.display();
                    let _ = writeln!(report, "{path}:{line}:{column}: note: {message}");
                }
            }
        }
    }
    report
}

/// The first line of a range, and carets under the part of it that the range covers.
fn excerpt(text: &str, index: &LineIndex, range: TextRange) -> String {
    let start = index.position(text, range.start, ColumnUnit::Character);
    let Some(line) = index.line(text, start.line) else {
        return String::new();
    };
    let end = range.end.clamp(range.start, line.end.max(range.start));
    let marked = TextRange::new(range.start, end).of(text).chars().count();
    let skipped = match start.column + marked.min(EXCERPT) > EXCERPT {
        true => start.column.saturating_sub(EXCERPT / 4),
        false => 0,
    };
    let visible: Vec<char> = line.of(text).chars().skip(skipped).take(EXCERPT).collect();
    let before = start.column - skipped;
    // A character may be shown as several, such as an escape, so both parts are measured as shown.
    let shown = |part: &[char]| {
        part.iter()
            .copied()
            .flat_map(visible_form)
            .collect::<String>()
    };
    let prefix = shown(visible.get(..before).unwrap_or(&visible));
    let covered = visible.get(before..).unwrap_or_default();
    let carets = shown(covered.get(..marked).unwrap_or(covered))
        .chars()
        .count();
    let number = (start.line + 1).to_string();
    format!(
        "  {number} | {}\n  {:width$} | {:indent$}{}\n",
        shown(&visible),
        "",
        "",
        "^".repeat(carets.max(1)),
        width = number.len(),
        indent = prefix.chars().count(),
    )
}

fn visible_form(character: char) -> Vec<char> {
    match character {
        '\t' => vec![' '; 4],
        _ => printable(character).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Code;

    fn finding(text: &str, part: &str) -> Finding {
        let start = text.find(part).unwrap();
        let range = TextRange::new(start, start + part.len());
        Finding::new(
            Code::OutOfRange,
            range,
            &["key"],
            localization::Text::verbatim("it is wrong"),
        )
    }

    #[test]
    fn excerpts() {
        let check = |text: &str, part: &str, expected: &str| {
            let report = human("c.json", text, &[finding(text, part)]);
            assert_eq!(report, expected);
        };
        check(
            "{\n  \"a\": 10,\n}",
            "10",
            "c.json:2:8: error[out-of-range]: it is wrong\n  2 |   \"a\": 10,\n    |        ^^\n",
        );
        check(
            "{\t\"ä𝄞\": 1}",
            "1",
            "c.json:1:9: error[out-of-range]: it is wrong\n  1 | {    \"ä𝄞\": 1}\n    |            ^\n",
        );
        check(
            "{\"\u{1b}[2J\": 1}",
            "1",
            "c.json:1:10: error[out-of-range]: it is wrong\n  1 | {\"\\u{1b}[2J\": 1}\n    |               ^\n",
        );
        check(
            "[1,\n2]",
            "[1,\n2]",
            "c.json:1:1: error[out-of-range]: it is wrong\n  1 | [1,\n    | ^^^\n",
        );
        check(
            "",
            "",
            "c.json:1:1: error[out-of-range]: it is wrong\n  1 | \n    | ^\n",
        );
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let text = format!("{}X{}", "a".repeat(5000), "b".repeat(5000));
        let report = human("c.json", &text, &[finding(&text, "X")]);
        let lines: Vec<&str> = report.lines().collect();
        assert_eq!(lines[0], "c.json:1:5001: error[out-of-range]: it is wrong");
        assert_eq!(lines[1].chars().count(), 6 + EXCERPT);
        assert_eq!(lines[1].find('X'), lines[2].find('^'));
    }
}
