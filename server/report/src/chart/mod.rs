//! SVG charts. Each has a title for screen readers; its numbers are in a table beside it.

mod columns;
mod distribution;

pub(crate) use columns::{Column, Emphasis, columns};
pub(crate) use distribution::distribution;

/// A coordinate with one decimal, which is finer than a pixel.
fn coordinate(value: f64) -> String {
    let text = format!("{value:.1}");
    match text.strip_suffix(".0") {
        Some(whole) => whole.to_owned(),
        None => text,
    }
}
