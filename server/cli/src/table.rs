//! Plain text tables.

use console::measure_text_width;

use crate::print::printable;

/// A table whose columns are as wide as their widest cell.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    alignment: &'static [Alignment],
    has_total: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alignment {
    Left,
    Right,
}

/// Between two columns.
const GAP: &str = "  ";

/// What the first column keeps when a table is made narrower.
const LEAST_WIDTH: usize = 16;

impl Table {
    pub(crate) fn new(alignment: &'static [Alignment], header: &[&str]) -> Self {
        Self {
            rows: vec![header.iter().map(|&cell| cell.to_owned()).collect()],
            alignment,
            has_total: false,
        }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells = cells.into_iter();
        self.rows
            .push(cells.map(|cell| printable(&cell).into_owned()).collect());
    }

    /// Adds the last row, which a rule sets apart.
    pub(crate) fn total(&mut self, cells: impl IntoIterator<Item = String>) {
        self.row(cells);
        self.has_total = true;
    }

    /// The table with a line feed after each row.
    pub(crate) fn render(&self) -> String {
        self.render_within(usize::MAX)
    }

    /// The same, where long cells of the first column are shortened so that lines fit the width of
    /// a terminal, if that is possible.
    pub(crate) fn render_within(&self, limit: usize) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells
                .map(|cell| measure_text_width(cell))
                .max()
                .unwrap_or(0)
        };
        let mut widths: Vec<usize> = (0..self.alignment.len()).map(width).collect();
        let gaps = GAP.len() * widths.len().saturating_sub(1);
        let excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(limit);
        if let Some(first) = widths.first_mut() {
            *first = (*first - excess.min(*first)).max(LEAST_WIDTH.min(*first));
        }
        let rule = "-".repeat(widths.iter().sum::<usize>() + gaps);
        let mut text = String::new();
        for (index, row) in self.rows.iter().enumerate() {
            if self.has_total && index + 1 == self.rows.len() {
                text.push_str(&rule);
                text.push('\n');
            }
            let cells: Vec<String> = row
                .iter()
                .zip(self.alignment)
                .zip(&widths)
                .map(|((cell, alignment), &width)| pad(&shorten(cell, width), *alignment, width))
                .collect();
            text.push_str(cells.join(GAP).trim_end());
            text.push('\n');
        }
        text
    }
}

/// Fills a cell with blanks, by the columns that a terminal needs for it.
fn pad(cell: &str, alignment: Alignment, width: usize) -> String {
    let blanks = " ".repeat(width.saturating_sub(measure_text_width(cell)));
    match alignment {
        Alignment::Left => format!("{cell}{blanks}"),
        Alignment::Right => format!("{blanks}{cell}"),
    }
}

/// Replaces the middle of a text that is too wide.
fn shorten(text: &str, width: usize) -> String {
    if measure_text_width(text) <= width {
        return text.to_owned();
    }
    // The ends of names tell layers apart better than their beginnings.
    let kept = width.saturating_sub(1);
    let letters: Vec<char> = text.chars().collect();
    let head: String = letters.iter().take(kept / 3).collect();
    let tail = letters.len().saturating_sub(kept - kept / 3);
    let tail: String = letters.iter().skip(tail).collect();
    format!("{head}…{tail}")
}

/// A count with its digits in groups of three.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of bytes as people write it.
pub(crate) fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.1} kB", count as f64 / 1e3),
        _ => format!("{:.1} MB", count as f64 / 1e6),
    }
}

/// A fraction in percent.
pub(crate) fn percent(fraction: f64) -> String {
    format!("{:.1} %", 100.0 * fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&[Alignment::Left, Alignment::Right], &["model", "top-1"]);
        table.row(["Keras".to_owned(), "97.0 %".to_owned()]);
        table.row(["TFLite int8".to_owned(), "6.5 %".to_owned()]);
        let expected = "model         top-1\nKeras        97.0 %\nTFLite int8   6.5 %\n";
        assert_eq!(table.render(), expected);
    }

    #[test]
    fn long_names_give_way_to_the_terminal() {
        let mut table = Table::new(&[Alignment::Left, Alignment::Right], &["layer", "MACs"]);
        table.row([
            "network/stage_4/block_17/conv".to_owned(),
            "12,345".to_owned(),
        ]);
        table.row(["head\u{1b}[2J".to_owned(), "6".to_owned()]);
        table.total([String::new(), "12,351".to_owned()]);
        let check = |limit, expected: &str| assert_eq!(table.render_within(limit), expected);
        check(
            24,
            "layer               MACs\n\
             netwo…ck_17/conv  12,345\n\
             head\\u{1b}[2J          6\n\
             ------------------------\n\
             \u{20}                 12,351\n",
        );
    }

    #[test]
    fn counts_are_grouped() {
        let check = |count, expected: &str| assert_eq!(grouped(count), expected);
        check(0, "0");
        check(999, "999");
        check(1_000, "1,000");
        check(25_636_712, "25,636,712");
    }

    #[test]
    fn sizes_have_units() {
        let check = |count, expected: &str| assert_eq!(bytes(count), expected);
        check(999, "999 B");
        check(1_500, "1.5 kB");
        check(13_945_000, "13.9 MB");
    }
}
