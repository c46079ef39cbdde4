//! Figures and names in sentences.

use configuration::list;
use localization::{Text, text};

/// Layers that a sentence names; the rest is counted.
const NAMED: usize = 3;

/// The names of layers in a sentence.
pub(crate) fn names(layers: &[String]) -> Text {
    list(layers.iter().map(String::as_str), NAMED)
}

/// A number with two significant digits where it is small.
pub(crate) fn figure(value: f64) -> String {
    let magnitude = value.abs();
    let digits = match magnitude {
        _ if magnitude >= 10.0 => 0,
        _ if magnitude >= 1.0 || magnitude == 0.0 => 1,
        // Enough decimals for two digits that are not zero.
        _ => (1.0 - magnitude.log10().floor()).min(9.0) as usize,
    };
    format!("{value:.digits$}")
}

/// A fraction in percent.
pub(crate) fn percent(fraction: f64) -> String {
    format!("{} %", figure(100.0 * fraction))
}

/// `1 image`, `2 images`
pub(crate) fn images(count: usize) -> Text {
    match count {
        1 => text!("{count} image"),
        _ => text!("{count} images"),
    }
}

/// Layers that make something of what they read.
pub(crate) fn make(layers: &[String]) -> Text {
    let names = names(layers);
    match layers {
        [_] => text!("{names} makes"),
        _ => text!("{names} make"),
    }
}

/// Layers that reach somewhere.
pub(crate) fn reach(layers: &[String]) -> Text {
    let names = names(layers);
    match layers {
        [_] => text!("{names} reaches"),
        _ => text!("{names} reach"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        let check = |value: f64, expected: &str| assert_eq!(figure(value), expected);
        check(0.0, "0.0");
        check(123.4, "123");
        check(9.87, "9.9");
        check(-0.2785, "-0.28");
        check(0.001234, "0.0012");
        assert_eq!(percent(0.0005), "0.050 %");
    }
}
