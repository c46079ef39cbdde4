use graph::{Op, ResizeMethod};
use localization::{phrase, text};

use super::layer::{Layer, Parsed};
use crate::draft::ValueId;
use crate::layers::scope::Scope;
use crate::problem::{LayerProblem, invalid, unsupported};
use crate::settings::{Generation, Settings};

fn parse_method(settings: &Settings, default: &str) -> Result<ResizeMethod, LayerProblem> {
    match settings.text("interpolation").unwrap_or(default) {
        "nearest" => Ok(ResizeMethod::Nearest),
        "bilinear" => Ok(ResizeMethod::Bilinear),
        other => unsupported(text!("its interpolation is \"{other}\"")),
    }
}

/// Enlarges an image by whole factors.
pub(super) fn up_sampling(settings: &Settings) -> Parsed {
    let factors = settings.pair("size")?.unwrap_or([2, 2]);
    let method = parse_method(settings, "nearest")?;
    Ok(Layer::of_one(Vec::new(), move |scope, x| {
        let [_, height, width, _] = scope.draft.image(x)?;
        let size = height
            .checked_mul(factors[0])
            .zip(width.checked_mul(factors[1]));
        let Some((height, width)) = size else {
            return invalid(phrase!("its output size is out of range"));
        };
        let size = [height, width];
        scope.pixelwise_node("", Op::Resize { size, method }, x)
    }))
}

/// Cuts the largest box with the proportions of `size` out of the middle of an image and scales it
/// to that size, as `keras.utils.image_utils.smart_resize` does.
fn crop_and_resize(
    scope: &mut Scope<'_>,
    x: ValueId,
    size: [usize; 2],
    method: ResizeMethod,
) -> Result<ValueId, LayerProblem> {
    let [_, height, width, _] = scope.draft.image(x)?;
    // Sizes are below 2^53, where `f64` is exact; the fraction is cut off.
    let proportional = |a: usize, b: usize, c: usize| (a as f64 * b as f64 / c as f64) as usize;
    let rows = proportional(width, size[0], size[1]).min(height).max(1);
    let columns = proportional(height, size[1], size[0]).min(width).max(1);
    let x = crop_middle(scope, "cropped", x, [rows, columns])?;
    scope.pixelwise_node("", Op::Resize { size, method }, x)
}

/// Cuts a box out of the middle of an image that is large enough.
fn crop_middle(
    scope: &mut Scope<'_>,
    part: &str,
    x: ValueId,
    [rows, columns]: [usize; 2],
) -> Result<ValueId, LayerProblem> {
    let [batch, height, width, channels] = scope.draft.image(x)?;
    if [height, width] == [rows, columns] {
        return Ok(x);
    }
    let (top, left) = (
        height.saturating_sub(rows) / 2,
        width.saturating_sub(columns) / 2,
    );
    let op = Op::Slice {
        begin: vec![0, top, left, 0],
        size: vec![batch, rows, columns, channels],
    };
    scope.pixelwise_node(part, op, x)
}

fn size(settings: &Settings) -> Result<[usize; 2], LayerProblem> {
    Ok([settings.count("height")?, settings.count("width")?])
}

/// Cuts the middle out of an image, or enlarges an image that is too small.
pub(super) fn center_crop(settings: &Settings) -> Parsed {
    let size = size(settings)?;
    Ok(Layer::of_one(Vec::new(), move |scope, x| {
        let [_, height, width, _] = scope.draft.image(x)?;
        match height >= size[0] && width >= size[1] {
            true => crop_middle(scope, "", x, size),
            false => crop_and_resize(scope, x, size, ResizeMethod::Bilinear),
        }
    }))
}

/// A random part of an image in training. At inference Keras 2 scales the image to that size;
/// versions of Keras 3 do different things, unless the image has the size already.
pub(super) fn random_crop(settings: &Settings) -> Parsed {
    let (size, generation) = (size(settings)?, settings.generation);
    let layer = Layer::of_one(Vec::new(), move |scope, x| {
        match (scope.draft.shape(x), generation) {
            (&[_, height, width, _], _) if [height, width] == size => Ok(x),
            (_, Generation::Keras2) => crop_and_resize(scope, x, size, ResizeMethod::Bilinear),
            (_, Generation::Keras3) => unsupported(phrase!(
                "what it does at inference depends on the version of Keras 3, use CenterCrop"
            )),
        }
    });
    Ok(layer.unlike_training())
}

/// Scales an image to a size, on request keeping the proportions and cutting off what is too much.
pub(super) fn resizing(settings: &Settings) -> Parsed {
    for flag in ["pad_to_aspect_ratio", "antialias"] {
        if settings.flag(flag, false)? {
            return unsupported(text!("it sets {flag}"));
        }
    }
    let size = size(settings)?;
    let method = parse_method(settings, "bilinear")?;
    let crop = settings.flag("crop_to_aspect_ratio", false)?;
    Ok(Layer::of_one(Vec::new(), move |scope, x| match crop {
        true => crop_and_resize(scope, x, size, method),
        false => scope.pixelwise_node("", Op::Resize { size, method }, x),
    }))
}
