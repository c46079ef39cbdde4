//! Channel equalization from what batch normalization knows of a channel's distribution.

use super::affine::{Affine, weights_after};
use super::weights::set_weights;
use crate::{Activation, Constant, Graph, Node, NodeId, Op};

/// Divides the channels between a batch normalization with a rectifier and the next layer by their
/// standard deviation where it is above one (the channel equalization of Sony's Model Compression
/// Toolkit). A normalized channel has mean beta and deviation `|gamma|`, from which follows the
/// deviation behind the rectifier if the channel is normally distributed.
///
/// Expects batch normalizations that are not folded yet. A clamp at six is not homogeneous: those
/// channels stay, where the toolkit changes what the model computes.
pub(super) fn equalize_normalized_channels(graph: &mut Graph) {
    for id in graph.node_ids() {
        let _ = equalize(graph, id);
    }
}

fn equalize(graph: &mut Graph, id: NodeId) -> Option<()> {
    let node = graph.node(id);
    let Op::BatchNormalization { .. } = node.op else {
        return None;
    };
    let &[gamma, beta, ..] = node.others() else {
        return None;
    };
    let reader = layer_behind_rectifier(graph, node)?;
    let scales: Vec<f64> = graph
        .constant(gamma)?
        .iter()
        .zip(graph.constant(beta)?.iter())
        .map(|(&gamma, &beta)| {
            rectified_deviation(f64::from(beta), f64::from(gamma).abs()).max(1.0)
        })
        .collect();
    let undo = Affine {
        scale: scales.clone(),
        offset: vec![0.0; scales.len()],
    };
    let (kernel, bias) = weights_after(graph, graph.node(reader), &undo)?;
    let divided = |constant: &Constant| -> Constant {
        let mut constant = constant.to_owned();
        for (value, scale) in constant.iter_mut().zip(&scales) {
            *value = (f64::from(*value) / scale) as f32;
        }
        constant.into_shared()
    };
    let (gamma, beta) = (
        divided(graph.constant(gamma)?),
        divided(graph.constant(beta)?),
    );
    let name = graph.node(id).name.clone();
    let gamma = graph.add_constant(format!("{name}/gamma"), gamma);
    let beta = graph.add_constant(format!("{name}/beta"), beta);
    graph.replace_operand(id, 1, gamma);
    graph.replace_operand(id, 2, beta);
    set_weights(graph, reader, kernel, &bias);
    Some(())
}

/// The layer with a kernel that alone reads a normalization behind its rectifier, with padding
/// between them or without.
fn layer_behind_rectifier(graph: &Graph, node: &Node) -> Option<NodeId> {
    let rectifier = graph.node(graph.only_reader(node.output)?);
    if rectifier.op != Op::Activation(Activation::Relu) {
        return None;
    }
    let mut between = rectifier.output;
    let mut reader = graph.only_reader(between)?;
    if let Op::Pad { value: 0.0, .. } = graph.node(reader).op {
        between = graph.node(reader).output;
        reader = graph.only_reader(between)?;
    }
    let layer = graph.node(reader);
    (layer.input() == between && layer.op.has_kernel()).then_some(reader)
}

/// Standard deviation of `max(x, 0)` for normal `x`: with the density `phi` and the distribution
/// `Phi` at `mean / deviation`, the mean is `mean Phi + deviation phi` and the second moment
/// `(mean^2 + deviation^2) Phi + mean deviation phi`.
fn rectified_deviation(mean: f64, deviation: f64) -> f64 {
    if deviation == 0.0 {
        return 0.0;
    }
    let position = mean / deviation;
    let density = (-position * position / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let distribution = normal_distribution(position);
    let first = mean * distribution + deviation * density;
    let second = (mean * mean + deviation * deviation) * distribution + mean * deviation * density;
    (second - first * first).max(0.0).sqrt()
}

/// Distribution function of the standard normal distribution, to 1.5e-7 (M. Abramowitz, I. Stegun,
/// "Handbook of Mathematical Functions", formula 26.2.17 and 7.1.26).
fn normal_distribution(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x.abs() / std::f64::consts::SQRT_2);
    let series = [
        1.061_405_429,
        -1.453_152_027,
        1.421_413_741,
        -0.284_496_736,
        0.254_829_592,
    ]
    .iter()
    .fold(0.0, |sum, coefficient| (sum + coefficient) * t);
    let tail = series * (-x * x / 2.0).exp() / 2.0;
    if x < 0.0 { tail } else { 1.0 - tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values by numerical integration.
    #[test]
    fn the_deviation_behind_a_rectifier() {
        let check = |mean: f64, deviation: f64| {
            let step = 1e-3;
            let (mut first, mut second) = (0.0, 0.0);
            for index in -8000..8000 {
                let z = f64::from(index) * step;
                let weight = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * step;
                let value = (mean + deviation * z).max(0.0);
                first += value * weight;
                second += value * value * weight;
            }
            let expected = (second - first * first).sqrt();
            let found = rectified_deviation(mean, deviation);
            assert!(
                (found - expected).abs() < 1e-3 * deviation,
                "{found}, {expected}"
            );
        };
        check(0.0, 1.0);
        check(1.5, 2.0);
        check(-2.0, 1.0);
        check(40.0, 3.0);
        assert_eq!(rectified_deviation(1.0, 0.0), 0.0);
    }
}
