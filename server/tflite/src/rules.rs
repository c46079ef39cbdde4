//! What the runtime's quantized kernels take, found by running every operator in TFLite 2.17.1
//! with and without XNNPACK.
//!
//! The runtime itself checks only a part: with unequal scales, several kernels compute wrong
//! numbers without a word.

use crate::plan::PlannedTensor;
use crate::{Builtin, ElementType};

/// Checks the encodings of an operator's tensors against its kernels.
///
/// # Errors
/// What is wrong, as the rest of a sentence that begins with the layer's name.
pub(crate) fn check(
    builtin: Builtin,
    inputs: &[&PlannedTensor],
    output: &PlannedTensor,
) -> Result<(), String> {
    if matches!(builtin, Builtin::Quantize | Builtin::Dequantize) {
        return Ok(());
    }
    let quantized = !output.scales.is_empty();
    // Shapes, axes and amounts are integers that stand for themselves.
    let operands = || {
        inputs
            .iter()
            .filter(|input| input.element == ElementType::Float32 || !input.scales.is_empty())
    };
    if let Some(other) = operands().find(|input| input.scales.is_empty() == quantized) {
        return Err(format!(
            "mixes {} \"{}\" with {} \"{}\"; put a conversion between them",
            other.element, other.name, output.element, output.name
        ));
    }
    if !quantized {
        return Ok(());
    }
    if lacks_kernel(builtin, output.element) {
        return Err(format!(
            "has no {} kernel in the TFLite runtime; keep the layer in float32 or replace it",
            output.element
        ));
    }
    if keeps_scale(builtin)
        && let Some(other) = operands().find(|input| !same_encoding(input, output))
    {
        return Err(format!(
            "does not rescale, so \"{}\" and \"{}\" need one scale and zero point",
            other.name, output.name
        ));
    }
    match fixed_output(builtin, output.element) {
        Some((scale, zero_point)) if !has_encoding(output, scale, zero_point) => Err(format!(
            "needs an output with scale {scale} and zero point {zero_point}"
        )),
        _ => Ok(()),
    }
}

fn lacks_kernel(builtin: Builtin, element: ElementType) -> bool {
    match builtin {
        Builtin::Neg | Builtin::Sqrt | Builtin::Square => true,
        Builtin::Div => element != ElementType::UInt8,
        _ => false,
    }
}

fn keeps_scale(builtin: Builtin) -> bool {
    matches!(
        builtin,
        Builtin::AveragePool2d
            | Builtin::Concatenation
            | Builtin::Maximum
            | Builtin::MaxPool2d
            | Builtin::Minimum
            | Builtin::Pad
            | Builtin::PadV2
            | Builtin::ReduceMax
            | Builtin::ReduceMin
            | Builtin::Reshape
            | Builtin::ResizeBilinear
            | Builtin::ResizeNearestNeighbor
            | Builtin::Slice
            | Builtin::Transpose
    )
}

/// Scale and zero point of functions with a bounded result.
fn fixed_output(builtin: Builtin, element: ElementType) -> Option<(f32, i32)> {
    match (builtin, element) {
        (Builtin::Logistic | Builtin::Softmax, ElementType::Int8) => Some((1.0 / 256.0, -128)),
        (Builtin::Tanh, ElementType::Int8) => Some((1.0 / 128.0, 0)),
        _ => None,
    }
}

fn same_encoding(a: &PlannedTensor, b: &PlannedTensor) -> bool {
    a.element == b.element && a.scales == b.scales && a.zero_point == b.zero_point
}

fn has_encoding(tensor: &PlannedTensor, scale: f32, zero_point: i32) -> bool {
    *tensor.scales == [scale] && tensor.zero_point == zero_point
}
