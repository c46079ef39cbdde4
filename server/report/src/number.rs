//! Numbers for people.

/// A whole number in groups of three digits, separated by thin spaces.
pub(crate) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    text
}

/// A size in bytes, kB or MB (powers of 1000).
pub(crate) fn bytes(value: u64) -> String {
    match value {
        0..1_000 => format!("{value} B"),
        1_000..1_000_000 => format!("{:.1} kB", value as f64 / 1e3),
        _ => format!("{:.2} MB", value as f64 / 1e6),
    }
}

/// A real number with four significant digits; very large and small ones in scientific notation.
pub(crate) fn significant(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e6).contains(&magnitude) {
        return format!("{value:.2e}");
    }
    let decimals = (3 - magnitude.log10().floor() as i32).clamp(0, 7) as usize;
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// A fraction as a percentage with one decimal.
pub(crate) fn percent(fraction: f64) -> String {
    format!("{:.1} %", fraction * 100.0)
}

/// A difference of fractions in percentage points, with its sign.
pub(crate) fn points(difference: f64) -> String {
    signed(difference * 100.0)
}

/// A number with its sign and one decimal; zero has a plus, as nothing is lost.
pub(crate) fn signed(value: f64) -> String {
    let tenths = (value * 10.0).round();
    let sign = if tenths < 0.0 { '\u{2212}' } else { '+' };
    format!("{sign}{:.1}", tenths.abs() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_000), "1\u{2009}000");
        assert_eq!(grouped(12_345_678), "12\u{2009}345\u{2009}678");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_500), "1.5 kB");
        assert_eq!(bytes(14_000_000), "14.00 MB");
        let check = |value: f64, expected: &str| assert_eq!(significant(value), expected);
        check(0.0, "0");
        check(6.0, "6");
        check(-0.500_04, "-0.5");
        check(2.236_07, "2.236");
        check(1234.5, "1234");
        check(-123_456.0, "-123456");
        check(1e-7, "1.00e-7");
        check(2.5e9, "2.50e9");
        assert_eq!(percent(0.9731), "97.3 %");
        assert_eq!(points(0.005), "+0.5");
        assert_eq!(points(-0.005), "\u{2212}0.5");
        assert_eq!(points(-0.000_4), "+0.0");
    }
}
