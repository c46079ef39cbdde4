//! Shapes of operators that treat every element alike.

use localization::{Text, text};

use super::OperandShapes;

/// Gamma, beta, mean and variance have one value for each channel.
pub(crate) fn batch_normalization(shapes: OperandShapes) -> Result<Vec<usize>, Text> {
    let channels = shapes.x().last();
    let misfit =
        |parameter: &&&[usize]| channels.is_none_or(|channels| ***parameter != [*channels]);
    match shapes.others().iter().find(misfit) {
        None => Ok(shapes.unchanged()),
        Some(parameter) => {
            // A single number has none.
            let channels = channels.copied().unwrap_or(0);
            Err(text!(
                "has parameters of shape {parameter:?} for {channels} channels"
            ))
        }
    }
}

/// Slopes broadcast against the input without its batch axis.
pub(crate) fn prelu(shapes: OperandShapes) -> Result<Vec<usize>, Text> {
    let (x, alpha) = (shapes.x(), shapes.other(0));
    let fits =
        alpha.len() + 1 == x.len() && alpha.iter().zip(&x[1..]).all(|(&a, &d)| a == d || a == 1);
    if fits {
        Ok(shapes.unchanged())
    } else {
        Err(text!("has slopes of shape {alpha:?} for an input {x:?}"))
    }
}

/// NumPy's broadcasting: shapes are aligned at their ends, and an extent of one repeats.
pub(crate) fn broadcast(shapes: OperandShapes) -> Result<Vec<usize>, Text> {
    let (a, b) = (shapes.x(), shapes.other(0));
    let rank = a.len().max(b.len());
    let extent = |shape: &[usize], axis: usize| {
        (axis + shape.len())
            .checked_sub(rank)
            .map_or(1, |index| shape[index])
    };
    (0..rank)
        .map(|axis| match (extent(a, axis), extent(b, axis)) {
            (x, y) if x == y => Ok(x),
            (1, y) => Ok(y),
            (x, 1) => Ok(x),
            _ => Err(text!("cannot combine {a:?} with {b:?}")),
        })
        .collect()
}
