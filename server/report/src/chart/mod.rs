//! SVG charts. Each has a title for screen readers; its numbers are in a table beside it.

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
