//! What operations that only move elements make of a shape; known and computed tensors follow the
//! same rules.

use localization::{phrase, text};

use crate::limits;
use crate::problem::{LayerProblem, invalid, unsupported};

/// Position of an axis among `rank`; negative axes count from the end.
pub(crate) fn axis(axis: i64, rank: usize) -> Result<usize, LayerProblem> {
    let position = if axis < 0 {
        usize::try_from(axis.unsigned_abs())
            .ok()
            .and_then(|back| rank.checked_sub(back))
    } else {
        usize::try_from(axis).ok().filter(|&axis| axis < rank)
    };
    position
        .ok_or_else(|| LayerProblem::Invalid(text!("its input has {rank} axes, not axis {axis}")))
}

/// Positions of several axes, ascending and each once.
pub(crate) fn axes(axes: &[i64], rank: usize) -> Result<Vec<usize>, LayerProblem> {
    let mut positions = axes
        .iter()
        .map(|&position| axis(position, rank))
        .collect::<Result<Vec<_>, _>>()?;
    positions.sort_unstable();
    positions.dedup();
    Ok(positions)
}

/// Shape without some axes, or with extent 1 in their place.
pub(crate) fn reduced(shape: &[usize], axes: &[usize], keep: bool) -> Vec<usize> {
    shape
        .iter()
        .enumerate()
        .filter_map(|(axis, &extent)| match (axes.contains(&axis), keep) {
            (true, true) => Some(1),
            (true, false) => None,
            (false, _) => Some(extent),
        })
        .collect()
}

/// Shape of the result of an element-wise operator, with NumPy broadcasting.
pub(crate) fn broadcast(a: &[usize], b: &[usize]) -> Result<Vec<usize>, LayerProblem> {
    let rank = a.len().max(b.len());
    let extent = |shape: &[usize], axis: usize| {
        (axis + shape.len())
            .checked_sub(rank)
            .and_then(|index| shape.get(index).copied())
            .unwrap_or(1)
    };
    (0..rank)
        .map(|axis| match (extent(a, axis), extent(b, axis)) {
            (x, y) if x == y => Ok(x),
            (1, y) => Ok(y),
            (x, 1) => Ok(x),
            _ => invalid(text!("it combines {a:?} with {b:?}")),
        })
        .collect()
}

/// The shape that a reshape is asked for; at most one extent is -1.
pub(crate) fn reshape(shape: &[usize], target: &[i64]) -> Result<Vec<usize>, LayerProblem> {
    let elements: usize = shape.iter().product();
    let open = target.iter().filter(|&&extent| extent == -1).count();
    let known = target
        .iter()
        .filter(|&&extent| extent != -1)
        .try_fold(1usize, |product, &extent| {
            product.checked_mul(usize::try_from(extent).ok()?)
        });
    let rest = match (open, known) {
        (0, Some(known)) if known == elements => 1,
        (1, Some(known)) if known > 0 && elements.is_multiple_of(known) => elements / known,
        _ => {
            return invalid(text!("{elements} elements do not fit the shape {target:?}"));
        }
    };
    Ok(target
        .iter()
        .map(|&extent| usize::try_from(extent).unwrap_or(rest))
        .collect())
}

/// The shape without the axes that are named, or without all of extent 1 from axis `first` on.
pub(crate) fn squeeze(
    shape: &[usize],
    named: &[i64],
    first: usize,
) -> Result<Vec<usize>, LayerProblem> {
    let named = axes(named, shape.len())?;
    if let Some(&axis) = named.iter().find(|&&axis| shape.get(axis) != Some(&1)) {
        return invalid(text!("it removes axis {axis} of {shape:?}"));
    }
    let kept = shape.iter().enumerate().filter(|&(axis, &extent)| {
        if named.is_empty() {
            extent != 1 || axis < first
        } else {
            !named.contains(&axis)
        }
    });
    Ok(kept.map(|(_, &extent)| extent).collect())
}

/// The shape with a new axis of extent 1.
pub(crate) fn expand(shape: &[usize], position: i64) -> Result<Vec<usize>, LayerProblem> {
    let Ok(position) = axis(position, shape.len() + 1) else {
        return invalid(text!(
            "it adds axis {position} to {axes} axes",
            axes = shape.len()
        ));
    };
    let mut shape = shape.to_vec();
    shape.insert(position, 1);
    Ok(shape)
}

