use super::coordinate;
use crate::markup::Text;
use crate::number::significant;

/// How much a column calls for attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Emphasis {
    Normal,
    Weak,
    Bad,
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

const WIDTH: f64 = 1100.0;
const HEIGHT: f64 = 180.0;
/// Room for the numbers at the axis.
const LEFT: f64 = 40.0;

/// Bars from left to right with an axis from zero to a round number above the largest.
pub(crate) fn columns(title: &str, columns: &[Column]) -> String {
    let largest = columns
        .iter()
        .map(|column| column.value)
        .fold(0.0, f64::max);
    let (top, step) = scale(largest);
    let y = |value: f64| HEIGHT - value.clamp(0.0, top) / top * (HEIGHT - 10.0);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"{}\">\n",
        HEIGHT + 6.0,
        Text(title)
    );
    let mut tick = 0.0;
    while tick <= top * 1.001 {
        let height = coordinate(y(tick));
        svg += &format!(
            "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{height}\" y2=\"{height}\"/>\
             <text class=\"muted\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n",
            LEFT - 6.0,
            coordinate(y(tick) + 4.0),
            significant(tick)
        );
        tick += step;
    }
    let pitch = (WIDTH - LEFT) / columns.len().max(1) as f64;
    let width = (pitch * 0.8).min(40.0);
    for (index, column) in columns.iter().enumerate() {
        let class = match column.emphasis {
            Emphasis::Normal => "bar",
            Emphasis::Weak => "bar weak",
            Emphasis::Bad => "bar bad",
        };
        svg += &format!(
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{}</title></rect>\n",
            coordinate(LEFT + index as f64 * pitch + (pitch - width) / 2.0),
            coordinate(y(column.value)),
            coordinate(width),
            coordinate(HEIGHT - y(column.value)),
            Text(&column.label)
        );
    }
    svg + "</svg>\n"
}

/// A round number not below the largest value, and the distance between the marks up to it.
fn scale(largest: f64) -> (f64, f64) {
    if !(largest.is_finite() && largest > 0.0) {
        return (1.0, 1.0);
    }
    let magnitude = 10f64.powf((largest / 4.0).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * magnitude)
        .find(|step| step * 5.0 >= largest)
        .unwrap_or(magnitude * 10.0);
    ((largest / step).ceil() * step, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_ends_at_a_round_number_with_a_handful_of_marks() {
        let check = |largest: f64, expected: (f64, f64)| assert_eq!(scale(largest), expected);
        check(47.0, (50.0, 10.0));
        check(93.0, (100.0, 20.0));
        check(4.2, (5.0, 1.0));
        check(0.0, (1.0, 1.0));
        check(f64::NAN, (1.0, 1.0));
    }

    #[test]
    fn bars_are_as_high_as_their_values() {
        let bar = |value: f64| Column {
            label: "<layer>".to_owned(),
            value,
            emphasis: Emphasis::Bad,
        };
        let svg = columns("Error", &[bar(50.0), bar(25.0), bar(-3.0)]);
        assert!(
            svg.contains("height=\"170\"><title>&lt;layer&gt;</title>"),
            "{svg}"
        );
        assert!(svg.contains("height=\"85\""), "{svg}");
        assert!(svg.contains("height=\"0\""), "{svg}");
        assert_eq!(svg.matches("bar bad").count(), 3);
    }
}
