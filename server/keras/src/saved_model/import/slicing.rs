//! What slices cut out of a tensor, with the rules of Python.

use super::attributes::WithDefaults;
use super::extents::axis;
use crate::layers::LayerProblem;
use crate::saved_model::attributes::Attributes;

fn invalid<T>(problem: impl Into<String>) -> Result<T, LayerProblem> {
    Err(LayerProblem::Invalid(problem.into()))
}

/// Elements of one axis: `first`, `first + step`, .. in all `count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Steps {
    pub(super) first: usize,
    pub(super) count: usize,
    pub(super) step: i64,
}

impl Steps {
    /// The positions of the elements.
    pub(super) fn positions(self) -> impl Iterator<Item = usize> {
        let first = self.first as i64;
        (0..self.count as i64)
            .map(move |index| usize::try_from(first + index * self.step).unwrap_or(0))
    }
}

/// What `StridedSlice` and `Slice` cut out: elements of each axis, and the shape they get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) steps: Vec<Steps>,
    pub(super) shape: Vec<usize>,
}

/// Reads `Slice(x, begin, size)`, where size -1 means all that is left.
pub(super) fn slice(shape: &[usize], begin: &[i64], size: &[i64]) -> Result<Cut, LayerProblem> {
    if begin.len() != shape.len() || size.len() != shape.len() {
        return invalid(format!("it slices {} axes of {shape:?}", begin.len()));
    }
    let steps = shape
        .iter()
        .zip(begin.iter().zip(size))
        .map(|(&extent, (&begin, &size))| {
            let first = usize::try_from(begin)
                .ok()
                .filter(|&first| first <= extent)?;
            let count = match size {
                -1 => extent - first,
                size => usize::try_from(size)
                    .ok()
                    .filter(|&size| size <= extent - first)?,
            };
            Some(Steps {
                first,
                count,
                step: 1,
            })
        })
        .collect::<Option<Vec<_>>>();
    match steps {
        Some(steps) => Ok(Cut {
            shape: steps.iter().map(|steps| steps.count).collect(),
            steps,
        }),
        None => invalid(format!(
            "it slices {size:?} from {begin:?} out of {shape:?}"
        )),
    }
}

/// Reads `StridedSlice(x, begin, end, strides)` with its five masks.
pub(super) fn strided_slice(
    attributes: &Attributes<'_>,
    shape: &[usize],
    begin: &[i64],
    end: &[i64],
    strides: &[i64],
) -> Result<Cut, LayerProblem> {
    let mask = |name: &str| attributes.whole(name, 0);
    let (begin_mask, end_mask) = (mask("begin_mask")?, mask("end_mask")?);
    let (ellipsis, new, shrink) = (
        mask("ellipsis_mask")?,
        mask("new_axis_mask")?,
        mask("shrink_axis_mask")?,
    );
    let count = begin.len();
    if end.len() != count || strides.len() != count || count > 32 {
        return invalid(format!(
            "its slice has {count} starts and {} ends",
            end.len()
        ));
    }
    let bit = |mask: i64, index: usize| mask >> index & 1 == 1;
    let consuming = (0..count)
        .filter(|&index| !bit(ellipsis, index) && !bit(new, index))
        .count();
    let Some(hidden) = shape.len().checked_sub(consuming) else {
        return invalid(format!("it slices {consuming} axes of {shape:?}"));
    };
    let mut steps = Vec::new();
    let mut result = Vec::new();
    let mut rest = shape.iter().copied();
    let whole = |extent: usize| Steps {
        first: 0,
        count: extent,
        step: 1,
    };
    for index in 0..count {
        if bit(ellipsis, index) {
            for extent in rest.by_ref().take(hidden) {
                steps.push(whole(extent));
                result.push(extent);
            }
            continue;
        }
        if bit(new, index) {
            result.push(1);
            continue;
        }
        let Some(extent) = rest.next() else {
            return invalid("its slice has two ellipses");
        };
        let (Some(&begin), Some(&end), Some(&stride)) =
            (begin.get(index), end.get(index), strides.get(index))
        else {
            continue;
        };
        if bit(shrink, index) {
            let first = axis(begin, extent)?;
            steps.push(Steps {
                first,
                count: 1,
                step: 1,
            });
            continue;
        }
        let begin = (!bit(begin_mask, index)).then_some(begin);
        let end = (!bit(end_mask, index)).then_some(end);
        let cut = steps_between(extent, begin, end, stride)?;
        result.push(cut.count);
        steps.push(cut);
    }
    for extent in rest {
        steps.push(whole(extent));
        result.push(extent);
    }
    Ok(Cut {
        steps,
        shape: result,
    })
}

/// Python's `begin:end:stride`.
fn steps_between(
    extent: usize,
    begin: Option<i64>,
    end: Option<i64>,
    stride: i64,
) -> Result<Steps, LayerProblem> {
    let extent = extent as i64;
    // Where a slice may start and end: before the first element only when it goes backwards.
    let (lowest, highest) = if stride > 0 {
        (0, extent)
    } else {
        (-1, extent - 1)
    };
    let clamp = |position: i64| {
        let position = if position < 0 {
            position.saturating_add(extent)
        } else {
            position
        };
        position.clamp(lowest, highest)
    };
    let (first, last) = match stride {
        0 => return invalid("its slice has stride 0"),
        1.. => (begin.map_or(0, clamp), end.map_or(extent, clamp)),
        _ => (begin.map_or(extent - 1, clamp), end.map_or(-1, clamp)),
    };
    let span = if stride > 0 {
        last - first
    } else {
        first - last
    };
    let count = span.max(0).unsigned_abs().div_ceil(stride.unsigned_abs());
    Ok(Steps {
        first: usize::try_from(first).unwrap_or(0),
        count: usize::try_from(count).unwrap_or(0),
        step: stride,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_count_as_in_python() {
        let check = |extent, begin, end, stride, expected: &[usize]| {
            let steps = steps_between(extent, begin, end, stride).unwrap();
            let positions: Vec<usize> = steps.positions().collect();
            assert_eq!(
                positions, expected,
                "{begin:?}:{end:?}:{stride} of {extent}"
            );
        };
        check(5, None, None, 1, &[0, 1, 2, 3, 4]);
        check(5, Some(1), Some(-1), 1, &[1, 2, 3]);
        check(5, Some(-9), Some(9), 2, &[0, 2, 4]);
        check(5, None, None, -1, &[4, 3, 2, 1, 0]);
        check(5, Some(3), Some(0), -2, &[3, 1]);
        check(5, Some(3), Some(-9), -2, &[3, 1]);
        check(5, Some(2), Some(-9), -1, &[2, 1, 0]);
        check(5, Some(3), Some(3), 1, &[]);
        check(0, None, None, 1, &[]);
        check(5, Some(i64::MIN), Some(i64::MAX), i64::MAX, &[0]);
        assert!(steps_between(5, None, None, 0).is_err());
    }
}
