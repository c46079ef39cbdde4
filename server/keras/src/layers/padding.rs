use graph::Op;
use localization::text;

use super::layer::{Layer, Parsed};
use crate::problem::invalid;
use crate::settings::Settings;

/// Zeros around an image.
pub(super) fn zero_padding(settings: &Settings) -> Parsed {
    let [[top, bottom], [left, right]] = settings.borders("padding")?;
    Ok(Layer::of_one(Vec::new(), move |scope, x| {
        scope.draft.image(x)?;
        if [top, bottom, left, right] == [0; 4] {
            return Ok(x);
        }
        let op = Op::Pad {
            before: vec![0, top, left, 0],
            after: vec![0, bottom, right, 0],
            value: 0.0,
        };
        scope.pixelwise_node("", op, x)
    }))
}

/// An image without its border.
pub(super) fn cropping(settings: &Settings) -> Parsed {
    let [[top, bottom], [left, right]] = settings.borders("cropping")?;
    Ok(Layer::of_one(Vec::new(), move |scope, x| {
        let [batch, height, width, channels] = scope.draft.image(x)?;
        let rows = height.checked_sub(top + bottom).filter(|&rows| rows > 0);
        let columns = width.checked_sub(left + right).filter(|&rows| rows > 0);
        let (Some(rows), Some(columns)) = (rows, columns) else {
            return invalid(text!("it cuts all of {height} x {width} pixels away"));
        };
        if [rows, columns] == [height, width] {
            return Ok(x);
        }
        let op = Op::Slice {
            begin: vec![0, top, left, 0],
            size: vec![batch, rows, columns, channels],
        };
        scope.pixelwise_node("", op, x)
    }))
}
