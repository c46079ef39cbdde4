//! Output shapes of operators.

use crate::{Op, Padding};

/// Padding `(before, after)` of one axis under [`Padding::Same`].
pub fn same_padding(input: usize, kernel: usize, stride: usize, dilation: usize) -> (usize, usize) {
    let effective = (kernel - 1) * dilation + 1;
    let output = input.div_ceil(stride);
    let total = ((output - 1) * stride + effective).saturating_sub(input);
    (total / 2, total - total / 2)
}

/// Shape that an operator gives for inputs of the given shapes, or what is wrong with them as the
/// rest of a sentence that begins with the layer's name.
///
/// # Errors
/// A phrase such as `takes 2 inputs, not 3`.
pub fn output_shape(op: &Op, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
    check_count(op, inputs.len())?;
    let x = inputs[0];
    match op {
        Op::Conv2d { window, groups } => {
            let [height, width, channels] = feature_map(x)?;
            let kernel = kernel4(inputs[1])?;
            if *groups == 0 || kernel[3] * groups != channels || kernel[0] % groups != 0 {
                return Err(format!(
                    "has a kernel {:?} in {groups} groups, which does not fit {channels} input channels",
                    inputs[1]
                ));
            }
            check_bias(inputs.get(2), kernel[0])?;
            let size = window_size(
                [height, width],
                [kernel[1], kernel[2]],
                window.stride,
                window.dilation,
                window.padding,
            )?;
            Ok(vec![x[0], size[0], size[1], kernel[0]])
        }
        Op::DepthwiseConv2d { window, multiplier } => {
            let [height, width, channels] = feature_map(x)?;
            let kernel = kernel4(inputs[1])?;
            check_depthwise(kernel, channels, *multiplier)?;
            check_bias(inputs.get(2), kernel[3])?;
            let size = window_size(
                [height, width],
                [kernel[1], kernel[2]],
                window.stride,
                window.dilation,
                window.padding,
            )?;
            Ok(vec![x[0], size[0], size[1], kernel[3]])
        }
        Op::SeparableConv2d { window, multiplier } => {
            let [height, width, channels] = feature_map(x)?;
            let depthwise = kernel4(inputs[1])?;
            let pointwise = kernel4(inputs[2])?;
            check_depthwise(depthwise, channels, *multiplier)?;
            if pointwise[1] != 1 || pointwise[2] != 1 || pointwise[3] != depthwise[3] {
                return Err(format!(
                    "has a pointwise kernel {:?} that does not fit {} depthwise channels",
                    inputs[2], depthwise[3]
                ));
            }
            check_bias(inputs.get(3), pointwise[0])?;
            let size = window_size(
                [height, width],
                [depthwise[1], depthwise[2]],
                window.stride,
                window.dilation,
                window.padding,
            )?;
            Ok(vec![x[0], size[0], size[1], pointwise[0]])
        }
        Op::TransposeConv2d {
            stride,
            padding,
            output_size,
        } => {
            let [height, width, channels] = feature_map(x)?;
            let kernel = kernel4(inputs[1])?;
            if kernel[3] != channels {
                return Err(format!(
                    "has a kernel {:?} that does not fit {channels} input channels",
                    inputs[1]
                ));
            }
            check_bias(inputs.get(2), kernel[0])?;
            let forward = window_size(
                *output_size,
                [kernel[1], kernel[2]],
                *stride,
                [1, 1],
                *padding,
            )?;
            if forward != [height, width] {
                return Err(format!(
                    "cannot make {output_size:?} pixels from {height} x {width}"
                ));
            }
            Ok(vec![x[0], output_size[0], output_size[1], kernel[0]])
        }
        Op::FullyConnected => {
            let kernel = inputs[1];
            let (Some(&features), 2) = (x.last(), kernel.len()) else {
                return Err(format!("cannot multiply {x:?} by a kernel {kernel:?}"));
            };
            if kernel[1] != features {
                return Err(format!(
                    "has a kernel for {} features, but its input has {features}",
                    kernel[1]
                ));
            }
            check_bias(inputs.get(2), kernel[0])?;
            let mut shape = x.to_vec();
            shape[x.len() - 1] = kernel[0];
            Ok(shape)
        }
        Op::BatchMatMul { transpose_b } => batch_matmul(x, inputs[1], *transpose_b),
        Op::BatchNormalization { .. } => {
            let channels = x.last().copied().unwrap_or(0);
            for parameter in &inputs[1..] {
                if *parameter != [channels] {
                    return Err(format!(
                        "has parameters of shape {parameter:?} for {channels} channels"
                    ));
                }
            }
            Ok(x.to_vec())
        }
        Op::Activation(_) | Op::Softmax | Op::Convert => Ok(x.to_vec()),
        Op::PRelu => {
            let alpha = inputs[1];
            let fits = alpha.len() + 1 == x.len()
                && alpha.iter().zip(&x[1..]).all(|(&a, &d)| a == d || a == 1);
            if fits {
                Ok(x.to_vec())
            } else {
                Err(format!("has slopes of shape {alpha:?} for an input {x:?}"))
            }
        }
        Op::Binary(_) => broadcast(x, inputs[1]),
        Op::Concatenate { axis } => concatenate(inputs, *axis),
        Op::MaxPool2d(pool) | Op::AveragePool2d(pool) => {
            let [height, width, channels] = feature_map(x)?;
            let size = window_size(
                [height, width],
                pool.kernel,
                pool.stride,
                [1, 1],
                pool.padding,
            )?;
            Ok(vec![x[0], size[0], size[1], channels])
        }
        Op::Reduce {
            axes, keep_dims, ..
        } => {
            if let Some(axis) = axes.iter().find(|&&axis| axis >= x.len()) {
                return Err(format!("reduces axis {axis} of an input {x:?}"));
            }
            Ok(x.iter()
                .enumerate()
                .filter_map(|(axis, &extent)| match (axes.contains(&axis), keep_dims) {
                    (true, true) => Some(1),
                    (true, false) => None,
                    (false, _) => Some(extent),
                })
                .collect())
        }
        Op::Pad { before, after, .. } => {
            if before.len() != x.len() || after.len() != x.len() {
                return Err(format!("pads {} axes of an input {x:?}", before.len()));
            }
            x.iter()
                .zip(before.iter().zip(after))
                .map(|(&extent, (&before, &after))| {
                    extent
                        .checked_add(before)
                        .and_then(|sum| sum.checked_add(after))
                        .ok_or_else(|| "pads by more than this program handles".to_owned())
                })
                .collect()
        }
        Op::Slice { begin, size } => {
            let fits = begin.len() == x.len()
                && size.len() == x.len()
                && (0..x.len()).all(|axis| {
                    size[axis] > 0
                        && begin[axis]
                            .checked_add(size[axis])
                            .is_some_and(|end| end <= x[axis])
                });
            if fits {
                Ok(size.clone())
            } else {
                Err(format!(
                    "cuts {size:?} from {begin:?} out of an input {x:?}"
                ))
            }
        }
        Op::Resize { size, .. } => {
            let [_, _, channels] = feature_map(x)?;
            if size.contains(&0) {
                return Err("resizes to nothing".to_owned());
            }
            Ok(vec![x[0], size[0], size[1], channels])
        }
        Op::Reshape { shape } => {
            let wanted = shape
                .iter()
                .try_fold(1usize, |product, &extent| product.checked_mul(extent));
            if wanted != Some(x.iter().product()) {
                return Err(format!("cannot reshape {x:?} to {shape:?}"));
            }
            Ok(shape.clone())
        }
        Op::Transpose { permutation } => {
            let mut seen = permutation.clone();
            seen.sort_unstable();
            if !seen.iter().copied().eq(0..x.len()) {
                return Err(format!("cannot permute {x:?} by {permutation:?}"));
            }
            Ok(permutation.iter().map(|&axis| x[axis]).collect())
        }
    }
}

