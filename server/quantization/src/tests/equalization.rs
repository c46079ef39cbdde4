//! Scales between layers on a small model whose channels have ranges that lie far apart.

use graph::passes::channel_groups;
use graph::{Activation, Constant, Graph, Op, TensorId, Window, reference};
use ndarray::{ArrayD, IxDyn};

use super::bell;
use crate::{Observer, Statistics, equalization_observations, equalize};

pub(super) const MAP: [usize; 4] = [1, 6, 6, 3];
pub(super) const CHANNELS: usize = 8;

/// A 1 x 1 convolution whose weights are a half, in either direction, times a factor of output and
/// input channel.
pub(super) fn conv(
    graph: &mut Graph,
    name: &str,
    input: TensorId,
    outputs: usize,
    factor: impl Fn(usize, usize) -> f32,
) -> TensorId {
    let inputs = *graph.shape(input).last().unwrap();
    let values = bell(name.len() as u32, outputs * inputs);
    let kernel = ArrayD::from_shape_fn(IxDyn(&[outputs, 1, 1, inputs]), |index| {
        0.5f32.copysign(values[index[0] * inputs + index[3]] as f32) * factor(index[0], index[3])
    });
    let kernel = graph.add_constant(format!("{name}/kernel"), kernel.into_shared());
    let bias = graph.add_constant(format!("{name}/bias"), Constant::zeros(vec![outputs]));
    let op = Op::Conv2d {
        window: Window::UNIT,
        groups: 1,
    };
    graph.add_node(name, op, &[input, kernel, bias]).unwrap()
}

/// Two layers, the channels between which were scaled by powers of `spread`.
fn model(spread: f32, activation: Activation) -> Graph {
    let middle = if spread > 1.0 { 3 } else { 0 };
    let size = move |channel: usize| spread.powi(channel as i32 - middle);
    let mut graph = Graph::new("model");
    let input = graph.add_input("input", &MAP).unwrap();
    let first = conv(&mut graph, "first", input, CHANNELS, |o, _| size(o));
    let between = graph
        .add_node("between", Op::Activation(activation), &[first])
        .unwrap();
    let last = conv(&mut graph, "last", between, 4, |_, i| 1.0 / size(i));
    graph.set_outputs(&[last]);
    graph
}

pub(super) fn image(seed: u32) -> ArrayD<f32> {
    let values = bell(seed, MAP.iter().product());
    let values = values.iter().map(|&value| value as f32).collect();
    ArrayD::from_shape_vec(IxDyn(&MAP), values).unwrap()
}

pub(super) fn statistics(graph: &Graph) -> Statistics {
    let observed = equalization_observations(graph);
    let mut observer = Observer::new(graph, &observed);
    for seed in 100..104 {
        let values = reference::evaluate_all(graph, &[image(seed).view()]).unwrap();
        for (position, observation) in observed.iter().enumerate() {
            let value = values[observation.tensor.0 as usize].as_ref().unwrap();
            let value = value.as_standard_layout();
            let value = value.as_slice().unwrap();
            observer.observe(position, value, 1).unwrap();
        }
    }
    observer.finish()
}

/// Largest values of the channels between the two layers.
fn ranges(graph: &Graph) -> Vec<f32> {
    let tensor = *channel_groups(graph)[0].tensors.last().unwrap();
    let mut largest = vec![0.0f32; CHANNELS];
    for seed in 100..104 {
        let values = reference::evaluate_all(graph, &[image(seed).view()]).unwrap();
        let value = values[tensor.0 as usize].as_ref().unwrap();
        for (index, value) in value.indexed_iter() {
            largest[index[3]] = largest[index[3]].max(value.abs());
        }
    }
    largest
}

fn spread(ranges: &[f32]) -> f32 {
    let largest = ranges.iter().copied().fold(0.0, f32::max);
    largest / ranges.iter().copied().fold(f32::INFINITY, f32::min)
}

#[test]
fn channels_come_to_similar_ranges_and_the_model_stays() {
    let check = |activation: Activation, factor: f32| {
        let before = model(factor, activation);
        let mut after = before.clone();
        let equalized = equalize(&mut after, statistics(&before), false);
        assert_eq!((equalized.groups, equalized.candidates), (1, 1));
        assert!(spread(&ranges(&before)) > 30.0);
        assert!(spread(&ranges(&after)) < 8.0, "{:?}", ranges(&after));
        let output = |graph: &Graph| {
            let mut outputs = reference::evaluate(graph, &[image(100).view()]).unwrap();
            outputs.remove(0)
        };
        for (before, after) in output(&before).iter().zip(&output(&after)) {
            assert!((before - after).abs() < 1e-4 * before.abs().max(1.0));
        }
    };
    check(Activation::Relu, 4.0);
    // Nothing reaches six, before or after.
    check(Activation::Relu6, 0.6);
}

#[test]
fn balanced_channels_stay() {
    let mut graph = model(1.0, Activation::Relu);
    let seen = statistics(&graph);
    assert_eq!(equalize(&mut graph, seen, false).groups, 0);
}

#[test]
fn clamped_channels_keep_their_scale() {
    let mut graph = model(4.0, Activation::Relu6);
    let seen = statistics(&graph);
    let before = ranges(&graph);
    equalize(&mut graph, seen, false);
    for (before, after) in before.iter().zip(ranges(&graph)) {
        match *before {
            6.0 => assert_eq!(after, 6.0),
            // Others come to what is left below the clamp.
            _ => assert!(after <= 6.0 && after >= *before * 0.99, "{before}, {after}"),
        }
    }
}

#[test]
fn scaled_channels_keep_away_from_the_clamp() {
    // Channels that reach up to 0.6 and 4.5: neither fills the range up to six.
    let mut graph = model(0.6, Activation::Relu6);
    let seen = statistics(&graph);
    let before = ranges(&graph);
    equalize(&mut graph, seen, false);
    for (before, after) in before.iter().zip(ranges(&graph)) {
        assert!(after <= before.max(3.601), "{before} became {after}");
    }
}

#[test]
fn the_largest_value_comes_to_a_power_of_two() {
    let mut graph = model(4.0, Activation::Relu);
    let seen = statistics(&graph);
    assert_eq!(equalize(&mut graph, seen, true).groups, 1);
    let largest = ranges(&graph).into_iter().fold(0.0, f32::max);
    let octave = f64::from(largest * 128.0 / 127.0).log2();
    assert!((octave - octave.round()).abs() < 1e-3, "{largest}");
}
