//! Offsets of channels that move to the next layer.

use std::collections::BTreeMap;

use super::*;
use crate::NodeId;
use crate::passes::{movable_layers, move_channels};

/// Names of the layers that may be moved; all are, and the outputs must stay.
fn moved(graph: &Graph) -> Vec<String> {
    let layers = movable_layers(graph);
    operators_after(graph, |graph| {
        let before = graph.clone();
        let offset = |id: &NodeId| {
            let output = before.nodes()[id.0 as usize].output;
            let channels = *before.shape(output).last().unwrap();
            (0..channels).map(|channel| channel as f64 - 1.5).collect()
        };
        let offsets: BTreeMap<NodeId, Vec<f64>> =
            layers.iter().map(|id| (*id, offset(id))).collect();
        assert!(move_channels(graph, &offsets).is_some());
    });
    let name = |id: &NodeId| graph.nodes()[id.0 as usize].name.clone();
    layers.iter().map(name).collect()
}

fn conv(layers: Layers, kernel: &[usize], padding: Padding) -> Layers {
    layers.conv(kernel, 1, padding)
}

fn finish(layers: Layers) -> Graph {
    let mut graph = layers.finish();
    fuse_activations(&mut graph);
    graph
}

/// The tensors that would be moved, for the layer `first` with `between` behind it.
fn movable_before(between: impl Fn(Layers) -> Layers) -> usize {
    let layers = between(conv(Layers::new(MAP), &[4, 1, 1, 3], Padding::Same));
    moved(&finish(layers)).len()
}

#[test]
fn the_stream_of_a_residual_network_moves_through_its_sums() {
    let stem = conv(Layers::new(MAP), &[4, 3, 3, 3], Padding::Same);
    let stream = stem.last;
    let layers = conv(stem, &[6, 1, 1, 4], Padding::Same).activation(Activation::Relu);
    let mut layers = conv(layers, &[4, 1, 1, 6], Padding::Same);
    let operands = [layers.last, stream];
    let op = Op::Binary(BinaryOp::Add);
    layers.last = layers.graph.add_node("sum", op, &operands).unwrap();
    let pool = Op::Reduce {
        kind: ReduceOp::Mean,
        axes: vec![1, 2],
        keep_dims: true,
    };
    let layers = conv(layers.with("pool", pool, &[]), &[2, 1, 1, 4], Padding::Same);
    // The first and the last layer of the branch; neither the one with a rectifier nor the output.
    assert_eq!(moved(&finish(layers)).len(), 2);
}

#[test]
fn flattened_maps_move_at_each_position() {
    let flat = MAP[1] * MAP[2] * 4;
    let found = movable_before(|layers| {
        let flatten = Op::Reshape {
            shape: vec![1, flat],
        };
        let layers = layers.with("flatten", flatten, &[]);
        layers.with("dense", Op::FullyConnected, &[&[2, flat], &[2]])
    });
    assert_eq!(found, 1);
}

#[test]
fn what_would_notice_an_offset_keeps_a_layer_in_place() {
    let reader = |layers, padding| conv(layers, &[2, 3, 3, 4], padding);
    assert_eq!(movable_before(|layers| reader(layers, Padding::Valid)), 1);
    // Padded positions hold zero, whatever lies beside them.
    assert_eq!(movable_before(|layers| reader(layers, Padding::Same)), 0);
    let behind =
        |activation| movable_before(|layers| reader(layers.activation(activation), Padding::Valid));
    assert_eq!(behind(Activation::Relu), 0);
    assert_eq!(behind(Activation::Sigmoid), 0);
    assert_eq!(movable_before(|layers| layers), 0);
}
