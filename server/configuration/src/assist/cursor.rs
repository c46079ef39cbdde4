//! What stands at a place in the text, told from the tokens before it, so that it works while the
//! text is not yet JSON.

use crate::syntax::{Token, TokenKind, decode_string, tokenize};
use crate::text::TextRange;

/// What belongs at the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// A key of the object that the path leads to.
    Key,
    /// The value that the path leads to.
    Value,
    /// A colon, a bracket, or nothing.
    Nothing,
}

/// A place in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// Names of members, positions in lists.
    pub path: Vec<String>,
    /// What belongs here.
    pub expected: Expected,
    /// The string or word that the cursor is in or touches.
    pub token: Option<TextRange>,
    /// Where a comma is missing before what belongs here.
    pub missing_comma: Option<usize>,
    /// Whether a colon follows.
    pub before_colon: bool,
    /// Whether another entry follows without a comma.
    pub before_entry: bool,
}

/// An open bracket.
struct Level {
    is_object: bool,
    state: State,
    /// Key of the present member, or position of the present item.
    segment: String,
    position: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Key,
    Colon,
    Value,
    /// Behind a value that ends at this offset.
    Separator(usize),
}

impl Level {
    fn open(is_object: bool) -> Level {
        Level {
            is_object,
            state: if is_object { State::Key } else { State::Value },
            segment: "0".to_owned(),
            position: 0,
        }
    }
}

impl Cursor {
    /// The place at `offset`.
    pub fn at(text: &str, offset: usize) -> Cursor {
        let tokens: Vec<Token> = tokenize(text)
            .into_iter()
            .filter(|token| token.kind != TokenKind::Comment || token.range.touches(offset))
            .collect();
        let touched = tokens
            .iter()
            .position(|token| touches(text, *token, offset));
        let before = touched.unwrap_or_else(|| {
            tokens
                .partition_point(|token| token.range.end <= offset && token.kind != TokenKind::End)
        });
        let mut levels: Vec<Level> = Vec::new();
        for (position, token) in tokens.iter().enumerate().take(before) {
            let colon_follows = kind(&tokens, position + 1) == TokenKind::Colon;
            step(&mut levels, text, *token, colon_follows);
        }
        let next = touched.map_or(before, |position| position + 1);
        let before_colon = kind(&tokens, next) == TokenKind::Colon;
        let in_comment = tokens
            .iter()
            .any(|token| token.kind == TokenKind::Comment && token.range.touches(offset));
        let mut cursor = Cursor {
            path: Vec::new(),
            expected: Expected::Nothing,
            token: touched.and_then(|position| Some(tokens.get(position)?.range)),
            missing_comma: None,
            before_colon,
            before_entry: matches!(
                kind(&tokens, next),
                TokenKind::String { .. } | TokenKind::SingleQuoted | TokenKind::Word
            ),
        };
        let Some((level, around)) = levels.split_last() else {
            return cursor;
        };
        cursor.path = around.iter().map(|level| level.segment.clone()).collect();
        let starts_member = before_colon && touched.is_some();
        cursor.expected = match level.state {
            _ if in_comment => Expected::Nothing,
            State::Value if level.is_object && starts_member => Expected::Key,
            State::Value => {
                cursor.path.push(level.segment.clone());
                Expected::Value
            }
            State::Key => Expected::Key,
            State::Separator(end) if level.is_object => {
                cursor.missing_comma = Some(end);
                Expected::Key
            }
            State::Separator(_) | State::Colon => Expected::Nothing,
        };
        cursor
    }

    /// The path as it is looked up in the schema.
    pub fn path(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }
}

fn kind(tokens: &[Token], position: usize) -> TokenKind {
    tokens
        .get(position)
        .map_or(TokenKind::End, |token| token.kind)
}

/// Whether the cursor is in a string or word, or at the end of a word or of an open string.
fn touches(text: &str, token: Token, offset: usize) -> bool {
    let TextRange { start, end } = token.range;
    match token.kind {
        TokenKind::Word => start <= offset && offset <= end,
        TokenKind::String { terminated: true } => start < offset && offset < end,
        TokenKind::String { terminated: false } => start < offset && offset <= end,
        TokenKind::SingleQuoted => {
            let closed = end > start + 1 && token.range.of(text).ends_with('\'');
            start < offset && (offset < end || (!closed && offset == end))
        }
        _ => false,
    }
}

