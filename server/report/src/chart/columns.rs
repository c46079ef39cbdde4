use super::{LEFT, WIDTH, coordinate, frame, scale};
use crate::markup::Text;

/// How much a column calls for attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Emphasis {
    Normal,
    Weak,
    Bad,
}

impl Emphasis {
    /// What is added to the class of an element.
    fn class(self) -> &'static str {
        match self {
            Self::Normal => "",
            Self::Weak => " weak",
            Self::Bad => " bad",
        }
    }
}

/// A bar that stands on the axis.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// Shown when the pointer rests on the bar.
    pub(crate) label: String,
    /// Height; what is below zero is drawn as zero.
    pub(crate) value: f64,
    pub(crate) emphasis: Emphasis,
}

const HEIGHT: f64 = 180.0;

/// Bars from left to right with an axis from zero to a round number above the largest, and dashed
/// lines at values below which bars call for attention.
pub(crate) fn columns(title: &str, columns: &[Column], thresholds: &[(f64, Emphasis)]) -> String {
    let largest = columns
        .iter()
        .map(|column| column.value)
        .fold(0.0, f64::max);
    let (top, step) = scale(largest);
    let y = |value: f64| HEIGHT - value.clamp(0.0, top) / top * (HEIGHT - 10.0);
    let mut svg = frame(title, HEIGHT, (top, step), y);
    let pitch = (WIDTH - LEFT) / columns.len().max(1) as f64;
    let width = (pitch * 0.8).min(40.0);
    for (index, column) in columns.iter().enumerate() {
        svg += &format!(
            "<rect class=\"bar{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{}</title></rect>\n",
            column.emphasis.class(),
            coordinate(LEFT + index as f64 * pitch + (pitch - width) / 2.0),
            coordinate(y(column.value)),
            coordinate(width),
            coordinate(HEIGHT - y(column.value)),
            Text(&column.label)
        );
    }
    for &(value, emphasis) in thresholds.iter().filter(|(value, _)| *value < top) {
        let height = coordinate(y(value));
        svg += &format!(
            "<line class=\"threshold{}\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{height}\" y2=\"{height}\"/>\n",
            emphasis.class()
        );
    }
    svg + "</svg>\n</div>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_values() {
        let bar = |value: f64| Column {
            label: "<layer>".to_owned(),
            value,
            emphasis: Emphasis::Bad,
        };
        let svg = columns(
            "Error",
            &[bar(50.0), bar(25.0), bar(-3.0)],
            &[(20.0, Emphasis::Weak), (70.0, Emphasis::Bad)],
        );
        assert!(
            svg.contains("height=\"170\"><title>&lt;layer&gt;</title>"),
            "{svg}"
        );
        assert!(svg.contains("height=\"85\""), "{svg}");
        assert!(svg.contains("height=\"0\""), "{svg}");
        assert_eq!(svg.matches("bar bad").count(), 3);
        // A threshold above the axis is left out.
        assert_eq!(svg.matches("threshold weak").count(), 1);
        assert_eq!(svg.matches("threshold bad").count(), 0);
    }
}
