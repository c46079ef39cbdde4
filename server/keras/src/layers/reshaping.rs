use graph::{BinaryOp, Op, TensorId};

use super::{Layer, LayerProblem, Settings, invalid};
use crate::assembly::Scope;

/// A layer that returns its input at inference.
pub(super) struct Identity {
    /// It does not when `training=True`.
    pub(super) random: bool,
}

impl Layer for Identity {
    fn depends_on_training(&self) -> bool {
        self.random
    }

    fn build(&self, scope: &mut Scope<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerProblem> {
        scope.only(inputs)
    }
}

/// All elements of an image in one row, channels fastest.
pub(super) struct Flatten;

impl Layer for Flatten {
    fn build(&self, scope: &mut Scope<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerProblem> {
        let x = scope.only(inputs)?;
        let elements = scope.shape(x).iter().product();
        let op = Op::Reshape {
            shape: vec![1, elements],
        };
        scope.node("", op, &[x])
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
    fn build(&self, scope: &mut Scope<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerProblem> {
        let x = scope.only(inputs)?;
        let elements: usize = scope.shape(x).iter().product();
        let known = self
            .target
            .iter()
            .filter_map(|&extent| usize::try_from(extent).ok())
            .try_fold(1usize, usize::checked_mul)
            .filter(|&known| known > 0 && elements.is_multiple_of(known));
        let Some(known) = known else {
            return invalid(format!(
                "{elements} elements do not fit \"target_shape\" {:?}",
                self.target
            ));
        };
        let extents = self
            .target
            .iter()
            .map(|&extent| usize::try_from(extent).unwrap_or(elements / known));
        let shape = std::iter::once(1).chain(extents).collect();
        scope.node("", Op::Reshape { shape }, &[x])
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
    fn build(&self, scope: &mut Scope<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerProblem> {
        let x = scope.only(inputs)?;
        let &[batch, features] = scope.shape(x) else {
            return invalid("its input is not a vector");
        };
        let shape = vec![batch, 1, features];
        let row = scope.node("row", Op::Reshape { shape }, &[x])?;
        // A product with ones broadcasts the vector along the new axis.
        let ones = scope.filled("ones", 1.0, self.count)?;
        let shape = vec![1, self.count, 1];
        let ones = scope.node("ones/column", Op::Reshape { shape }, &[ones])?;
        scope.binary("", BinaryOp::Multiply, row, ones)
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
    fn build(&self, scope: &mut Scope<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerProblem> {
        let x = scope.only(inputs)?;
        let permutation = std::iter::once(0)
            .chain(self.axes.iter().copied())
            .collect();
        scope.node("", Op::Transpose { permutation }, &[x])
    }
}
