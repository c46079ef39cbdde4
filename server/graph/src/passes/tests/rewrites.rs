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

/// What is added behind a layer joins its bias, which is made where there is none.
#[test]
fn constants_added_behind_a_layer_become_its_bias() {
    let check = |layers: Layers, expected: &[&str]| {
        let channels = *layers.graph.shape(layers.last).last().unwrap();
        let add =
            |layers: Layers, op, shape: &[usize]| layers.with("constant", Op::Binary(op), &[shape]);
        let layers = add(layers, BinaryOp::Add, &[channels]);
        let graph = add(layers, BinaryOp::Subtract, &[]).finish();
        assert_eq!(operators_after(&graph, fold_affine), expected);
    };
    let map = || Layers::new(MAP);
    let same = window(1, Padding::Same);
    let bare = Op::Conv2d {
        window: same,
        groups: 1,
    };
    check(map().conv(&[4, 3, 3, 3], 1, Padding::Same), &["Conv2D"]);
    check(map().with("conv", bare, &[&[4, 3, 3, 3]]), &["Conv2D"]);
    let depthwise = Op::DepthwiseConv2d {
        window: same,
        multiplier: 2,
    };
    check(
        map().with("depthwise", depthwise, &[&[1, 3, 3, 6]]),
        &["DepthwiseConv2D"],
    );
    let transpose = Op::TransposeConv2d {
        stride: [2, 2],
        padding: Padding::Same,
        output_size: [16, 16],
    };
    check(
        map().with("transpose", transpose, &[&[5, 3, 3, 3]]),
        &["TransposeConv2D"],
    );
    check(
        Layers::new(&[1, 6]).with("dense", Op::FullyConnected, &[&[4, 6]]),
        &["FullyConnected"],
    );
    check(
        rectified(map().conv(&[4, 3, 3, 3], 1, Padding::Same)),
        &["Conv2D", "Relu", "BatchNormalization"],
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
