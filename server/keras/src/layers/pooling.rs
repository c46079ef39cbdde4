use graph::{Op, Pool, ReduceOp};
use localization::text;

use super::convolution::parse_padding;
use super::layer::{Layer, Parsed};
use crate::operations::reduction;
use crate::problem::invalid;
use crate::settings::Settings;

/// Largest element of each window.
pub(super) fn max_pooling(settings: &Settings) -> Parsed {
    let pool = pool(settings)?;
    Ok(Layer::of_operation(move |draft, x| {
        draft.node("", Op::MaxPool2d(pool), &[x])
    }))
}

/// Mean of each window.
pub(super) fn average_pooling(settings: &Settings) -> Parsed {
    let pool = pool(settings)?;
    Ok(Layer::of_operation(move |draft, x| {
        draft.node("", Op::AveragePool2d(pool), &[x])
    }))
}

fn pool(settings: &Settings) -> Result<Pool, crate::problem::LayerProblem> {
    let kernel = settings.pair("pool_size")?.unwrap_or([2, 2]);
    Ok(Pool {
        kernel,
        stride: settings.pair("strides")?.unwrap_or(kernel),
        padding: parse_padding(settings)?,
    })
}

/// Largest element or mean of each channel; `expected` axes are 4 for images, 3 for sequences.
pub(super) fn global_pooling(settings: &Settings, kind: ReduceOp, expected: usize) -> Parsed {
    let keep_dims = settings.flag("keepdims", false)?;
    Ok(Layer::of_operation(move |draft, x| {
        let rank = draft.rank(x);
        if rank != expected {
            return invalid(text!("its input has {rank} axes instead of {expected}"));
        }
        reduction::reduce(draft, x, kind, (1..rank - 1).collect(), keep_dims)
    }))
}
