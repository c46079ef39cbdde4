use ndarray::{ArrayD, ArrayViewD};

use crate::{Padding, Pool, ResizeMethod, Window, same_padding};

/// Input position of a window tap, if it is inside the input.
fn tap(output: usize, stride: usize, offset: usize, before: usize, extent: usize) -> Option<usize> {
    (output * stride + offset)
        .checked_sub(before)
        .filter(|&position| position < extent)
}

fn padding_before(
    padding: Padding,
    input: &[usize],
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
) -> [usize; 2] {
    match padding {
        Padding::Valid => [0, 0],
        Padding::Same => [0, 1].map(|axis| {
            same_padding(input[axis + 1], kernel[axis], stride[axis], dilation[axis]).0
        }),
    }
}

pub(super) fn convolution(
    x: &ArrayViewD<f32>,
    kernel: &ArrayViewD<f32>,
    bias: Option<&ArrayViewD<f32>>,
    window: Window,
    groups: usize,
    shape: &[usize],
) -> ArrayD<f32> {
    let (input, taps) = (x.shape(), kernel.shape());
    let before = padding_before(
        window.padding,
        input,
        [taps[1], taps[2]],
        window.stride,
        window.dilation,
    );
    let outputs_a_group = taps[0] / groups;
    ArrayD::from_shape_fn(shape, |index| {
        let first = index[3] / outputs_a_group * taps[3];
        let mut sum = bias.map_or(0.0, |bias| f64::from(bias[[index[3]]]));
        for kh in 0..taps[1] {
            let Some(h) = tap(
                index[1],
                window.stride[0],
                kh * window.dilation[0],
                before[0],
                input[1],
            ) else {
                continue;
            };
            for kw in 0..taps[2] {
                let Some(w) = tap(
                    index[2],
                    window.stride[1],
                    kw * window.dilation[1],
                    before[1],
                    input[2],
                ) else {
                    continue;
                };
                for channel in 0..taps[3] {
                    sum += f64::from(x[[index[0], h, w, first + channel]])
                        * f64::from(kernel[[index[3], kh, kw, channel]]);
                }
            }
        }
        sum as f32
    })
}

pub(super) fn depthwise(
    x: &ArrayViewD<f32>,
    kernel: &ArrayViewD<f32>,
    bias: Option<&ArrayViewD<f32>>,
    window: Window,
    multiplier: usize,
    shape: &[usize],
) -> ArrayD<f32> {
    let (input, taps) = (x.shape(), kernel.shape());
    let before = padding_before(
        window.padding,
        input,
        [taps[1], taps[2]],
        window.stride,
        window.dilation,
    );
    ArrayD::from_shape_fn(shape, |index| {
        let mut sum = bias.map_or(0.0, |bias| f64::from(bias[[index[3]]]));
        for kh in 0..taps[1] {
            let Some(h) = tap(
                index[1],
                window.stride[0],
                kh * window.dilation[0],
                before[0],
                input[1],
            ) else {
                continue;
            };
            for kw in 0..taps[2] {
                let Some(w) = tap(
                    index[2],
                    window.stride[1],
                    kw * window.dilation[1],
                    before[1],
                    input[2],
                ) else {
                    continue;
                };
                sum += f64::from(x[[index[0], h, w, index[3] / multiplier]])
                    * f64::from(kernel[[0, kh, kw, index[3]]]);
            }
        }
        sum as f32
    })
}

pub(super) fn separable(
    x: &ArrayViewD<f32>,
    [depthwise_kernel, pointwise_kernel]: [&ArrayViewD<f32>; 2],
    bias: Option<&ArrayViewD<f32>>,
    window: Window,
    multiplier: usize,
    shape: &[usize],
) -> ArrayD<f32> {
    let mut between = shape.to_vec();
    between[3] = depthwise_kernel.shape()[3];
    let spatial = depthwise(x, depthwise_kernel, None, window, multiplier, &between);
    let spatial = spatial.view();
    convolution(&spatial, pointwise_kernel, bias, Window::UNIT, 1, shape)
}

