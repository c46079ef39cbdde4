//! One entry of a catalogue: an English text with placeholders, and what it becomes.

use crate::literal::code_span;

/// What a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any text.
    Text,
    /// A code span.
    Quoted,
    /// A number.
    Number,
    /// A word that the translation may do without.
    Word,
    /// A text that is translated in turn.
    Message,
    /// The same, or nothing.
    Clause,
}

/// An English text with placeholders, and its translation.
#[derive(Debug)]
pub(crate) struct Template {
    /// The text before the first placeholder.
    start: String,
    /// Each placeholder with the text behind it.
    parts: Vec<Part>,
    translation: Vec<Piece>,
}

#[derive(Debug)]
struct Part {
    name: String,
    kind: Kind,
    after: String,
}

/// A part of a translation.
#[derive(Debug)]
pub(crate) enum Piece {
    Literal(String),
    /// What the placeholder of this number stands for.
    Capture(usize),
}

impl Template {
    /// Reads an entry.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(key: &str, translation: &str) -> Result<Template, String> {
        let wrong = |what: &str| format!("{what} in {key:?}");
        let mut start = String::new();
        let mut parts: Vec<Part> = Vec::new();
        for token in tokens(key) {
            match token {
                Token::Literal(text) => match parts.last_mut() {
                    Some(part) => part.after.push_str(text),
                    None => start.push_str(text),
                },
                Token::Placeholder(name, kind) => {
                    if parts.iter().any(|part| part.name == name) {
                        return Err(wrong("the same placeholder twice"));
                    }
                    let kind = kind_of(kind).ok_or_else(|| wrong("an unknown kind"))?;
                    parts.push(Part {
                        name: name.to_owned(),
                        kind,
                        after: String::new(),
                    });
                }
            }
        }
        let searched = |part: &Part| !matches!(part.kind, Kind::Quoted | Kind::Number | Kind::Word);
        let before_last = parts.len().saturating_sub(1);
        let open = parts.iter().take(before_last);
        if open
            .filter(|part| searched(part))
            .any(|part| part.after.is_empty())
        {
            return Err(wrong("a placeholder that nothing ends"));
        }
        let mut pieces = Vec::new();
        for token in tokens(translation) {
            pieces.push(match token {
                Token::Literal(text) => Piece::Literal(text.to_owned()),
                Token::Placeholder(name, None) => {
                    let position = parts.iter().position(|part| part.name == name);
                    Piece::Capture(position.ok_or_else(|| wrong("an unknown placeholder"))?)
                }
                Token::Placeholder(..) => return Err(wrong("a kind in the translation")),
            });
        }
        let lost = parts.iter().enumerate().find(|(position, part)| {
            let is_used = |piece: &Piece| matches!(piece, Piece::Capture(at) if at == position);
            part.kind != Kind::Word && !pieces.iter().any(is_used)
        });
        if lost.is_some() {
            return Err(wrong("a placeholder without a place in the translation"));
        }
        let template = Template {
            start,
            parts,
            translation: pieces,
        };
        match template.anchor() {
            "" => Err(wrong("no text of its own")),
            _ => Ok(template),
        }
    }

    /// The longest text between placeholders: no instance is without it.
    pub(crate) fn anchor(&self) -> &str {
        let literals = self.literals();
        literals
            .max_by_key(|literal| literal.len())
            .unwrap_or_default()
    }

    /// How much of an instance is the template's own, in bytes.
    pub(crate) fn weight(&self) -> usize {
        self.literals().map(str::len).sum()
    }

    fn literals(&self) -> impl Iterator<Item = &str> {
        let after = self.parts.iter().map(|part| part.after.as_str());
        std::iter::once(self.start.as_str()).chain(after)
    }

    /// What the placeholders stand for, where the text is an instance. Goes through the text once
    /// and never back; a text that can be read in two ways is none.
    pub(crate) fn captures<'a>(&self, text: &'a str) -> Option<Vec<&'a str>> {
        let mut rest = text.strip_prefix(self.start.as_str())?;
        let mut captures = Vec::with_capacity(self.parts.len());
        for (position, part) in self.parts.iter().enumerate() {
            let next = self.parts.get(position + 1);
            let length = match (part.kind, next) {
                (Kind::Quoted, _) => code_span(rest)?,
                (Kind::Number, _) => number(rest)?,
                (Kind::Word, _) => word(rest)?,
                (_, None) => rest
                    .ends_with(part.after.as_str())
                    .then(|| rest.len() - part.after.len())?,
                (kind, Some(next)) => {
                    let shortest = usize::from(kind != Kind::Clause);
                    find(rest, shortest, &part.after, next)?
                }
            };
            let (capture, behind) = rest.split_at_checked(length)?;
            if capture.is_empty() && part.kind != Kind::Clause {
                return None;
            }
            captures.push(capture);
            rest = behind.strip_prefix(part.after.as_str())?;
        }
        (rest.is_empty() && !self.is_ambiguous(&captures)).then_some(captures)
    }

    /// Whether a name has what ends one before it, so that the text may be meant otherwise.
    fn is_ambiguous(&self, captures: &[&str]) -> bool {
        let named = || {
            let both = self.parts.iter().zip(captures);
            both.enumerate()
                .filter(|(_, (part, _))| part.kind == Kind::Text)
        };
        let last = self.parts.len().saturating_sub(1);
        named().any(|(position, (part, _))| {
            let mut later = named().filter(|(other, _)| *other > position);
            position < last && later.any(|(_, (_, capture))| capture.contains(part.after.as_str()))
        })
    }

    /// Where in an instance the template's own text begins.
    pub(crate) fn begins(&self, captures: &[&str]) -> usize {
        match self.start.is_empty() {
            true => captures.first().map_or(0, |capture| capture.len()),
            false => 0,
        }
    }

    pub(crate) fn kind(&self, position: usize) -> Kind {
        let part = self.parts.get(position);
        part.map_or(Kind::Text, |part| part.kind)
    }

    pub(crate) fn translation(&self) -> &[Piece] {
        &self.translation
    }
}

