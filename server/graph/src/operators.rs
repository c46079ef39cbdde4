//! What is known of every operator, a row each: the one place to ask for it.
//!
//! `tflite` has a table with the same rows for what the runtime's kernels ask.

use crate::shape::{OperandShapes, elementwise, layout, window};
use crate::{Activation, BinaryOp, Op, ReduceOp};

use Operands::{AtLeastOne, Exactly, Weighted};
use localization::Text;

/// What is known of an operator, whatever its attributes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traits {
    /// Name for messages and reports.
    pub name: &'static str,
    /// What it reads.
    pub operands: Operands,
    /// What it multiplies.
    pub macs: Macs,
    /// Whether TFLite's operator can clamp its own output, so that a rectifier behind it fuses.
    pub clamps: bool,
}

/// The tensors that an operator reads, in the order that [`Op`] documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operands {
    /// So many tensors, at least one.
    Exactly(usize),
    /// One tensor or more.
    AtLeastOne,
    /// `x`, then a kernel for each of these axes, which hold the kernels' output channels, then an
    /// optional bias `[channels]`.
    Weighted(&'static [usize]),
}

/// Multiply-accumulate operations of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Macs {
    /// Element-wise operators, and those that move or pick elements, count nothing.
    None,
    /// Each weight once for every position of the output.
    OutputPositions,
    /// Each weight once for every position of the input.
    InputPositions,
    /// For each element of the output as many as the first operand's last axis has.
    InnerProducts,
}

/// Shape that an operator gives for inputs of the given shapes, or what is wrong with them as the
/// rest of a sentence that begins with the layer's name.
///
/// # Errors
/// A phrase such as `takes 2 inputs, not 3`.
pub fn output_shape(op: &Op, inputs: &[&[usize]]) -> Result<Vec<usize>, Text> {
    let operands = op.opcode().traits().operands;
    let kernels = operands.kernel_axes().len();
    shape_rule(op, OperandShapes::new(operands.count(), kernels, inputs)?)
}

impl Operands {
    /// Least and most tensors.
    pub const fn count(self) -> (usize, usize) {
        match self {
            Exactly(count) => (count, count),
            AtLeastOne => (1, usize::MAX),
            Weighted(axes) => (1 + axes.len(), 2 + axes.len()),
        }
    }

    /// The axis of the output channels of each kernel; nothing for operators without kernels.
    pub const fn kernel_axes(self) -> &'static [usize] {
        match self {
            Exactly(_) | AtLeastOne => &[],
            Weighted(axes) => axes,
        }
    }
}

macro_rules! operators {
    ($($opcode:ident $name:literal $operands:expr, $macs:expr, $clamps:literal;
        $op:pat => |$shapes:ident| $shape:expr,)*) => {
        /// An operator without its attributes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Opcode {
            $(#[doc = $name] $opcode,)*
        }

        impl Opcode {
            /// Every operator, in the order of [`Op`].
            pub const ALL: &[Self] = &[$(Self::$opcode,)*];

            /// What is known of the operator.
            pub const fn traits(self) -> Traits {
                match self {
                    $(Self::$opcode => Traits {
                        name: $name,
                        operands: $operands,
                        macs: $macs,
                        clamps: $clamps,
                    },)*
                }
            }
        }

        impl Op {
            /// The operator without its attributes.
            #[allow(unused_variables, reason = "rows name the attributes for the shape rule")]
            pub const fn opcode(&self) -> Opcode {
                match self {
                    $($op => Opcode::$opcode,)*
                }
            }
        }

        /// Shape of the output, or what is wrong with the operands.
        pub(crate) fn shape_rule(op: &Op, shapes: OperandShapes) -> Result<Vec<usize>, Text> {
            match op {
                $($op => {
                    let $shapes = shapes;
                    $shape
                })*
            }
        }
    };
}

