//! Refuses what the runtime's quantized kernels do not take, as [`KernelTraits`] says.

use graph::{Graph, Node, Op};
use localization::{Text, text};

use crate::ElementType;
use crate::kernels::{KernelTraits, Scales, has_int16_kernel};
use crate::planned::PlannedTensor;

/// Checks the encodings of a node's tensors against the kernels of its operator.
///
/// # Errors
/// What is wrong, as the rest of a sentence that begins with the layer's name.
pub(crate) fn check(
    graph: &Graph,
    node: &Node,
    inputs: &[&PlannedTensor],
    output: &PlannedTensor,
) -> Result<(), Text> {
    if node.op == Op::Convert {
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
        return Err(text!(
            "mixes {element} \"{name}\" with {other} \"{second}\"; put a conversion between them",
            element = other.element,
            name = other.name,
            other = output.element,
            second = output.name
        ));
    }
    if !quantized {
        return Ok(());
    }
    let kernels = KernelTraits::of(node.op.opcode());
    let has_kernel = match output.element {
        ElementType::Int16 => has_int16_kernel(graph, node),
        element => kernels.eight_bits.contains(&element),
    };
    if !has_kernel {
        return Err(text!(
            "has no {element} kernel in the TFLite runtime; keep the layer in float32 or replace it",
            element = output.element
        ));
    }
    if kernels.keeps_scale()
        && let Some(other) = operands().find(|input| !same_encoding(input, output))
    {
        return Err(text!(
            "does not rescale, so \"{name}\" and \"{second}\" need one scale and zero point",
            name = other.name,
            second = output.name
        ));
    }
    match kernels.scales {
        Scales::Fixed { scale, zero_point }
            if output.element == ElementType::Int8 && !has_encoding(output, scale, zero_point) =>
        {
            Err(text!(
                "needs an output with scale {scale} and zero point {zero_point}"
            ))
        }
        _ => Ok(()),
    }
}

fn same_encoding(a: &PlannedTensor, b: &PlannedTensor) -> bool {
    a.element == b.element && a.scales == b.scales && a.zero_point == b.zero_point
}

fn has_encoding(tensor: &PlannedTensor, scale: f32, zero_point: i32) -> bool {
    *tensor.scales == [scale] && tensor.zero_point == zero_point
}
