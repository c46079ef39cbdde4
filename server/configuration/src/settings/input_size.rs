//! The value of `input_tensor_size`: one side of a square, or height and width.

use crate::syntax::{Node, Value};
use serde::{Deserialize, Deserializer};

/// Largest side of an input in pixels; the schema has the same.
const MOST: usize = 4096;

/// Height and width in pixels, as they are written in a configuration; `None` where the value is
/// neither one number nor two, or they are not from 1 to 4096.
pub fn input_size(written: &Node) -> Option<[usize; 2]> {
    let side = |node: &Node| {
        let side = usize::try_from(node.as_integer()?).ok()?;
        (1..=MOST).contains(&side).then_some(side)
    };
    match &written.value {
        Value::Array(sides) => match sides.as_slice() {
            [height, width] => Some([side(height)?, side(width)?]),
            _ => None,
        },
        _ => Some([side(written)?; 2]),
    }
}

/// As JSON: `224`, or `[240, 320]` where it is not square.
pub fn written_size([height, width]: [usize; 2]) -> String {
    match height == width {
        true => height.to_string(),
        false => format!("[{height}, {width}]"),
    }
}

/// Height and width of one number or two.
pub(super) fn sides<'de, D: Deserializer<'de>>(written: D) -> Result<[usize; 2], D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Sides {
        Square(usize),
        Both([usize; 2]),
    }
    Ok(match Sides::deserialize(written)? {
        Sides::Square(side) => [side; 2],
        Sides::Both(sides) => sides,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parse;

    #[test]
    fn one_number_or_two() {
        let check = |text: &str, expected: Option<[usize; 2]>| {
            let size = parse(text).root.as_ref().and_then(input_size);
            assert_eq!(size, expected, "{text}");
            if let Some(size) = expected {
                let again = parse(&written_size(size))
                    .root
                    .as_ref()
                    .and_then(input_size);
                assert_eq!(again, expected, "{text}");
                let settings = sides(&mut serde_json::Deserializer::from_str(text));
                assert_eq!(settings.unwrap(), size);
            }
        };
        check("224", Some([224, 224]));
        check("[240, 320]", Some([240, 320]));
        check("[96, 96]", Some([96, 96]));
        for none in [
            "0",
            "4097",
            "-1",
            "1.5",
            "\"96\"",
            "[]",
            "[96]",
            "[96, 96, 3]",
            "[0, 96]",
            "null",
        ] {
            check(none, None);
        }
    }
}
