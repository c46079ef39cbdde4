//! The content of string literals (RFC 8259, section 7).

use crate::text::TextRange;

/// What a literal says, and the ranges that are no valid part of a string.
pub(super) struct Decoded {
    pub content: String,
    pub bad_escapes: Vec<TextRange>,
    pub control_characters: Vec<TextRange>,
}

/// The content of a string with its quotes, the closing one if it is there.
pub(crate) fn decode_string(written: &str) -> String {
    let quote = written.chars().next().unwrap_or('"');
    let content = written.get(1..).unwrap_or_default();
    decode(content.strip_suffix(quote).unwrap_or(content), 0).content
}

/// Resolves the escapes of `literal`, which starts at byte `start` of the text and has no quotes
/// around it. Bad escapes stay in the content as they are written.
pub(super) fn decode(literal: &str, start: usize) -> Decoded {
    let mut decoded = Decoded {
        content: String::with_capacity(literal.len()),
        bad_escapes: Vec::new(),
        control_characters: Vec::new(),
    };
    let mut rest = literal;
    while let Some(first) = rest.chars().next() {
        let at = start + (literal.len() - rest.len());
        let length = if first == '\\' {
            match escape(rest) {
                Some((character, length)) => {
                    decoded.content.push(character);
                    length
                }
                None => {
                    let length = 1 + rest.chars().nth(1).map_or(0, char::len_utf8);
                    decoded
                        .content
                        .push_str(rest.get(..length).unwrap_or_default());
                    decoded.bad_escapes.push(TextRange::new(at, at + length));
                    length
                }
            }
        } else {
            if first < ' ' {
                decoded.control_characters.push(TextRange::new(at, at + 1));
            }
            decoded.content.push(first);
            first.len_utf8()
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    decoded
}

/// The character that an escape at the start of `rest` stands for, and the escape's length.
fn escape(rest: &str) -> Option<(char, usize)> {
    let simple = match rest.as_bytes().get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode_escape(rest),
        _ => return None,
    };
    Some((simple, 2))
}

fn unicode_escape(rest: &str) -> Option<(char, usize)> {
    let unit = |at: usize| -> Option<u16> {
        let digits = rest.get(at..at + 6)?.strip_prefix("\\u")?;
        // from_str_radix would also take a sign.
        digits
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit())
            .then(|| u16::from_str_radix(digits, 16).ok())?
    };
    let first = unit(0)?;
    if let Some(character) = char::from_u32(u32::from(first)) {
        return Some((character, 6));
    }
    let pair = [first, unit(6)?];
    let character = char::decode_utf16(pair).next()?.ok()?;
    Some((character, 12))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        let check = |literal: &str, content: &str, bad: &[(usize, usize)]| {
            let decoded = decode(literal, 10);
            assert_eq!(decoded.content, content, "{literal}");
            let ranges: Vec<_> = decoded
                .bad_escapes
                .iter()
                .chain(&decoded.control_characters)
                .map(|range| (range.start, range.end))
                .collect();
            assert_eq!(ranges, bad, "{literal}");
        };
        check("plain ä", "plain ä", &[]);
        check(r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t", &[]);
        check(r"\u0041\u00e4", "Aä", &[]);
        check(r"\ud834\udd1e", "𝄞", &[]);
        check(r"\ud834x", r"\ud834x", &[(10, 12)]);
        check(r"C:\Users", r"C:\Users", &[(12, 14)]);
        check(r"\u+123", r"\u+123", &[(10, 12)]);
        check("\\ä", "\\ä", &[(10, 13)]);
        check("\\", "\\", &[(10, 11)]);
        check("a\tb", "a\tb", &[(11, 12)]);
    }
}
