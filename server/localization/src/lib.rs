//! Messages of the program in other languages than English.
//!
//! Every text is made in English, where its subject is, and stays English in files, machine formats
//! and the log. What an editor shows passes through [`Localization::text`]: the catalogue of the
//! language (`catalogue/ja.json`) has the English texts as keys, with placeholders for what varies,
//! and a text that is an instance of a key comes out in the other language.
//!
//! A key's placeholder is `{name}` or `{name:kind}`; the translation has `{name}` in its place:
//!
//! | kind | stands for |
//! |---|---|
//! | none | any text, which comes through unchanged |
//! | `quoted` | a code span, such as `` `model.h5` `` |
//! | `number` | a number, with digits grouped or not |
//! | `word` | one word that the translation may do without, such as "is" or "are" |
//! | `message` | a text that is translated in turn |
//! | `clause` | the same, or nothing |
//!
//! A text that no key fits stays English, and so does one that could be taken apart in two ways
//! because a name in it reads like a part of the message.

mod catalogue;
mod literal;
mod markdown;
mod spacing;
mod template;

use catalogue::Catalogue;
use std::borrow::Cow;
use std::sync::LazyLock;

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

    /// A message in this language; unchanged where there is no translation.
    pub fn text(self, english: &str) -> Cow<'_, str> {
        let translated = self
            .catalogue()
            .and_then(|catalogue| catalogue.translate(english));
        match translated {
            Some(translated) => translated.text.into(),
            None => english.into(),
        }
    }

    /// A message that is owned, likewise.
    pub fn owned(self, english: String) -> String {
        match self.text(&english) {
            Cow::Borrowed(_) => english,
            Cow::Owned(translated) => translated,
        }
    }

    /// Markdown in this language, line by line; blocks of code stay as they are.
    pub fn markdown(self, english: String) -> String {
        match self {
            Localization::English => english,
            other => markdown::lines(&english, |line| other.text(line)),
        }
    }

    /// Whether a message comes out without a word of English left, other than code and names.
    pub fn covers(self, english: &str) -> bool {
        let Some(catalogue) = self.catalogue() else {
            return true;
        };
        let translated = catalogue.translate(english);
        translated.map_or_else(|| literal::is_one(english), |text| text.untranslated == 0)
    }

    /// Whether every line of Markdown does.
    pub fn covers_markdown(self, english: &str) -> bool {
        let mut covers = true;
        markdown::lines(english, |line| {
            covers &= self.covers(line);
            line.into()
        });
        covers
    }

    /// The English texts of the catalogue, and their translations.
    pub fn entries(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.catalogue().into_iter().flat_map(Catalogue::entries)
    }

    /// The key that a message is an instance of.
    pub fn key_of(self, english: &str) -> Option<&'static str> {
        self.catalogue()?.key_of(english)
    }
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
}
