//! Shapes of operators that slide a window over a feature map, or resample it.

use localization::{Text, text};

use super::OperandShapes;
use crate::{Padding, Pool, Window};

/// Padding `(before, after)` of one axis under [`Padding::Same`], for extents that are not zero.
pub fn same_padding(input: usize, kernel: usize, stride: usize, dilation: usize) -> (usize, usize) {
    let effective = (kernel - 1) * dilation + 1;
    let output = input.div_ceil(stride);
    let total = ((output - 1) * stride + effective).saturating_sub(input);
    (total / 2, total - total / 2)
}

pub(crate) fn convolution(
    shapes: OperandShapes,
    window: &Window,
    groups: usize,
) -> Result<Vec<usize>, Text> {
    let [height, width, channels] = shapes.feature_map()?;
    let [outputs, kernel_height, kernel_width, inputs] = shapes.kernel(0)?;
    let fits = groups != 0
        && inputs.checked_mul(groups) == Some(channels)
        && outputs.is_multiple_of(groups);
    if !fits {
        return Err(text!(
            "has a kernel {kernel:?} in {groups} groups, which does not fit {channels} input channels",
            kernel = shapes.other(0)
        ));
    }
    shapes.check_bias(outputs)?;
    let size = window_size([height, width], [kernel_height, kernel_width], window)?;
    Ok(shapes.map_of(size, outputs))
}

pub(crate) fn depthwise(
    shapes: OperandShapes,
    window: &Window,
    multiplier: usize,
) -> Result<Vec<usize>, Text> {
    let (size, channels) = depthwise_step(shapes, window, multiplier)?;
    shapes.check_bias(channels)?;
    Ok(shapes.map_of(size, channels))
}

pub(crate) fn separable(
    shapes: OperandShapes,
    window: &Window,
    multiplier: usize,
) -> Result<Vec<usize>, Text> {
    let (size, between) = depthwise_step(shapes, window, multiplier)?;
    let [outputs, kernel_height, kernel_width, inputs] = shapes.kernel(1)?;
    if [kernel_height, kernel_width, inputs] != [1, 1, between] {
        return Err(text!(
            "has a pointwise kernel {kernel:?} that does not fit {between} depthwise channels",
            kernel = shapes.other(1)
        ));
    }
    shapes.check_bias(outputs)?;
    Ok(shapes.map_of(size, outputs))
}

/// Size and channels of a map after a depthwise convolution.
fn depthwise_step(
    shapes: OperandShapes,
    window: &Window,
    multiplier: usize,
) -> Result<([usize; 2], usize), Text> {
    let [height, width, channels] = shapes.feature_map()?;
    let kernel = shapes.kernel(0)?;
    let [first, kernel_height, kernel_width, outputs] = kernel;
    if first != 1 || channels.checked_mul(multiplier) != Some(outputs) {
        return Err(text!(
            "has a depthwise kernel {kernel:?} that does not fit {channels} channels times {multiplier}"
        ));
    }
    let size = window_size([height, width], [kernel_height, kernel_width], window)?;
    Ok((size, outputs))
}

/// The forward convolution maps the output's size to the input's.
pub(crate) fn transposed(
    shapes: OperandShapes,
    stride: [usize; 2],
    padding: Padding,
    output_size: [usize; 2],
) -> Result<Vec<usize>, Text> {
    let [height, width, channels] = shapes.feature_map()?;
    let [outputs, kernel_height, kernel_width, inputs] = shapes.kernel(0)?;
    if inputs != channels {
        return Err(text!(
            "has a kernel {kernel:?} that does not fit {channels} input channels",
            kernel = shapes.other(0)
        ));
    }
    shapes.check_bias(outputs)?;
    let window = Window {
        stride,
        dilation: [1, 1],
        padding,
    };
    let forward = window_size(output_size, [kernel_height, kernel_width], &window)?;
    if forward != [height, width] {
        return Err(text!(
            "cannot make {output_size:?} pixels from {height} x {width}"
        ));
    }
    Ok(shapes.map_of(output_size, outputs))
}

pub(crate) fn pool(shapes: OperandShapes, pool: &Pool) -> Result<Vec<usize>, Text> {
    let [height, width, channels] = shapes.feature_map()?;
    let window = Window {
        stride: pool.stride,
        dilation: [1, 1],
        padding: pool.padding,
    };
    let size = window_size([height, width], pool.kernel, &window)?;
    Ok(shapes.map_of(size, channels))
}

pub(crate) fn resize(shapes: OperandShapes, size: [usize; 2]) -> Result<Vec<usize>, Text> {
    let [_, _, channels] = shapes.feature_map()?;
    if size.contains(&0) {
        return Err(text!("resizes to nothing"));
    }
    Ok(shapes.map_of(size, channels))
}

/// Positions of a window on a map: height, width.
fn window_size(
    [height, width]: [usize; 2],
    kernel: [usize; 2],
    window: &Window,
) -> Result<[usize; 2], Text> {
    let [down, across] = [0, 1].map(|axis| {
        (
            kernel[axis],
            window.stride[axis],
            window.dilation[axis],
            window.padding,
        )
    });
    Ok([positions(height, down)?, positions(width, across)?])
}

/// Positions along one axis, for extent of the kernel, stride, dilation and padding.
fn positions(
    input: usize,
    (kernel, stride, dilation, padding): (usize, usize, usize, Padding),
) -> Result<usize, Text> {
    if stride == 0 || dilation == 0 || kernel == 0 {
        return Err(text!("has a kernel, stride or dilation of zero"));
    }
    match padding {
        Padding::Same => Ok(input.div_ceil(stride)),
        Padding::Valid => {
            let effective = (kernel - 1).saturating_mul(dilation).saturating_add(1);
            match input.checked_sub(effective) {
                Some(room) => Ok(room / stride + 1),
                None => Err(text!(
                    "has a window of {effective} pixels over an input of {input}"
                )),
            }
        }
    }
}
