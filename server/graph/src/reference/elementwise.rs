use localization::{Text, text};
use ndarray::{ArrayD, ArrayViewD, Axis, Zip};

use crate::{Activation, BinaryOp};

pub(super) fn activate(activation: Activation, value: f32) -> f32 {
    let x = f64::from(value);
    let result = match activation {
        Activation::Relu => x.max(0.0),
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::LeakyRelu { alpha } if x < 0.0 => f64::from(alpha) * x,
        Activation::LeakyRelu { .. } => x,
        Activation::Elu if x < 0.0 => x.exp_m1(),
        Activation::Elu => x,
        Activation::Sigmoid => sigmoid(x),
        Activation::Tanh => x.tanh(),
        Activation::Swish => x * sigmoid(x),
        Activation::HardSwish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
        Activation::Gelu { approximate: true } => {
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x);
            0.5 * x * (1.0 + inner.tanh())
        }
        Activation::Gelu { approximate: false } => {
            0.5 * x * (1.0 + error_function(x / std::f64::consts::SQRT_2))
        }
        Activation::Exp => x.exp(),
        Activation::Log => x.ln(),
        Activation::Sqrt => x.sqrt(),
        Activation::Rsqrt => 1.0 / x.sqrt(),
        Activation::Negate => -x,
        Activation::Abs => x.abs(),
        Activation::Square => x * x,
    };
    result as f32
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Maclaurin series near zero, continued fraction of the complement elsewhere (Abramowitz and
/// Stegun, 7.1.5 and 7.1.14); absolute error below 1e-12.
fn error_function(x: f64) -> f64 {
    let magnitude = x.abs();
    let value = if magnitude < 2.5 {
        let mut term = magnitude;
        let mut sum = magnitude;
        for n in 1..80 {
            term *= -magnitude * magnitude / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * 2.0 / std::f64::consts::PI.sqrt()
    } else {
        let mut fraction = magnitude;
        for n in (1..=80).rev() {
            fraction = magnitude + f64::from(n) / 2.0 / fraction;
        }
        1.0 - (-magnitude * magnitude).exp() / (fraction * std::f64::consts::PI.sqrt())
    };
    value.copysign(x)
}

pub(super) fn batch_normalization(
    x: &ArrayViewD<f32>,
    parameters: [&ArrayViewD<f32>; 4],
    epsilon: f32,
) -> ArrayD<f32> {
    let mut result = x.to_owned();
    for mut channels in result.lanes_mut(Axis(x.ndim() - 1)) {
        for (channel, value) in channels.iter_mut().enumerate() {
            let [gamma, beta, mean, variance] =
                parameters.map(|parameter| f64::from(parameter[[channel]]));
            let deviation = (variance + f64::from(epsilon)).sqrt();
            *value = (gamma * (f64::from(*value) - mean) / deviation + beta) as f32;
        }
    }
    result
}

pub(super) fn prelu(x: &ArrayViewD<f32>, alpha: &ArrayViewD<f32>) -> Result<ArrayD<f32>, Text> {
    let slopes = alpha.broadcast(x.raw_dim()).ok_or_else(|| {
        let (alpha, x) = (alpha.shape(), x.shape());
        text!("has slopes of shape {alpha:?} for an input {x:?}")
    })?;
    let mut result = x.to_owned();
    Zip::from(&mut result)
        .and(&slopes)
        .for_each(|value, &slope| {
            if *value < 0.0 {
                *value *= slope;
            }
        });
    Ok(result)
}

pub(super) fn softmax(x: &ArrayViewD<f32>) -> ArrayD<f32> {
    let mut result = x.to_owned();
    for mut lane in result.lanes_mut(Axis(x.ndim() - 1)) {
        let largest = lane.fold(f32::NEG_INFINITY, |largest, &value| largest.max(value));
        let sum: f64 = lane
            .iter()
            .map(|&value| f64::from(value - largest).exp())
            .sum();
        lane.mapv_inplace(|value| (f64::from(value - largest).exp() / sum) as f32);
    }
    result
}

pub(super) fn binary(
    op: BinaryOp,
    a: &ArrayViewD<f32>,
    b: &ArrayViewD<f32>,
    shape: &[usize],
) -> Result<ArrayD<f32>, Text> {
    let (Some(left), Some(right)) = (a.broadcast(shape), b.broadcast(shape)) else {
        let (a, b) = (a.shape(), b.shape());
        return Err(text!("cannot combine {a:?} with {b:?}"));
    };
    let mut result = ArrayD::zeros(shape);
    Zip::from(&mut result)
        .and(&left)
        .and(&right)
        .for_each(|result, &a, &b| {
            *result = match op {
                BinaryOp::Add => a + b,
                BinaryOp::Subtract => a - b,
                BinaryOp::Multiply => a * b,
                BinaryOp::Divide => a / b,
                BinaryOp::Maximum => a.max(b),
                BinaryOp::Minimum => a.min(b),
            }
        });
    Ok(result)
}
