//! From a node of the graph to the operator that computes it in TFLite.

mod elementwise;
mod layout;
mod window;

use graph::{FusedActivation, Graph, Node, Op, TensorId};
use localization::{Text, text};

use crate::kernels::KernelTraits;
use crate::options::{ACTIVATION, activation_name};
use crate::{Builtin, ElementType, Encodings, Options, WriteError};

/// An operator before its tensors have positions in the file.
pub(crate) struct Lowered {
    pub(crate) builtin: Builtin,
    pub(crate) options: Option<Options>,
    pub(crate) operands: Vec<Operand>,
}

/// An input of an operator.
pub(crate) enum Operand {
    /// A tensor of the graph.
    Tensor(TensorId),
    /// A constant that the graph keeps in the operator: a shape, axes, amounts.
    Integers {
        role: &'static str,
        shape: Vec<usize>,
        values: Vec<i32>,
    },
    /// A constant number, encoded as another tensor is.
    Scalar {
        role: &'static str,
        value: f32,
        like: TensorId,
    },
    /// A bias of zeros, encoded as the operator's other inputs ask.
    ZeroBias,
    /// An optional input that is not given.
    Absent,
}

impl Lowered {
    /// The operator that TFLite has for the node's, with the node's own inputs in their order.
    fn new(node: &Node, options: Option<Options>) -> Result<Self, Text> {
        let kernels = KernelTraits::of(node.op.opcode());
        let builtin = kernels.builtins.first().ok_or_else(no_operator)?;
        Ok(Self::of(*builtin, node, options))
    }

    /// [`new`](Self::new), with one of several operators.
    fn of(builtin: Builtin, node: &Node, options: Option<Options>) -> Self {
        Self {
            builtin,
            options,
            operands: node.inputs.iter().copied().map(Operand::Tensor).collect(),
        }
    }

    /// Adds a list of integers as a further input.
    fn integers(mut self, role: &'static str, values: Vec<i32>) -> Self {
        self.operands.push(Operand::Integers {
            role,
            shape: vec![values.len()],
            values,
        });
        self
    }
}

/// Types that the lowering of a node depends on.
pub(crate) struct Context<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) encodings: &'a Encodings,
}

impl Context<'_> {
    pub(crate) fn element(&self, tensor: TensorId) -> ElementType {
        self.encodings.get(tensor).element()
    }
}

/// Finds the operator of a node.
///
/// # Errors
/// [`WriteError::Unsupported`] when TFLite has none, or when the operator cannot clamp its output
/// and the node asks for that.
pub(crate) fn lower(context: &Context, node: &Node) -> Result<Lowered, WriteError> {
    let mut lowered = operator(context, node).map_err(|problem| unsupported(node, problem))?;
    if node.activation != FusedActivation::None {
        // The concatenation kernel rejects the activation that its options could hold.
        let options = lowered
            .options
            .take_if(|options| {
                options.has(ACTIVATION) && lowered.builtin != Builtin::Concatenation
            })
            .ok_or_else(|| {
                let problem = text!(
                    "cannot clamp its own output to {activation:?}; keep the activation as a layer of its own", activation = node.activation);
                unsupported(node, problem)
            })?;
        lowered.options = Some(options.with(ACTIVATION, activation_name(node.activation)));
    }
    Ok(lowered)
}

fn operator(context: &Context, node: &Node) -> Result<Lowered, Text> {
    match &node.op {
        Op::Conv2d { window, .. } => window::convolution(node, *window),
        Op::DepthwiseConv2d { window, multiplier } => window::depthwise(node, *window, *multiplier),
        Op::TransposeConv2d {
            stride, padding, ..
        } => window::transposed(context, node, *stride, *padding),
        Op::MaxPool2d(pool) | Op::AveragePool2d(pool) => window::pool(node, *pool),
        Op::Resize { size, method } => window::resize(node, *size, *method),
        Op::FullyConnected => layout::fully_connected(context, node),
        Op::BatchMatMul { transpose_b } => layout::batch_matmul(node, *transpose_b),
        Op::Activation(activation) => elementwise::activation(node, *activation),
        Op::Softmax => elementwise::softmax(node),
        Op::Binary(op) => elementwise::binary(context, node, *op),
        Op::Convert => elementwise::convert(context, node),
        Op::Concatenate { axis } => layout::concatenate(node, *axis),
        Op::Reduce {
            axes, keep_dims, ..
        } => layout::reduce(node, axes, *keep_dims),
        Op::Pad {
            before,
            after,
            value,
        } => layout::pad(node, before, after, *value),
        Op::Slice { begin, size } => layout::slice(node, begin, size),
        Op::Reshape { shape } => layout::reshape(node, shape),
        Op::Transpose { permutation } => layout::transpose(node, permutation),
        Op::PRelu => Lowered::new(node, None),
        Op::SeparableConv2d { .. } | Op::BatchNormalization { .. } => Err(no_operator()),
    }
}

fn no_operator() -> Text {
    text!("has no operator in TFLite; decompose it before writing")
}

fn unsupported(node: &Node, problem: Text) -> WriteError {
    WriteError::Unsupported {
        node: node.name.clone(),
        op: node.op.name(),
        problem,
    }
}

fn integer(value: usize) -> Result<i32, Text> {
    i32::try_from(value).map_err(|_| text!("uses the number {value}, which is above 2^31 - 1"))
}

fn integers(values: &[usize]) -> Result<Vec<i32>, Text> {
    values.iter().map(|&value| integer(value)).collect()
}
