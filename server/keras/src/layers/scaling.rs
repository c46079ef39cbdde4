//! Layers that applications of Keras bring along.

use graph::BinaryOp;

use super::{Layer, Variable};
use crate::draft::{Layout, ValueId};
use crate::layers::scope::Scope;
use crate::problem::{LayerProblem, invalid};
use crate::settings::Settings;

/// A trained factor for each channel, in ConvNeXt.
pub(super) struct LayerScale;

const GAMMA: &[Variable] = &[Variable::trained(&["gamma"])];

impl Layer for LayerScale {
    fn variables(&self) -> &[Variable] {
        GAMMA
    }

    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let x = scope.only(inputs)?;
        let Some(&channels) = scope.draft.shape(x).last() else {
            return invalid("its input has no axes");
        };
        let gamma = scope.weight(0, &[channels], Layout::Keras)?;
        scope.draft.binary("", BinaryOp::Multiply, x, gamma)
    }
}

/// `x + scale * y`, in InceptionResNetV2.
pub(super) struct ScaledSum {
    scale: f32,
}

impl ScaledSum {
    pub(super) fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        match settings.number("scale")? {
            Some(scale) => Ok(Self { scale }),
            None => invalid("\"scale\" is missing"),
        }
    }

    /// Until TensorFlow 2.13 the layer was a `Lambda` with this argument and name.
    pub(super) fn of_lambda(settings: &Settings) -> Option<Self> {
        let (block, number) = settings.text("name")?.rsplit_once('_')?;
        let arguments = settings.get("arguments")?.as_object()?;
        let scale = arguments.get("scale")?.as_f64()? as f32;
        let named = matches!(block, "block35" | "block17" | "block8");
        (named && arguments.len() == 1 && number.parse::<u8>().is_ok() && scale.is_finite())
            .then_some(Self { scale })
    }
}

impl Layer for ScaledSum {
    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let &[x, residual] = inputs else {
            return invalid(format!("it has {} inputs instead of two", inputs.len()));
        };
        let scaled = scope
            .draft
            .with_number("scaled", BinaryOp::Multiply, residual, self.scale)?;
        scope.draft.binary("", BinaryOp::Add, x, scaled)
    }
}
