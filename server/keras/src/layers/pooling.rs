use graph::{Op, Pool, ReduceOp, TensorId};

use super::convolution::parse_padding;
use super::{Layer, LayerProblem, Settings, invalid};
use crate::assembly::Scope;

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
    fn build(&self, scope: &mut Scope<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerProblem> {
        let x = scope.only(inputs)?;
        let op = if self.maximum {
            Op::MaxPool2d(self.pool)
        } else {
            Op::AveragePool2d(self.pool)
        };
        scope.node("", op, &[x])
    }
}

/// Largest element or mean of each channel.
pub(super) struct GlobalPooling2D {
    kind: ReduceOp,
    keep_dims: bool,
}

impl GlobalPooling2D {
    pub(super) fn parse(class: &str, settings: &Settings) -> Result<Self, LayerProblem> {
        Ok(Self {
            kind: if class.starts_with("GlobalMax") {
                ReduceOp::Max
            } else {
                ReduceOp::Mean
            },
            keep_dims: settings.flag("keepdims", false)?,
        })
    }
}

impl Layer for GlobalPooling2D {
    fn build(&self, scope: &mut Scope<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerProblem> {
        let x = scope.only(inputs)?;
        if scope.shape(x).len() != 4 {
            return invalid(format!(
                "its input has shape {:?} instead of an image",
                scope.shape(x)
            ));
        }
        let op = Op::Reduce {
            kind: self.kind,
            axes: vec![1, 2],
            keep_dims: self.keep_dims,
        };
        scope.node("", op, &[x])
    }
}