fn check_count(op: &Op, count: usize) -> Result<(), String> {
    let (least, most) = match op {
        Op::Conv2d { .. }
        | Op::DepthwiseConv2d { .. }
        | Op::TransposeConv2d { .. }
        | Op::FullyConnected => (2, 3),
        Op::SeparableConv2d { .. } => (3, 4),
        Op::BatchNormalization { .. } => (5, 5),
        Op::PRelu | Op::Binary(_) | Op::BatchMatMul { .. } => (2, 2),
        Op::Concatenate { .. } => (1, usize::MAX),
        _ => (1, 1),
    };
    if (least..=most).contains(&count) {
        Ok(())
    } else if least == most {
        Err(format!("takes {least} inputs, not {count}"))
    } else {
        Err(format!("takes at least {least} inputs, not {count}"))
    }
}

fn feature_map(shape: &[usize]) -> Result<[usize; 3], String> {
    match shape {
        &[_, height, width, channels] if height > 0 && width > 0 => Ok([height, width, channels]),
        _ => Err(format!(
            "needs an input of shape [batch, height, width, channels], not {shape:?}"
        )),
    }
}

fn kernel4(shape: &[usize]) -> Result<[usize; 4], String> {
    match shape {
        &[a, b, c, d] if !shape.contains(&0) => Ok([a, b, c, d]),
        _ => Err(format!("needs a kernel with four axes, not {shape:?}")),
    }
}

