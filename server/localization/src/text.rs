//! A message: a template, and what its placeholders stand for.

use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

/// The template of a text that is nothing but a name, a number or other texts.
const BARE: &str = "{text}";

/// A message in every language that there is a catalogue for. Displayed and serialized, it is English.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Text {
    pub(crate) template: Cow<'static, str>,
    pub(crate) arguments: Vec<(Cow<'static, str>, Argument)>,
}

/// What a placeholder stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Argument {
    /// A name, a number, or whatever else is the same in every language.
    Plain(String),
    /// A text inside the text.
    Text(Text),
    /// A sentence as a part of the text: with a small letter at its start, unless it is an
    /// abbreviation, and without the full stop.
    Inside(Text),
    /// Texts one after the other, with another one between each two.
    List {
        /// What stands between them.
        separator: Box<Text>,
        /// The texts.
        items: Vec<Text>,
    },
}

/// A text without placeholders, which a constant may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Phrase(pub(crate) &'static str);

/// What can be said to people.
pub trait Message {
    /// The message.
    fn text(&self) -> Text;
}

impl Text {
    /// A text by its template, which the macro `text!` registers.
    pub fn new<const N: usize>(
        template: &'static str,
        arguments: [(&'static str, Argument); N],
    ) -> Text {
        let arguments = arguments
            .into_iter()
            .map(|(name, argument)| (name.into(), argument));
        Text {
            template: template.into(),
            arguments: arguments.collect(),
        }
    }

    /// What is the same in every language, such as the name of a layer.
    pub fn verbatim(text: impl Into<String>) -> Text {
        Text::new(BARE, [("text", Argument::Plain(text.into()))])
    }

    /// A text without placeholders that comes from a document, such as a title in a schema.
    pub fn of_document(text: &str) -> Text {
        Text {
            template: text.replace('{', "{{").replace('}', "}}").into(),
            arguments: Vec::new(),
        }
    }

    /// Texts one after the other.
    pub fn list(separator: impl Into<Text>, items: impl IntoIterator<Item = Text>) -> Text {
        let items = items.into_iter().collect();
        let separator = Box::new(separator.into());
        Text::new(BARE, [("text", Argument::List { separator, items })])
    }

    /// A sentence as a part of another.
    pub fn inside_sentence(self) -> Text {
        Text::new(BARE, [("text", Argument::Inside(self))])
    }

    /// The English text with its placeholders.
    pub fn template(&self) -> &str {
        &self.template
    }

    /// Whether the English text has these words.
    pub fn contains(&self, words: &str) -> bool {
        self.to_string().contains(words)
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.to_string().is_empty()
    }

    /// What a placeholder stands for.
    pub(crate) fn argument(&self, name: &str) -> Option<&Argument> {
        let mut arguments = self.arguments.iter();
        let (_, argument) = arguments.find(|(known, _)| known == name)?;
        Some(argument)
    }
}

impl Default for Text {
    fn default() -> Text {
        Text::verbatim("")
    }
}

impl Phrase {
    /// A phrase by its words, which the macro `phrase!` registers.
    pub const fn new(words: &'static str) -> Phrase {
        Phrase(words)
    }

    /// Nothing.
    pub const NONE: Phrase = Phrase("");
}

impl Message for Phrase {
    fn text(&self) -> Text {
        Text::new(self.0, [])
    }
}

impl Display for Phrase {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.text().fmt(formatter)
    }
}

impl From<Phrase> for Text {
    fn from(phrase: Phrase) -> Text {
        phrase.text()
    }
}

impl Message for Text {
    fn text(&self) -> Text {
        self.clone()
    }
}

impl<T: Message + ?Sized> Message for &T {
    fn text(&self) -> Text {
        T::text(self)
    }
}

impl<T: Message + ?Sized> Message for Box<T> {
    fn text(&self) -> Text {
        T::text(self)
    }
}

impl<T: Message + ?Sized> Message for std::sync::Arc<T> {
    fn text(&self) -> Text {
        T::text(self)
    }
}

impl Message for std::path::Path {
    fn text(&self) -> Text {
        Text::verbatim(self.display().to_string())
    }
}

impl Message for std::path::PathBuf {
    fn text(&self) -> Text {
        self.as_path().text()
    }
}

impl From<String> for Argument {
    fn from(text: String) -> Argument {
        Argument::Plain(text)
    }
}

impl From<Text> for Argument {
    /// A text that is nothing but its argument is this argument.
    fn from(mut text: Text) -> Argument {
        match (text.template == BARE).then(|| text.arguments.pop()) {
            Some(Some((_, argument))) => argument,
            _ => Argument::Text(text),
        }
    }
}

impl From<Text> for String {
    fn from(text: Text) -> String {
        text.to_string()
    }
}

/// The parts of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    Literal(&'a str),
    Placeholder(&'a str),
}

/// The parts of a template in order. Doubled braces stand for single ones.
pub(crate) fn pieces(template: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = template;
    std::iter::from_fn(move || {
        let brace = |text: &str| text.find(['{', '}']);
        let at = match brace(rest) {
            None if rest.is_empty() => return None,
            None => rest.len(),
            Some(0) => {
                let inside = rest
                    .strip_prefix('{')
                    .filter(|inside| !inside.starts_with('{'));
                let placeholder = inside.and_then(|inside| inside.split_once('}'));
                if let Some((name, behind)) = placeholder {
                    rest = behind;
                    return Some(Piece::Placeholder(name));
                }
                // The first of two braces stands for both.
                let (literal, behind) = rest.split_at(1);
                rest = behind.strip_prefix(literal).unwrap_or(behind);
                return Some(Piece::Literal(literal));
            }
            Some(at) => at,
        };
        let (literal, behind) = rest.split_at(at);
        rest = behind;
        Some(Piece::Literal(literal))
    })
}

impl Display for Text {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        for piece in pieces(&self.template) {
            match piece {
                Piece::Literal(literal) => formatter.write_str(literal)?,
                Piece::Placeholder(name) => match self.argument(name) {
                    Some(argument) => argument.fmt(formatter)?,
                    None => write!(formatter, "{{{name}}}")?,
                },
            }
        }
        Ok(())
    }
}

impl Display for Argument {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Argument::Plain(text) => formatter.write_str(text),
            Argument::Text(text) => text.fmt(formatter),
            Argument::Inside(text) => formatter.write_str(&inside_sentence(&text.to_string())),
            Argument::List { separator, items } => {
                for (position, item) in items.iter().enumerate() {
                    if position > 0 {
                        separator.fmt(formatter)?;
                    }
                    item.fmt(formatter)?;
                }
                Ok(())
            }
        }
    }
}

/// A sentence inside another.
fn inside_sentence(sentence: &str) -> String {
    let sentence = sentence.trim_end_matches('.');
    let mut letters = sentence.chars();
    match letters.next() {
        // "JSON file", "JPEG images": an abbreviation keeps its case.
        Some(first) if letters.clone().next().is_some_and(char::is_lowercase) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => sentence.to_owned(),
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        let english = self.to_string();
        english == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl PartialEq<&str> for Phrase {
    fn eq(&self, other: &&str) -> bool {
        self.text() == *other
    }
}

impl Serialize for Phrase {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
