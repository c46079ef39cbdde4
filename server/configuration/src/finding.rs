//! A finding: what is wrong, where, and what to do.

use crate::code::{Code, Severity};
use crate::text::TextRange;

/// One thing found in a configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Which kind of finding.
    pub code: Code,
    /// The text at fault: a value, a key, or the key of the object in which something is missing.
    pub range: TextRange,
    /// One sentence without a final full stop: what, why, and what to do.
    pub message: String,
    /// The path of member names to the value that the finding is about; empty for the whole text.
    pub path: Vec<String>,
    /// Another place that belongs to the finding, with what is there.
    pub related: Option<(TextRange, String)>,
    /// Text that would put things right in one place.
    pub replacement: Option<Replacement>,
}

/// Text to write in place of other text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// What to replace; empty for an insertion.
    pub range: TextRange,
    /// The new text.
    pub text: String,
}

impl Finding {
    /// A finding about the value at `path`.
    pub(crate) fn new(code: Code, range: TextRange, path: &[&str], message: String) -> Finding {
        Finding {
            code,
            range,
            message,
            path: path.iter().map(|&segment| segment.to_owned()).collect(),
            related: None,
            replacement: None,
        }
    }

    pub(crate) fn with_replacement(mut self, range: TextRange, text: String) -> Finding {
        self.replacement = Some(Replacement { range, text });
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
pub(crate) fn quoted(text: &str) -> String {
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
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>, limit: usize) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let mut shown: Vec<String> = names.iter().take(limit).map(|name| quoted(name)).collect();
    if names.len() > limit {
        shown.push(format!("{} more", names.len() - limit));
    }
    match shown.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => String::new(),
    }
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
