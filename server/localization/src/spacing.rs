//! Spaces between Japanese and other letters, which translations have and which have to be where a
//! translation meets what is inserted into it as well.

/// Adds a piece to a text: with a space where Japanese letters meet Latin ones, numbers or code, and
/// without where Japanese letters meet each other.
pub(crate) fn join(text: &mut String, piece: &str) {
    let bare = piece.trim_start_matches(' ');
    let ended = text.trim_end_matches(' ');
    let (Some(last), Some(first)) = (ended.chars().next_back(), bare.chars().next()) else {
        text.push_str(piece);
        return;
    };
    let is_spaced = bare.len() < piece.len() || ended.len() < text.len();
    if is_spaced && (is_japanese(last) || is_stop(last)) && (is_japanese(first) || is_stop(last)) {
        text.truncate(ended.len());
        text.push_str(bare);
        return;
    }
    let meets = is_japanese(last) && is_spelled(first) || is_spelled(last) && is_japanese(first);
    if meets && !is_spaced {
        text.push(' ');
    }
    text.push_str(piece);
}

/// Kana and kanji.
fn is_japanese(letter: char) -> bool {
    matches!(letter, '\u{3041}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}')
}

/// Marks that have their space in themselves.
fn is_stop(letter: char) -> bool {
    matches!(letter, '。' | '、')
}

fn is_spelled(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '`' | '"' | '-' | '−' | '%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_between_scripts() {
        let check = |before: &str, piece: &str, expected: &str| {
            let mut text = before.to_owned();
            join(&mut text, piece);
            assert_eq!(text, expected);
        };
        check("値は", "1.5", "値は 1.5");
        check("値は ", "1.5", "値は 1.5");
        check("`x`", "でなければ", "`x` でなければ");
        check("文字列", " または ", "文字列または ");
        check("または ", "リスト", "またはリスト");
        check("です。", " (他 ", "です。(他 ");
        check("`a`、", "`b`", "`a`、`b`");
        check("a", "b", "ab");
        check("a ", "b", "a b");
        check("", " が", " が");
        check("値", "", "値");
    }
}
