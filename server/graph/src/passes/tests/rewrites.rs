//! Rewrites that a quantized model profits from.

use super::*;

fn pointwise(layers: Layers, outputs: usize) -> Layers {
    let inputs = *layers.graph.shape(layers.last).last().unwrap();
    layers.conv(&[outputs, 1, 1, inputs], 1, Padding::Valid)
}

fn rectified(layers: Layers) -> Layers {
    layers.activation(Activation::Relu)
}

#[test]
fn linear_layers_become_one() {
    let check = |layers: Layers, expected: &[&str]| {
        assert_eq!(operators_after(&layers.finish(), collapse_linear), expected);
    };
    let map = || Layers::new(MAP);
    check(
        pointwise(map().conv(&[8, 3, 3, 3], 2, Padding::Same), 4),
        &["Conv2D"],
    );
    check(pointwise(pointwise(pointwise(map(), 3), 3), 3), &["Conv2D"]);
    // More weights than the two have together.
    check(
        pointwise(map().conv(&[2, 3, 3, 3], 1, Padding::Same), 9),
        &["Conv2D", "Conv2D"],
    );
    check(
        pointwise(rectified(pointwise(map(), 3)), 3),
        &["Conv2D", "Relu", "Conv2D"],
    );
    check(
        pointwise(map(), 3).conv(&[3, 3, 3, 3], 1, Padding::Same),
        &["Conv2D", "Conv2D"],
    );
    check(
        Layers::new(&[1, 5])
            .with("first", Op::FullyConnected, &[&[4, 5], &[4]])
            .with("second", Op::FullyConnected, &[&[2, 4]]),
        &["FullyConnected"],
    );
}

#[test]
fn a_sum_with_a_convolution_of_the_same_tensor_becomes_one_convolution() {
    let check = |kernel: &[usize], stride: usize, groups: usize, expected: &[&str]| {
        let mut layers = Layers::new(&[1, 8, 8, 4]);
        let input = layers.last;
        let op = Op::Conv2d {
            window: window(stride, Padding::Same),
            groups,
        };
        layers = layers.with("conv", op, &[kernel]);
        let sum = Op::Binary(BinaryOp::Add);
        let operands = [layers.last, input];
        layers.last = layers.graph.add_node("sum", sum, &operands).unwrap();
        let graph = layers.finish();
        assert_eq!(operators_after(&graph, collapse_residual), expected);
    };
    check(&[4, 1, 1, 4], 1, 1, &["Conv2D"]);
    check(&[4, 3, 3, 4], 1, 1, &["Conv2D"]);
    check(&[4, 2, 2, 4], 1, 1, &["Conv2D"]);
    check(&[4, 3, 3, 2], 1, 2, &["Conv2D", "Add"]);
}

/// Largest weight and bias of each output channel of the node at `index`.
fn ranges(graph: &Graph, index: usize) -> Vec<f32> {
    let node = &graph.nodes()[index];
    let kernel = graph.constant(node.inputs[1]).unwrap();
    let axis = if kernel.shape()[0] == 1 { 3 } else { 0 };
    let bias = graph.constant(node.inputs[2]).unwrap();
    kernel
        .axis_iter(ndarray::Axis(axis))
        .zip(bias)
        .map(|(weights, bias)| weights.iter().fold(bias.abs(), |m, w| m.max(w.abs())))
        .collect()
}

/// A rectified chain whose channels were scaled by powers of eight.
fn unbalanced() -> Graph {
    let op = Op::DepthwiseConv2d {
        window: window(1, Padding::Same),
        multiplier: 1,
    };
    let layers = rectified(pointwise(Layers::new(MAP), 4));
    let layers = rectified(layers.with("depthwise", op, &[&[1, 3, 3, 4], &[4]]));
    let mut graph = pointwise(layers, 2).finish();
    fuse_activations(&mut graph);
    for (producer, factors) in [(0, [1.0, 8.0, 64.0, 1.0]), (1, [64.0, 1.0, 1.0, 8.0])] {
        let activations = [FusedActivation::Relu];
        let edge = edges::Edge::leaving(&graph, producer, &activations).unwrap();
        assert!(edge.rescale(&mut graph, &factors));
    }
    graph
}

#[test]
fn layers_are_equalized() {
    let graph = unbalanced();
    let expected = ["Conv2D+Relu", "DepthwiseConv2D+Relu", "Conv2D"];
    assert_eq!(operators_after(&graph, equalize_layers), expected);
    let spread = |graph: &Graph, index: usize| {
        let ranges = ranges(graph, index);
        let largest = ranges.iter().copied().fold(0.0, f32::max);
        let smallest = ranges.iter().copied().fold(f32::INFINITY, f32::min);
        largest / smallest
    };
    let mut equalized = graph.clone();
    equalize_layers(&mut equalized);
    for index in 0..2 {
        assert!(spread(&graph, index) > 30.0);
        let after = spread(&equalized, index);
        assert!(after < 8.0, "{after} in layer {index}");
    }
}

