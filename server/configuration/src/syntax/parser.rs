//! Tokens as a tree, by recursive descent with recovery.

use super::lexer::{Token, TokenKind, tokenize};
use super::string;
use super::tree::{Key, Member, Node, Object, Value};
use crate::text::TextRange;
use localization::Message;

/// Longest text that is parsed, in bytes. A configuration has a few kilobytes.
pub const MAX_LENGTH: usize = 1 << 20;

/// Deepest nesting of objects and arrays that is parsed. A configuration has four levels.
pub const MAX_DEPTH: usize = 64;

/// After so many errors the text is no JSON at all, and further ones help nobody.
const MAX_ERRORS: usize = 100;

/// What was understood of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The value; `None` where the text has none.
    pub root: Option<Node>,
    /// The errors in the order in which they were met, at most 100.
    pub errors: Vec<SyntaxError>,
}

/// A place where the text is not JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The text at fault; empty where something is missing.
    pub range: TextRange,
    /// What is wrong.
    pub kind: SyntaxErrorKind,
}

impl SyntaxError {
    /// Whether members of an object may be missing from the tree because of this error.
    fn hides_members(&self) -> bool {
        matches!(
            self.kind,
            SyntaxErrorKind::TooDeep
                | SyntaxErrorKind::Unclosed(..)
                | SyntaxErrorKind::UnmatchedClose
                | SyntaxErrorKind::ExpectedKey
                | SyntaxErrorKind::UnclosedString
        )
    }
}

/// What can be wrong with a JSON text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Message)]
pub enum SyntaxErrorKind {
    /// Nothing but white space.
    #[error("the file is empty; write a JSON object with the ten keys, or let `init` write one")]
    Empty,
    /// More than [`MAX_LENGTH`] bytes.
    #[error(
        "the file has more than {MAX_LENGTH} bytes and is not read; keep only the keys of a configuration"
    )]
    TooLong,
    /// More than [`MAX_DEPTH`] levels.
    #[error(
        "values are nested more than {MAX_DEPTH} levels deep and are not read; remove this value"
    )]
    TooDeep,
    /// A bracket without its partner.
    #[error("this `{0}` is never closed; add `{1}` where its content ends")]
    Unclosed(char, char),
    /// A closing bracket that nothing opened.
    #[error("this closing bracket matches no open one; remove it")]
    UnmatchedClose,
    /// Text where a key should stand.
    #[error("a key in double quotes is expected here; write \"key\": value")]
    ExpectedKey,
    /// No colon after a key.
    #[error("a colon is missing after the key; write \"key\": value")]
    MissingColon,
    /// No value after a colon or a comma.
    #[error("a value is missing here; write one after the colon")]
    MissingValue,
    /// No comma between two members or items.
    #[error("a comma is missing here; separate entries with `,`")]
    MissingComma,
    /// A comma without an entry before or after it.
    #[error("this comma separates nothing; remove it")]
    ExtraComma,
    /// A string without its closing quote.
    #[error("this string is never closed; add `\"` at its end")]
    UnclosedString,
    /// A string in single quotes.
    #[error("JSON strings stand in double quotes; replace the single quotes")]
    SingleQuotes,
    /// A key or string without quotes.
    #[error("text must stand in double quotes; put `\"` before and after it")]
    MissingQuotes,
    /// `\x` and the like.
    #[error("this escape is not JSON; write `\\\\` for a backslash, or `/` between folders")]
    BadEscape,
    /// A raw tab or another control character.
    #[error("a control character stands in this string; write `\\t` for a tab or remove it")]
    ControlCharacter,
    /// `.5`, `01`, `1e999`.
    #[error(
        "this is not a JSON number; write digits with at most one `.` between them, such as 0.5"
    )]
    BadNumber,
    /// `True`, `None` and the like.
    #[error("JSON writes this value as `{0}`; replace it")]
    ForeignLiteral(&'static str),
    /// `// …`
    #[error("JSON has no comments; use a key that starts with `//`, such as \"// note\": \"text\"")]
    Comment,
    /// A second value after the first.
    #[error("more text follows the end of the JSON value; remove it")]
    TrailingText,
    /// A character that JSON does not use.
    #[error("this character has no meaning in JSON; remove it")]
    UnexpectedCharacter,
}

/// Parses `text`. Time and memory grow linearly with the text's length, up to [`MAX_LENGTH`].
pub fn parse(text: &str) -> Parsed {
    parse_up_to(text, MAX_LENGTH)
}

