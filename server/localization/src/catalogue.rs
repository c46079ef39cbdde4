//! The texts of a language, by the templates of the English ones.

use crate::spacing::join;
use crate::text::{Argument, Piece, Text, pieces};
use std::collections::HashMap;

/// A language.
#[derive(Debug)]
pub(crate) struct Catalogue(HashMap<String, String>);

impl Catalogue {
    /// Reads a JSON object with English templates as keys and their translations as values.
    ///
    /// # Errors
    /// What is wrong with the JSON.
    pub(crate) fn read(json: &str) -> serde_json::Result<Catalogue> {
        serde_json::from_str(json).map(Catalogue)
    }

    /// The templates and their translations.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        let entries = self.0.iter();
        entries.map(|(template, translation)| (template.as_str(), translation.as_str()))
    }

    /// The text in the language, and in English where it has no translation.
    pub(crate) fn translate(&self, text: &Text) -> String {
        let mut translated = String::new();
        self.append(text, &mut translated);
        translated
    }

    fn append(&self, text: &Text, whole: &mut String) {
        let translation = self.0.get(text.template()).map(String::as_str);
        for piece in pieces(translation.unwrap_or(text.template())) {
            match piece {
                Piece::Literal(literal) => join(whole, literal),
                Piece::Placeholder(name) => {
                    if let Some(argument) = text.argument(name) {
                        self.append_argument(argument, whole);
                    }
                }
            }
        }
    }

    fn append_argument(&self, argument: &Argument, whole: &mut String) {
        match argument {
            Argument::Plain(plain) => join(whole, plain),
            Argument::Text(text) => self.append(text, whole),
            Argument::Inside(text) => match self.0.contains_key(text.template()) {
                true => join(whole, self.translate(text).trim_end_matches('。')),
                false => join(whole, &argument.to_string()),
            },
            Argument::List { separator, items } => {
                for (position, item) in items.iter().enumerate() {
                    if position > 0 {
                        self.append(separator, whole);
                    }
                    self.append(item, whole);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_inside_texts() {
        let catalogue = Catalogue::read(
            r#"{"{a} of {b}": "{b} の {a}", "images": "画像", ", ": "、", "Sentence.": "文。",
                "in {{x}}": "{{x}} に"}"#,
        )
        .unwrap();
        let check = |text: Text, expected: &str| {
            assert_eq!(catalogue.translate(&text), expected);
        };
        let of = |a: Text, b: Text| Text::new("{a} of {b}", [("a", a.into()), ("b", b.into())]);
        let images = || Text::new("images", []);
        check(of(Text::verbatim("3"), images()), "画像の 3");
        check(of(images(), Text::new("unknown", [])), "unknown の画像");
        let list = Text::list(Text::new(", ", []), [images(), Text::verbatim("`b`")]);
        check(list, "画像、`b`");
        let sentence = |words| Text::of_document(words).inside_sentence();
        check(of(sentence("Sentence."), images()), "画像の文");
        check(sentence("Another sentence."), "another sentence");
        check(Text::of_document("in {x}"), "{x} に");
        check(Text::verbatim("{a} of {b}"), "{a} of {b}");
    }
}
