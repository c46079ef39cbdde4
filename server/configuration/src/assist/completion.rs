//! What can be written at a place in the text.

mod keys;
mod paths;
mod values;

use super::cursor::{Cursor, Expected};
use crate::document::Document;
use crate::facts::Facts;
use crate::fix::Replacement;
use crate::text::TextRange;
use localization::Text;

/// Characters after which something can be completed, besides those of words.
pub const TRIGGERS: [char; 6] = ['"', '/', ':', ',', '{', ' '];

/// A proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What it is called in the list.
    pub label: String,
    /// What it is.
    pub kind: CompletionKind,
    /// A few words beside the label.
    pub detail: Text,
    /// An explanation in Markdown.
    pub documentation: Text,
    /// The text to write; its range lies on one line and contains the cursor.
    pub edit: Replacement,
    /// Whether the text has placeholders, in the syntax of the Language Server Protocol.
    pub is_snippet: bool,
    /// A comma that is missing before.
    pub also: Option<Replacement>,
    /// The text to compare with what is typed.
    pub filter: String,
    /// The place in the list.
    pub sort: String,
    /// Whether more can be completed once the proposal is taken.
    pub again: bool,
}

/// What a [`Completion`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionKind {
    /// A key with a value.
    Key,
    /// A value.
    Value,
    /// A file.
    File,
    /// A folder.
    Folder,
}

/// What can be written at `offset`, the best first.
pub fn complete(document: &Document, offset: usize, facts: &dyn Facts) -> Vec<Completion> {
    let text = document.text();
    if !text.is_char_boundary(offset) {
        return Vec::new();
    }
    let cursor = Cursor::at(text, offset);
    let mut completions = match cursor.expected {
        Expected::Key => keys::complete(document, &cursor, offset),
        Expected::Value => values::complete(document, &cursor, offset, facts),
        Expected::Nothing if document.root().is_none() && text.trim().is_empty() => {
            keys::whole(offset)
        }
        Expected::Nothing => Vec::new(),
    };
    for (rank, completion) in completions.iter_mut().enumerate() {
        completion.sort = format!("{rank:04}");
    }
    completions
}

impl Completion {
    /// A proposal of the JSON text `json` for a whole value or key.
    fn new(kind: CompletionKind, label: &str, range: TextRange, json: String) -> Completion {
        Completion {
            label: label.to_owned(),
            kind,
            detail: Text::default(),
            documentation: Text::default(),
            filter: json.clone(),
            edit: Replacement { range, text: json },
            is_snippet: false,
            also: None,
            sort: String::new(),
            again: false,
        }
    }
}

/// What a proposal replaces: the string or word at the cursor.
fn replaced(cursor: &Cursor, offset: usize) -> TextRange {
    cursor.token.unwrap_or(TextRange::at(offset))
}

/// A text as it stands in a snippet.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '$' | '}' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
