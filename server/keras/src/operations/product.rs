//! Products of matrices.

use graph::Op;
use localization::{phrase, text};

use super::shapes;
use crate::draft::{Draft, ValueId, within};
use crate::problem::{LayerProblem, invalid, unsupported};

/// Exchanges the last two axes of the first factor.
pub(crate) fn transposed(draft: &mut Draft, x: ValueId) -> Result<ValueId, LayerProblem> {
    let permutation = shapes::last_exchanged(draft.rank(x))?;
    draft.transpose("x_transposed", x, permutation)
}

/// Product of matrices in the last two axes; axes before them are equal, or missing or 1 in one.
pub(crate) fn matmul(
    draft: &mut Draft,
    part: &str,
    x: ValueId,
    y: ValueId,
    transpose_y: bool,
) -> Result<ValueId, LayerProblem> {
    let shapes = [x, y].map(|it| draft.shape(it).to_vec());
    let [Some((left, _)), Some((right, _))] = [&shapes[0], &shapes[1]].map(|it| matrices(it))
    else {
        return invalid(text!(
            "it multiplies {first:?} by {second:?}",
            first = shapes[0],
            second = shapes[1]
        ));
    };
    let batches = shapes::broadcast(left, right)?;
    let mut factors = [x, y];
    for ((factor, shape), name) in factors.iter_mut().zip(&shapes).zip(["x", "y"]) {
        let Some((own, matrix)) = matrices(shape) else {
            continue;
        };
        // New axes of extent 1 do; an extent that would have to grow does not.
        if own.iter().product::<usize>() != batches.iter().product::<usize>() {
            return unsupported(phrase!("it multiplies one matrix by many"));
        }
        if own != batches {
            let name = within(name, "batches");
            *factor = draft.reshape(&name, *factor, [&batches, matrix].concat())?;
        }
    }
    let op = Op::BatchMatMul {
        transpose_b: transpose_y,
    };
    draft.node(part, op, &factors)
}

/// The last two axes of a shape, and those before them.
fn matrices(shape: &[usize]) -> Option<(&[usize], &[usize])> {
    shape.split_at_checked(shape.len().checked_sub(2)?)
}
