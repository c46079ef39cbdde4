use graph::Op;

use super::Layer;
use crate::draft::ValueId;
use crate::layers::scope::Scope;
use crate::problem::{LayerProblem, invalid};
use crate::settings::Settings;

/// Zeros around an image.
pub(super) struct ZeroPadding2D {
    /// `[[top, bottom], [left, right]]`
    borders: [[usize; 2]; 2],
}

impl ZeroPadding2D {
    pub(super) fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        let borders = settings.borders("padding")?;
        Ok(Self { borders })
    }
}

impl Layer for ZeroPadding2D {
    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let x = scope.only(inputs)?;
        if scope.draft.shape(x).len() != 4 {
            return invalid("its input is not an image");
        }
        let [[top, bottom], [left, right]] = self.borders;
        if self.borders == [[0; 2]; 2] {
            return Ok(x);
        }
        let op = Op::Pad {
            before: vec![0, top, left, 0],
            after: vec![0, bottom, right, 0],
            value: 0.0,
        };
        scope.pixelwise_node("", op, x)
    }
}

/// An image without its border.
pub(super) struct Cropping2D {
    /// `[[top, bottom], [left, right]]`
    borders: [[usize; 2]; 2],
}

impl Cropping2D {
    pub(super) fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        let borders = settings.borders("cropping")?;
        Ok(Self { borders })
    }
}

impl Layer for Cropping2D {
    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let x = scope.only(inputs)?;
        let &[batch, height, width, channels] = scope.draft.shape(x) else {
            return invalid("its input is not an image");
        };
        let [[top, bottom], [left, right]] = self.borders;
        let rows = height.checked_sub(top + bottom).filter(|&rows| rows > 0);
        let columns = width.checked_sub(left + right).filter(|&rows| rows > 0);
        let (Some(rows), Some(columns)) = (rows, columns) else {
            return invalid(format!("it cuts all of {height} x {width} pixels away"));
        };
        if self.borders == [[0; 2]; 2] {
            return Ok(x);
        }
        let op = Op::Slice {
            begin: vec![0, top, left, 0],
            size: vec![batch, rows, columns, channels],
        };
        scope.pixelwise_node("", op, x)
    }
}
