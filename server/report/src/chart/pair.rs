use super::coordinate;
use crate::markup::Text;

const WIDTH: f64 = 140.0;

/// Two fractions in [0, 1] as bars: what is compared with above, what is measured below, which
/// stands out where it is `worse`.
pub(crate) fn pair(title: &str, [reference, measured]: [f64; 2], worse: bool) -> String {
    let width = |fraction: f64| coordinate(fraction.clamp(0.0, 1.0) * WIDTH);
    let class = if worse { "bar weak" } else { "bar" };
    format!(
        "<svg width=\"{WIDTH}\" height=\"16\" viewBox=\"0 0 {WIDTH} 16\" role=\"img\" aria-label=\"{}\">\
         <rect class=\"track\" x=\"0\" y=\"1\" width=\"{WIDTH}\" height=\"14\"/>\
         <rect class=\"bar reference\" x=\"0\" y=\"1\" width=\"{}\" height=\"5\"/>\
         <rect class=\"{class}\" x=\"0\" y=\"8\" width=\"{}\" height=\"7\"/></svg>",
        Text(title),
        width(reference),
        width(measured)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_fractions() {
        let svg = pair("a<b", [0.5, 0.25], true);
        assert!(svg.contains("aria-label=\"a&lt;b\""), "{svg}");
        assert!(
            svg.contains("reference\" x=\"0\" y=\"1\" width=\"70\""),
            "{svg}"
        );
        assert!(
            svg.contains("bar weak\" x=\"0\" y=\"8\" width=\"35\""),
            "{svg}"
        );
        assert!(!pair("", [0.5, 0.5], false).contains("weak"));
        assert!(pair("", [7.0, f64::NAN], false).contains("width=\"140\" height=\"5\""));
    }
}