/// As [`parse`], for a text of at most `limit` bytes.
pub(crate) fn parse_up_to(text: &str, limit: usize) -> Parsed {
    if text.len() > limit {
        let error = SyntaxError {
            range: TextRange::at(0),
            kind: SyntaxErrorKind::TooLong,
        };
        return Parsed {
            root: None,
            errors: vec![error],
        };
    }
    let mut parser = Parser {
        text,
        tokens: tokenize(text),
        at: 0,
        errors: Vec::new(),
    };
    parser.skip_comments();
    let root = parser.document();
    Parsed {
        root,
        errors: parser.errors,
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    errors: Vec<SyntaxError>,
}

impl Parser<'_> {
    fn document(&mut self) -> Option<Node> {
        if self.peek().kind == TokenKind::End {
            self.error(TextRange::at(0), SyntaxErrorKind::Empty);
            return None;
        }
        let mut root = self.value(0);
        let rest = self.peek();
        let kind = match rest.kind {
            TokenKind::End => return Some(root),
            TokenKind::CloseBrace | TokenKind::CloseBracket => SyntaxErrorKind::UnmatchedClose,
            _ => SyntaxErrorKind::TrailingText,
        };
        self.error(rest.range, kind);
        if let Value::Object(object) = &mut root.value {
            object.complete = false;
        }
        Some(root)
    }

    /// The current token. Comments never show here: `advance` has reported them.
    fn peek(&self) -> Token {
        self.tokens.get(self.at).copied().unwrap_or(Token {
            kind: TokenKind::End,
            range: TextRange::at(self.text.len()),
        })
    }

    fn advance(&mut self) -> Token {
        let token = self.peek();
        self.at += 1;
        self.skip_comments();
        token
    }

    fn skip_comments(&mut self) {
        while self.peek().kind == TokenKind::Comment {
            self.error(self.peek().range, SyntaxErrorKind::Comment);
            self.at += 1;
        }
    }

    fn error(&mut self, range: TextRange, kind: SyntaxErrorKind) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(SyntaxError { range, kind });
        }
    }

    /// End of the token before the current one: where something missing would stand.
    fn previous_end(&self) -> TextRange {
        let before = self.tokens.get(..self.at).unwrap_or_default();
        let solid = before
            .iter()
            .rfind(|token| token.kind != TokenKind::Comment);
        TextRange::at(solid.map_or(0, |token| token.range.end))
    }

    /// A value of any kind; always consumes at least one token.
    fn value(&mut self, depth: usize) -> Node {
        let token = self.peek();
        let value = match token.kind {
            TokenKind::OpenBrace | TokenKind::OpenBracket if depth >= MAX_DEPTH => {
                self.error(token.range, SyntaxErrorKind::TooDeep);
                self.skip_nested();
                Value::Malformed
            }
            TokenKind::OpenBrace => self.object(depth),
            TokenKind::OpenBracket => self.array(depth),
            TokenKind::String { .. } | TokenKind::SingleQuoted => {
                self.advance();
                Value::String(self.string(token))
            }
            TokenKind::Word => {
                self.advance();
                self.word(token.range)
            }
            _ => {
                self.advance();
                self.error(token.range, SyntaxErrorKind::UnexpectedCharacter);
                Value::Malformed
            }
        };
        Node {
            range: TextRange::new(token.range.start, self.previous_end().end),
            value,
        }
    }

    fn object(&mut self, depth: usize) -> Value {
        let open = self.advance();
        let mut object = Object {
            members: Vec::new(),
            complete: true,
        };
        let errors_before = self.errors.len();
        loop {
            let token = self.peek();
            match token.kind {
                TokenKind::CloseBrace => {
                    self.advance();
                    break;
                }
                TokenKind::End => {
                    self.error(open.range, SyntaxErrorKind::Unclosed('{', '}'));
                    break;
                }
                TokenKind::Comma => {
                    self.error(token.range, SyntaxErrorKind::ExtraComma);
                    self.advance();
                }
                TokenKind::String { .. } | TokenKind::SingleQuoted | TokenKind::Word => {
                    let member = self.member(depth);
                    object.members.push(member);
                    self.separator(TokenKind::CloseBrace);
                }
                TokenKind::CloseBracket => {
                    self.error(token.range, SyntaxErrorKind::UnmatchedClose);
                    self.advance();
                }
                TokenKind::OpenBrace | TokenKind::OpenBracket => {
                    self.error(token.range, SyntaxErrorKind::ExpectedKey);
                    self.value(depth + 1);
                    self.separator(TokenKind::CloseBrace);
                }
                _ => {
                    self.error(token.range, SyntaxErrorKind::UnexpectedCharacter);
                    self.advance();
                }
            }
        }
        let errors = self.errors.get(errors_before..).unwrap_or_default();
        if errors.iter().any(SyntaxError::hides_members) || self.errors.len() == MAX_ERRORS {
            object.complete = false;
        }
        Value::Object(object)
    }

    fn member(&mut self, depth: usize) -> Member {
        let token = self.advance();
        let name = if token.kind == TokenKind::Word {
            self.error(token.range, SyntaxErrorKind::MissingQuotes);
            token.range.of(self.text).to_owned()
        } else {
            self.string(token)
        };
        let key = Key {
            range: token.range,
            name,
        };
        if self.peek().kind == TokenKind::Colon {
            self.advance();
        } else {
            self.error(self.previous_end(), SyntaxErrorKind::MissingColon);
        }
        let value = if self.value_follows() {
            Some(self.value(depth + 1))
        } else {
            // A missing colon has already been reported, once is enough.
            if self.errors.last().map(|error| &error.kind) != Some(&SyntaxErrorKind::MissingColon) {
                self.error(self.previous_end(), SyntaxErrorKind::MissingValue);
            }
            None
        };
        Member { key, value }
    }

    /// Whether the next tokens are a value, and not the next member of an object whose author
    /// has not yet written this member's value.
    fn value_follows(&self) -> bool {
        match self.peek().kind {
            TokenKind::OpenBrace | TokenKind::OpenBracket | TokenKind::Unknown => true,
            TokenKind::String { .. } | TokenKind::SingleQuoted | TokenKind::Word => {
                let next = self.tokens.get(self.at + 1);
                next.is_none_or(|token| token.kind != TokenKind::Colon)
            }
            _ => false,
        }
    }

    fn array(&mut self, depth: usize) -> Value {
        let open = self.advance();
        let mut items = Vec::new();
        loop {
            let token = self.peek();
            match token.kind {
                TokenKind::CloseBracket => {
                    self.advance();
                    break;
                }
                // A closing brace ends the object around this array; leave it there.
                TokenKind::End | TokenKind::CloseBrace => {
                    self.error(open.range, SyntaxErrorKind::Unclosed('[', ']'));
                    break;
                }
                TokenKind::Comma => {
                    self.error(token.range, SyntaxErrorKind::ExtraComma);
                    self.advance();
                }
                _ => {
                    items.push(self.value(depth + 1));
                    self.separator(TokenKind::CloseBracket);
                }
            }
        }
        Value::Array(items)
    }

    /// The comma after an entry, or what stands in its place.
    fn separator(&mut self, close: TokenKind) {
        let token = self.peek();
        match token.kind {
            TokenKind::Comma => {
                self.advance();
                if self.peek().kind == close {
                    self.error(token.range, SyntaxErrorKind::ExtraComma);
                }
            }
            TokenKind::CloseBrace | TokenKind::CloseBracket | TokenKind::End => {}
            TokenKind::Unknown | TokenKind::Colon => {
                self.error(token.range, SyntaxErrorKind::UnexpectedCharacter);
                self.advance();
            }
            _ => {
                let end = self.previous_end();
                // One mistake is one error: an open string has swallowed the comma, and where a
                // value is missing the comma is too.
                let reported = self
                    .errors
                    .last()
                    .is_some_and(|error| error.range.end == end.end);
                if !reported {
                    self.error(end, SyntaxErrorKind::MissingComma);
                }
            }
        }
    }

    /// The content of a string token, its errors reported.
    fn string(&mut self, token: Token) -> String {
        let TextRange { start, end } = token.range;
        let content_end = match token.kind {
            TokenKind::String { terminated: false } => {
                self.error(token.range, SyntaxErrorKind::UnclosedString);
                end
            }
            TokenKind::SingleQuoted => {
                self.error(token.range, SyntaxErrorKind::SingleQuotes);
                let closed = end > start + 1 && token.range.of(self.text).ends_with('\'');
                if closed { end - 1 } else { end }
            }
            _ => end - 1,
        };
        let literal = TextRange::new(start + 1, content_end).of(self.text);
        let decoded = string::decode(literal, start + 1);
        for range in decoded.bad_escapes {
            self.error(range, SyntaxErrorKind::BadEscape);
        }
        for range in decoded.control_characters {
            self.error(range, SyntaxErrorKind::ControlCharacter);
        }
        decoded.content
    }

    fn word(&mut self, range: TextRange) -> Value {
        let word = range.of(self.text);
        let foreign = match word {
            "true" => return Value::Bool(true),
            "false" => return Value::Bool(false),
            "null" => return Value::Null,
            "True" | "TRUE" => SyntaxErrorKind::ForeignLiteral("true"),
            "False" | "FALSE" => SyntaxErrorKind::ForeignLiteral("false"),
            "None" | "Null" | "NULL" | "undefined" => SyntaxErrorKind::ForeignLiteral("null"),
            _ if word
                .starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first)) =>
            {
                // The reader of numbers takes exactly JSON's grammar, and refuses what no double
                // can hold.
                match serde_json::from_str(word) {
                    Ok(number) => return Value::Number(number),
                    Err(_) => SyntaxErrorKind::BadNumber,
                }
            }
            _ => SyntaxErrorKind::MissingQuotes,
        };
        self.error(range, foreign);
        Value::Malformed
    }

    /// Skips a bracketed value without recursion.
    fn skip_nested(&mut self) {
        let mut open = 0_usize;
        loop {
            match self.peek().kind {
                TokenKind::OpenBrace | TokenKind::OpenBracket => open += 1,
                TokenKind::CloseBrace | TokenKind::CloseBracket => open -= 1,
                TokenKind::End => return,
                _ => {}
            }
            self.advance();
            if open == 0 {
                return;
            }
        }
    }
}
