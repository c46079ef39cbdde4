//! SVG charts. Each has a title for screen readers; its numbers are in a table beside it.

use crate::markup::Text;
use crate::number::significant;

mod columns;
mod distribution;
mod lines;
mod pair;

pub(crate) use columns::{Column, Emphasis, columns};
pub(crate) use distribution::distribution;
pub(crate) use lines::{Line, lines, swatch};
pub(crate) use pair::pair;

/// A coordinate with one decimal, which is finer than a pixel.
fn coordinate(value: f64) -> String {
    let text = format!("{value:.1}");
    match text.strip_suffix(".0") {
        Some(whole) => whole.to_owned(),
        None => text,
    }
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

/// Width of a chart with an axis, and room for the numbers at the axis.
const WIDTH: f64 = 1100.0;
const LEFT: f64 = 40.0;

/// The beginning of a chart of some height: a frame that scrolls, and an axis with a line for each
/// `step` from zero to `top`, at the heights that `y` gives. The chart ends it.
fn frame(title: &str, height: f64, (top, step): (f64, f64), y: impl Fn(f64) -> f64) -> String {
    let mut svg = format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{title}\">\n\
         <svg class=\"wide\" viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"{title}\">\n",
        height + 6.0,
        title = Text(title)
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
    svg
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
}
