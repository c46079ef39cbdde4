//! Markdown with text of users in it.

use crate::finding::printable;
use localization::{Text, text};

/// Characters of a user's text that are shown.
const LONGEST: usize = 200;

/// A code span that shows the text as it is: no text can end it or be taken for markup (CommonMark
/// 0.31, section 6.1, where the fence is longer than any run of backquotes inside).
pub(super) fn code(text: &str) -> String {
    let shown: String = text.chars().take(LONGEST).flat_map(printable).collect();
    let longest_run = shown
        .split(|character| character != '`')
        .map(str::len)
        .max()
        .unwrap_or(0);
    let fence = "`".repeat(longest_run + 1);
    // A space on both sides keeps backquotes at the ends apart from the fence; it is not shown.
    let space = if shown.starts_with('`') || shown.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{space}{shown}{space}{fence}")
}

/// A number with thin spaces between groups of three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push('\u{2009}');
        }
        grouped.push(digit);
    }
    grouped
}

/// A length of a file for people, such as `3.5 MB`.
pub(super) fn bytes(length: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if length < 1000 {
        return format!("{length} B");
    }
    let mut size = length as f64 / 1000.0;
    let mut unit = "kB";
    for larger in UNITS.into_iter().skip(1) {
        if size < 999.95 {
            break;
        }
        size /= 1000.0;
        unit = larger;
    }
    format!("{size:.1} {unit}")
}

/// `1 image`, `2 images`
pub(super) fn images(count: usize) -> Text {
    let shown = grouped(count as u64);
    match count {
        1 => text!("{count} image", count = shown),
        _ => text!("{count} images", count = shown),
    }
}

/// `1 JPEG image`, `2 JPEG images`
pub(super) fn jpeg_images(count: usize) -> Text {
    let shown = grouped(count as u64);
    match count {
        1 => text!("{count} JPEG image", count = shown),
        _ => text!("{count} JPEG images", count = shown),
    }
}

/// `1 sample`, `2 samples`
pub(super) fn samples(count: usize) -> Text {
    let shown = grouped(count as u64);
    match count {
        1 => text!("{count} sample", count = shown),
        _ => text!("{count} samples", count = shown),
    }
}

/// `1 layer`, `2 layers`
pub(super) fn layers(count: usize) -> Text {
    let shown = grouped(count as u64);
    match count {
        1 => text!("{count} layer", count = shown),
        _ => text!("{count} layers", count = shown),
    }
}

/// `1 class`, `2 classes`
pub(super) fn classes(count: usize) -> Text {
    let shown = grouped(count as u64);
    match count {
        1 => text!("{count} class", count = shown),
        _ => text!("{count} classes", count = shown),
    }
}

/// `1 class folder`, `2 class folders`
pub(super) fn class_folders(count: usize) -> Text {
    let shown = grouped(count as u64);
    match count {
        1 => text!("{count} class folder", count = shown),
        _ => text!("{count} class folders", count = shown),
    }
}

/// `1 rule for operators`, `2 rules for operators`
pub(super) fn operator_rules(count: usize) -> Text {
    let shown = grouped(count as u64);
    match count {
        1 => text!("{count} rule for operators", count = shown),
        _ => text!("{count} rules for operators", count = shown),
    }
}

/// The lines of a document in Markdown, each of which is a text of its own.
pub(super) fn document(markdown: &str) -> Text {
    let mut in_code = false;
    let lines = markdown.lines().map(|line| {
        let is_fence = line.starts_with("```");
        in_code ^= is_fence;
        match is_fence || in_code || line.is_empty() {
            true => Text::verbatim(line),
            false => Text::of_document(line),
        }
    });
    Text::list(Text::verbatim("\n"), lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_leaves_its_code_span() {
        assert_eq!(code("a*b"), "`a*b`");
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`x"), "`` `x ``");
        assert_eq!(code("a\nb"), "`a\\nb`");
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!(grouped(1), "1");
        assert_eq!(grouped(1234), "1\u{2009}234");
        assert_eq!(grouped(123_456), "123\u{2009}456");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(999_960), "1.0 MB");
        assert_eq!(bytes(3_500_000), "3.5 MB");
        assert_eq!(images(1), "1 image");
        assert_eq!(images(1234), "1\u{2009}234 images");
    }
}