// Opcode, name, operands, multiply-accumulates, whether it clamps its output; attributes => shape.
operators! {
    Conv2d "Conv2D" Weighted(&[0]), Macs::OutputPositions, true;
        Op::Conv2d { window, groups } => |shapes| window::convolution(shapes, window, *groups),
    DepthwiseConv2d "DepthwiseConv2D" Weighted(&[3]), Macs::OutputPositions, true;
        Op::DepthwiseConv2d { window, multiplier } => |shapes| {
            window::depthwise(shapes, window, *multiplier)
        },
    SeparableConv2d "SeparableConv2D" Weighted(&[3, 0]), Macs::OutputPositions, false;
        Op::SeparableConv2d { window, multiplier } => |shapes| {
            window::separable(shapes, window, *multiplier)
        },
    TransposeConv2d "TransposeConv2D" Weighted(&[0]), Macs::InputPositions, false;
        Op::TransposeConv2d { stride, padding, output_size } => |shapes| {
            window::transposed(shapes, *stride, *padding, *output_size)
        },
    FullyConnected "FullyConnected" Weighted(&[0]), Macs::OutputPositions, true;
        Op::FullyConnected => |shapes| layout::fully_connected(shapes),
    BatchMatMul "BatchMatMul" Exactly(2), Macs::InnerProducts, false;
        Op::BatchMatMul { transpose_b } => |shapes| layout::batch_matmul(shapes, *transpose_b),
    BatchNormalization "BatchNormalization" Exactly(5), Macs::None, false;
        Op::BatchNormalization { epsilon: _ } => |shapes| elementwise::batch_normalization(shapes),
    Relu "Relu" Exactly(1), Macs::None, false;
        Op::Activation(Activation::Relu) => |shapes| Ok(shapes.unchanged()),
    Relu6 "Relu6" Exactly(1), Macs::None, false;
        Op::Activation(Activation::Relu6) => |shapes| Ok(shapes.unchanged()),
    LeakyRelu "LeakyRelu" Exactly(1), Macs::None, false;
        Op::Activation(Activation::LeakyRelu { alpha: _ }) => |shapes| Ok(shapes.unchanged()),
    Elu "Elu" Exactly(1), Macs::None, false;
        Op::Activation(Activation::Elu) => |shapes| Ok(shapes.unchanged()),
    Sigmoid "Sigmoid" Exactly(1), Macs::None, false;
        Op::Activation(Activation::Sigmoid) => |shapes| Ok(shapes.unchanged()),
    Tanh "Tanh" Exactly(1), Macs::None, false;
        Op::Activation(Activation::Tanh) => |shapes| Ok(shapes.unchanged()),
    Swish "Swish" Exactly(1), Macs::None, false;
        Op::Activation(Activation::Swish) => |shapes| Ok(shapes.unchanged()),
    HardSwish "HardSwish" Exactly(1), Macs::None, false;
        Op::Activation(Activation::HardSwish) => |shapes| Ok(shapes.unchanged()),
    Gelu "Gelu" Exactly(1), Macs::None, false;
        Op::Activation(Activation::Gelu { approximate: _ }) => |shapes| Ok(shapes.unchanged()),
    Exp "Exp" Exactly(1), Macs::None, false;
        Op::Activation(Activation::Exp) => |shapes| Ok(shapes.unchanged()),
    Log "Log" Exactly(1), Macs::None, false;
        Op::Activation(Activation::Log) => |shapes| Ok(shapes.unchanged()),
    Sqrt "Sqrt" Exactly(1), Macs::None, false;
        Op::Activation(Activation::Sqrt) => |shapes| Ok(shapes.unchanged()),
    Rsqrt "Rsqrt" Exactly(1), Macs::None, false;
        Op::Activation(Activation::Rsqrt) => |shapes| Ok(shapes.unchanged()),
    Negate "Negate" Exactly(1), Macs::None, false;
        Op::Activation(Activation::Negate) => |shapes| Ok(shapes.unchanged()),
    Abs "Abs" Exactly(1), Macs::None, false;
        Op::Activation(Activation::Abs) => |shapes| Ok(shapes.unchanged()),
    Square "Square" Exactly(1), Macs::None, false;
        Op::Activation(Activation::Square) => |shapes| Ok(shapes.unchanged()),
    PRelu "PRelu" Exactly(2), Macs::None, false;
        Op::PRelu => |shapes| elementwise::prelu(shapes),
    Softmax "Softmax" Exactly(1), Macs::None, false;
        Op::Softmax => |shapes| Ok(shapes.unchanged()),
    Add "Add" Exactly(2), Macs::None, true;
        Op::Binary(BinaryOp::Add) => |shapes| elementwise::broadcast(shapes),
    Subtract "Subtract" Exactly(2), Macs::None, true;
        Op::Binary(BinaryOp::Subtract) => |shapes| elementwise::broadcast(shapes),
    Multiply "Multiply" Exactly(2), Macs::None, true;
        Op::Binary(BinaryOp::Multiply) => |shapes| elementwise::broadcast(shapes),
    Divide "Divide" Exactly(2), Macs::None, false;
        Op::Binary(BinaryOp::Divide) => |shapes| elementwise::broadcast(shapes),
    Maximum "Maximum" Exactly(2), Macs::None, false;
        Op::Binary(BinaryOp::Maximum) => |shapes| elementwise::broadcast(shapes),
    Minimum "Minimum" Exactly(2), Macs::None, false;
        Op::Binary(BinaryOp::Minimum) => |shapes| elementwise::broadcast(shapes),
    Concatenate "Concatenate" AtLeastOne, Macs::None, false;
        Op::Concatenate { axis } => |shapes| layout::concatenate(shapes, *axis),
    MaxPool2d "MaxPool2D" Exactly(1), Macs::None, true;
        Op::MaxPool2d(pool) => |shapes| window::pool(shapes, pool),
    AveragePool2d "AveragePool2D" Exactly(1), Macs::None, true;
        Op::AveragePool2d(pool) => |shapes| window::pool(shapes, pool),
    Mean "Mean" Exactly(1), Macs::None, false;
        Op::Reduce { kind: ReduceOp::Mean, axes, keep_dims } => |shapes| {
            layout::reduce(shapes, axes, *keep_dims)
        },
    Sum "Sum" Exactly(1), Macs::None, false;
        Op::Reduce { kind: ReduceOp::Sum, axes, keep_dims } => |shapes| {
            layout::reduce(shapes, axes, *keep_dims)
        },
    ReduceMax "ReduceMax" Exactly(1), Macs::None, false;
        Op::Reduce { kind: ReduceOp::Max, axes, keep_dims } => |shapes| {
            layout::reduce(shapes, axes, *keep_dims)
        },
    ReduceMin "ReduceMin" Exactly(1), Macs::None, false;
        Op::Reduce { kind: ReduceOp::Min, axes, keep_dims } => |shapes| {
            layout::reduce(shapes, axes, *keep_dims)
        },
    Pad "Pad" Exactly(1), Macs::None, false;
        Op::Pad { before, after, value: _ } => |shapes| layout::pad(shapes, before, after),
    Slice "Slice" Exactly(1), Macs::None, false;
        Op::Slice { begin, size } => |shapes| layout::slice(shapes, begin, size),
    Resize "Resize" Exactly(1), Macs::None, false;
        Op::Resize { size, method: _ } => |shapes| window::resize(shapes, *size),
    Reshape "Reshape" Exactly(1), Macs::None, false;
        Op::Reshape { shape } => |shapes| layout::reshape(shapes, shape),
    Transpose "Transpose" Exactly(1), Macs::None, false;
        Op::Transpose { permutation } => |shapes| layout::transpose(shapes, permutation),
    Convert "Convert" Exactly(1), Macs::None, false;
        Op::Convert => |shapes| Ok(shapes.unchanged()),
}

