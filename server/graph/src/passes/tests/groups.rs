//! Groups of tensors whose channels are scaled together.

use super::*;
use crate::passes::{ChannelGroup, channel_groups, rescale_groups};

/// Scales every group of the graph by different factors, all at once and one after the other, and says
/// how many writers and readers each has; the outputs must stay.
fn rescaled(graph: &Graph) -> Vec<(usize, usize, bool)> {
    let groups = channel_groups(graph);
    let scales = |group: &ChannelGroup| -> Vec<f64> {
        let channels = 0..group.channels;
        channels
            .map(|channel| 1.25f64.powi(channel as i32 - 1))
            .collect()
    };
    let scales: Vec<Vec<f64>> = groups.iter().map(scales).collect();
    let all: Vec<_> = groups
        .iter()
        .zip(scales.iter().map(Vec::as_slice))
        .collect();
    operators_after(graph, |graph| {
        let (scaled, _) = rescale_groups(graph, &all);
        assert_eq!(scaled.len(), groups.len());
    });
    operators_after(graph, |graph| {
        for group in &all {
            assert_eq!(rescale_groups(graph, &[*group]).0, [0]);
        }
    });
    let sizes = groups.iter().map(|group| {
        let (writers, readers) = (group.writers(graph), group.readers(graph));
        (writers.count(), readers.count(), group.clamped)
    });
    sizes.collect()
}

fn conv(layers: Layers, kernel: &[usize]) -> Layers {
    layers.conv(kernel, 1, Padding::Same)
}

fn sum(mut layers: Layers, other: TensorId) -> Layers {
    let operands = [layers.last, other];
    let name = format!("sum{}", layers.graph.nodes().len());
    let op = Op::Binary(BinaryOp::Add);
    layers.last = layers.graph.add_node(name, op, &operands).unwrap();
    layers
}

#[test]
fn the_stream_of_a_residual_network_is_one_group() {
    let stem = conv(Layers::new(MAP), &[4, 3, 3, 3]);
    let stream = stem.last;
    let layers = conv(stem, &[6, 1, 1, 4]).activation(Activation::Relu);
    let layers = sum(conv(layers, &[4, 1, 1, 6]), stream);
    let second = layers.last;
    let layers = sum(conv(layers, &[4, 3, 3, 4]), second);
    let mut graph = conv(layers, &[2, 1, 1, 4]).finish();
    fuse_activations(&mut graph);
    // The stream, with three writers and three readers, and the map within the first branch.
    assert_eq!(rescaled(&graph), [(3, 3, false), (1, 1, false)]);
}

#[test]
fn depthwise_layers_separate_groups_and_clamps_are_told() {
    let layers = conv(Layers::new(MAP), &[4, 1, 1, 3]);
    let depthwise = Op::DepthwiseConv2d {
        window: window(2, Padding::Same),
        multiplier: 1,
    };
    let layers = layers.with("depthwise", depthwise, &[&[1, 3, 3, 4], &[4]]);
    let layers = layers.activation(Activation::Relu6);
    let mut graph = conv(layers, &[2, 1, 1, 4]).finish();
    fuse_activations(&mut graph);
    let groups = channel_groups(&graph);
    let clamped: Vec<bool> = groups.iter().map(|group| group.clamped).collect();
    assert_eq!(clamped, [false, true]);
}

#[test]
fn the_gated_map_is_scaled_and_the_gate_is_not() {
    let layers = conv(Layers::new(MAP), &[4, 1, 1, 3]).activation(Activation::Relu);
    let map = layers.last;
    let mean = Op::Reduce {
        kind: ReduceOp::Mean,
        axes: vec![1, 2],
        keep_dims: true,
    };
    let layers = conv(layers.with("mean", mean, &[]), &[4, 1, 1, 4]);
    let mut layers = layers.activation(Activation::Sigmoid);
    let operands = [map, layers.last];
    let op = Op::Binary(BinaryOp::Multiply);
    layers.last = layers.graph.add_node("gated", op, &operands).unwrap();
    let mut graph = conv(layers, &[2, 1, 1, 4]).finish();
    fuse_activations(&mut graph);
    assert_eq!(rescaled(&graph), [(1, 2, false)]);
}

#[test]
fn what_would_notice_a_factor_ends_a_group() {
    let check = |activation: Activation| {
        let layers = conv(Layers::new(MAP), &[4, 1, 1, 3]).activation(activation);
        let mut graph = conv(layers, &[2, 1, 1, 4]).finish();
        fuse_activations(&mut graph);
        assert_eq!(channel_groups(&graph), []);
    };
    check(Activation::Sigmoid);
    check(Activation::HardSwish);
    check(Activation::Elu);
    // The result of the model.
    let graph = conv(Layers::new(MAP), &[4, 1, 1, 3]).finish();
    assert_eq!(channel_groups(&graph), []);
}

#[test]
fn groups_reach_over_pooling_and_flattening() {
    let pool = Op::MaxPool2d(Pool {
        kernel: [2, 2],
        stride: [2, 2],
        padding: Padding::Valid,
    });
    let layers = conv(Layers::new(MAP), &[4, 1, 1, 3]).activation(Activation::Relu);
    let layers = layers.with("pool", pool, &[]);
    let flat = Op::Reshape { shape: vec![1, 64] };
    let layers = layers.with("flat", flat, &[]);
    let dense = layers.with("dense", Op::FullyConnected, &[&[3, 64], &[3]]);
    let mut graph = dense.finish();
    fuse_activations(&mut graph);
    assert_eq!(rescaled(&graph), [(1, 1, false)]);
    assert_eq!(channel_groups(&graph)[0].channels, 4);
}

#[test]
fn factors_that_weights_cannot_take_are_refused() {
    let layers = conv(Layers::new(MAP), &[4, 1, 1, 3]);
    let graph = conv(layers, &[2, 1, 1, 4]).finish();
    let group = channel_groups(&graph).remove(0);
    let mut changed = graph.clone();
    let scales = [1e-45, 1.0, 1.0, 1.0];
    let (scaled, clamps) = rescale_groups(&mut changed, &[(&group, &scales)]);
    assert_eq!((scaled.len(), clamps.len()), (0, 0));
    let inputs = |graph: &Graph| graph.nodes()[0].inputs.clone();
    assert_eq!(inputs(&changed), inputs(&graph));
}

#[test]
fn clamps_move_with_their_channels() {
    let check = |fused: bool, scales: [f64; 4], expected: &[&str], bound: f32| {
        let layers = conv(Layers::new(MAP), &[4, 1, 1, 3]).activation(Activation::Relu6);
        let mut graph = conv(layers, &[2, 1, 1, 4]).finish();
        if fused {
            fuse_activations(&mut graph);
        }
        let operators = operators_after(&graph, |graph| {
            let group = channel_groups(graph).remove(0);
            let (_, clamps) = rescale_groups(graph, &[(&group, &scales)]);
            let least = clamps.iter().map(|clamp| clamp.bound).reduce(f32::min);
            assert_eq!(least, (bound > 0.0).then_some(bound));
        });
        assert_eq!(operators, expected);
    };
    let moved = ["Conv2D+Relu", "Minimum", "Conv2D"];
    check(true, [0.75; 4], &moved, 8.0);
    check(true, [0.5, 1.0, 2.0, 0.1], &moved, 3.0);
    check(
        false,
        [0.75; 4],
        &["Conv2D", "Relu", "Minimum", "Conv2D"],
        8.0,
    );
    check(true, [1.0; 4], &["Conv2D+Relu6", "Conv2D"], 0.0);
}
