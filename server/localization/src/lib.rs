//! What the program says to people, in English and in other languages.
//!
//! A [`Text`] is made where its subject is, by [`text!`] or by an error type that derives [`Message`]:
//! an English template and what its placeholders stand for. Displayed it is English, as in files,
//! machine formats and the log. What an editor shows passes through [`Localization::text`]: the
//! catalogue of the language (`catalogue/ja.json`) has the templates as keys, and texts inside texts
//! are translated in turn. A text without a translation stays English.
//!
//! The macros register every template, so that a test knows all of them ([`registry`]).

pub mod argument;
mod catalogue;
pub mod registry;
mod spacing;
mod structured;
mod system;
mod text;

pub use localization_macros::{Message, phrase, text};
pub use structured::{Structured, message_and_text};
pub use text::{Argument, Message, Phrase, Text};

use catalogue::Catalogue;
use std::sync::LazyLock;
use text::{Piece, pieces};

static JAPANESE: LazyLock<Catalogue> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "the catalogue is part of the program, and every test run reads it"
    )]
    Catalogue::read(include_str!("../catalogue/ja.json")).expect("the catalogue is sound")
});

/// The language in which texts are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Localization {
    /// The language in which all texts are made.
    #[default]
    English,
    /// Japanese.
    Japanese,
}

impl Localization {
    /// The language for a locale (BCP 47), such as `ja` or `ja-JP`; English for all that there is
    /// no catalogue for.
    pub fn of(locale: Option<&str>) -> Localization {
        let language = locale.and_then(|locale| locale.split(['-', '_']).next());
        match language {
            Some(language) if language.eq_ignore_ascii_case("ja") => Localization::Japanese,
            _ => Localization::English,
        }
    }

    fn catalogue(self) -> Option<&'static Catalogue> {
        match self {
            Localization::English => None,
            Localization::Japanese => Some(&JAPANESE),
        }
    }

    /// Reads the catalogue now rather than with the first text, which takes some milliseconds.
    pub fn prepare(self) {
        let _ = self.catalogue();
    }

    /// A message in this language.
    pub fn text(self, message: &impl Message) -> String {
        let text = message.text();
        match self.catalogue() {
            Some(catalogue) => catalogue.translate(&text),
            None => text.to_string(),
        }
    }

    /// The templates of the catalogue, and their translations.
    pub fn entries(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.catalogue().into_iter().flat_map(Catalogue::entries)
    }
}

/// The names of a template's placeholders, in order.
pub fn placeholders(template: &str) -> impl Iterator<Item = &str> {
    pieces(template).filter_map(|piece| match piece {
        Piece::Placeholder(name) => Some(name),
        Piece::Literal(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_by_locale() {
        let check = |locale, expected| assert_eq!(Localization::of(locale), expected, "{locale:?}");
        check(Some("ja"), Localization::Japanese);
        check(Some("ja-JP"), Localization::Japanese);
        check(Some("JA_jp"), Localization::Japanese);
        check(Some("jam"), Localization::English);
        check(Some("en"), Localization::English);
        check(Some(""), Localization::English);
        check(None, Localization::English);
    }

    /// Japanese texts are Japanese, with the punctuation that the extension's texts have.
    #[test]
    fn translations_look_alike() {
        for (key, translation) in Localization::Japanese.entries() {
            let wrong = ["、 ", "。 ", "（", "）", "：", "！", "？", "  "];
            let found = wrong.iter().find(|mark| translation.contains(**mark));
            assert_eq!(found, None, "{key}: {translation}");
            let ends = translation.ends_with('.') && !key.contains("...");
            assert!(!ends, "{key}: {translation}");
        }
    }
}
