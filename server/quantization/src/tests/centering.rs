//! Channels whose values lie on one side of zero come to its both sides.

use graph::passes::movable_layers;
use graph::{Activation, BinaryOp, Constant, Graph, Op, reference};
use ndarray::Array1;

use super::equalization::{CHANNELS, conv, image, statistics};
use crate::{Statistics, center_channels, channel_centers};

/// Two 1 x 1 convolutions; the channels between them lie around -14, -10, … 14.
fn model() -> Graph {
    let mut graph = Graph::new("model");
    let input = graph.add_input("input", &super::equalization::MAP).unwrap();
    let first = conv(&mut graph, "first", input, CHANNELS, |_, _| 1.0);
    let last = conv(&mut graph, "last", first, 4, |_, _| 1.0);
    let centers = Array1::from_shape_fn(CHANNELS, |channel| 4.0 * channel as f32 - 14.0);
    let bias = graph.add_constant("centers", centers.into_dyn().into_shared());
    let mut nodes = graph.nodes().to_vec();
    nodes[0].inputs[2] = bias;
    graph.set_nodes(nodes);
    graph.set_outputs(&[last]);
    graph
}

#[test]
fn ranges_come_to_both_sides_of_zero_and_the_model_stays() {
    let before = model();
    let tensor = before.nodes()[0].output;
    let seen = statistics(&before);
    let mut after = before.clone();
    let centers = channel_centers(&before, &seen);
    assert_eq!(centers.len(), movable_layers(&before).len());
    let seen = center_channels(&mut after, &seen, &centers).unwrap();
    let ranges = |seen: &Statistics| {
        let channels = seen.tensor(tensor).unwrap().channels.as_ref().unwrap();
        channels.ranges.clone()
    };
    let (told, measured) = (ranges(&seen), ranges(&statistics(&after)));
    for (told, measured) in told.iter().zip(&measured) {
        assert!((measured[0] + measured[1]).abs() < 1e-4, "{measured:?}");
        assert!(
            (told[1] - measured[1]).abs() < 1e-4,
            "{told:?}, {measured:?}"
        );
    }
    let output = |graph: &Graph| reference::evaluate(graph, &[image(100).view()]).unwrap();
    for (before, after) in output(&before)[0].iter().zip(&output(&after)[0]) {
        assert!((before - after).abs() < 1e-4, "{before}, {after}");
    }
}

/// A flattened map of more values than distributions are kept of has few channels all the same.
#[test]
fn what_is_told_of_a_large_flattened_map_is_what_is_measured() {
    const CHANNELS: usize = 240;
    let mut graph = Graph::new("model");
    let input = graph.add_input("input", &super::equalization::MAP).unwrap();
    let layer = conv(&mut graph, "layer", input, CHANNELS, |output, _| {
        0.01 * (output + 1) as f32
    });
    let centers = Array1::from_shape_fn(CHANNELS, |channel| channel as f32 - 50.0);
    let bias = graph.add_constant("centers", centers.into_dyn().into_shared());
    let mut nodes = graph.nodes().to_vec();
    nodes[0].inputs[2] = bias;
    graph.set_nodes(nodes);
    // A gate allows no scales for the channels of what it is added to.
    let gate = conv(&mut graph, "gate", input, CHANNELS, |_, _| 1.0);
    let sigmoid = Op::Activation(Activation::Sigmoid);
    let gate = graph.add_node("sigmoid", sigmoid, &[gate]).unwrap();
    let sum = Op::Binary(BinaryOp::Add);
    let sum = graph.add_node("sum", sum, &[layer, gate]).unwrap();
    let shape = vec![1, 36 * CHANNELS];
    let kernel = Constant::from_elem(vec![2, 36 * CHANNELS], 0.01);
    let kernel = graph.add_constant("kernel", kernel);
    let flat = graph
        .add_node("flat", Op::Reshape { shape }, &[sum])
        .unwrap();
    let last = graph
        .add_node("last", Op::FullyConnected, &[flat, kernel])
        .unwrap();
    graph.set_outputs(&[last]);
    let seen = statistics(&graph);
    let centers = channel_centers(&graph, &seen);
    let told = center_channels(&mut graph, &seen, &centers).unwrap();
    let measured = statistics(&graph);
    let [told, measured] = [&told, &measured].map(|seen| {
        let seen = seen.tensor(flat).unwrap();
        (seen.min, seen.max, seen.channels.clone().unwrap().means)
    });
    assert!((told.0 - measured.0).abs() < 1e-3, "{told:?}");
    assert!((told.1 - measured.1).abs() < 1e-3, "{told:?}");
    for (told, measured) in told.2.iter().zip(&measured.2) {
        assert!((told - measured).abs() < 1e-3, "{told}, {measured}");
    }
}
