//! How much the error of a weight matters to what its layer computes.

use graph::Op;

use crate::statistics::ChannelMoments;

/// Least importance of a weight, as a share of the mean: a channel that was zero on all
/// calibration images need not be zero on others.
const FLOOR: f64 = 1e-6;

/// Importance of the weights of each output channel, in their order in the kernel, with a mean of
/// one: the error of a weight adds to the mean squared error of the output in proportion to the
/// mean square of what it is multiplied with. Where the bias makes up for mean errors, only the
/// variance is left.
///
/// `None` for kernels whose output channels read one input channel each, of which all weights are
/// equally important, and for inputs without variances.
pub(crate) fn importance(
    op: &Op,
    kernel: &[usize],
    inputs: &ChannelMoments,
    means_are_corrected: bool,
) -> Option<Vec<Vec<f32>>> {
    let groups = match *op {
        Op::Conv2d { groups, .. } => groups,
        Op::TransposeConv2d { .. } | Op::FullyConnected => 1,
        _ => return None,
    };
    let (&outputs, &channels) = (kernel.first()?, kernel.last()?);
    let taps: usize = kernel.get(1..kernel.len() - 1)?.iter().product();
    if channels < 2 || groups == 0 || inputs.variances.len() != groups * channels {
        return None;
    }
    let squares: Vec<f64> = inputs
        .variances
        .iter()
        .zip(&inputs.means)
        .map(|(variance, mean)| match means_are_corrected {
            true => *variance,
            false => variance + mean * mean,
        })
        .collect();
    let of_group: Vec<Vec<f32>> = squares
        .chunks(channels)
        .map(|squares| normalized(squares).repeat(taps))
        .collect();
    let outputs_a_group = (outputs / groups).max(1);
    (0..outputs)
        .map(|output| of_group.get(output / outputs_a_group).cloned())
        .collect()
}

/// Values with a mean of one and the smallest of them raised; all one where all are zero.
fn normalized(squares: &[f64]) -> Vec<f32> {
    let mean = squares.iter().sum::<f64>() / squares.len() as f64;
    let one = |square: &f64| match mean.is_normal() {
        true => (square / mean).max(FLOOR) as f32,
        false => 1.0,
    };
    squares.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use graph::Window;

    use super::*;

    #[test]
    fn importance_is_that_of_the_channel_a_weight_reads() {
        let moments = ChannelMoments {
            means: vec![1.0, 0.0, 2.0, 0.0],
            variances: vec![3.0, 1.0, 0.0, 0.0],
            ranges: Vec::new(),
        };
        let conv = |groups| Op::Conv2d {
            window: Window::UNIT,
            groups,
        };
        let check = |op: &Op, kernel: &[usize], corrected, expected: Option<Vec<Vec<f32>>>| {
            assert_eq!(importance(op, kernel, &moments, corrected), expected);
        };
        let floor = FLOOR as f32;
        check(
            &Op::FullyConnected,
            &[1, 4],
            true,
            Some(vec![vec![3.0, 1.0, floor, floor]]),
        );
        let squares = vec![16.0 / 9.0, 4.0 / 9.0, 16.0 / 9.0, floor];
        check(&Op::FullyConnected, &[1, 4], false, Some(vec![squares]));
        check(
            &conv(2),
            &[2, 1, 1, 2],
            true,
            Some(vec![vec![1.5, 0.5], vec![1.0, 1.0]]),
        );
        let second = vec![2.0, floor, 2.0, floor];
        check(
            &conv(2),
            &[2, 2, 1, 2],
            false,
            Some(vec![vec![1.6, 0.4, 1.6, 0.4], second]),
        );
        check(
            &Op::DepthwiseConv2d {
                window: Window::UNIT,
                multiplier: 1,
            },
            &[1, 3, 3, 4],
            true,
            None,
        );
    }
}
