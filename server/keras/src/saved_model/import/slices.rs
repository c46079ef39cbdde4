use localization::text;

use super::attributes::WithDefaults;
use crate::operations::slicing::{Cut, Subscript, subscripted};
use crate::problem::{LayerProblem, invalid};
use crate::saved_model::attributes::Attributes;

/// Reads `StridedSlice(x, begin, end, strides)` with its five masks.
pub(super) fn strided(
    attributes: &Attributes<'_>,
    shape: &[usize],
    [begin, end, strides]: [&[i64]; 3],
) -> Result<Cut, LayerProblem> {
    let mask = |name: &str| attributes.whole(name, 0);
    let (first, last) = (mask("begin_mask")?, mask("end_mask")?);
    let (ellipsis, new) = (mask("ellipsis_mask")?, mask("new_axis_mask")?);
    let shrink = mask("shrink_axis_mask")?;
    let count = begin.len();
    if end.len() != count || strides.len() != count || count > 32 {
        return invalid(text!(
            "its slice has {count} starts and {ends} ends",
            ends = end.len()
        ));
    }
    let bounds = begin.iter().zip(end).zip(strides).enumerate();
    let subscripts = bounds.map(|(index, ((&start, &stop), &step))| {
        let has = |mask: i64| mask >> index & 1 == 1;
        if has(ellipsis) {
            Subscript::Ellipsis
        } else if has(new) {
            Subscript::NewAxis
        } else if has(shrink) {
            Subscript::Index(start)
        } else {
            Subscript::Range {
                start: (!has(first)).then_some(start),
                stop: (!has(last)).then_some(stop),
                step,
            }
        }
    });
    subscripted(shape, &subscripts.collect::<Vec<_>>())
}
