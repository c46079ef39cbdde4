//! Byte ranges, and byte offsets as lines and columns.

use serde::Serialize;

/// A half-open range of byte offsets into a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct TextRange {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

impl TextRange {
    /// The range `start..end`.
    pub fn new(start: usize, end: usize) -> TextRange {
        TextRange { start, end }
    }

    /// The empty range at `offset`.
    pub fn at(offset: usize) -> TextRange {
        TextRange::new(offset, offset)
    }

    /// The text in this range; empty where the range does not fit `text`.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether `offset` lies in the range or touches either end of it, as a cursor does.
    pub fn touches(self, offset: usize) -> bool {
        self.start <= offset && offset <= self.end
    }
}

/// The unit in which columns are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnUnit {
    /// Bytes of UTF-8.
    Byte,
    /// Unicode scalar values: what a terminal user counts.
    Character,
    /// UTF-16 code units: the default of the Language Server Protocol.
    Utf16,
}

impl ColumnUnit {
    fn width(self, character: char) -> usize {
        match self {
            ColumnUnit::Byte => character.len_utf8(),
            ColumnUnit::Character => 1,
            ColumnUnit::Utf16 => character.len_utf16(),
        }
    }
}

/// A place in a text, both numbers counted from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// Line number.
    pub line: usize,
    /// Column in the [`ColumnUnit`] asked for.
    pub column: usize,
}

/// Where each line of a text starts. Lines end with `\n`, `\r\n` or `\r`, as in the Language
/// Server Protocol (3.17, "Text Documents").
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<usize>,
}

impl LineIndex {
    /// Finds the lines of `text`.
    pub fn new(text: &str) -> LineIndex {
        let bytes = text.as_bytes();
        let ends_line = |at: usize| match bytes.get(at) {
            Some(b'\n') => true,
            Some(b'\r') => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        let after_breaks = (0..bytes.len())
            .filter(|&at| ends_line(at))
            .map(|at| at + 1);
        LineIndex {
            starts: std::iter::once(0).chain(after_breaks).collect(),
        }
    }

    /// The range of a line without its line break, or `None` behind the last line.
    pub fn line(&self, text: &str, line: usize) -> Option<TextRange> {
        let start = *self.starts.get(line)?;
        let end = self.starts.get(line + 1).copied().unwrap_or(text.len());
        let content = text.get(start..end)?.trim_end_matches(['\r', '\n']);
        Some(TextRange::new(start, start + content.len()))
    }

    /// The position of a byte offset. An offset inside a character counts as the character's
    /// start, one behind the text as its end.
    pub fn position(&self, text: &str, offset: usize, unit: ColumnUnit) -> Position {
        let offset = floor_boundary(text, offset);
        let line = self.starts.partition_point(|&start| start <= offset) - 1;
        let start = self.starts.get(line).copied().unwrap_or(0);
        let before = text.get(start..offset).unwrap_or_default();
        let column = before.chars().map(|character| unit.width(character)).sum();
        Position { line, column }
    }

    /// The byte offset of a position. A column behind the line means the line's end, a line
    /// behind the text the text's end, and a column inside a character the character's start.
    pub fn offset(&self, text: &str, position: Position, unit: ColumnUnit) -> usize {
        let Some(line) = self.line(text, position.line) else {
            return text.len();
        };
        let mut column = 0;
        for (at, character) in line.of(text).char_indices() {
            column += unit.width(character);
            if column > position.column {
                return line.start + at;
            }
        }
        line.end
    }
}

fn floor_boundary(text: &str, offset: usize) -> usize {
    let offset = offset.min(text.len());
    (0..=offset)
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_in_three_units() {
        let text = "a\r\nä𝄞x\rlast";
        let index = LineIndex::new(text);
        let x = text.find('x').unwrap();
        let check = |offset, unit, line, column| {
            assert_eq!(
                index.position(text, offset, unit),
                Position { line, column },
                "{offset} {unit:?}"
            );
        };
        check(0, ColumnUnit::Byte, 0, 0);
        check(x, ColumnUnit::Byte, 1, 6);
        check(x, ColumnUnit::Character, 1, 2);
        check(x, ColumnUnit::Utf16, 1, 3);
        check(x - 1, ColumnUnit::Utf16, 1, 1);
        check(text.len(), ColumnUnit::Byte, 2, 4);
        check(usize::MAX, ColumnUnit::Byte, 2, 4);
        assert_eq!(index.line(text, 1).unwrap().of(text), "ä𝄞x");
        assert_eq!(index.line(text, 3), None);
    }

    #[test]
    fn offsets_and_positions_are_inverse_at_every_character() {
        for text in [
            "",
            "\n",
            "\r\n\r\n",
            "a\nb\rc\r\nd",
            "ä𝄞\n日本\u{2028}語",
            "\r",
        ] {
            let index = LineIndex::new(text);
            let boundaries = (0..=text.len()).filter(|&at| text.is_char_boundary(at));
            for offset in boundaries {
                // The place between \r and \n belongs to no column.
                if text[..offset].ends_with('\r') && text[offset..].starts_with('\n') {
                    continue;
                }
                for unit in [ColumnUnit::Byte, ColumnUnit::Character, ColumnUnit::Utf16] {
                    let position = index.position(text, offset, unit);
                    assert_eq!(index.offset(text, position, unit), offset, "{text:?}");
                }
            }
        }
    }

    #[test]
    fn columns_outside_the_line_are_clamped() {
        let text = "ab\n𝄞c";
        let index = LineIndex::new(text);
        let at = |line, column| index.offset(text, Position { line, column }, ColumnUnit::Utf16);
        assert_eq!(at(0, 9), 2);
        assert_eq!(at(1, 1), 3);
        assert_eq!(at(7, 0), text.len());
    }
}