/// Where in `text`, from `shortest` bytes on, `literal` stands in front of something that can be
/// the next part.
fn find(text: &str, shortest: usize, literal: &str, next: &Part) -> Option<usize> {
    let ends = |behind: &str, length: Option<usize>| {
        let rest = length.and_then(|length| behind.get(length..));
        rest.is_some_and(|rest| rest.starts_with(next.after.as_str()))
    };
    let fits = |(position, _): &(usize, &str)| {
        let behind = text.get(position + literal.len()..).unwrap_or_default();
        *position >= shortest
            && match next.kind {
                Kind::Quoted => behind.starts_with('`'),
                Kind::Number => ends(behind, number(behind)),
                Kind::Word => ends(behind, word(behind)),
                Kind::Text | Kind::Message => !behind.is_empty(),
                Kind::Clause => true,
            }
    };
    let found = text.match_indices(literal).find(fits);
    found.map(|(position, _)| position)
}

/// The length of the number that a text starts with.
fn number(text: &str) -> Option<usize> {
    // No number is longer; the limit keeps the search in a text of digits short.
    const LONGEST: usize = 40;
    let mut length = 0;
    let mut letters = text.char_indices().take(LONGEST).peekable();
    while let Some((position, letter)) = letters.next() {
        let is_part = match letter {
            '0'..='9' => true,
            '+' | '-' | '−' | '.' | 'e' | 'E' | '\u{2009}' => letters
                .peek()
                .is_some_and(|(_, next)| next.is_ascii_digit() || matches!(next, '+' | '-')),
            _ => false,
        };
        if !is_part {
            break;
        }
        length = position + letter.len_utf8();
    }
    let number = text.get(..length)?;
    number
        .contains(|letter: char| letter.is_ascii_digit())
        .then_some(length)
}

/// The length of the word that a text starts with.
fn word(text: &str) -> Option<usize> {
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    (letters > 0).then_some(letters)
}

