//! Output shapes of operators.

pub(crate) mod elementwise;
pub(crate) mod layout;
pub(crate) mod window;

use localization::{Text, text};
pub use window::same_padding;

/// Shapes of the operands of an operator, as many as it takes: what its shape rule looks at.
#[derive(Clone, Copy)]
pub(crate) struct OperandShapes<'a> {
    first: &'a [usize],
    others: &'a [&'a [usize]],
    kernels: usize,
}

impl<'a> OperandShapes<'a> {
    /// For an operator that takes from `least` to `most` operands, of which `kernels` are kernels.
    pub(crate) fn new(
        (least, most): (usize, usize),
        kernels: usize,
        inputs: &'a [&'a [usize]],
    ) -> Result<Self, Text> {
        let count = inputs.len();
        match inputs.split_first() {
            Some((first, others)) if (least..=most).contains(&count) => Ok(Self {
                first,
                others,
                kernels,
            }),
            _ if least == most => Err(text!("takes {least} inputs, not {count}")),
            _ => Err(text!("takes at least {least} inputs, not {count}")),
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
    fn feature_map(&self) -> Result<[usize; 3], Text> {
        match *self.first {
            [_, height, width, channels] if height > 0 && width > 0 => {
                Ok([height, width, channels])
            }
            ref shape => Err(text!(
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
    fn kernel(&self, index: usize) -> Result<[usize; 4], Text> {
        match *self.other(index) {
            [a, b, c, d] if ![a, b, c, d].contains(&0) => Ok([a, b, c, d]),
            ref shape => Err(text!("needs a kernel with four axes, not {shape:?}")),
        }
    }

    fn check_bias(&self, channels: usize) -> Result<(), Text> {
        match self.bias() {
            Some(shape) if *shape != [channels] => Err(text!(
                "has a bias of shape {shape:?} for {channels} channels"
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{BinaryOp, Padding, Window};
    use crate::{Op, output_shape};

    fn check(op: &Op, inputs: &[&[usize]], expected: Result<&[usize], &str>) {
        let expected = expected.map(<[usize]>::to_vec).map_err(str::to_owned);
        let found = output_shape(op, inputs).map_err(|problem| problem.to_string());
        assert_eq!(found, expected, "{op:?}");
    }

    #[test]
    fn the_number_of_operands_is_that_of_the_operator() {
        check(&Op::Softmax, &[], Err("takes 1 inputs, not 0"));
        check(&Op::Softmax, &[&[2], &[2]], Err("takes 1 inputs, not 2"));
        check(
            &Op::FullyConnected,
            &[&[1, 4]],
            Err("takes at least 2 inputs, not 1"),
        );
        check(
            &Op::FullyConnected,
            &[&[1, 4], &[3, 4], &[3], &[3]],
            Err("takes at least 2 inputs, not 4"),
        );
        let joined = Op::Concatenate { axis: 1 };
        check(&joined, &[], Err("takes at least 1 inputs, not 0"));
        check(&joined, &[&[1, 2], &[1, 3], &[1, 4]], Ok(&[1, 9]));
    }

    #[test]
    fn kernels_fit_the_input_and_biases_the_kernel() {
        let window = Window {
            padding: Padding::Same,
            ..Window::UNIT
        };
        let grouped = |groups| Op::Conv2d { window, groups };
        let (x, kernel): (&[usize], &[usize]) = (&[1, 5, 4, 6], &[4, 3, 3, 3]);
        check(&grouped(2), &[x, kernel, &[4]], Ok(&[1, 5, 4, 4]));
        check(
            &grouped(2),
            &[x, kernel, &[3]],
            Err("has a bias of shape [3] for 4 channels"),
        );
        for groups in [0, 1, 4, usize::MAX] {
            let misfit = format!(
                "has a kernel [4, 3, 3, 3] in {groups} groups, which does not fit 6 input channels"
            );
            check(&grouped(groups), &[x, kernel], Err(&misfit));
        }
        let multiplier = usize::MAX;
        check(
            &Op::DepthwiseConv2d { window, multiplier },
            &[x, &[1, 3, 3, 6]],
            Err(&format!(
                "has a depthwise kernel [1, 3, 3, 6] that does not fit 6 channels times {multiplier}"
            )),
        );
        let unpadded = Op::Conv2d {
            window: Window {
                dilation: [usize::MAX, 1],
                ..Window::UNIT
            },
            groups: 2,
        };
        let wide = format!("has a window of {} pixels over an input of 5", usize::MAX);
        check(&unpadded, &[x, kernel], Err(&wide));
    }

    #[test]
    fn numbers_without_axes_have_no_channels() {
        let normalization = Op::BatchNormalization { epsilon: 0.0 };
        let parameters: [&[usize]; 5] = [&[], &[0], &[0], &[0], &[0]];
        check(
            &normalization,
            &parameters,
            Err("has parameters of shape [0] for 0 channels"),
        );
        check(&Op::Binary(BinaryOp::Add), &[&[], &[2, 3]], Ok(&[2, 3]));
    }
}
