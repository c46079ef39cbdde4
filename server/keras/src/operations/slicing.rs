//! What slices cut out of a tensor, with the rules of Python.

use graph::{Op, Padding, Pool};
use localization::{phrase, text};

use super::arrangement::{pick, run};
use crate::draft::{Draft, ValueId};
use crate::problem::{LayerProblem, invalid};

/// Elements of one axis: `first`, `first + step`, .. in all `count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Steps {
    pub(crate) first: usize,
    pub(crate) count: usize,
    pub(crate) step: i64,
}

impl Steps {
    /// The positions of the elements.
    pub(crate) fn positions(self) -> impl Iterator<Item = usize> {
        let first = self.first as i64;
        // None is negative: `count` ends with the last one inside the axis.
        (0..self.count as i64)
            .filter_map(move |index| usize::try_from(first + index * self.step).ok())
    }
}

/// What a slice cuts out: elements of each axis, and the shape they get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) steps: Vec<Steps>,
    pub(crate) shape: Vec<usize>,
}

/// What a box of a size from a position on cuts out; size -1 means all that is left.
pub(crate) fn boxed(shape: &[usize], begin: &[i64], size: &[i64]) -> Result<Cut, LayerProblem> {
    if begin.len() != shape.len() || size.len() != shape.len() {
        return invalid(text!(
            "it slices {axes} axes of {shape:?}",
            axes = begin.len()
        ));
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
        None => invalid(text!("it slices {size:?} from {begin:?} out of {shape:?}")),
    }
}

/// One element of a subscript.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Subscript {
    /// `start:stop:step`
    Range {
        start: Option<i64>,
        stop: Option<i64>,
        step: i64,
    },
    /// One element; the axis goes.
    Index(i64),
    /// `...`
    Ellipsis,
    /// A new axis.
    NewAxis,
}

/// What `x[...]` cuts out.
pub(crate) fn subscripted(shape: &[usize], subscripts: &[Subscript]) -> Result<Cut, LayerProblem> {
    let taking = |it: &&Subscript| !matches!(it, Subscript::Ellipsis | Subscript::NewAxis);
    let taken = subscripts.iter().filter(taking).count();
    let Some(open) = shape.len().checked_sub(taken) else {
        return invalid(text!(
            "it has {taken} subscripts for {axes} axes",
            axes = shape.len()
        ));
    };
    let mut cut = Cut {
        steps: Vec::new(),
        shape: Vec::new(),
    };
    let mut rest = shape.iter().copied();
    for &subscript in subscripts {
        match subscript {
            Subscript::Ellipsis => rest.by_ref().take(open).for_each(|it| cut.keep(it)),
            Subscript::NewAxis => cut.shape.push(1),
            Subscript::Index(index) => {
                let Some(first) = rest.next().and_then(|extent| element(index, extent)) else {
                    return invalid(text!("its subscript {index} is out of range"));
                };
                cut.steps.push(Steps {
                    first,
                    count: 1,
                    step: 1,
                });
            }
            Subscript::Range { start, stop, step } => {
                let Some(extent) = rest.next() else {
                    return invalid(phrase!("its slice has two ellipses"));
                };
                let steps = steps_between(extent, start, stop, step)?;
                cut.shape.push(steps.count);
                cut.steps.push(steps);
            }
        }
    }
    rest.for_each(|extent| cut.keep(extent));
    Ok(cut)
}

impl Cut {
    /// Keeps all of the next axis.
    fn keep(&mut self, extent: usize) {
        self.shape.push(extent);
        self.steps.push(Steps {
            first: 0,
            count: extent,
            step: 1,
        });
    }
}

/// Position of an element of an axis; negative ones count from the end.
pub(crate) fn element(index: i64, extent: usize) -> Option<usize> {
    super::shapes::axis(index, extent).ok()
}

/// Cuts elements of each axis out of a tensor and gives them their shape.
pub(crate) fn cut(draft: &mut Draft, x: ValueId, cut: &Cut) -> Result<ValueId, LayerProblem> {
    let mut output = x;
    for (axis, steps) in cut.steps.iter().enumerate() {
        if steps.count == 0 {
            return invalid(text!("its subscript of axis {axis} picks nothing"));
        }
        let whole = draft.extent(x, axis)? == steps.count;
        if steps.step == 1 && !whole {
            let part = format!("axis_{axis}");
            output = run(draft, &part, output, axis, steps.first, steps.count)?;
        }
    }
    output = thin_out(draft, output, &cut.steps)?;
    draft.reshape("", output, cut.shape.clone())
}

/// Takes every n-th element where steps are not 1.
///
/// Of rows and columns that is a pooling window of one pixel, which every runtime has.
fn thin_out(draft: &mut Draft, x: ValueId, steps: &[Steps]) -> Result<ValueId, LayerProblem> {
    let is_image = draft.rank(x) == 4;
    let mut output = x;
    let mut stride = [1, 1];
    let mut name = String::new();
    for (axis, steps) in steps.iter().enumerate() {
        let part = format!("axis_{axis}");
        match usize::try_from(steps.step) {
            Ok(1) => {}
            Ok(step) if steps.count > 1 && (axis == 1 || axis == 2) && is_image => {
                let last = (steps.count - 1).saturating_mul(step);
                output = run(
                    draft,
                    &part,
                    output,
                    axis,
                    steps.first,
                    last.saturating_add(1),
                )?;
                if let Some(stride) = stride.get_mut(axis - 1) {
                    *stride = step;
                }
                name = format!("{part}/strided");
            }
            _ => {
                let positions: Vec<usize> = steps.positions().collect();
                output = pick(draft, &part, output, axis, &positions)?;
            }
        }
    }
    if stride == [1, 1] {
        return Ok(output);
    }
    let pool = Pool {
        kernel: [1, 1],
        stride,
        padding: Padding::Valid,
    };
    draft.node(&name, Op::MaxPool2d(pool), &[output])
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
        0 => return invalid(phrase!("its slice has stride 0")),
        1.. => (begin.map_or(0, clamp), end.map_or(extent, clamp)),
        _ => (begin.map_or(extent - 1, clamp), end.map_or(-1, clamp)),
    };
    let span = if stride > 0 {
        last - first
    } else {
        first - last
    };
    let count = span.max(0).unsigned_abs().div_ceil(stride.unsigned_abs());
    // No slice is longer than its axis, and only an empty one may begin in front of it.
    Ok(Steps {
        first: first.max(0) as usize,
        count: count as usize,
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
