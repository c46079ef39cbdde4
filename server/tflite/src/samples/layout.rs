//! Matrix products, reductions, and operators that move elements.

use graph::{FusedActivation, GraphError, Op, ReduceOp};

use super::{Sample, UNIT_RANGE, add};

/// Matrix products.
pub(super) fn products(samples: &mut Vec<Sample>) -> Result<(), GraphError> {
    add(samples, "fully_connected", |draft| {
        let x = draft.input(&[1, 12], UNIT_RANGE)?;
        let [kernel, bias] = draft.weights(&[7, 12], 7);
        let y = draft.node(Op::FullyConnected, &[x, kernel, bias])?;
        draft.clamp(FusedActivation::Relu);
        Ok(y)
    })?;
    add(samples, "fully_connected_no_bias", |draft| {
        let x = draft.input(&[1, 12], UNIT_RANGE)?;
        let kernel = draft.constant("kernel", &[7, 12], UNIT_RANGE);
        draft.node(Op::FullyConnected, &[x, kernel])
    })?;
    add(samples, "fully_connected_keep_dims", |draft| {
        let x = draft.input(&[1, 3, 2, 12], UNIT_RANGE)?;
        let [kernel, bias] = draft.weights(&[7, 12], 7);
        draft.node(Op::FullyConnected, &[x, kernel, bias])
    })?;
    for (name, transpose_b, b) in [
        ("batch_matmul", false, [1, 2, 5, 4]),
        ("batch_matmul_transposed", true, [1, 2, 4, 5]),
    ] {
        add(samples, name, |draft| {
            let a = draft.input(&[1, 2, 3, 5], UNIT_RANGE)?;
            let b = draft.input(&b, UNIT_RANGE)?;
            draft.node(Op::BatchMatMul { transpose_b }, &[a, b])
        })?;
    }
    Ok(())
}

/// Reductions and operators that move elements.
pub(super) fn movements(samples: &mut Vec<Sample>) -> Result<(), GraphError> {
    add(samples, "concatenate", |draft| {
        let a = draft.input(&[1, 5, 4, 3], UNIT_RANGE)?;
        let b = draft.input(&[1, 5, 4, 2], (-2.0, 2.0))?;
        draft.node(Op::Concatenate { axis: 3 }, &[a, b])
    })?;
    let reduce = |kind, axes: &[usize], keep_dims| Op::Reduce {
        kind,
        axes: axes.to_vec(),
        keep_dims,
    };
    let pad = |value| Op::Pad {
        before: vec![0, 1, 2, 0],
        after: vec![0, 2, 0, 0],
        value,
    };
    for (name, op) in [
        ("mean", reduce(ReduceOp::Mean, &[1, 2], false)),
        ("mean_keep_dims", reduce(ReduceOp::Mean, &[1, 2], true)),
        ("mean_channels", reduce(ReduceOp::Mean, &[3], true)),
        ("sum", reduce(ReduceOp::Sum, &[1, 2], false)),
        ("reduce_max", reduce(ReduceOp::Max, &[1, 2], false)),
        ("reduce_min", reduce(ReduceOp::Min, &[1, 2], false)),
        ("pad", pad(0.0)),
        ("pad_value", pad(-0.5)),
        (
            "slice",
            Op::Slice {
                begin: vec![0, 1, 1, 0],
                size: vec![1, 3, 2, 4],
            },
        ),
        (
            "reshape",
            Op::Reshape {
                shape: vec![1, 120],
            },
        ),
        (
            "transpose",
            Op::Transpose {
                permutation: vec![0, 3, 1, 2],
            },
        ),
    ] {
        add(samples, name, |draft| {
            let x = draft.input(&[1, 6, 5, 4], UNIT_RANGE)?;
            draft.node(op, &[x])
        })?;
    }
    Ok(())
}