pub(super) fn transposed(
    x: &ArrayViewD<f32>,
    kernel: &ArrayViewD<f32>,
    bias: Option<&ArrayViewD<f32>>,
    stride: [usize; 2],
    padding: Padding,
    shape: &[usize],
) -> ArrayD<f32> {
    let (input, taps) = (x.shape(), kernel.shape());
    let before = padding_before(padding, shape, [taps[1], taps[2]], stride, [1, 1]);
    let mut sums = ArrayD::<f64>::zeros(shape);
    for (index, &value) in x.indexed_iter() {
        for kh in 0..taps[1] {
            let Some(h) = tap(index[1], stride[0], kh, before[0], shape[1]) else {
                continue;
            };
            for kw in 0..taps[2] {
                let Some(w) = tap(index[2], stride[1], kw, before[1], shape[2]) else {
                    continue;
                };
                for channel in 0..shape[3] {
                    sums[[index[0], h, w, channel]] +=
                        f64::from(value) * f64::from(kernel[[channel, kh, kw, index[3]]]);
                }
            }
        }
    }
    debug_assert_eq!(input[3], taps[3]);
    ArrayD::from_shape_fn(shape, |index| {
        let bias = bias.map_or(0.0, |bias| f64::from(bias[[index[3]]]));
        (sums[index] + bias) as f32
    })
}

/// Calls `visit` with each input element under the window of an output position.
fn visit_window(x: &ArrayViewD<f32>, pool: Pool, index: [usize; 4], mut visit: impl FnMut(f32)) {
    let input = x.shape();
    let before = padding_before(pool.padding, input, pool.kernel, pool.stride, [1, 1]);
    for kh in 0..pool.kernel[0] {
        for kw in 0..pool.kernel[1] {
            let h = tap(index[1], pool.stride[0], kh, before[0], input[1]);
            let w = tap(index[2], pool.stride[1], kw, before[1], input[2]);
            if let (Some(h), Some(w)) = (h, w) {
                visit(x[[index[0], h, w, index[3]]]);
            }
        }
    }
}

pub(super) fn max_pool(x: &ArrayViewD<f32>, pool: Pool, shape: &[usize]) -> ArrayD<f32> {
    ArrayD::from_shape_fn(shape, |index| {
        let mut largest = f32::NEG_INFINITY;
        visit_window(x, pool, [index[0], index[1], index[2], index[3]], |value| {
            largest = largest.max(value);
        });
        largest
    })
}

pub(super) fn average_pool(x: &ArrayViewD<f32>, pool: Pool, shape: &[usize]) -> ArrayD<f32> {
    ArrayD::from_shape_fn(shape, |index| {
        let (mut sum, mut count) = (0.0, 0.0);
        visit_window(x, pool, [index[0], index[1], index[2], index[3]], |value| {
            sum += f64::from(value);
            count += 1.0;
        });
        (sum / count) as f32
    })
}

pub(super) fn resize(
    x: &ArrayViewD<f32>,
    size: [usize; 2],
    method: ResizeMethod,
    shape: &[usize],
) -> ArrayD<f32> {
    let input = [x.shape()[1], x.shape()[2]];
    let centre =
        |axis: usize, output: usize| (output as f64 + 0.5) * input[axis] as f64 / size[axis] as f64;
    let last = |axis: usize| input[axis] - 1;
    ArrayD::from_shape_fn(shape, |index| match method {
        ResizeMethod::Nearest => {
            let h = (centre(0, index[1]).floor() as usize).min(last(0));
            let w = (centre(1, index[2]).floor() as usize).min(last(1));
            x[[index[0], h, w, index[3]]]
        }
        ResizeMethod::Bilinear => {
            let blend = |axis: usize, output: usize| {
                let position = (centre(axis, output) - 0.5).max(0.0);
                let low = (position.floor() as usize).min(last(axis));
                (low, (low + 1).min(last(axis)), position - low as f64)
            };
            let (top, bottom, down) = blend(0, index[1]);
            let (left, right, across) = blend(1, index[2]);
            let pixel = |h, w| f64::from(x[[index[0], h, w, index[3]]]);
            let upper = pixel(top, left) * (1.0 - across) + pixel(top, right) * across;
            let lower = pixel(bottom, left) * (1.0 - across) + pixel(bottom, right) * across;
            (upper * (1.0 - down) + lower * down) as f32
        }
    })
}
