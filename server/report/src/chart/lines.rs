use super::{LEFT, WIDTH, coordinate, frame, scale};

/// A polyline over positions that all lines share.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Values at positions 0, 1, …; where there is none the line is interrupted.
    pub(crate) values: Vec<Option<f64>>,
}

const HEIGHT: f64 = 220.0;

/// Lines over each other with an axis from zero to a round number above the largest; the classes
/// `line-0`, `line-1` and so on tell them apart.
pub(crate) fn lines(title: &str, lines: &[Line]) -> String {
    let all = || lines.iter().flat_map(|line| line.values.iter().flatten());
    let largest = all().copied().fold(0.0, f64::max);
    let (top, step) = scale(largest);
    let y = |value: f64| HEIGHT - value.clamp(0.0, top) / top * (HEIGHT - 10.0);
    let count = lines
        .iter()
        .map(|line| line.values.len())
        .max()
        .unwrap_or(0);
    let pitch = (WIDTH - LEFT - 10.0) / count.saturating_sub(1).max(1) as f64;
    let mut svg = frame(title, HEIGHT, (top, step), y);
    for (index, line) in lines.iter().enumerate() {
        let mut path = String::new();
        let mut pen_down = false;
        for (position, value) in line.values.iter().enumerate() {
            let Some(value) = value else {
                pen_down = false;
                continue;
            };
            let command = if pen_down { 'L' } else { 'M' };
            pen_down = true;
            path += &format!(
                "{command}{} {}",
                coordinate(LEFT + 5.0 + position as f64 * pitch),
                coordinate(y(*value))
            );
        }
        svg += &format!("<path class=\"line line-{index}\" d=\"{path}\"/>\n");
    }
    svg + "</svg>\n</div>\n"
}

/// A short piece of a line, for a legend.
pub(crate) fn swatch(index: usize) -> String {
    format!(
        "<svg class=\"swatch\" width=\"32\" height=\"8\" viewBox=\"0 0 32 8\" aria-hidden=\"true\">\
         <path class=\"line line-{index}\" d=\"M0 4H32\"/></svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_interrupted_where_there_is_no_value() {
        let line = Line {
            values: vec![Some(50.0), Some(25.0), None, Some(0.0)],
        };
        let svg = lines("a", &[line]);
        assert!(svg.contains("d=\"M45 10L395 115M1095 220\""), "{svg}");
        assert!(!lines("nothing", &[]).contains("<path"));
    }
}
