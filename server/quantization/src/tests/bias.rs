use graph::{Op, Window};
use ndarray::{ArrayD, IxDyn};

use super::{bell, numbers, reference};
use crate::bias::mean_shift;
use crate::statistics::ChannelSums;

/// The reference's kernel in TFLite's layout: Keras has height, width, input, output.
fn kernel(op: &Op, shape: &[usize], values: &[f64]) -> ArrayD<f64> {
    let kernel = ArrayD::from_shape_vec(IxDyn(shape), values.to_vec()).unwrap();
    match op {
        Op::FullyConnected => kernel.permuted_axes(IxDyn(&[1, 0])),
        _ => kernel.permuted_axes(IxDyn(&[3, 0, 1, 2])),
    }
}

/// The means that the correction is made of, from three batches of four channels.
#[test]
fn means_of_channels_are_those_of_the_reference() {
    let mut sums = ChannelSums::new(4, false, false);
    for index in 0..3 {
        let factor = 1.0 + 0.5 * f64::from(index);
        let values = bell(10 + index, 2000);
        let values: Vec<f32> = values.iter().map(|value| (value * factor) as f32).collect();
        assert!(sums.add(&values, 1));
    }
    let expected = numbers(&reference("channel_means"));
    assert_eq!(expected.len(), 4);
    for (found, expected) in sums.moments().means.iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }
}

#[test]
fn biases_are_those_of_the_reference() {
    let convolution = Op::Conv2d {
        window: Window::UNIT,
        groups: 1,
    };
    let depthwise = Op::DepthwiseConv2d {
        window: Window::UNIT,
        multiplier: 1,
    };
    let cases = reference("corrected_biases");
    for (name, op) in [
        ("convolution", convolution.clone()),
        ("depthwise", depthwise),
        ("pointwise", convolution),
        ("dense", Op::FullyConnected),
    ] {
        let case = &cases[name];
        let shape: Vec<usize> = numbers(&case["shape"])
            .iter()
            .map(|&n| n as usize)
            .collect();
        let errors = kernel(&op, &shape, &numbers(&case["quantized_kernel"]))
            - kernel(&op, &shape, &numbers(&case["kernel"]));
        let shift = mean_shift(&op, &errors, &numbers(&case["input_means"])).unwrap();
        let biases = numbers(&case["bias"]);
        let corrected = numbers(&case["corrected_bias"]);
        let largest = shift.iter().fold(0.0f64, |m, shift| m.max(shift.abs()));
        assert!(largest > 1e-4, "{name}: a shift that would be seen");
        for ((bias, shift), expected) in biases.iter().zip(&shift).zip(&corrected) {
            let found = bias - shift;
            assert!(
                (found - expected).abs() < 2e-6,
                "{name}: {found} against {expected}"
            );
        }
    }
}
