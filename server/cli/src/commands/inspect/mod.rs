mod keras;
mod tflite;

use crate::Ending;
use crate::arguments::InspectArguments;

/// Prints what a model file holds.
pub(crate) fn inspect(arguments: &InspectArguments) -> Result<Ending, String> {
    let path = &arguments.model;
    let extension = path.extension();
    if extension.is_some_and(|extension| extension.eq_ignore_ascii_case("tflite")) {
        tflite::inspect(path, arguments.json)
    } else {
        keras::inspect(path, arguments.json)
    }
}

/// `1 x 224 x 224 x 3`
fn shape(shape: &[usize]) -> String {
    let extents: Vec<String> = shape.iter().map(usize::to_string).collect();
    extents.join(" x ")
}

/// As [`shape`], with `?` for an extent that the file leaves open, or for the whole.
fn open_shape(shape: Option<&[Option<usize>]>) -> String {
    let Some(shape) = shape else {
        return "?".to_owned();
    };
    let extents: Vec<String> = shape
        .iter()
        .map(|extent| extent.map_or_else(|| "?".to_owned(), |extent| extent.to_string()))
        .collect();
    extents.join(" x ")
}
