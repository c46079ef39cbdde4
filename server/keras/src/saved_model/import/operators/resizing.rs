use graph::{Op, ResizeMethod, Window};
use localization::{phrase, text};

use super::call::{Call, Outputs};
use crate::draft::ValueId;
use crate::operations::blocks;
use crate::problem::{LayerProblem, invalid, unsupported};
use crate::saved_model::import::attributes::WithDefaults;

pub(super) fn resize(call: &mut Call<'_, '_>) -> Outputs {
    let x = call.tensor(0)?;
    let size = call.integers(1)?;
    let (&[height, width], &[_, rows, columns, _]) =
        (size.as_slice(), call.draft().shape(x).to_vec().as_slice())
    else {
        return invalid(phrase!("it does not resize an image"));
    };
    let (Ok(height), Ok(width)) = (usize::try_from(height), usize::try_from(width)) else {
        return invalid(text!("it resizes to {size:?}"));
    };
    let method = if call.op == "ResizeBilinear" {
        ResizeMethod::Bilinear
    } else {
        ResizeMethod::Nearest
    };
    if call.attributes.flag("align_corners", false)? {
        return unsupported(phrase!("it aligns corners when it resizes"));
    }
    // Whole factors make no difference to the nearest pixel.
    let enlarges = method == ResizeMethod::Nearest
        && height.checked_rem(rows) == Some(0)
        && width.checked_rem(columns) == Some(0);
    if !call.attributes.flag("half_pixel_centers", false)? && !enlarges {
        return unsupported(phrase!("it resizes without half-pixel centres"));
    }
    let op = Op::Resize {
        size: [height, width],
        method,
    };
    call.draw(op, &[x])
}

pub(super) fn depth_to_space(call: &mut Call<'_, '_>) -> Outputs {
    let (x, size) = block(call)?;
    let output = blocks::depth_to_space(call.draft(), x, size)?;
    Ok(call.result(output))
}

pub(super) fn space_to_depth(call: &mut Call<'_, '_>) -> Outputs {
    let (x, size) = block(call)?;
    let output = blocks::space_to_depth(call.draft(), x, [size, size])?;
    Ok(call.result(output))
}

/// The image and the block size of an operator that moves blocks.
fn block(call: &mut Call<'_, '_>) -> Result<(ValueId, usize), LayerProblem> {
    if call.is_channels_first()? {
        return unsupported(phrase!("it uses channels_first"));
    }
    let size = call.attributes.whole("block_size", 0)?;
    match usize::try_from(size) {
        Ok(size) => Ok((call.tensor(0)?, size)),
        Err(_) => invalid(text!("its block size is {size}")),
    }
}

pub(super) fn patches(call: &mut Call<'_, '_>) -> Outputs {
    let (size, stride) = (call.spatial("ksizes")?, call.spatial("strides")?);
    let window = Window {
        stride,
        dilation: call.spatial("rates")?,
        padding: call.padding()?,
    };
    let x = call.tensor(0)?;
    let output = if size == stride && window.dilation == [1, 1] {
        blocks::patches(call.draft(), x, size, window.padding)?
    } else {
        let elements = blocks::copying_kernel(size, call.draft().channels(x)?)?;
        call.tensors.hold(elements as u64)?;
        blocks::overlapping_patches(call.draft(), x, size, window)?
    };
    Ok(call.result(output))
}
