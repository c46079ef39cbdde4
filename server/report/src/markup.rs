//! Text on its way into HTML.

use std::fmt;

/// Text from outside, safe between tags and in quoted attributes. Control characters, which could
/// reorder or hide what stands around them, are replaced.
pub(crate) struct Text<'a>(pub(crate) &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '<' => formatter.write_str("&lt;")?,
                '>' => formatter.write_str("&gt;")?,
                '&' => formatter.write_str("&amp;")?,
                '"' => formatter.write_str("&quot;")?,
                '\'' => formatter.write_str("&#39;")?,
                // Embeddings, overrides and isolates of the Unicode Bidirectional Algorithm.
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                    formatter.write_str("\u{fffd}")?;
                }
                character if character.is_control() => formatter.write_str("\u{fffd}")?,
                character => write!(formatter, "{character}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_becomes_markup() {
        let check = |text: &str, expected: &str| assert_eq!(Text(text).to_string(), expected);
        check("conv2d/kernel:0", "conv2d/kernel:0");
        check(
            "<script>alert('x' & \"y\")</script>",
            "&lt;script&gt;alert(&#39;x&#39; &amp; &quot;y&quot;)&lt;/script&gt;",
        );
        check("a\u{202e}b\nc", "a\u{fffd}b\u{fffd}c");
        check("猫 ü", "猫 ü");
    }
}
