//! Operators that slide a window over a feature map, or resample it.

use graph::{Node, Padding, Pool, ResizeMethod, Window};

use super::{Context, Lowered, Operand, integer, integers};
use crate::Builtin;
use crate::options::{
    self, DEPTH_MULTIPLIER, DILATION_H, DILATION_W, FILTER_HEIGHT, FILTER_WIDTH,
    HALF_PIXEL_CENTERS, OptionValue, Options, OptionsTable, PADDING, STRIDE_H, STRIDE_W,
    padding_name,
};

fn strided(
    table: &'static OptionsTable,
    stride: [usize; 2],
    padding: Padding,
) -> Result<Options, String> {
    Ok(Options::new(table)
        .with(PADDING, padding_name(padding))
        .with(STRIDE_H, OptionValue::Int(integer(stride[0])?))
        .with(STRIDE_W, OptionValue::Int(integer(stride[1])?)))
}

fn dilated(table: &'static OptionsTable, window: Window) -> Result<Options, String> {
    Ok(strided(table, window.stride, window.padding)?
        .with(DILATION_H, OptionValue::Int(integer(window.dilation[0])?))
        .with(DILATION_W, OptionValue::Int(integer(window.dilation[1])?)))
}

/// Conversion to an operator whose kernel reads a bias even where there is none to add.
fn biased(builtin: Builtin, options: Options, node: &Node) -> Lowered {
    let mut lowered = Lowered::plain(builtin, Some(options), node);
    if lowered.operands.len() == 2 {
        lowered.operands.push(Operand::ZeroBias);
    }
    lowered
}

/// Groups need no option: the runtime divides the input channels by the kernel's.
pub(super) fn convolution(node: &Node, window: Window) -> Result<Lowered, String> {
    let options = dilated(options::CONV_2D, window)?;
    Ok(biased(Builtin::Conv2d, options, node))
}

pub(super) fn depthwise(node: &Node, window: Window, multiplier: usize) -> Result<Lowered, String> {
    let options = dilated(options::DEPTHWISE_CONV_2D, window)?
        .with(DEPTH_MULTIPLIER, OptionValue::Int(integer(multiplier)?));
    Ok(biased(Builtin::DepthwiseConv2d, options, node))
}

/// The operator's inputs are the output shape, the kernel, the feature map and the bias.
pub(super) fn transposed(
    context: &Context,
    node: &Node,
    stride: [usize; 2],
    padding: Padding,
) -> Result<Lowered, String> {
    let options = strided(options::TRANSPOSE_CONV, stride, padding)?;
    let shape = integers(context.graph.shape(node.output))?;
    let mut lowered = Lowered {
        builtin: Builtin::TransposeConv,
        options: Some(options),
        operands: Vec::new(),
    }
    .integers("output_shape", shape);
    let order = [node.inputs.get(1), node.inputs.first(), node.inputs.get(2)];
    lowered
        .operands
        .extend(order.into_iter().flatten().copied().map(Operand::Tensor));
    Ok(lowered)
}

pub(super) fn pool(builtin: Builtin, node: &Node, pool: Pool) -> Result<Lowered, String> {
    let options = strided(options::POOL_2D, pool.stride, pool.padding)?
        .with(FILTER_HEIGHT, OptionValue::Int(integer(pool.kernel[0])?))
        .with(FILTER_WIDTH, OptionValue::Int(integer(pool.kernel[1])?));
    Ok(Lowered::plain(builtin, Some(options), node))
}

/// With half-pixel centres and without aligned corners, the nearest-neighbour kernel reads
/// `floor((i + 0.5) * in / out)`, which is what the graph means.
pub(super) fn resize(
    node: &Node,
    size: [usize; 2],
    method: ResizeMethod,
) -> Result<Lowered, String> {
    let (builtin, table) = match method {
        ResizeMethod::Nearest => (
            Builtin::ResizeNearestNeighbor,
            options::RESIZE_NEAREST_NEIGHBOR,
        ),
        ResizeMethod::Bilinear => (Builtin::ResizeBilinear, options::RESIZE_BILINEAR),
    };
    let options = Options::new(table).with(HALF_PIXEL_CENTERS, OptionValue::Bool(true));
    Ok(Lowered::plain(builtin, Some(options), node).integers("size", integers(&size)?))
}
