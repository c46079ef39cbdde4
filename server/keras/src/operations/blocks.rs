//! Operations that move pixels between positions and channels.

use graph::{Op, Padding, Window};
use localization::{phrase, text};

use crate::draft::{Draft, ValueId};
use crate::limits::BLOCK;
use crate::problem::{LayerProblem, invalid, unsupported};

fn check_block(block: usize) -> Result<(), LayerProblem> {
    match (1..=BLOCK).contains(&block) {
        true => Ok(()),
        false => invalid(text!("its block size is {block}")),
    }
}

/// `[h, w, b * b * c]` becomes `[h * b, w * b, c]`.
pub(crate) fn depth_to_space(
    draft: &mut Draft,
    x: ValueId,
    block: usize,
) -> Result<ValueId, LayerProblem> {
    check_block(block)?;
    let [_, height, width, channels] = draft.image(x)?;
    if !channels.is_multiple_of(block * block) {
        return invalid(text!("its {channels} channels are no blocks of {block}"));
    }
    let rows = vec![height, width, block, channels / block];
    let rows = draft.reshape("blocks", x, rows)?;
    let rows = draft.transpose("rows", rows, vec![0, 2, 1, 3])?;
    let depth = channels / (block * block);
    draft.reshape("", rows, vec![1, height * block, width * block, depth])
}

/// `[h * b, w * c, d]` becomes `[h, w, b * c * d]` with blocks of `b` rows and `c` columns. Four axes
/// are enough, as the batch is one and the columns of a block stay together with their channels.
pub(crate) fn space_to_depth(
    draft: &mut Draft,
    x: ValueId,
    block: [usize; 2],
) -> Result<ValueId, LayerProblem> {
    block.into_iter().try_for_each(check_block)?;
    let [_, height, width, channels] = draft.image(x)?;
    let [down, across] = block;
    if !height.is_multiple_of(down) || !width.is_multiple_of(across) {
        return invalid(text!("its blocks of {block:?} do not fit the image"));
    }
    let (rows, columns) = (height / down, width / across);
    let lines = vec![rows, down, columns, across * channels];
    let lines = draft.reshape("blocks", x, lines)?;
    let blocks = draft.transpose("columns", lines, vec![0, 2, 1, 3])?;
    draft.reshape("", blocks, vec![1, rows, columns, down * across * channels])
}

/// Patches of an image that do not overlap, as vision transformers cut them. What is left at the
/// border goes with valid padding.
pub(crate) fn patches(
    draft: &mut Draft,
    mut x: ValueId,
    size: [usize; 2],
    padding: Padding,
) -> Result<ValueId, LayerProblem> {
    size.into_iter().try_for_each(check_block)?;
    let [_, height, width, channels] = draft.image(x)?;
    let (rows, columns) = (height / size[0], width / size[1]);
    let whole = [rows * size[0], columns * size[1]];
    if whole != [height, width] {
        if padding != Padding::Valid || rows == 0 || columns == 0 {
            return unsupported(phrase!("its patches go beyond the image"));
        }
        let op = Op::Slice {
            begin: vec![0; 4],
            size: vec![1, whole[0], whole[1], channels],
        };
        x = draft.node("whole", op, &[x])?;
    }
    space_to_depth(draft, x, size)
}

/// Elements of the kernel of [`overlapping_patches`], when they are not too many.
pub(crate) fn copying_kernel(size: [usize; 2], channels: usize) -> Result<usize, LayerProblem> {
    /// Most elements of a kernel that only copies.
    const COPYING: usize = 1 << 22;
    let taps = size[0]
        .checked_mul(size[1])
        .and_then(|taps| taps.checked_mul(channels));
    let elements = taps.and_then(|taps| taps.checked_mul(taps));
    match elements.filter(|&count| count <= COPYING) {
        Some(elements) => Ok(elements),
        None => unsupported(phrase!("its overlapping patches are too large")),
    }
}

/// Patches that overlap or leave gaps: a convolution that copies each pixel to a channel.
pub(crate) fn overlapping_patches(
    draft: &mut Draft,
    x: ValueId,
    [height, width]: [usize; 2],
    window: Window,
) -> Result<ValueId, LayerProblem> {
    let channels = draft.channels(x)?;
    let mut kernel = vec![0.0; copying_kernel([height, width], channels)?];
    let taps = height * width * channels;
    for one in kernel.iter_mut().step_by(taps + 1) {
        *one = 1.0;
    }
    let kernel = draft.constant("kernel", &[taps, height, width, channels], kernel)?;
    draft.node("", Op::Conv2d { window, groups: 1 }, &[x, kernel])
}