impl Op {
    /// Name for messages and reports.
    pub const fn name(&self) -> &'static str {
        self.opcode().traits().name
    }

    /// The axis of the output channels of each kernel, which are the operands behind the first;
    /// nothing for operators without kernels.
    pub const fn kernel_axes(&self) -> &'static [usize] {
        self.opcode().traits().operands.kernel_axes()
    }

    /// Whether the operator has a kernel as second input.
    pub const fn has_kernel(&self) -> bool {
        !self.kernel_axes().is_empty()
    }

    /// The axis of the output channels, of operators with one kernel.
    pub const fn kernel_axis(&self) -> Option<usize> {
        match *self.kernel_axes() {
            [axis] => Some(axis),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_tell_operators_apart() {
        let names: BTreeSet<&str> = Opcode::ALL.iter().map(|code| code.traits().name).collect();
        assert_eq!(names.len(), Opcode::ALL.len());
    }

    #[test]
    fn kernels_and_bias_follow_the_first_operand() {
        assert_eq!(Weighted(&[3, 0]).count(), (3, 4));
        assert_eq!(Op::FullyConnected.kernel_axis(), Some(0));
        for code in Opcode::ALL {
            let Traits { operands, macs, .. } = code.traits();
            let by_weights = matches!(macs, Macs::OutputPositions | Macs::InputPositions);
            assert_eq!(!operands.kernel_axes().is_empty(), by_weights, "{code:?}");
        }
    }
}
