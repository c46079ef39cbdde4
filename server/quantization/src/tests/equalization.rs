//! Scales between layers on a small model whose channels have ranges that lie far apart.

use graph::passes::channel_groups;
use graph::{Activation, Constant, Graph, Op, TensorId, Window, reference};
use ndarray::{ArrayD, IxDyn};

use super::bell;
use crate::{
    ChannelScales, Observation, Observer, Statistics, channel_scales, observations, scale_channels,
};

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
    observe(graph, &observations(graph))
}

fn observe(graph: &Graph, observed: &[Observation]) -> Statistics {
    let mut observer = Observer::new(graph, observed);
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
    let tensor = graph.nodes().last().unwrap().inputs[0];
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

/// Scales the channels of a model where that is predicted to help, and tells what calibration would
/// have seen.
fn equalize(graph: &mut Graph, power_of_two: bool, headroom: f64) -> (usize, Statistics) {
    let seen = statistics(graph);
    let scales = channel_scales(graph, &seen, power_of_two, headroom);
    let all: Vec<&ChannelScales> = scales.iter().collect();
    let told = scale_channels(graph, &seen, &all);
    (scales.len(), told)
}

#[test]
fn channels_come_to_similar_ranges_and_the_model_stays() {
    let check = |activation: Activation, factor: f32| {
        let before = model(factor, activation);
        let mut after = before.clone();
        assert_eq!(equalize(&mut after, false, 1.0).0, 1);
        assert!(spread(&ranges(&before)) > 30.0);
        assert!(spread(&ranges(&after)) < 8.0, "{:?}", ranges(&after));
        // Also on pictures of which calibration knows nothing, and beyond any clamp.
        for (seed, factor) in [(100, 1.0), (200, 1.0), (201, 30.0)] {
            let picture = image(seed) * factor;
            let output = |graph: &Graph| {
                let mut outputs = reference::evaluate(graph, &[picture.view()]).unwrap();
                outputs.remove(0)
            };
            for (before, after) in output(&before).iter().zip(&output(&after)) {
                assert!((before - after).abs() < 1e-4 * before.abs().max(1.0));
            }
        }
    };
    check(Activation::Relu, 4.0);
    check(Activation::Relu6, 0.6);
}

#[test]
fn balanced_channels_stay() {
    let mut graph = model(1.0, Activation::Relu);
    assert_eq!(equalize(&mut graph, false, 1.0).0, 0);
}

#[test]
fn clamped_channels_keep_their_scale() {
    let mut graph = model(4.0, Activation::Relu6);
    let before = ranges(&graph);
    equalize(&mut graph, false, 1.0);
    for (before, after) in before.iter().zip(ranges(&graph)) {
        match *before {
            6.0 => assert_eq!(after, 6.0),
            // Others come to what is left below the clamp.
            _ => assert!(
                after <= 6.001 && after >= *before * 0.99,
                "{before}, {after}"
            ),
        }
    }
}

#[test]
fn channels_behind_a_clamp_keep_headroom() {
    let mut graph = model(0.6, Activation::Relu6);
    let before = ranges(&graph);
    equalize(&mut graph, false, 2.0);
    for (before, after) in before.iter().zip(ranges(&graph)) {
        assert!(after <= before.max(3.001), "{before} became {after}");
    }
}

#[test]
fn the_largest_value_comes_to_a_power_of_two() {
    let mut graph = model(4.0, Activation::Relu);
    assert_eq!(equalize(&mut graph, true, 1.0).0, 1);
    let largest = ranges(&graph).into_iter().fold(0.0, f32::max);
    let octave = f64::from(largest * 128.0 / 127.0).log2();
    assert!((octave - octave.round()).abs() < 1e-3, "{largest}");
}

/// Statistics of some tensors with their channels, whatever may be done to those.
fn told_of(graph: &Graph, tensors: &[TensorId]) -> Statistics {
    let observation = |&tensor: &TensorId| Observation {
        tensor,
        distribution: true,
        channel_means: true,
        channel_variances: true,
        channel_ranges: true,
        channel_histograms: None,
    };
    observe(graph, &tensors.iter().map(observation).collect::<Vec<_>>())
}

/// What is told of a model without running it is what running it shows.
#[test]
fn statistics_follow_the_factors() {
    let check = |activation: Activation, power_of_two: bool, factor: f32| {
        let mut graph = model(factor, activation);
        let groups = channel_groups(&graph);
        let (scaled, told) = equalize(&mut graph, power_of_two, 1.0);
        assert_eq!(scaled, 1);
        let measured = told_of(&graph, &groups[0].tensors);
        for group in groups {
            for tensor in group.tensors {
                let (told, measured) = (
                    told.tensor(tensor).unwrap(),
                    measured.tensor(tensor).unwrap(),
                );
                let close = |a: f64, b: f64| (a - b).abs() <= 1e-3 * b.abs().max(1e-3);
                assert!(close(told.max.into(), measured.max.into()), "{told:?}");
                let (a, b) = (
                    told.channels.as_ref().unwrap(),
                    measured.channels.as_ref().unwrap(),
                );
                assert!(a.means.iter().zip(&b.means).all(|(&a, &b)| close(a, b)));
                assert!(
                    a.variances
                        .iter()
                        .zip(&b.variances)
                        .all(|(&a, &b)| close(a, b))
                );
                let mean = |histogram: &crate::Histogram| {
                    let bins = histogram.counts.iter().zip(histogram.edges.windows(2));
                    let sum: f64 = bins
                        .map(|(count, edge)| count * (edge[0] + edge[1]) / 2.0)
                        .sum();
                    sum / histogram.counts.iter().sum::<f64>()
                };
                let (a, b) = (mean(&told.histogram), mean(&measured.histogram));
                assert!((a - b).abs() < 0.01 * f64::from(measured.max), "{a}, {b}");
            }
        }
    };
    check(Activation::Relu, false, 4.0);
    check(Activation::Relu, true, 0.5);
    check(Activation::Relu6, false, 0.6);
}
