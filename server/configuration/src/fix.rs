//! Changes that put a finding right.

use crate::text::{ColumnUnit, LineIndex, Position, TextRange};
use localization::Text;
use std::path::{Path, PathBuf};

/// One way to put something right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, in the imperative, such as "Rename to `batch_size`".
    pub title: Text,
    /// Whether it is most probably what the author wants, so that it may be applied without a
    /// choice.
    pub preferred: bool,
    /// What has to be done, all of it. Changes of the text do not overlap.
    pub changes: Vec<Change>,
}

/// A part of a [`Fix`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Text of the document itself.
    Text(Replacement),
    /// Text of another file; columns in UTF-16 code units.
    OtherText {
        /// The file.
        path: PathBuf,
        /// Where the text to replace starts.
        start: Position,
        /// Where it ends.
        end: Position,
        /// The new text.
        text: String,
    },
    /// A folder to create, with those above it.
    CreateFolder(PathBuf),
    /// A file to create; there is none yet.
    WriteFile {
        /// The file.
        path: PathBuf,
        /// Its content.
        text: String,
    },
}

/// Text to write in place of other text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// What to replace; empty for an insertion.
    pub range: TextRange,
    /// The new text.
    pub text: String,
}

impl Change {
    /// The replacement of text in another file, whose content is `text`.
    pub(crate) fn in_file(path: &Path, text: &str, replacement: Replacement) -> Change {
        let index = LineIndex::new(text);
        let Replacement { range, text: new } = replacement;
        Change::OtherText {
            path: path.to_owned(),
            start: index.position(text, range.start, ColumnUnit::Utf16),
            end: index.position(text, range.end, ColumnUnit::Utf16),
            text: new,
        }
    }
}

impl Fix {
    /// A fix that replaces one piece of text.
    pub(crate) fn replace(title: impl Into<Text>, range: TextRange, text: String) -> Fix {
        Fix::change(title, Change::Text(Replacement { range, text }))
    }

    /// A fix of one change.
    pub(crate) fn change(title: impl Into<Text>, change: Change) -> Fix {
        Fix {
            title: title.into(),
            preferred: false,
            changes: vec![change],
        }
    }

    /// The same fix, as the one that the author most probably wants.
    pub(crate) fn preferred(mut self) -> Fix {
        self.preferred = true;
        self
    }

    /// The replacements of text, where the fix consists of nothing else.
    pub fn replacements(&self) -> Option<Vec<&Replacement>> {
        self.changes
            .iter()
            .map(|change| match change {
                Change::Text(replacement) => Some(replacement),
                _ => None,
            })
            .collect()
    }
}

/// The text after replacements, which must not overlap.
pub fn apply(text: &str, replacements: &[&Replacement]) -> String {
    let mut ordered = replacements.to_vec();
    ordered.sort_by_key(|replacement| replacement.range);
    let mut changed = String::with_capacity(text.len());
    let mut at = 0;
    for replacement in ordered {
        changed.push_str(TextRange::new(at, replacement.range.start).of(text));
        changed.push_str(&replacement.text);
        at = replacement.range.end;
    }
    changed.push_str(TextRange::new(at, text.len()).of(text));
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacements_apply_in_the_order_of_the_text() {
        let replacement = |start, end, text: &str| Replacement {
            range: TextRange::new(start, end),
            text: text.to_owned(),
        };
        let (later, earlier) = (replacement(3, 4, "D"), replacement(0, 1, "AA"));
        assert_eq!(apply("abcd", &[&later, &earlier]), "AAbcD");
        assert_eq!(apply("ab", &[&replacement(2, 2, "c")]), "abc");
    }
}
