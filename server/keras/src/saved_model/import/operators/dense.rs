use graph::Op;

use super::{Call, invalid, unsupported};
use crate::assembly::Layout;
use crate::layers::LayerProblem;
use crate::saved_model::import::attributes::WithDefaults;
use crate::saved_model::import::drawing::Drawn;
use crate::saved_model::import::extents;
use crate::saved_model::import::term::Term;

pub(super) fn matrix_product(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let transpose_a = call.attributes.flag("transpose_a", false)?;
    let transpose_b = call.attributes.flag("transpose_b", false)?;
    product(call, transpose_a, transpose_b)
}

pub(super) fn batch_matrix_product(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let transpose_a = call.attributes.flag("adj_x", false)?;
    let transpose_b = call.attributes.flag("adj_y", false)?;
    product(call, transpose_a, transpose_b)
}

fn product(
    call: &mut Call<'_, '_, '_>,
    transpose_a: bool,
    transpose_b: bool,
) -> Result<Vec<Term>, LayerProblem> {
    let mut a = call.tensor(0)?;
    if transpose_a {
        a = swap_last_axes(call, a)?;
    }
    let shape = call.shape(1)?;
    if call.is_known(1) && shape.len() == 2 {
        let layout = if transpose_b {
            Layout::Keras
        } else {
            Layout::Transposed
        };
        let kernel = call.kernel(1, layout)?;
        return call.draw(Op::FullyConnected, &[a, kernel]);
    }
    let b = call.tensor(1)?;
    let output = batch_product(call, a, b, transpose_b)?;
    Ok(call.result(output))
}

/// Matrix product of the last two axes; axes before them are equal, or missing or 1 in one.
pub(super) fn batch_product(
    call: &mut Call<'_, '_, '_>,
    a: Drawn,
    b: Drawn,
    transpose_b: bool,
) -> Result<Drawn, LayerProblem> {
    let drawing = call.drawing();
    let (first, second) = (drawing.shape(a).to_vec(), drawing.shape(b).to_vec());
    let (Some(batches_a), Some(batches_b)) = (
        first
            .len()
            .checked_sub(2)
            .and_then(|rank| first.get(..rank)),
        second
            .len()
            .checked_sub(2)
            .and_then(|rank| second.get(..rank)),
    ) else {
        return invalid(format!("it multiplies {first:?} by {second:?}"));
    };
    let batches = extents::broadcast(batches_a, batches_b)?;
    let mut expand = |x: Drawn, own: &[usize], shape: &[usize]| {
        // New axes of extent 1 do; an extent that would have to grow does not.
        if own.iter().product::<usize>() != batches.iter().product::<usize>() {
            return unsupported("it multiplies one matrix by many");
        }
        let matrix = shape.get(own.len()..).unwrap_or(&[]);
        drawing.reshape(x, [batches.as_slice(), matrix].concat())
    };
    let a = expand(a, batches_a, &first)?;
    let b = expand(b, batches_b, &second)?;
    drawing.draw(Op::BatchMatMul { transpose_b }, &[a, b])
}

fn swap_last_axes(call: &mut Call<'_, '_, '_>, x: Drawn) -> Result<Drawn, LayerProblem> {
    let rank = call.drawing().shape(x).len();
    let Some(before) = rank.checked_sub(2) else {
        return invalid("it multiplies a vector");
    };
    let permutation = (0..before).chain([rank - 1, rank - 2]).collect();
    call.drawing().transpose(x, permutation)
}
