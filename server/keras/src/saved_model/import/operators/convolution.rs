use graph::{Op, Padding, Window};
use localization::{phrase, text};

use super::call::{Call, Outputs};
use crate::draft::Layout;
use crate::draft::{Pending, Step, ValueId};
use crate::operations::shapes;
use crate::problem::{LayerProblem, invalid, unsupported};
use crate::saved_model::import::attributes::WithDefaults;

/// Stride, dilation and padding; explicit padding is added in front of the convolution.
fn window(call: &mut Call<'_, '_>, x: &mut ValueId) -> Result<Window, LayerProblem> {
    let padding = match call.attributes.text("padding")? {
        Some("EXPLICIT") => {
            let amounts = call.attributes.list("explicit_paddings")?;
            let [mut before, mut after] = shapes::paddings(&amounts, 4)?;
            if call.is_channels_first()? {
                // `[n, c, h, w]` becomes `[n, h, w, c]`.
                for amounts in [&mut before, &mut after] {
                    if let Some(amounts) = amounts.get_mut(1..) {
                        amounts.rotate_left(1);
                    }
                }
            }
            let op = Op::Pad {
                before,
                after,
                value: 0.0,
            };
            *x = call.draft().node("", op, &[*x])?;
            Padding::Valid
        }
        _ => call.padding()?,
    };
    Ok(Window {
        stride: call.spatial("strides")?,
        dilation: call.spatial("dilations")?,
        padding,
    })
}

pub(super) fn conv2d(call: &mut Call<'_, '_>) -> Outputs {
    let mut x = call.image(0)?;
    let window = window(call, &mut x)?;
    let shape = call.shape(1)?;
    let (&[_, _, _, channels], &[_, _, inputs, _]) =
        (call.draft().shape(x).to_vec().as_slice(), shape.as_slice())
    else {
        return invalid(text!("its kernel has shape {shape:?}"));
    };
    let Some(groups) = channels.checked_div(inputs).filter(|&groups| groups > 0) else {
        return invalid(text!(
            "its kernel {shape:?} does not fit {channels} channels"
        ));
    };
    let kernel = call.kernel(1, Layout::Convolution)?;
    let output = call
        .draft()
        .node("", Op::Conv2d { window, groups }, &[x, kernel])?;
    call.image_result(output)
}

pub(super) fn depthwise(call: &mut Call<'_, '_>) -> Outputs {
    let mut x = call.image(0)?;
    let window = window(call, &mut x)?;
    let shape = call.shape(1)?;
    let &[_, _, _, multiplier] = shape.as_slice() else {
        return invalid(text!("its kernel has shape {shape:?}"));
    };
    let kernel = call.kernel(1, Layout::Depthwise)?;
    let op = Op::DepthwiseConv2d { window, multiplier };
    let output = call.draft().node("", op, &[x, kernel])?;
    call.image_result(output)
}

pub(super) fn transposed(call: &mut Call<'_, '_>) -> Outputs {
    let size = call.integers(0)?;
    let x = call.image(2)?;
    let padding = call.padding()?;
    if call.spatial("dilations")? != [1, 1] {
        return unsupported(phrase!("it is dilated"));
    }
    let (height, width) = match (size.as_slice(), call.is_channels_first()?) {
        (&[_, height, width, _], false) | (&[_, _, height, width], true) => (height, width),
        // The gradient may be asked for height and width alone.
        (&[height, width], _) => (height, width),
        _ => return invalid(text!("its output has shape {size:?}")),
    };
    let (Ok(height), Ok(width)) = (usize::try_from(height), usize::try_from(width)) else {
        return invalid(text!("its output has shape {size:?}"));
    };
    let shape = call.shape(1)?;
    let channels = call.draft().shape(x).last().copied();
    if shape.get(3).copied() != channels {
        return unsupported(phrase!("it is a transposed convolution in groups"));
    }
    let op = Op::TransposeConv2d {
        stride: call.spatial("strides")?,
        padding,
        output_size: [height, width],
    };
    let kernel = call.kernel(1, Layout::TransposeConvolution)?;
    let output = call.draft().node("", op, &[x, kernel])?;
    call.image_result(output)
}

/// Block and `[before, after]` of height and width.
fn blocks(
    call: &mut Call<'_, '_>,
    rank: usize,
) -> Result<([usize; 2], [[usize; 2]; 2]), LayerProblem> {
    let block = call.integers(1)?;
    let amounts = call.integers(2)?;
    let sizes = block.iter().chain(&amounts);
    let sizes: Option<Vec<usize>> = sizes
        .map(|&size| Some(u16::try_from(size).ok()?.into()))
        .collect();
    match sizes.as_deref() {
        Some(&[rows, columns, top, bottom, left, right])
            if rank == 4 && block.len() == 2 && rows > 0 && columns > 0 =>
        {
            Ok(([rows, columns], [[top, bottom], [left, right]]))
        }
        _ => unsupported(text!("its block shape is {block:?}")),
    }
}