/// Moves the state behind one token.
fn step(levels: &mut Vec<Level>, text: &str, token: Token, colon_follows: bool) {
    let end = token.range.end;
    match token.kind {
        TokenKind::OpenBrace => levels.push(Level::open(true)),
        TokenKind::OpenBracket => levels.push(Level::open(false)),
        TokenKind::CloseBrace | TokenKind::CloseBracket => {
            // A list that was never closed ends with the object around it.
            let is_object = token.kind == TokenKind::CloseBrace;
            if let Some(open) = levels
                .iter()
                .rposition(|level| level.is_object == is_object)
            {
                levels.truncate(open);
            }
            if let Some(level) = levels.last_mut() {
                level.state = State::Separator(end);
            }
        }
        TokenKind::Colon => {
            if let Some(level) = levels.last_mut().filter(|level| level.is_object) {
                level.state = State::Value;
            }
        }
        TokenKind::Comma => {
            if let Some(level) = levels.last_mut() {
                level.position += 1;
                if level.is_object {
                    level.state = State::Key;
                } else {
                    level.state = State::Value;
                    level.segment = level.position.to_string();
                }
            }
        }
        TokenKind::String { .. } | TokenKind::SingleQuoted | TokenKind::Word => {
            let Some(level) = levels.last_mut() else {
                return;
            };
            let is_key = level.is_object
                && (colon_follows || !matches!(level.state, State::Value | State::Colon));
            if is_key {
                level.segment = name(text, token);
                level.state = State::Colon;
            } else {
                level.state = State::Separator(end);
            }
        }
        TokenKind::Unknown | TokenKind::Comment | TokenKind::End => {}
    }
}

/// The content of a key.
fn name(text: &str, token: Token) -> String {
    let written = token.range.of(text);
    match token.kind {
        TokenKind::Word => written.to_owned(),
        _ => decode_string(written),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `|` marks the cursor.
    fn check(marked: &str, path: &str, expected: Expected, token: Option<&str>) {
        let offset = marked.find('|').unwrap();
        let text = marked.replacen('|', "", 1);
        let cursor = Cursor::at(&text, offset);
        let found = (
            cursor.path.join("."),
            cursor.expected,
            cursor.token.map(|range| range.of(&text)),
        );
        assert_eq!(found, (path.to_owned(), expected, token), "{marked}");
    }

    #[test]
    fn places_in_sound_and_broken_text() {
        use Expected::{Key, Nothing, Value};
        check("{|}", "", Key, None);
        check("|{}", "", Nothing, None);
        check("{}|", "", Nothing, None);
        check("{\"a|\"", "", Key, Some("\"a\""));
        check("{\"a|", "", Key, Some("\"a"));
        check("{a|", "", Key, Some("a"));
        check("{\"a\" |", "", Nothing, None);
        check("{\"a\": |", "a", Value, None);
        check("{\"a\":|}", "a", Value, None);
        check("{\"a\": \"x|", "a", Value, Some("\"x"));
        check("{\"a\": \"x|\n \"b\": 1}", "a", Value, Some("\"x"));
        check("{\"a\": tr|, \"b\": 1}", "a", Value, Some("tr"));
        check("{\"a\": \"b|\": 1}", "", Key, Some("\"b\""));
        check("{\"a\": 1 |}", "", Key, None);
        check("{\"a\": 1, |}", "", Key, None);
        check("{\"a\": {\"b\": {|}", "a.b", Key, None);
        check("{\"a\": {\"b\": [1, |", "a.b.1", Value, None);
        check("{\"a\": [1 |", "a", Nothing, None);
        check("{\"a\": [1, {\"b\": |}", "a.1.b", Value, None);
        check("{\"a\": [1, 2}, |", "", Nothing, None);
        check("{\"o\": {\"a\": [1, 2}, |", "", Key, None);
        check("{\"a\": {}, \"b\": \"|\"}", "b", Value, Some("\"\""));
        check("{\"\\u0061\": |", "a", Value, None);
        check("{ // no|te\n}", "", Nothing, None);
        check("|", "", Nothing, None);
        check("{\"𝄞\": \"ä|\"}", "𝄞", Value, Some("\"ä\""));
    }

    #[test]
    fn what_follows() {
        let at = |marked: &str| {
            let offset = marked.find('|').unwrap();
            Cursor::at(&marked.replacen('|', "", 1), offset)
        };
        assert!(at("{\"a|\": 1}").before_colon);
        assert!(!at("{\"a|\"}").before_colon);
        assert!(at("{|\"a\": 1}").before_entry);
        assert_eq!(at("{\"a\": 1\n|}").missing_comma, Some(7));
    }
}
