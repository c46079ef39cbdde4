use graph::{Op, ResizeMethod, TensorId};

use super::{Layer, LayerProblem, Settings, invalid, unsupported};
use crate::assembly::Scope;

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
    fn build(&self, scope: &mut Scope<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerProblem> {
        let x = scope.only(inputs)?;
        let &[_, height, width, _] = scope.shape(x) else {
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
        scope.pixelwise_node(op, x)
    }
}

/// Scales an image to a size.
pub(super) struct Resizing {
    size: [usize; 2],
    method: ResizeMethod,
}

impl Resizing {
    pub(super) fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        for flag in ["crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias"] {
            if settings.flag(flag, false)? {
                return unsupported(format!("it sets {flag}"));
            }
        }
        Ok(Self {
            size: [settings.count("height")?, settings.count("width")?],
            method: parse_method(settings, "bilinear")?,
        })
    }
}

impl Layer for Resizing {
    fn build(&self, scope: &mut Scope<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerProblem> {
        let x = scope.only(inputs)?;
        let op = Op::Resize {
            size: self.size,
            method: self.method,
        };
        scope.pixelwise_node(op, x)
    }
}