pub(super) fn space_to_batch(call: &mut Call<'_, '_>) -> Outputs {
    let x = call.tensor(0)?;
    let shape = call.draft().shape(x).to_vec();
    let (block, [rows, columns]) = blocks(call, shape.len())?;
    let &[batch, height, width, channels] = shape.as_slice() else {
        return unsupported(phrase!("its input is not an image"));
    };
    let padded = [
        height + rows.iter().sum::<usize>(),
        width + columns.iter().sum::<usize>(),
    ];
    let &[height, width] = &padded;
    let [down, across] = block;
    if !height.is_multiple_of(down) || !width.is_multiple_of(across) {
        return invalid(phrase!("its block shape does not divide its input"));
    }
    let shape = vec![
        batch * down * across,
        height / down,
        width / across,
        channels,
    ];
    let pending = Pending::SpaceToBatch {
        block,
        before: [rows[0], columns[0]],
        after: [rows[1], columns[1]],
    };
    let output = call.draft().pending("", pending, &[x], shape)?;
    Ok(call.result(output))
}

/// The end of a dilated convolution: `SpaceToBatchND -> convolution -> BatchToSpaceND`.
///
/// With stride 1, dealing pixels out by the block and convolving without padding is a convolution
/// dilated by the block on the padded input; cropping its output is padding less.
pub(super) fn batch_to_space(call: &mut Call<'_, '_>) -> Outputs {
    let x = call.tensor(0)?;
    let rank = call.draft().shape(x).len();
    let (cropped_block, crops) = blocks(call, rank)?;
    let alone = || {
        unsupported(phrase!(
            "it is only supported around a convolution, as dilation"
        ))
    };
    let draft = call.draft();
    let Some((op, inputs)) = draft.op(x) else {
        return alone();
    };
    let (op, inputs) = (op.clone(), inputs.to_vec());
    let Some((&dealt, operands)) = inputs.split_first() else {
        return alone();
    };
    let Some((
        Step::Pending(Pending::SpaceToBatch {
            block,
            before,
            after,
        }),
        &[source],
    )) = draft.step(dealt)
    else {
        return alone();
    };
    let (block, before, after) = (*block, *before, *after);
    let Some((plain, op)) = dilated(&op, block) else {
        return alone();
    };
    if !plain || block != cropped_block {
        return alone();
    }
    let source = margins(call, source, before, after, crops)?;
    let inputs: Vec<ValueId> = std::iter::once(source)
        .chain(operands.iter().copied())
        .collect();
    call.draw(op, &inputs)
}

/// The convolution with a dilation, and whether it had stride 1, no dilation and no padding.
fn dilated(op: &Op, block: [usize; 2]) -> Option<(bool, Op)> {
    let with_block = |window: &Window| Window {
        dilation: block,
        ..*window
    };
    match op {
        Op::Conv2d { window, groups } => {
            let op = Op::Conv2d {
                window: with_block(window),
                groups: *groups,
            };
            Some((*window == Window::UNIT, op))
        }
        Op::DepthwiseConv2d { window, multiplier } => {
            let op = Op::DepthwiseConv2d {
                window: with_block(window),
                multiplier: *multiplier,
            };
            Some((*window == Window::UNIT, op))
        }
        _ => None,
    }
}

/// The input with padding less crops; where more is cropped than padded, it loses pixels.
fn margins(
    call: &mut Call<'_, '_>,
    x: ValueId,
    before: [usize; 2],
    after: [usize; 2],
    crops: [[usize; 2]; 2],
) -> Result<ValueId, LayerProblem> {
    let shape = call.draft().shape(x).to_vec();
    let &[batch, height, width, channels] = shape.as_slice() else {
        return invalid(phrase!("its input is not an image"));
    };
    let mut output = x;
    let [[top, bottom], [left, right]] = crops;
    let lost = |padding: usize, crop: usize| crop.saturating_sub(padding);
    let first = [lost(before[0], top), lost(before[1], left)];
    let last = [lost(after[0], bottom), lost(after[1], right)];
    if first != [0, 0] || last != [0, 0] {
        let left_over = |extent: usize, axis: usize| {
            extent
                .checked_sub(first[axis] + last[axis])
                .filter(|&rest| rest > 0)
        };
        let (Some(rows), Some(columns)) = (left_over(height, 0), left_over(width, 1)) else {
            return invalid(phrase!("it crops all pixels away"));
        };
        let op = Op::Slice {
            begin: vec![0, first[0], first[1], 0],
            size: vec![batch, rows, columns, channels],
        };
        output = call.draft().node("", op, &[output])?;
    }
    let kept = |padding: usize, crop: usize| padding.saturating_sub(crop);
    let before = [kept(before[0], top), kept(before[1], left)];
    let after = [kept(after[0], bottom), kept(after[1], right)];
    if before != [0, 0] || after != [0, 0] {
        let op = Op::Pad {
            before: vec![0, before[0], before[1], 0],
            after: vec![0, after[0], after[1], 0],
            value: 0.0,
        };
        output = call.draft().node("", op, &[output])?;
    }
    Ok(output)
}
