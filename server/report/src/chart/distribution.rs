use super::coordinate;
use crate::markup::Text;

const WIDTH: f64 = 180.0;
const HEIGHT: f64 = 44.0;

/// A histogram over `[start, end]` with equal bins, the values that can be represented, and the
/// rest shaded. Heights are logarithmic, because what is clipped is rare.
pub(crate) fn distribution(
    title: &str,
    [start, end]: [f64; 2],
    counts: &[u64],
    [lower, upper]: [f64; 2],
) -> String {
    // Both the data and the limits are in view.
    let (left, right) = (start.min(lower), end.max(upper));
    let extent = if right > left { right - left } else { 1.0 };
    let x = |value: f64| (value - left) / extent * WIDTH;
    let largest = counts.iter().copied().max().unwrap_or(0) as f64;
    let height = |count: u64| (count as f64).ln_1p() / largest.ln_1p().max(1e-9) * (HEIGHT - 2.0);
    let mut path = format!("M{} {HEIGHT}", coordinate(x(start)));
    let width = (end - start) / counts.len().max(1) as f64;
    for (index, &count) in counts.iter().enumerate() {
        path += &format!(
            "V{}H{}",
            coordinate(HEIGHT - height(count)),
            coordinate(x(start + (index + 1) as f64 * width))
        );
    }
    path += &format!("V{HEIGHT}Z");
    let mut svg = format!(
        "<svg width=\"{WIDTH}\" height=\"{HEIGHT}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">\
         <path class=\"distribution\" d=\"{path}\"/>",
        Text(title)
    );
    for (from, to) in [(left, lower), (upper, right)] {
        if to > from {
            svg += &format!(
                "<rect class=\"outside\" x=\"{}\" y=\"0\" width=\"{}\" height=\"{HEIGHT}\"/>",
                coordinate(x(from)),
                coordinate(x(to) - x(from))
            );
        }
    }
    for limit in [lower, upper] {
        let x = coordinate(x(limit).clamp(0.75, WIDTH - 0.75));
        svg += &format!("<line class=\"limit\" x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"{HEIGHT}\"/>");
    }
    svg + "</svg>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_lie_where_they_are_in_the_data() {
        let svg = distribution("x", [0.0, 16.0], &[8, 4, 0, 1], [0.0, 8.0]);
        assert!(svg.contains("x1=\"90\""), "{svg}");
        assert!(
            svg.contains("<rect class=\"outside\" x=\"90\" y=\"0\" width=\"90\""),
            "{svg}"
        );
        // The fullest bin reaches the top, an empty one lies on the ground.
        assert!(svg.contains("M0 44V2H45V"), "{svg}");
        assert!(svg.contains("V44H135V"), "{svg}");
    }

    #[test]
    fn limits_outside_the_data_widen_the_view() {
        let svg = distribution("x", [0.0, 4.0], &[1], [0.0, 8.0]);
        assert!(svg.contains("H90V44Z"), "{svg}");
        assert!(!svg.contains("outside"), "{svg}");
    }
}
