//! Plain text tables.

/// A table whose columns are as wide as their widest cell; all but the first are right-aligned
/// unless they are text.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    alignment: &'static [Alignment],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alignment {
    Left,
    Right,
}

impl Table {
    pub(crate) fn new(alignment: &'static [Alignment], header: &[&str]) -> Self {
        Self {
            rows: vec![header.iter().map(|&cell| cell.to_owned()).collect()],
            alignment,
        }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table with a line feed after each row.
    pub(crate) fn render(&self) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.alignment.len()).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let cells: Vec<String> = row
                .iter()
                .zip(self.alignment)
                .zip(&widths)
                .map(|((cell, alignment), &width)| match alignment {
                    Alignment::Left => format!("{cell:<width$}"),
                    Alignment::Right => format!("{cell:>width$}"),
                })
                .collect();
            text.push_str(cells.join("  ").trim_end());
            text.push('\n');
        }
        text
    }
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
    fn sizes_have_units() {
        let check = |count, expected: &str| assert_eq!(bytes(count), expected);
        check(999, "999 B");
        check(1_500, "1.5 kB");
        check(13_945_000, "13.9 MB");
    }
}