enum Token<'a> {
    Literal(&'a str),
    Placeholder(&'a str, Option<&'a str>),
}

/// The placeholders of a text, and what is between them. Other braces stand for themselves.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut searched = 0;
    while let Some(open) = rest
        .get(searched..)
        .and_then(|text| text.find('{'))
        .map(|at| at + searched)
    {
        let inside = rest.get(open + 1..).unwrap_or_default();
        let placeholder = inside
            .split_once('}')
            .and_then(|(inside, behind)| Some((placeholder(inside)?, behind)));
        let Some(((name, kind), behind)) = placeholder else {
            searched = open + 1;
            continue;
        };
        tokens.push(Token::Literal(rest.get(..open).unwrap_or_default()));
        tokens.push(Token::Placeholder(name, kind));
        rest = behind;
        searched = 0;
    }
    tokens.push(Token::Literal(rest));
    tokens
}

/// `name` or `name:kind`
fn placeholder(inside: &str) -> Option<(&str, Option<&str>)> {
    let (name, kind) = match inside.split_once(':') {
        Some((name, kind)) => (name, Some(kind)),
        None => (inside, None),
    };
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|letter| letter.is_ascii_lowercase() || letter == b'_')
    };
    (is_word(name) && kind.is_none_or(is_word)).then_some((name, kind))
}

fn kind_of(name: Option<&str>) -> Option<Kind> {
    Some(match name {
        None => Kind::Text,
        Some("quoted") => Kind::Quoted,
        Some("number") => Kind::Number,
        Some("word") => Kind::Word,
        Some("message") => Kind::Message,
        Some("clause") => Kind::Clause,
        Some(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_of_templates() {
        let check = |key: &str, text: &str, expected: Option<&[&str]>| {
            let names: String = tokens(key)
                .iter()
                .filter_map(|token| match token {
                    Token::Placeholder(name, _) => Some(format!("{{{name}}}")),
                    Token::Literal(_) => None,
                })
                .collect();
            let template = Template::read(key, &names).unwrap();
            let captures = template.captures(text);
            assert_eq!(captures.as_deref(), expected, "{key} {text}");
        };
        check("{a:quoted} is {b}", "`x` is y", Some(&["`x`", "y"]));
        check("{a:quoted} is {b}", "``x` is y", None);
        check("{a:quoted} is {b}", "``x`y`` is y", Some(&["``x`y``", "y"]));
        check("{a} is {b}", "x is y is z", None);
        check("{a} is {b:message}", "x is y is z", Some(&["x", "y is z"]));
        check("{a} is {b}", " is y", None);
        check("{a} is {b}", "x is ", None);
        check(
            "{n:number} images",
            "1\u{2009}234 images",
            Some(&["1\u{2009}234"]),
        );
        check("{n:number} images", "-1.5e-3 images", Some(&["-1.5e-3"]));
        check("{n:number} images", "few images", None);
        check(
            "{a}:{n:number}: {b:message}",
            "C:\\x:3: y",
            Some(&["C:\\x", "3", "y"]),
        );
        check("gone{a:clause}; b", "gone; b", Some(&[""]));
        check("gone{a:clause}; b", "gone, c; b", Some(&[", c"]));
        check(
            "give {\"a\": 1} or {x}",
            "give {\"a\": 1} or b",
            Some(&["b"]),
        );
        check("{a} {v:word} b", "x is b", Some(&["x", "is"]));
    }

    #[test]
    fn entries_that_make_no_sense() {
        let check = |key, translation, expected: &str| {
            let error = Template::read(key, translation).unwrap_err();
            assert!(error.contains(expected), "{error}");
        };
        check("a {x} {x}", "{x}", "twice");
        check("a {x:thing}", "{x}", "kind");
        check("a {x}{y}", "{x}{y}", "nothing ends");
        check("a {x}", "{y}", "unknown placeholder");
        check("a {x}", "b", "without a place");
        check("{x}", "{x}", "no text");
    }
}
