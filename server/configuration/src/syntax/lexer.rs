//! Text cut into tokens. Every byte that is not white space belongs to exactly one token.

use crate::text::TextRange;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
    Colon,
    Comma,
    /// A double-quoted string.
    String {
        terminated: bool,
    },
    /// A string in single quotes, which JSON does not have.
    SingleQuoted,
    /// Letters, digits and signs: a number, `true`, `false`, `null`, or a bare word.
    Word,
    /// `// …` or `/* … */`, which JSON does not have.
    Comment,
    /// Any other character.
    Unknown,
    /// The end of the text.
    End,
}

/// A piece of the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub kind: TokenKind,
    pub range: TextRange,
}

/// Cuts `text` into tokens; the last one is [`TokenKind::End`].
pub(crate) fn tokenize(text: &str) -> Vec<Token> {
    // A byte order mark is allowed to be ignored (RFC 8259, section 8.1), and Windows editors
    // write one.
    let mut at = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut tokens = Vec::new();
    while let Some(rest) = text.get(at..) {
        let Some(first) = rest.chars().next() else {
            break;
        };
        if matches!(first, ' ' | '\t' | '\n' | '\r') {
            at += 1;
            continue;
        }
        let (kind, length) = token(first, rest);
        tokens.push(Token {
            kind,
            range: TextRange::new(at, at + length),
        });
        at += length;
    }
    tokens.push(Token {
        kind: TokenKind::End,
        range: TextRange::at(text.len()),
    });
    tokens
}

fn token(first: char, rest: &str) -> (TokenKind, usize) {
    match first {
        '{' => (TokenKind::OpenBrace, 1),
        '}' => (TokenKind::CloseBrace, 1),
        '[' => (TokenKind::OpenBracket, 1),
        ']' => (TokenKind::CloseBracket, 1),
        ':' => (TokenKind::Colon, 1),
        ',' => (TokenKind::Comma, 1),
        '"' => {
            let (length, terminated) = quoted(rest, b'"');
            (TokenKind::String { terminated }, length)
        }
        '\'' => (TokenKind::SingleQuoted, quoted(rest, b'\'').0),
        '/' if rest.starts_with("//") => {
            let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
            (TokenKind::Comment, length)
        }
        '/' if rest.starts_with("/*") => {
            let length = rest.find("*/").map_or(rest.len(), |end| end + 2);
            (TokenKind::Comment, length)
        }
        _ if is_word(first) => {
            let length = rest.find(|next| !is_word(next)).unwrap_or(rest.len());
            (TokenKind::Word, length)
        }
        _ => (TokenKind::Unknown, first.len_utf8()),
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-' | '+' | '.' | '$')
}

/// Length of a quoted string, and whether it is closed. An open one ends with its line, so that
/// the lines after it are read as usual.
fn quoted(rest: &str, quote: u8) -> (usize, bool) {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\n' | b'\r' => return (at, false),
            b'\\' if !matches!(bytes.get(at + 1), None | Some(b'\n' | b'\r')) => at += 2,
            _ if byte == quote => return (at + 1, true),
            _ => at += 1,
        }
    }
    (rest.len(), false)
}
