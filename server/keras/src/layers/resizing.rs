use graph::{Op, ResizeMethod};

use super::Layer;
use crate::draft::ValueId;
use crate::layers::scope::Scope;
use crate::problem::{LayerProblem, invalid, unsupported};
use crate::settings::{Generation, Settings};

fn parse_method(settings: &Settings, default: &str) -> Result<ResizeMethod, LayerProblem> {
    match settings.text("interpolation").unwrap_or(default) {
        "nearest" => Ok(ResizeMethod::Nearest),
        "bilinear" => Ok(ResizeMethod::Bilinear),
        other => unsupported(format!("its interpolation is \"{other}\"")),
    }
}

/// Enlarges an image by whole factors.
pub(super) struct UpSampling2D {
    factors: [usize; 2],
    method: ResizeMethod,
}

impl UpSampling2D {
    pub(super) fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        Ok(Self {
            factors: settings.pair("size")?.unwrap_or([2, 2]),
            method: parse_method(settings, "nearest")?,
        })
    }
}

impl Layer for UpSampling2D {
    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let x = scope.only(inputs)?;
        let &[_, height, width, _] = scope.draft.shape(x) else {
            return invalid("its input is not an image");
        };
        let size = height
            .checked_mul(self.factors[0])
            .zip(width.checked_mul(self.factors[1]));
        let Some((height, width)) = size else {
            return invalid("its output size is out of range");
        };
        let op = Op::Resize {
            size: [height, width],
            method: self.method,
        };
        scope.pixelwise_node("", op, x)
    }
}

/// Cuts the largest box with the proportions of `size` out of the middle of an image and scales it
/// to that size, as `keras.utils.image_utils.smart_resize` does.
fn crop_and_resize(
    scope: &mut Scope<'_>,
    x: ValueId,
    size: [usize; 2],
    method: ResizeMethod,
) -> Result<ValueId, LayerProblem> {
    let &[_, height, width, _] = scope.draft.shape(x) else {
        return invalid("its input is not an image");
    };
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
    let &[batch, height, width, channels] = scope.draft.shape(x) else {
        return invalid("its input is not an image");
    };
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

/// Cuts the middle out of an image, or enlarges an image that is too small.
pub(super) struct CenterCrop {
    size: [usize; 2],
}

impl CenterCrop {
    pub(super) fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        let size = [settings.count("height")?, settings.count("width")?];
        Ok(Self { size })
    }
}

impl Layer for CenterCrop {
    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let x = scope.only(inputs)?;
        match *scope.draft.shape(x) {
            [_, height, width, _] if height >= self.size[0] && width >= self.size[1] => {
                crop_middle(scope, "", x, self.size)
            }
            _ => crop_and_resize(scope, x, self.size, ResizeMethod::Bilinear),
        }
    }
}

/// A random part of an image in training. At inference Keras 2 scales the image to that size;
/// versions of Keras 3 do different things, unless the image has the size already.
pub(super) struct RandomCrop {
    size: [usize; 2],
    generation: Generation,
}

impl RandomCrop {
    pub(super) fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        Ok(Self {
            size: [settings.count("height")?, settings.count("width")?],
            generation: settings.generation,
        })
    }
}

impl Layer for RandomCrop {
    fn depends_on_training(&self) -> bool {
        true
    }

    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let x = scope.only(inputs)?;
        match (scope.draft.shape(x), self.generation) {
            (&[_, height, width, _], _) if [height, width] == self.size => Ok(x),
            (_, Generation::Keras2) => crop_and_resize(scope, x, self.size, ResizeMethod::Bilinear),
            (_, Generation::Keras3) => unsupported(
                "what it does at inference depends on the version of Keras 3, use CenterCrop",
            ),
        }
    }
}

/// Scales an image to a size.
pub(super) struct Resizing {
    size: [usize; 2],
    method: ResizeMethod,
    /// Keep the proportions and cut off what is too much.
    crop: bool,
}

impl Resizing {
    pub(super) fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        for flag in ["pad_to_aspect_ratio", "antialias"] {
            if settings.flag(flag, false)? {
                return unsupported(format!("it sets {flag}"));
            }
        }
        Ok(Self {
            size: [settings.count("height")?, settings.count("width")?],
            method: parse_method(settings, "bilinear")?,
            crop: settings.flag("crop_to_aspect_ratio", false)?,
        })
    }
}

impl Layer for Resizing {
    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let x = scope.only(inputs)?;
        if self.crop {
            return crop_and_resize(scope, x, self.size, self.method);
        }
        let op = Op::Resize {
            size: self.size,
            method: self.method,
        };
        scope.pixelwise_node("", op, x)
    }
}
