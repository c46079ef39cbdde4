//! Matrix products, reductions, and operators that move elements.

use graph::Node;
use localization::Text;

use super::{Context, Lowered, Operand, integer, integers};
use crate::Builtin;
use crate::options::{
    self, ADJ_Y, AXIS, KEEP_DIMS, KEEP_NUM_DIMS, NEW_SHAPE, OptionValue, Options,
};

/// Without `keep_num_dims` the kernel flattens all axes but the last.
pub(super) fn fully_connected(context: &Context, node: &Node) -> Result<Lowered, Text> {
    let rank = context.graph.shape(node.output).len();
    let options =
        Options::new(options::FULLY_CONNECTED).with(KEEP_NUM_DIMS, OptionValue::Bool(rank != 2));
    let mut lowered = Lowered::new(node, Some(options))?;
    if node.bias().is_none() {
        lowered.operands.push(Operand::Absent);
    }
    Ok(lowered)
}

pub(super) fn batch_matmul(node: &Node, transpose_b: bool) -> Result<Lowered, Text> {
    let options = Options::new(options::BATCH_MAT_MUL).with(ADJ_Y, OptionValue::Bool(transpose_b));
    Lowered::new(node, Some(options))
}

pub(super) fn concatenate(node: &Node, axis: usize) -> Result<Lowered, Text> {
    let options = Options::new(options::CONCATENATION).with(AXIS, OptionValue::Int(integer(axis)?));
    Lowered::new(node, Some(options))
}

pub(super) fn reduce(node: &Node, axes: &[usize], keep_dims: bool) -> Result<Lowered, Text> {
    let options = Options::new(options::REDUCER).with(KEEP_DIMS, OptionValue::Bool(keep_dims));
    Ok(Lowered::new(node, Some(options))?.integers("axes", integers(axes)?))
}

/// `PAD` fills with the real number zero, whatever the encoding; `PADV2` has a value.
pub(super) fn pad(
    node: &Node,
    before: &[usize],
    after: &[usize],
    value: f32,
) -> Result<Lowered, Text> {
    let mut amounts = Vec::with_capacity(2 * before.len());
    for (&before, &after) in before.iter().zip(after) {
        amounts.extend([integer(before)?, integer(after)?]);
    }
    let (builtin, table) = if value == 0.0 {
        (Builtin::Pad, options::PAD)
    } else {
        (Builtin::PadV2, options::PAD_V2)
    };
    let mut lowered = Lowered::of(builtin, node, Some(Options::new(table)));
    lowered.operands.push(Operand::Integers {
        role: "paddings",
        shape: vec![before.len(), 2],
        values: amounts,
    });
    if builtin == Builtin::PadV2 {
        lowered.operands.push(Operand::Scalar {
            role: "value",
            value,
            like: node.output,
        });
    }
    Ok(lowered)
}

pub(super) fn slice(node: &Node, begin: &[usize], size: &[usize]) -> Result<Lowered, Text> {
    let options = Options::new(options::SLICE);
    Ok(Lowered::new(node, Some(options))?
        .integers("begin", integers(begin)?)
        .integers("size", integers(size)?))
}

pub(super) fn reshape(node: &Node, shape: &[usize]) -> Result<Lowered, Text> {
    let shape = integers(shape)?;
    let options = Options::new(options::RESHAPE).with(NEW_SHAPE, OptionValue::Ints(shape.clone()));
    Ok(Lowered::new(node, Some(options))?.integers("shape", shape))
}

pub(super) fn transpose(node: &Node, permutation: &[usize]) -> Result<Lowered, Text> {
    let options = Options::new(options::TRANSPOSE);
    Ok(Lowered::new(node, Some(options))?.integers("permutation", integers(permutation)?))
}