#[test]
fn chains_end_where_scaling_would_change_the_model() {
    let unchanged = |graph: Graph| {
        let mut changed = graph.clone();
        equalize_layers(&mut changed);
        let kernels = |graph: &Graph| -> Vec<_> {
            graph
                .nodes()
                .iter()
                .map(|node| node.inputs.clone())
                .collect()
        };
        kernels(&graph) == kernels(&changed)
    };
    let between = |activation: Activation| {
        let layers = pointwise(Layers::new(MAP), 4).activation(activation);
        let mut graph = pointwise(layers, 2).finish();
        fuse_activations(&mut graph);
        graph
    };
    assert!(!unchanged(between(Activation::Relu)));
    assert!(unchanged(between(Activation::Relu6)));
    assert!(unchanged(between(Activation::Tanh)));
    // The tensor between the two is also an output.
    let first = pointwise(Layers::new(MAP), 4);
    let tapped = first.last;
    let mut layers = pointwise(first, 2);
    let outputs = [tapped, layers.last];
    layers.graph.set_outputs(&outputs);
    assert!(unchanged(layers.graph));
}

#[test]
fn equalization_reaches_over_pooling_and_flattening() {
    let pool = Op::MaxPool2d(Pool {
        kernel: [2, 2],
        stride: [2, 2],
        padding: Padding::Valid,
    });
    let layers = rectified(pointwise(Layers::new(MAP), 4)).with("pool", pool, &[]);
    let flat = Op::Reshape { shape: vec![1, 64] };
    let layers = layers.with("flat", flat, &[]);
    let mut graph = layers
        .with("dense", Op::FullyConnected, &[&[3, 64], &[3]])
        .finish();
    fuse_activations(&mut graph);
    let before = ranges(&graph, 0);
    let expected = ["Conv2D+Relu", "MaxPool2D", "Reshape", "FullyConnected"];
    assert_eq!(operators_after(&graph, equalize_layers), expected);
    equalize_layers(&mut graph);
    assert_ne!(before, ranges(&graph, 0));
}

#[test]
fn wide_channels_are_scaled_to_a_deviation_of_one() {
    let graph = |activation: Activation| {
        let mut layers = pointwise(Layers::new(MAP), 2).batch_normalization("bn");
        let bn = layers.graph.nodes()[1].clone();
        let gamma = ArrayD::from_shape_vec(IxDyn(&[2]), vec![10.0, 0.5]).unwrap();
        let value = layers.graph.add_constant("gamma", gamma.into_shared());
        let mut nodes = layers.graph.nodes().to_vec();
        nodes[1].inputs[1] = value;
        assert_eq!(bn.name, nodes[1].name);
        layers.graph.set_nodes(nodes);
        pointwise(layers.activation(activation), 3).finish()
    };
    let gamma_after = |graph: &Graph| {
        let mut graph = graph.clone();
        equalize_normalized_channels(&mut graph);
        let gamma = graph.constant(graph.nodes()[1].inputs[1]).unwrap();
        gamma.iter().copied().collect::<Vec<f32>>()
    };
    let rectified = graph(Activation::Relu);
    operators_after(&rectified, equalize_normalized_channels);
    let gamma = gamma_after(&rectified);
    // The deviation of max(x, 0) is about 0.58 times that of x where the mean is near zero.
    assert!((1.4..2.2).contains(&gamma[0]), "{gamma:?}");
    assert_eq!(gamma[1], 0.5);
    assert_eq!(gamma_after(&graph(Activation::Relu6)), [10.0, 0.5]);
}

#[test]
fn a_clamp_at_six_moves_to_eight() {
    let layers = pointwise(Layers::new(MAP), 4).activation(Activation::Relu6);
    let mut graph = pointwise(layers, 2).finish();
    fuse_activations(&mut graph);
    let expected = ["Conv2D+Relu", "Minimum", "Conv2D"];
    assert_eq!(operators_after(&graph, bound_to_power_of_two), expected);
    // The last layer's clamp has no layer behind it.
    let layers = pointwise(Layers::new(MAP), 4).activation(Activation::Relu6);
    let mut graph = layers.finish();
    fuse_activations(&mut graph);
    assert_eq!(
        operators_after(&graph, bound_to_power_of_two),
        ["Conv2D+Relu6"]
    );
}
