//! Markdown with text of users in it.

use crate::finding::printable;

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
pub(super) fn counted(count: usize, singular: &str, plural: &str) -> String {
    let noun = if count == 1 { singular } else { plural };
    format!("{} {noun}", grouped(count as u64))
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
        assert_eq!(counted(1, "image", "images"), "1 image");
    }
}
