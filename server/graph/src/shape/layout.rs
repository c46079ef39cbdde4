//! Shapes of matrix products, reductions, and operators that move elements.

use localization::{Text, text};

use super::OperandShapes;

pub(crate) fn fully_connected(shapes: OperandShapes) -> Result<Vec<usize>, Text> {
    let (x, kernel) = (shapes.x(), shapes.other(0));
    let (&[ref positions @ .., features], &[outputs, inputs]) = (x, kernel) else {
        return Err(text!("cannot multiply {x:?} by a kernel {kernel:?}"));
    };
    if inputs != features {
        return Err(text!(
            "has a kernel for {inputs} features, but its input has {features}"
        ));
    }
    shapes.check_bias(outputs)?;
    Ok([positions, &[outputs]].concat())
}

pub(crate) fn batch_matmul(shapes: OperandShapes, transpose_b: bool) -> Result<Vec<usize>, Text> {
    let (a, b) = (shapes.x(), shapes.other(0));
    match (a, b) {
        (&[ref matrices @ .., rows, terms], &[ref other_matrices @ .., first, second])
            if matrices == other_matrices =>
        {
            let (inner, columns) = if transpose_b {
                (second, first)
            } else {
                (first, second)
            };
            if inner == terms {
                return Ok([matrices, &[rows, columns]].concat());
            }
        }
        _ => {}
    }
    Err(text!("cannot multiply {a:?} by {b:?}"))
}

pub(crate) fn concatenate(shapes: OperandShapes, axis: usize) -> Result<Vec<usize>, Text> {
    let first = shapes.x();
    let mut joined = shapes.unchanged();
    let Some(extent) = joined.get_mut(axis) else {
        return Err(text!("joins along axis {axis} of an input {first:?}"));
    };
    for input in shapes.others() {
        let fits = input.len() == first.len()
            && (0..first.len()).all(|other| other == axis || input[other] == first[other]);
        if !fits {
            return Err(text!("cannot join {first:?} with {input:?}"));
        }
        *extent = extent
            .checked_add(input[axis])
            .ok_or_else(|| text!("joins more than this program handles"))?;
    }
    Ok(joined)
}

pub(crate) fn reduce(
    shapes: OperandShapes,
    axes: &[usize],
    keep_dims: bool,
) -> Result<Vec<usize>, Text> {
    let x = shapes.x();
    if let Some(axis) = axes.iter().find(|&&axis| axis >= x.len()) {
        return Err(text!("reduces axis {axis} of an input {x:?}"));
    }
    let extents = x.iter().enumerate();
    Ok(extents
        .filter_map(|(axis, &extent)| match (axes.contains(&axis), keep_dims) {
            (true, true) => Some(1),
            (true, false) => None,
            (false, _) => Some(extent),
        })
        .collect())
}

pub(crate) fn pad(
    shapes: OperandShapes,
    before: &[usize],
    after: &[usize],
) -> Result<Vec<usize>, Text> {
    let x = shapes.x();
    if before.len() != x.len() || after.len() != x.len() {
        return Err(text!(
            "pads {axes} axes of an input {x:?}",
            axes = before.len()
        ));
    }
    x.iter()
        .zip(before.iter().zip(after))
        .map(|(&extent, (&before, &after))| {
            extent
                .checked_add(before)
                .and_then(|sum| sum.checked_add(after))
                .ok_or_else(|| text!("pads by more than this program handles"))
        })
        .collect()
}

pub(crate) fn slice(
    shapes: OperandShapes,
    begin: &[usize],
    size: &[usize],
) -> Result<Vec<usize>, Text> {
    let x = shapes.x();
    let within = |(&extent, (&begin, &size)): (&usize, (&usize, &usize))| {
        size > 0 && begin.checked_add(size).is_some_and(|end| end <= extent)
    };
    let fits = begin.len() == x.len()
        && size.len() == x.len()
        && x.iter().zip(begin.iter().zip(size)).all(within);
    if fits {
        Ok(size.to_vec())
    } else {
        Err(text!("cuts {size:?} from {begin:?} out of an input {x:?}"))
    }
}

pub(crate) fn reshape(shapes: OperandShapes, shape: &[usize]) -> Result<Vec<usize>, Text> {
    let x = shapes.x();
    let wanted = shape
        .iter()
        .try_fold(1usize, |product, &extent| product.checked_mul(extent));
    if wanted != Some(x.iter().product()) {
        return Err(text!("cannot reshape {x:?} to {shape:?}"));
    }
    Ok(shape.to_vec())
}

pub(crate) fn transpose(shapes: OperandShapes, permutation: &[usize]) -> Result<Vec<usize>, Text> {
    let x = shapes.x();
    let mut seen = permutation.to_vec();
    seen.sort_unstable();
    if !seen.iter().copied().eq(0..x.len()) {
        return Err(text!("cannot permute {x:?} by {permutation:?}"));
    }
    Ok(permutation.iter().map(|&axis| x[axis]).collect())
}
