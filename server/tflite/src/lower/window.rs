//! Operators that slide a window over a feature map, or resample it.

use graph::{Node, Padding, Pool, ResizeMethod, Window};
use localization::Text;

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
) -> Result<Options, Text> {
    Ok(Options::new(table)
        .with(PADDING, padding_name(padding))
        .with(STRIDE_H, OptionValue::Int(integer(stride[0])?))
        .with(STRIDE_W, OptionValue::Int(integer(stride[1])?)))
}

fn dilated(table: &'static OptionsTable, window: Window) -> Result<Options, Text> {
    Ok(strided(table, window.stride, window.padding)?
        .with(DILATION_H, OptionValue::Int(integer(window.dilation[0])?))
        .with(DILATION_W, OptionValue::Int(integer(window.dilation[1])?)))
}

/// Conversion to an operator whose kernel reads a bias even where there is none to add.
fn biased(options: Options, node: &Node) -> Result<Lowered, Text> {
    let mut lowered = Lowered::new(node, Some(options))?;
    if node.bias().is_none() {
        lowered.operands.push(Operand::ZeroBias);
    }
    Ok(lowered)
}

/// Groups need no option: the runtime divides the input channels by the kernel's.
pub(super) fn convolution(node: &Node, window: Window) -> Result<Lowered, Text> {
    let options = dilated(options::CONV_2D, window)?;
    biased(options, node)
}

pub(super) fn depthwise(node: &Node, window: Window, multiplier: usize) -> Result<Lowered, Text> {
    let options = dilated(options::DEPTHWISE_CONV_2D, window)?
        .with(DEPTH_MULTIPLIER, OptionValue::Int(integer(multiplier)?));
    biased(options, node)
}

/// The operator's inputs are the output shape, the kernel, the feature map and the bias.
pub(super) fn transposed(
    context: &Context,
    node: &Node,
    stride: [usize; 2],
    padding: Padding,
) -> Result<Lowered, Text> {
    let options = strided(options::TRANSPOSE_CONV, stride, padding)?;
    let shape = integers(context.graph.shape(node.output))?;
    let Lowered {
        builtin, options, ..
    } = Lowered::new(node, Some(options))?;
    let mut lowered = Lowered {
        builtin,
        options,
        operands: Vec::new(),
    }
    .integers("output_shape", shape);
    let order = [node.kernel(), Some(node.input()), node.bias()];
    lowered
        .operands
        .extend(order.into_iter().flatten().map(Operand::Tensor));
    Ok(lowered)
}

pub(super) fn pool(node: &Node, pool: Pool) -> Result<Lowered, Text> {
    let options = strided(options::POOL_2D, pool.stride, pool.padding)?
        .with(FILTER_HEIGHT, OptionValue::Int(integer(pool.kernel[0])?))
        .with(FILTER_WIDTH, OptionValue::Int(integer(pool.kernel[1])?));
    Lowered::new(node, Some(options))
}

/// With half-pixel centres and without aligned corners, the nearest-neighbour kernel reads
/// `floor((i + 0.5) * in / out)`, which is what the graph means.
pub(super) fn resize(node: &Node, size: [usize; 2], method: ResizeMethod) -> Result<Lowered, Text> {
    let (builtin, table) = match method {
        ResizeMethod::Nearest => (
            Builtin::ResizeNearestNeighbor,
            options::RESIZE_NEAREST_NEIGHBOR,
        ),
        ResizeMethod::Bilinear => (Builtin::ResizeBilinear, options::RESIZE_BILINEAR),
    };
    let options = Options::new(table).with(HALF_PIXEL_CENTERS, OptionValue::Bool(true));
    Ok(Lowered::of(builtin, node, Some(options)).integers("size", integers(&size)?))
}