/// The axes of a permutation.
pub(crate) fn permutation(axes: &[i64], rank: usize) -> Result<Vec<usize>, LayerProblem> {
    let permutation: Vec<usize> = axes
        .iter()
        .map(|&position| axis(position, rank))
        .collect::<Result<_, _>>()?;
    let mut sorted = permutation.clone();
    sorted.sort_unstable();
    if sorted.iter().copied().eq(0..rank) {
        Ok(permutation)
    } else {
        invalid(text!("it permutes {rank} axes by {axes:?}"))
    }
}

/// The permutation that undoes another.
pub(crate) fn inverse(permutation: &[usize]) -> Vec<usize> {
    let mut inverse: Vec<usize> = (0..permutation.len()).collect();
    inverse.sort_unstable_by_key(|&axis| permutation.get(axis));
    inverse
}

/// The permutation that exchanges the last two axes.
pub(crate) fn last_exchanged(rank: usize) -> Result<Vec<usize>, LayerProblem> {
    let mut permutation: Vec<usize> = (0..rank).collect();
    match permutation.as_mut_slice() {
        [.., a, b] => std::mem::swap(a, b),
        _ => return invalid(phrase!("it transposes a tensor without two axes")),
    }
    Ok(permutation)
}

/// A number of pieces that a tensor is cut into or joined from.
pub(crate) fn pieces(count: i64, most: usize) -> Result<usize, LayerProblem> {
    match usize::try_from(count) {
        Ok(count) if (1..=most).contains(&count) => Ok(count),
        _ => unsupported(text!(
            "it makes {count} pieces, at most {most} are supported"
        )),
    }
}

/// Indices into an axis as positions; negative ones are none.
pub(crate) fn positions(indices: &[i64], extent: usize) -> Result<Vec<usize>, LayerProblem> {
    let inside = |&index: &i64| usize::try_from(index).ok().filter(|&index| index < extent);
    match indices.iter().map(inside).collect() {
        Some(positions) => Ok(positions),
        None => invalid(text!("it looks beyond {extent} elements")),
    }
}

/// Extents of equal parts of an axis.
pub(crate) fn equal_parts(extent: usize, count: i64) -> Result<Vec<usize>, LayerProblem> {
    let count = pieces(count, limits::PARTS)?;
    match extent.is_multiple_of(count) {
        true => Ok(vec![extent / count; count]),
        false => invalid(text!("{extent} elements do not divide into {count} parts")),
    }
}

/// Extents of the parts of an axis that are asked for; at most one is -1.
pub(crate) fn given_parts(extent: usize, sizes: &[i64]) -> Result<Vec<usize>, LayerProblem> {
    pieces(sizes.len() as i64, limits::PARTS)?;
    filled_parts(extent, sizes).map_or_else(
        || invalid(text!("its parts {sizes:?} do not fit {extent} elements")),
        Ok,
    )
}

/// Extents of the parts of an axis between the positions where they begin.
pub(crate) fn parts_between(extent: usize, starts: &[i64]) -> Result<Vec<usize>, LayerProblem> {
    pieces(starts.len() as i64 + 1, limits::PARTS)?;
    let mut start = 0;
    let ends = starts.iter().map(|&end| usize::try_from(end).ok());
    let parts = ends.chain([Some(extent)]).map(|end| {
        let end = end.filter(|&end| end <= extent)?;
        let part = end.checked_sub(start)?;
        start = end;
        Some(part)
    });
    match parts.collect() {
        Some(parts) => Ok(parts),
        None => invalid(text!("its parts begin at {starts:?}")),
    }
}

fn filled_parts(extent: usize, sizes: &[i64]) -> Option<Vec<usize>> {
    let known = sizes
        .iter()
        .filter(|&&size| size != -1)
        .try_fold(0usize, |sum, &size| {
            sum.checked_add(usize::try_from(size).ok()?)
        })?;
    let rest = extent.checked_sub(known)?;
    match sizes.iter().filter(|&&size| size == -1).count() {
        0 if rest == 0 => {}
        1 => {}
        _ => return None,
    }
    Some(
        sizes
            .iter()
            .map(|&size| usize::try_from(size).unwrap_or(rest))
            .collect(),
    )
}

