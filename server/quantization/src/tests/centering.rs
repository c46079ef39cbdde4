//! Channels whose values lie on one side of zero come to its both sides.

use graph::passes::movable_layers;
use graph::{Graph, reference};
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
