use graph::{Op, Padding, ResizeMethod, Window};

use super::{Call, invalid, unsupported};
use crate::layers::LayerProblem;
use crate::saved_model::import::attributes::WithDefaults;
use crate::saved_model::import::drawing::Drawn;
use crate::saved_model::import::term::Term;

pub(super) fn resize(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let x = call.tensor(0)?;
    let size = call.integers(1)?;
    let (&[height, width], &[_, rows, columns, _]) =
        (size.as_slice(), call.drawing().shape(x).to_vec().as_slice())
    else {
        return invalid("it does not resize an image");
    };
    let (Ok(height), Ok(width)) = (usize::try_from(height), usize::try_from(width)) else {
        return invalid(format!("it resizes to {size:?}"));
    };
    let method = if call.op == "ResizeBilinear" {
        ResizeMethod::Bilinear
    } else {
        ResizeMethod::Nearest
    };
    if call.attributes.flag("align_corners", false)? {
        return unsupported("it aligns corners when it resizes");
    }
    // Whole factors make no difference to the nearest pixel.
    let enlarges = method == ResizeMethod::Nearest
        && height.checked_rem(rows) == Some(0)
        && width.checked_rem(columns) == Some(0);
    if !call.attributes.flag("half_pixel_centers", false)? && !enlarges {
        return unsupported("it resizes without half-pixel centres");
    }
    let op = Op::Resize {
        size: [height, width],
        method,
    };
    call.draw(op, &[x])
}

/// Largest block.
const BLOCK: usize = 1 << 12;

/// Block size of an operator that moves blocks, and the image `[height, width, channels]`.
fn block(
    call: &mut Call<'_, '_, '_>,
    size: i64,
) -> Result<(Drawn, usize, [usize; 3]), LayerProblem> {
    if call.is_channels_first()? {
        return unsupported("it uses channels_first");
    }
    let x = call.tensor(0)?;
    match (usize::try_from(size), call.drawing().shape(x)) {
        (Ok(size), &[1, height, width, channels]) if (1..=BLOCK).contains(&size) => {
            Ok((x, size, [height, width, channels]))
        }
        _ => invalid(format!("its block size is {size}")),
    }
}

pub(super) fn depth_to_space(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let size = call.attributes.whole("block_size", 0)?;
    let (x, size, [height, width, channels]) = block(call, size)?;
    if !channels.is_multiple_of(size * size) {
        return invalid(format!("its {channels} channels are no blocks of {size}"));
    }
    let drawing = call.drawing();
    let rows = drawing.reshape(x, vec![height, width, size, channels / size])?;
    let rows = drawing.transpose(rows, vec![0, 2, 1, 3])?;
    let shape = vec![1, height * size, width * size, channels / (size * size)];
    let output = drawing.reshape(rows, shape)?;
    Ok(call.result(output))
}

pub(super) fn space_to_depth(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let size = call.attributes.whole("block_size", 0)?;
    let (x, size, _) = block(call, size)?;
    let output = blocks(call, x, [size, size])?;
    Ok(call.result(output))
}

/// Patches, which mostly do not overlap, as vision transformers cut them.
pub(super) fn patches(call: &mut Call<'_, '_, '_>) -> Result<Vec<Term>, LayerProblem> {
    let (size, stride) = (call.spatial("ksizes")?, call.spatial("strides")?);
    if size != stride || call.spatial("rates")? != [1, 1] {
        return overlapping_patches(call, size, stride);
    }
    let mut x = call.tensor(0)?;
    let shape = call.drawing().shape(x).to_vec();
    let &[1, height, width, channels] = shape.as_slice() else {
        return invalid("its input is not an image");
    };
    let (rows, columns) = (height / size[0], width / size[1]);
    let whole = [rows * size[0], columns * size[1]];
    if whole != [height, width] {
        if call.attributes.text("padding")? != Some("VALID") || rows == 0 || columns == 0 {
            return unsupported("its patches go beyond the image");
        }
        let op = Op::Slice {
            begin: vec![0; 4],
            size: vec![1, whole[0], whole[1], channels],
        };
        x = call.drawing().draw(op, &[x])?;
    }
    let output = blocks(call, x, size)?;
    Ok(call.result(output))
}

/// Most elements of a kernel that only copies.
const COPYING: usize = 1 << 22;

/// Patches that overlap or leave gaps: a convolution that copies each pixel to a channel.
fn overlapping_patches(
    call: &mut Call<'_, '_, '_>,
    [height, width]: [usize; 2],
    stride: [usize; 2],
) -> Result<Vec<Term>, LayerProblem> {
    let x = call.tensor(0)?;
    let channels = call.drawing().shape(x).last().copied().unwrap_or(0);
    let taps = [height, width, channels]
        .iter()
        .try_fold(1usize, |product, &extent| product.checked_mul(extent));
    let elements = taps.and_then(|taps| taps.checked_mul(taps));
    let (Some(taps), Some(elements)) = (taps, elements.filter(|&count| count <= COPYING)) else {
        return unsupported("its overlapping patches are too large");
    };
    let held = call.importer.memory.hold(elements as u64);
    held.map_err(LayerProblem::Other)?;
    let mut kernel = vec![0.0; elements];
    for one in kernel.iter_mut().step_by(taps + 1) {
        *one = 1.0;
    }
    let window = Window {
        stride,
        dilation: call.spatial("rates")?,
        padding: match call.attributes.text("padding")? {
            Some("SAME") => Padding::Same,
            _ => Padding::Valid,
        },
    };
    let shape = [taps, height, width, channels];
    let kernel = call.drawing().add_constant(&shape, kernel, "kernel")?;
    call.draw(Op::Conv2d { window, groups: 1 }, &[x, kernel])
}

/// Moves the pixels of each block into its channels, row by row. Four axes are enough, as the
/// batch is one and the columns of a block stay together with their channels.
fn blocks(call: &mut Call<'_, '_, '_>, x: Drawn, size: [usize; 2]) -> Result<Drawn, LayerProblem> {
    let drawing = call.drawing();
    let &[1, height, width, channels] = drawing.shape(x) else {
        return invalid("its input is not an image");
    };
    if !height.is_multiple_of(size[0]) || !width.is_multiple_of(size[1]) {
        return invalid(format!("its blocks of {size:?} do not fit the image"));
    }
    let (rows, columns) = (height / size[0], width / size[1]);
    let lines = vec![rows, size[0], columns, size[1] * channels];
    let x = drawing.reshape(x, lines)?;
    let x = drawing.transpose(x, vec![0, 2, 1, 3])?;
    drawing.reshape(x, vec![1, rows, columns, size[0] * size[1] * channels])
}
