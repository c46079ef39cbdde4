use graph::{BinaryOp, Op};

use super::Layer;
use crate::draft::ValueId;
use crate::layers::scope::Scope;
use crate::operations::shapes;
use crate::problem::{LayerProblem, invalid};
use crate::settings::Settings;

/// A layer that returns its input at inference.
pub(super) struct Identity {
    /// It does not when `training=True`.
    pub(super) random: bool,
}

impl Layer for Identity {
    fn depends_on_training(&self) -> bool {
        self.random
    }

    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        scope.only(inputs)
    }
}

/// All elements of an image in one row, channels fastest.
pub(super) struct Flatten;

impl Layer for Flatten {
    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let x = scope.only(inputs)?;
        let elements = scope.draft.shape(x).iter().product();
        let op = Op::Reshape {
            shape: vec![1, elements],
        };
        scope.draft.node("", op, &[x])
    }
}

/// The same elements in another shape.
pub(super) struct Reshape {
    /// Extents without the batch axis; at most one is -1.
    target: Vec<i64>,
}

impl Reshape {
    pub(super) fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        let Some(target) = settings.integers("target_shape")? else {
            return invalid("\"target_shape\" is missing");
        };
        let open = target.iter().filter(|&&extent| extent == -1).count();
        if open > 1 || target.iter().any(|&extent| extent == 0 || extent < -1) {
            return invalid(format!("\"target_shape\" is {target:?}"));
        }
        Ok(Self { target })
    }
}

impl Layer for Reshape {
    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let x = scope.only(inputs)?;
        let target = [&[1], self.target.as_slice()].concat();
        let shape = shapes::reshape(scope.draft.shape(x), &target)?;
        scope.draft.reshape("", x, shape)
    }
}

/// A vector, as many times as asked for.
pub(super) struct RepeatVector {
    count: usize,
}

impl RepeatVector {
    pub(super) fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        let count = settings.count("n")?;
        Ok(Self { count })
    }
}

impl Layer for RepeatVector {
    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let x = scope.only(inputs)?;
        let &[batch, features] = scope.draft.shape(x) else {
            return invalid("its input is not a vector");
        };
        let shape = vec![batch, 1, features];
        let row = scope.draft.node("row", Op::Reshape { shape }, &[x])?;
        // A product with ones broadcasts the vector along the new axis.
        let ones = scope.draft.filled("ones", 1.0, self.count)?;
        let shape = vec![1, self.count, 1];
        let ones = scope
            .draft
            .node("ones/column", Op::Reshape { shape }, &[ones])?;
        scope.draft.binary("", BinaryOp::Multiply, row, ones)
    }
}

/// Axes in another order.
pub(super) struct Permute {
    /// For each output axis the input axis, counted from 1 as the batch is axis 0.
    axes: Vec<usize>,
}

impl Permute {
    pub(super) fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        let axes = settings.integers("dims")?.unwrap_or_default();
        let axes: Option<Vec<usize>> = axes
            .iter()
            .map(|&axis| usize::try_from(axis).ok().filter(|&axis| axis > 0))
            .collect();
        match axes {
            Some(axes) if !axes.is_empty() => Ok(Self { axes }),
            _ => invalid("\"dims\" should be positive integers"),
        }
    }
}

impl Layer for Permute {
    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let x = scope.only(inputs)?;
        let permutation = std::iter::once(0)
            .chain(self.axes.iter().copied())
            .collect();
        scope.draft.node("", Op::Transpose { permutation }, &[x])
    }
}
