//! The operators of TensorFlow that the graph has counterparts for.

mod arrangement;
mod call;
mod combination;
mod convolution;
mod elementwise;
mod fourier;
mod normalization;
mod pooling;
mod product;
mod reason;
mod resizing;

pub(super) use call::{Call, Outputs};
pub(super) use reason::reason;

use crate::operations::function::Function;

/// Adds an operator that depends on the image.
pub(super) type Handler = fn(&mut Call<'_, '_>) -> Outputs;

/// How an operator is added; `None` when this program cannot.
pub(super) fn handler(op: &str) -> Option<Handler> {
    Some(match op {
        "Conv2D" => convolution::conv2d,
        "DepthwiseConv2dNative" => convolution::depthwise,
        "Conv2DBackpropInput" => convolution::transposed,
        "SpaceToBatchND" => convolution::space_to_batch,
        "BatchToSpaceND" => convolution::batch_to_space,
        "MatMul" | "BatchMatMul" | "BatchMatMulV2" | "BatchMatMulV3" => product::matmul,
        "Einsum" => product::einsum,
        "BiasAdd" | "Add" | "AddV2" => combination::add,
        "AddN" => combination::add_all,
        "Sub" | "Mul" | "RealDiv" | "Div" | "Maximum" | "Minimum" => combination::binary,
        "DivNoNan" => combination::divide_no_nan,
        "SquaredDifference" => combination::squared_difference,
        "Pow" => combination::power,
        "SelectV2" | "Select" => combination::select,
        "Greater" => combination::greater,
        "IsFinite" => combination::finite,
        "FusedBatchNorm" | "FusedBatchNormV2" | "FusedBatchNormV3" => {
            normalization::batch_normalization
        }
        "AvgPool" | "MaxPool" => pooling::pool,
        "Mean" | "Sum" | "Max" | "Min" => pooling::reduce,
        "Pad" | "PadV2" => arrangement::pad,
        "MirrorPad" => arrangement::mirror,
        "Roll" => arrangement::roll,
        "ConcatV2" => arrangement::concatenate,
        "Pack" => arrangement::pack,
        "Split" | "SplitV" | "Unpack" => arrangement::split,
        "Reshape" => arrangement::reshape,
        "Squeeze" => arrangement::squeeze,
        "ExpandDims" => arrangement::expand,
        "Transpose" => arrangement::transpose,
        "StridedSlice" | "Slice" => arrangement::slice,
        "ReverseV2" => arrangement::reverse,
        "Gather" | "GatherV2" => arrangement::gather,
        "Tile" => arrangement::tile,
        "BroadcastTo" => arrangement::broadcast,
        "ResizeBilinear" | "ResizeNearestNeighbor" => resizing::resize,
        "DepthToSpace" => resizing::depth_to_space,
        "SpaceToDepth" => resizing::space_to_depth,
        "ExtractImagePatches" => resizing::patches,
        "Cast" => elementwise::cast,
        "Complex" => fourier::complex,
        "FFT2D" => fourier::transform,
        "Real" => fourier::real_part,
        "LeakyRelu" => elementwise::function,
        op => return Function::of_operator(op).map(|_| elementwise::function as Handler),
    })
}

/// Operators that move pixels of any type about.
pub(super) fn takes_integers(op: &str) -> bool {
    matches!(
        op,
        "Cast"
            | "ConcatV2"
            | "ExpandDims"
            | "MirrorPad"
            | "Pack"
            | "Pad"
            | "PadV2"
            | "Reshape"
            | "ResizeBilinear"
            | "ResizeNearestNeighbor"
            | "ReverseV2"
            | "Roll"
            | "Select"
            | "SelectV2"
            | "Slice"
            | "Split"
            | "SplitV"
            | "Squeeze"
            | "StridedSlice"
            | "Transpose"
            | "Unpack"
    )
}