/// `[rows, 2]` amounts of padding as elements before and after each axis.
pub(crate) fn paddings(amounts: &[i64], rank: usize) -> Result<[Vec<usize>; 2], LayerProblem> {
    let pairs = amounts.chunks_exact(2);
    let pairs: Option<(Vec<usize>, Vec<usize>)> = pairs
        .map(|pair| match pair {
            &[before, after] => Some((usize::try_from(before).ok()?, usize::try_from(after).ok()?)),
            _ => None,
        })
        .collect();
    match pairs {
        Some((before, after)) if before.len() == rank => Ok([before, after]),
        _ => invalid(text!("it pads {rank} axes by {amounts:?}")),
    }
}

/// Positions of an axis that is padded with its own elements, of which the outermost `skipped` are
/// not repeated; `None` when it has too few.
pub(crate) fn mirrored(
    extent: usize,
    [before, after]: [usize; 2],
    skipped: usize,
) -> Option<Vec<usize>> {
    let most = extent.checked_sub(skipped)?;
    if before > most || after > most {
        return None;
    }
    let front = (skipped..skipped + before).rev();
    let back = (most - after..most).rev();
    Some(front.chain(0..extent).chain(back).collect())
}

/// Positions of an axis whose elements have moved on by `shift`.
pub(crate) fn rolled(extent: usize, shift: i64) -> Vec<usize> {
    let Ok(length) = i64::try_from(extent) else {
        return Vec::new();
    };
    let first = match length {
        0 => 0,
        length => (-shift.rem_euclid(length)).rem_euclid(length) as usize,
    };
    (first..extent).chain(0..first).collect()
}

/// A shape that a tensor is made in.
pub(crate) fn fixed(target: &[i64]) -> Result<Vec<usize>, LayerProblem> {
    let shape: Option<Vec<usize>> = target
        .iter()
        .map(|&extent| usize::try_from(extent).ok())
        .collect();
    shape.map_or_else(
        || invalid(text!("it makes a tensor of shape {target:?}")),
        Ok,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reshape_fills_one_open_extent() {
        let check = |shape: &[usize], target: &[i64], expected: Option<&[usize]>| {
            let found = reshape(shape, target).ok();
            assert_eq!(found.as_deref(), expected, "{shape:?} to {target:?}");
        };
        check(&[2, 6], &[3, -1], Some(&[3, 4]));
        check(&[1, 7, 7, 8], &[-1, 8], Some(&[49, 8]));
        check(&[], &[-1], Some(&[1]));
        check(&[2, 6], &[5, -1], None);
        check(&[2, 6], &[-1, -1], None);
        check(&[2, 6], &[-2, 6], None);
        check(&[2, 6], &[i64::MAX, i64::MAX], None);
    }

    #[test]
    fn borders_are_mirrored_and_elements_rolled() {
        let check = |extent, amounts, skipped, expected: Option<&[usize]>| {
            assert_eq!(mirrored(extent, amounts, skipped).as_deref(), expected);
        };
        check(4, [2, 1], 1, Some(&[2, 1, 0, 1, 2, 3, 2]));
        check(4, [2, 1], 0, Some(&[1, 0, 0, 1, 2, 3, 3]));
        check(4, [3, 0], 1, Some(&[3, 2, 1, 0, 1, 2, 3]));
        check(4, [4, 0], 1, None);
        check(0, [1, 0], 1, None);
        assert_eq!(rolled(4, 1), [3, 0, 1, 2]);
        assert_eq!(rolled(4, -1), [1, 2, 3, 0]);
        assert_eq!(rolled(4, 6), [2, 3, 0, 1]);
        assert_eq!(rolled(3, i64::MIN), [2, 0, 1]);
        assert!(rolled(0, 5).is_empty());
    }

    #[test]
    fn axes_count_from_either_end() {
        assert_eq!(axes(&[-1, 1, 3, 1], 4).unwrap(), [1, 3]);
        assert!(axes(&[4], 4).is_err());
        assert!(axes(&[-5], 4).is_err());
        assert!(axis(i64::MIN, 4).is_err());
    }

    #[test]
    fn parts_fill_the_axis() {
        let check = |extent, sizes: &[i64], expected: Option<&[usize]>| {
            assert_eq!(given_parts(extent, sizes).ok().as_deref(), expected);
        };
        check(6, &[1, 2, 3], Some(&[1, 2, 3]));
        check(6, &[1, -1], Some(&[1, 5]));
        check(6, &[1, 2], None);
        check(6, &[7, -1], None);
        check(6, &[-1, -1], None);
        assert_eq!(equal_parts(6, 3).unwrap(), [2, 2, 2]);
        assert!(equal_parts(6, 4).is_err());
        assert!(equal_parts(6, 0).is_err());
    }
}
