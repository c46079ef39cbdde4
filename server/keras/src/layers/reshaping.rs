use graph::BinaryOp;
use localization::{phrase, text};

use super::layer::{Layer, Parsed};
use crate::operations::shapes;
use crate::problem::invalid;
use crate::settings::Settings;

/// A layer that returns its input at inference.
pub(super) fn identity() -> Layer {
    Layer::of_operation(|_, x| Ok(x))
}

/// All elements of an image in one row, channels fastest.
pub(super) fn flatten() -> Layer {
    Layer::of_operation(|draft, x| {
        let elements = draft.shape(x).iter().product();
        draft.reshape("", x, vec![1, elements])
    })
}

/// The same elements in another shape, in which at most one extent is -1.
pub(super) fn reshape(settings: &Settings) -> Parsed {
    let Some(target) = settings.integers("target_shape")? else {
        return invalid(phrase!("\"target_shape\" is missing"));
    };
    let open = target.iter().filter(|&&extent| extent == -1).count();
    if open > 1 || target.iter().any(|&extent| extent == 0 || extent < -1) {
        return invalid(text!("\"target_shape\" is {target:?}"));
    }
    let target = [&[1], target.as_slice()].concat();
    Ok(Layer::of_operation(move |draft, x| {
        let shape = shapes::reshape(draft.shape(x), &target)?;
        draft.reshape("", x, shape)
    }))
}

/// A vector, as many times as asked for.
pub(super) fn repeat_vector(settings: &Settings) -> Parsed {
    let count = settings.count("n")?;
    Ok(Layer::of_operation(move |draft, x| {
        let &[batch, features] = draft.shape(x) else {
            return invalid(phrase!("its input is not a vector"));
        };
        let row = draft.reshape("row", x, vec![batch, 1, features])?;
        // A product with ones broadcasts the vector along the new axis.
        let ones = draft.filled("ones", 1.0, count)?;
        let ones = draft.reshape("ones/column", ones, vec![1, count, 1])?;
        draft.binary("", BinaryOp::Multiply, row, ones)
    }))
}

/// Axes in another order, counted from 1 as the batch is axis 0.
pub(super) fn permute(settings: &Settings) -> Parsed {
    let axes = settings.integers("dims")?.unwrap_or_default();
    let axes: Option<Vec<usize>> = axes
        .iter()
        .map(|&axis| usize::try_from(axis).ok().filter(|&axis| axis > 0))
        .collect();
    let Some(axes) = axes.filter(|axes| !axes.is_empty()) else {
        return invalid(phrase!("\"dims\" should be positive integers"));
    };
    Ok(Layer::of_operation(move |draft, x| {
        let permutation = [&[0], axes.as_slice()].concat();
        draft.transpose("", x, permutation)
    }))
}
