//! Byte offsets of the domain as positions of the protocol, which count UTF-16 code units.

use configuration::text::{ColumnUnit, LineIndex, Position as TextPosition, TextRange};
use std::sync::Arc;
use tower_lsp::lsp_types::{Position, Range};

/// A text and where its lines start.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    text: Arc<str>,
    index: Arc<LineIndex>,
}

impl Lines {
    pub(crate) fn new(text: &str) -> Lines {
        Lines {
            text: text.into(),
            index: Arc::new(LineIndex::new(text)),
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The text, shared.
    pub(crate) fn shared(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// The byte offset of a position; one outside the text means its nearest end.
    pub(crate) fn offset(&self, position: Position) -> usize {
        offset(&self.index, &self.text, position)
    }

    pub(crate) fn position(&self, offset: usize) -> Position {
        let position = self.index.position(&self.text, offset, ColumnUnit::Utf16);
        position_of(position)
    }

    pub(crate) fn range(&self, range: TextRange) -> Range {
        Range::new(self.position(range.start), self.position(range.end))
    }

    pub(crate) fn text_range(&self, range: Range) -> TextRange {
        TextRange::new(self.offset(range.start), self.offset(range.end))
    }
}

/// The byte offset of a position in a text with this index.
pub(crate) fn offset(index: &LineIndex, text: &str, position: Position) -> usize {
    // A u32 fits wherever this program runs.
    let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let position = TextPosition {
        line: number(position.line),
        column: number(position.character),
    };
    index.offset(text, position, ColumnUnit::Utf16)
}

/// A position of the domain, already in UTF-16 columns.
pub(crate) fn position_of(position: TextPosition) -> Position {
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Position::new(number(position.line), number(position.column))
}
