use localization::{phrase, text};

use super::attributes::WithDefaults;
use crate::operations::shapes;
use crate::problem::{LayerProblem, invalid};
use crate::saved_model::attributes::Attributes;

/// The axis that `Split`, `SplitV` and `Unpack` cut, and the extents of the parts; `integers` are
/// the inputs that are known.
pub(super) fn parts<'a>(
    op: &str,
    attributes: &Attributes<'_>,
    shape: &[usize],
    integers: impl Fn(usize) -> Option<&'a [i64]>,
) -> Result<(usize, Vec<usize>), LayerProblem> {
    let given = |index: usize| match integers(index) {
        Some(&[axis]) => Ok(axis),
        _ => invalid(phrase!("its axis depends on the image")),
    };
    let axis = match op {
        "Split" => given(0)?,
        "SplitV" => given(2)?,
        _ => attributes.whole("axis", 0)?,
    };
    let axis = shapes::axis(axis, shape.len())?;
    let &extent = shape
        .get(axis)
        .ok_or_else(|| LayerProblem::Invalid(text!("its axis depends on the image")))?;
    let parts = match op {
        "Split" => shapes::equal_parts(extent, attributes.whole("num_split", 0)?)?,
        "SplitV" => match integers(1) {
            Some(sizes) => shapes::given_parts(extent, sizes)?,
            None => return invalid(phrase!("one of its inputs should be integers")),
        },
        _ => shapes::equal_parts(extent, extent as i64)?,
    };
    Ok((axis, parts))
}
