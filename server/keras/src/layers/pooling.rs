use graph::{Op, Pool, ReduceOp};

use super::Layer;
use super::convolution::parse_padding;
use crate::draft::ValueId;
use crate::layers::scope::Scope;
use crate::problem::{LayerProblem, invalid};
use crate::settings::Settings;

/// Largest element or mean of each window.
pub(super) struct Pooling2D {
    maximum: bool,
    pool: Pool,
}

impl Pooling2D {
    pub(super) fn parse(class: &str, settings: &Settings) -> Result<Self, LayerProblem> {
        let kernel = settings.pair("pool_size")?.unwrap_or([2, 2]);
        let pool = Pool {
            kernel,
            stride: settings.pair("strides")?.unwrap_or(kernel),
            padding: parse_padding(settings)?,
        };
        Ok(Self {
            maximum: class.starts_with("Max"),
            pool,
        })
    }
}

impl Layer for Pooling2D {
    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let x = scope.only(inputs)?;
        let op = if self.maximum {
            Op::MaxPool2d(self.pool)
        } else {
            Op::AveragePool2d(self.pool)
        };
        scope.draft.node("", op, &[x])
    }
}

/// Largest element or mean of each channel.
pub(super) struct GlobalPooling {
    kind: ReduceOp,
    /// Axes of the input: 4 for images, 3 for sequences.
    rank: usize,
    keep_dims: bool,
}

impl GlobalPooling {
    pub(super) fn parse(class: &str, settings: &Settings) -> Result<Self, LayerProblem> {
        Ok(Self {
            kind: if class.starts_with("GlobalMax") {
                ReduceOp::Max
            } else {
                ReduceOp::Mean
            },
            rank: if class.ends_with("1D") { 3 } else { 4 },
            keep_dims: settings.flag("keepdims", false)?,
        })
    }
}

impl Layer for GlobalPooling {
    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let x = scope.only(inputs)?;
        let rank = scope.draft.shape(x).len();
        if rank != self.rank {
            return invalid(format!(
                "its input has {rank} axes instead of {}",
                self.rank
            ));
        }
        let op = Op::Reduce {
            kind: self.kind,
            axes: (1..rank - 1).collect(),
            keep_dims: self.keep_dims,
        };
        scope.draft.node("", op, &[x])
    }
}
