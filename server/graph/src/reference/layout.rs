use localization::{Text, text};
use ndarray::{ArrayD, ArrayViewD, Axis, IntoDimension, IxDyn, Slice};

use crate::ReduceOp;

pub(super) fn fully_connected(
    x: &ArrayViewD<f32>,
    kernel: &ArrayViewD<f32>,
    bias: Option<&ArrayViewD<f32>>,
    shape: &[usize],
) -> Result<ArrayD<f32>, Text> {
    let features = kernel.shape()[1];
    let rows: Vec<f32> = x.iter().copied().collect();
    let mut values = Vec::with_capacity(shape.iter().product());
    for row in rows.chunks_exact(features) {
        for (unit, weights) in kernel.outer_iter().enumerate() {
            let sum: f64 = row
                .iter()
                .zip(weights.iter())
                .map(|(&x, &w)| f64::from(x) * f64::from(w))
                .sum();
            let bias = bias.map_or(0.0, |bias| f64::from(bias[[unit]]));
            values.push((sum + bias) as f32);
        }
    }
    from_values(values, shape)
}

pub(super) fn batch_matmul(
    a: &ArrayViewD<f32>,
    b: &ArrayViewD<f32>,
    transpose_b: bool,
    shape: &[usize],
) -> ArrayD<f32> {
    let rank = shape.len();
    let inner = a.shape()[rank - 1];
    ArrayD::from_shape_fn(shape, |index| {
        let mut left = index.clone();
        let mut right = index.clone();
        (0..inner)
            .map(|k| {
                left[rank - 1] = k;
                if transpose_b {
                    right[rank - 2] = index[rank - 1];
                    right[rank - 1] = k;
                } else {
                    right[rank - 2] = k;
                }
                f64::from(a[left.clone()]) * f64::from(b[right.clone()])
            })
            .sum::<f64>() as f32
    })
}

pub(super) fn concatenate(inputs: &[ArrayViewD<f32>], axis: usize, shape: &[usize]) -> ArrayD<f32> {
    let mut result = ArrayD::zeros(shape);
    let mut start = 0;
    for input in inputs {
        let end = start + input.shape()[axis];
        result
            .slice_axis_mut(Axis(axis), Slice::from(start..end))
            .assign(input);
        start = end;
    }
    result
}

pub(super) fn reduce(
    x: &ArrayViewD<f32>,
    kind: ReduceOp,
    axes: &[usize],
    shape: &[usize],
) -> Result<ArrayD<f32>, Text> {
    let reduced: Vec<usize> = (0..x.ndim())
        .map(|axis| {
            if axes.contains(&axis) {
                1
            } else {
                x.shape()[axis]
            }
        })
        .collect();
    let start = match kind {
        ReduceOp::Mean | ReduceOp::Sum => 0.0,
        ReduceOp::Max => f64::NEG_INFINITY,
        ReduceOp::Min => f64::INFINITY,
    };
    let mut result = ArrayD::from_elem(reduced, start);
    for (index, &value) in x.indexed_iter() {
        let mut target = index.into_dimension();
        for &axis in axes {
            target[axis] = 0;
        }
        let value = f64::from(value);
        let slot = &mut result[target];
        *slot = match kind {
            ReduceOp::Mean | ReduceOp::Sum => *slot + value,
            ReduceOp::Max => slot.max(value),
            ReduceOp::Min => slot.min(value),
        };
    }
    let divisor = match kind {
        ReduceOp::Mean => (x.len() / result.len().max(1)) as f64,
        ReduceOp::Sum | ReduceOp::Max | ReduceOp::Min => 1.0,
    };
    from_values(
        result.iter().map(|sum| (sum / divisor) as f32).collect(),
        shape,
    )
}

pub(super) fn pad(
    x: &ArrayViewD<f32>,
    before: &[usize],
    value: f32,
    shape: &[usize],
) -> ArrayD<f32> {
    let mut result = ArrayD::from_elem(shape, value);
    let mut inner = result.view_mut();
    for (axis, &start) in before.iter().enumerate() {
        inner.slice_axis_inplace(Axis(axis), Slice::from(start..start + x.shape()[axis]));
    }
    inner.assign(x);
    result
}

pub(super) fn slice(x: &ArrayViewD<f32>, begin: &[usize], shape: &[usize]) -> ArrayD<f32> {
    let mut inner = x.view();
    for (axis, (&start, &extent)) in begin.iter().zip(shape).enumerate() {
        inner.slice_axis_inplace(Axis(axis), Slice::from(start..start + extent));
    }
    inner.to_owned()
}

pub(super) fn reshape(x: &ArrayViewD<f32>, shape: &[usize]) -> Result<ArrayD<f32>, Text> {
    from_values(x.iter().copied().collect(), shape)
}

pub(super) fn transpose(x: &ArrayViewD<f32>, permutation: &[usize]) -> ArrayD<f32> {
    x.view()
        .permuted_axes(IxDyn(permutation))
        .as_standard_layout()
        .into_owned()
}

fn from_values(values: Vec<f32>, shape: &[usize]) -> Result<ArrayD<f32>, Text> {
    let count = values.len();
    ArrayD::from_shape_vec(IxDyn(shape), values)
        .map_err(|_| text!("cannot reshape {values:?} to {shape:?}", values = [count]))
}
