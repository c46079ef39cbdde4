//! Output shapes of operators.

pub(crate) mod elementwise;
pub(crate) mod layout;
pub(crate) mod window;

pub use window::same_padding;

use crate::Op;
use crate::operators::shape_rule;

/// Shape that an operator gives for inputs of the given shapes, or what is wrong with them as the
/// rest of a sentence that begins with the layer's name.
///
/// # Errors
/// A phrase such as `takes 2 inputs, not 3`.
pub fn output_shape(op: &Op, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
    shape_rule(op, OperandShapes::new(op, inputs)?)
}

/// Shapes of the operands of an operator, as many as it takes: what its shape rule looks at.
#[derive(Clone, Copy)]
pub(crate) struct OperandShapes<'a> {
    first: &'a [usize],
    others: &'a [&'a [usize]],
    kernels: usize,
}

impl<'a> OperandShapes<'a> {
    fn new(op: &Op, inputs: &'a [&'a [usize]]) -> Result<Self, String> {
        let operands = op.opcode().traits().operands;
        let (least, most) = operands.count();
        let count = inputs.len();
        match inputs.split_first() {
            Some((first, others)) if (least..=most).contains(&count) => Ok(Self {
                first,
                others,
                kernels: operands.kernel_axes().len(),
            }),
            _ if least == most => Err(format!("takes {least} inputs, not {count}")),
            _ => Err(format!("takes at least {least} inputs, not {count}")),
        }
    }

    /// The first operand.
    fn x(&self) -> &'a [usize] {
        self.first
    }

    /// All operands behind the first.
    fn others(&self) -> &'a [&'a [usize]] {
        self.others
    }

    /// An operand behind the first, of which the operator takes more than `index`.
    fn other(&self, index: usize) -> &'a [usize] {
        self.others[index]
    }

    /// The bias, where one is given.
    fn bias(&self) -> Option<&'a [usize]> {
        self.others.get(self.kernels).copied()
    }

    /// The shape of an operator that treats each element alone.
    pub(crate) fn unchanged(&self) -> Vec<usize> {
        self.first.to_vec()
    }

    /// The first operand as a feature map: height, width, channels.
    fn feature_map(&self) -> Result<[usize; 3], String> {
        match *self.first {
            [_, height, width, channels] if height > 0 && width > 0 => {
                Ok([height, width, channels])
            }
            ref shape => Err(format!(
                "needs an input of shape [batch, height, width, channels], not {shape:?}"
            )),
        }
    }

    /// The shape of a feature map of another size, with the batch of the first operand.
    fn map_of(&self, [height, width]: [usize; 2], channels: usize) -> Vec<usize> {
        let batch = self.first.iter().take(1).copied();
        batch.chain([height, width, channels]).collect()
    }

    /// A kernel with four axes.
    fn kernel(&self, index: usize) -> Result<[usize; 4], String> {
        match *self.other(index) {
            [a, b, c, d] if ![a, b, c, d].contains(&0) => Ok([a, b, c, d]),
            ref shape => Err(format!("needs a kernel with four axes, not {shape:?}")),
        }
    }

    fn check_bias(&self, channels: usize) -> Result<(), String> {
        match self.bias() {
            Some(shape) if *shape != [channels] => Err(format!(
                "has a bias of shape {shape:?} for {channels} channels"
            )),
            _ => Ok(()),
        }
    }
}