fn check_depthwise(kernel: [usize; 4], channels: usize, multiplier: usize) -> Result<(), String> {
    if kernel[0] == 1 && channels.checked_mul(multiplier) == Some(kernel[3]) {
        Ok(())
    } else {
        Err(format!(
            "has a depthwise kernel {kernel:?} that does not fit {channels} channels times {multiplier}"
        ))
    }
}

fn check_bias(bias: Option<&&[usize]>, channels: usize) -> Result<(), String> {
    match bias {
        Some(shape) if **shape != [channels] => Err(format!(
            "has a bias of shape {shape:?} for {channels} channels"
        )),
        _ => Ok(()),
    }
}

fn window_size(
    input: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    padding: Padding,
) -> Result<[usize; 2], String> {
    let mut size = [0; 2];
    for axis in 0..2 {
        if stride[axis] == 0 || dilation[axis] == 0 || kernel[axis] == 0 {
            return Err("has a kernel, stride or dilation of zero".to_owned());
        }
        size[axis] = match padding {
            Padding::Same => input[axis].div_ceil(stride[axis]),
            Padding::Valid => {
                let effective = (kernel[axis] - 1)
                    .checked_mul(dilation[axis])
                    .and_then(|extent| extent.checked_add(1))
                    .unwrap_or(usize::MAX);
                if effective > input[axis] {
                    return Err(format!(
                        "has a window of {effective} pixels over an input of {}",
                        input[axis]
                    ));
                }
                (input[axis] - effective) / stride[axis] + 1
            }
        };
    }
    Ok(size)
}

fn batch_matmul(a: &[usize], b: &[usize], transpose_b: bool) -> Result<Vec<usize>, String> {
    let rank = a.len();
    if rank < 2 || b.len() != rank || a[..rank - 2] != b[..rank - 2] {
        return Err(format!("cannot multiply {a:?} by {b:?}"));
    }
    let (inner, columns) = if transpose_b {
        (b[rank - 1], b[rank - 2])
    } else {
        (b[rank - 2], b[rank - 1])
    };
    if inner != a[rank - 1] {
        return Err(format!("cannot multiply {a:?} by {b:?}"));
    }
    let mut shape = a.to_vec();
    shape[rank - 1] = columns;
    Ok(shape)
}

fn broadcast(a: &[usize], b: &[usize]) -> Result<Vec<usize>, String> {
    let rank = a.len().max(b.len());
    let extent = |shape: &[usize], axis: usize| {
        (axis + shape.len())
            .checked_sub(rank)
            .map_or(1, |index| shape[index])
    };
    (0..rank)
        .map(|axis| match (extent(a, axis), extent(b, axis)) {
            (x, y) if x == y => Ok(x),
            (1, y) => Ok(y),
            (x, 1) => Ok(x),
            _ => Err(format!("cannot combine {a:?} with {b:?}")),
        })
        .collect()
}

fn concatenate(inputs: &[&[usize]], axis: usize) -> Result<Vec<usize>, String> {
    let mut shape = inputs[0].to_vec();
    if axis >= shape.len() {
        return Err(format!("joins along axis {axis} of an input {shape:?}"));
    }
    for input in &inputs[1..] {
        let fits = input.len() == shape.len()
            && (0..shape.len()).all(|other| other == axis || input[other] == shape[other]);
        if !fits {
            return Err(format!("cannot join {:?} with {input:?}", inputs[0]));
        }
        shape[axis] = shape[axis]
            .checked_add(input[axis])
            .ok_or_else(|| "joins more than this program handles".to_owned())?;
    }
    Ok(shape)
}
