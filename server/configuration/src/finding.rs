//! A finding: what is wrong, where, and what to do.

use crate::code::{Code, Severity};
use crate::fix::Fix;
use crate::text::{ColumnUnit, LineIndex, Position, TextRange};
use localization::{Text, phrase, text};
use std::path::{Path, PathBuf};

/// More findings of one stage than anybody reads; a text with so many is no configuration.
pub(crate) const MAX_FINDINGS: usize = 200;

/// One thing found in a configuration or a label file.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Which kind of finding.
    pub code: Code,
    /// The text at fault: a value, a key, or the key of the object in which something is missing.
    pub range: TextRange,
    /// One sentence without a final full stop: what, why, and what to do.
    pub message: Text,
    /// The path of member names to the value that the finding is about; empty for the whole text.
    pub path: Vec<String>,
    /// Other places that belong to the finding, with what is there.
    pub related: Vec<Related>,
    /// Ways to put it right, the best one first.
    pub fixes: Vec<Fix>,
}

/// Another place that belongs to a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Where.
    pub place: Place,
    /// What is there, as a phrase.
    pub message: Text,
}

/// A place in the text of a finding or in another file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the same text.
    Here(TextRange),
    /// In another file; columns in UTF-16 code units.
    File {
        /// The file.
        path: PathBuf,
        /// Where the place starts.
        start: Position,
        /// Where it ends.
        end: Position,
    },
}

impl Place {
    /// A place in `text`, the content of another file.
    pub(crate) fn in_file(path: &Path, text: &str, range: TextRange) -> Place {
        let index = LineIndex::new(text);
        Place::File {
            path: path.to_owned(),
            start: index.position(text, range.start, ColumnUnit::Utf16),
            end: index.position(text, range.end, ColumnUnit::Utf16),
        }
    }
}

impl Finding {
    /// A finding about the value at `path`.
    pub(crate) fn new(
        code: Code,
        range: TextRange,
        path: &[&str],
        message: impl Into<Text>,
    ) -> Finding {
        Finding {
            code,
            range,
            message: message.into(),
            path: path.iter().map(|&segment| segment.to_owned()).collect(),
            related: Vec::new(),
            fixes: Vec::new(),
        }
    }

    pub(crate) fn with_fix(mut self, fix: Fix) -> Finding {
        self.fixes.push(fix);
        self
    }

    pub(crate) fn with_fixes(mut self, fixes: impl IntoIterator<Item = Fix>) -> Finding {
        self.fixes.extend(fixes);
        self
    }

    pub(crate) fn with_related(mut self, range: TextRange, message: impl Into<Text>) -> Finding {
        self.related.push(Related {
            place: Place::Here(range),
            message: message.into(),
        });
        self
    }

    /// How grave it is.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity() == Severity::Error
    }

    /// The key of the configuration that the finding is about.
    pub fn key(&self) -> Option<&str> {
        self.path.first().map(String::as_str)
    }
}

/// Text of a user between backquotes, shortened and without control characters, so that a hostile
/// name cannot rewrite the terminal it is printed on.
pub fn quoted(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut shown: String = text.chars().take(LONGEST).flat_map(printable).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// The character itself, or its escape where it would change how the line is shown.
pub(crate) fn printable(character: char) -> impl Iterator<Item = char> {
    // Bidirectional controls reorder what follows them.
    let reorders = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let (plain, escaped) = if character.is_control() || reorders {
        (None, Some(character.escape_default()))
    } else {
        (Some(character), None)
    };
    plain.into_iter().chain(escaped.into_iter().flatten())
}

/// `a`, `b` and `c`: names of a user in a sentence, at most `limit` of them.
pub fn list<'a>(names: impl IntoIterator<Item = &'a str>, limit: usize) -> Text {
    let names: Vec<&str> = names.into_iter().collect();
    let shown: Vec<Text> = names
        .iter()
        .take(limit)
        .map(|name| Text::verbatim(quoted(name)))
        .collect();
    let more = names.len().saturating_sub(limit);
    match shown.split_last() {
        Some(_) if more > 0 => {
            text!(
                "{names} and {count} more",
                names = enumerated(&shown),
                count = more
            )
        }
        Some((last, [])) => last.clone(),
        Some((last, first)) => text!("{names} and {last}", names = enumerated(first)),
        None => Text::default(),
    }
}

/// `a`, `b`, `c`: texts with commas between them.
pub(crate) fn enumerated(texts: &[Text]) -> Text {
    Text::list(phrase!(", "), texts.iter().cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_users_cannot_control_the_terminal() {
        assert_eq!(quoted("a\u{1b}[2Jb\u{202e}"), "`a\\u{1b}[2Jb\\u{202e}`");
        assert_eq!(quoted(&"x".repeat(99)).chars().count(), 83);
    }

    #[test]
    fn lists_in_sentences() {
        assert_eq!(list([], 3), "");
        assert_eq!(list(["a"], 3), "`a`");
        assert_eq!(list(["a", "b", "c"], 3), "`a`, `b` and `c`");
        assert_eq!(list(["a", "b", "c", "d"], 2), "`a`, `b` and 2 more");
    }
}
