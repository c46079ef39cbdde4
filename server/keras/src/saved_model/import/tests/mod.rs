//! Graphs made by hand: one for each thing that TensorFlow writes otherwise than one would think.

mod building;

use graph::{Activation, Graph, Op, Padding, reference};
use ndarray::{ArrayD, IxDyn};

use crate::error::ErrorKind;
use building::{Attribute, Builder, Result};

/// Names of the operators of a graph.
fn operators(graph: &Graph) -> Vec<&'static str> {
    graph.nodes().iter().map(|node| node.op.name()).collect()
}

/// Output for an image whose elements are 0, 1, 2, ..
fn output(graph: &Graph) -> Vec<f32> {
    let shape = graph.shape(graph.inputs()[0]).to_vec();
    let count = shape.iter().product::<usize>();
    let x = (0..count).map(|element| element as f32).collect();
    let x = ArrayD::from_shape_vec(IxDyn(&shape), x).unwrap();
    let mut outputs = reference::evaluate(graph, &[x.view()]).unwrap();
    outputs.remove(0).into_iter().collect()
}

fn text(value: &str) -> Attribute {
    Attribute::Text(value.to_owned())
}

const UNIT: &[i64] = &[1, 1, 1, 1];

fn convolution(padding: &str) -> Vec<(&'static str, Attribute)> {
    vec![
        ("strides", Attribute::Integers(UNIT.to_vec())),
        ("padding", text(padding)),
    ]
}

/// Refused with these classes and reasons.
fn check_refused(result: Result, expected: &[(&str, &str)]) {
    let Err(ErrorKind::UnsupportedLayers(layers)) = result else {
        panic!("not refused: {expected:?}");
    };
    let reasons: Vec<String> = layers
        .iter()
        .map(|layer| layer.reason.to_string())
        .collect();
    let found: Vec<(&str, &str)> = layers
        .iter()
        .zip(&reasons)
        .map(|(layer, reason)| (layer.class.as_str(), reason.as_str()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_triple_around_a_convolution_is_its_dilation() {
    // Padding and crops as TensorFlow computes them for "same" and "valid"; the last crops more
    // than it pads.
    let check = |paddings: &[i64], crops: &[i64], expected: &[&str], height: usize| {
        let mut builder = Builder::image(&[1, 7, 7, 1]);
        let block = builder.integers(&[2], &[2, 2]);
        let paddings = builder.integers(&[2, 2], paddings);
        let crops = builder.integers(&[2, 2], crops);
        let kernel = builder.floats(&[3, 3, 1, 1], &[1., 2., 3., 4., 5., 6., 7., 8., 9.]);
        let dealt = builder.node("SpaceToBatchND", &[0, block, paddings], vec![]);
        let convolved = builder.node("Conv2D", &[dealt, kernel], convolution("VALID"));
        let last = builder.node("BatchToSpaceND", &[convolved, block, crops], vec![]);
        let graph = builder.import(last).unwrap().graph;
        assert_eq!(operators(&graph), expected);
        let Some(Op::Conv2d { window, .. }) = graph.nodes().last().map(|node| &node.op) else {
            panic!("no convolution");
        };
        assert_eq!((window.dilation, window.padding), ([2, 2], Padding::Valid));
        assert_eq!(graph.shape(graph.outputs()[0]), [1, height, height, 1]);
    };
    check(&[2, 3, 2, 3], &[0, 1, 0, 1], &["Pad", "Conv2D"], 7);
    check(&[0, 1, 0, 1], &[0, 1, 0, 1], &["Conv2D"], 3);
    check(&[0, 1, 0, 1], &[0, 2, 0, 2], &["Slice", "Conv2D"], 2);
}

#[test]
fn dealing_pixels_out_alone_is_refused() {
    let mut builder = Builder::image(&[1, 4, 4, 1]);
    let block = builder.integers(&[2], &[2, 2]);
    let none = builder.integers(&[2, 2], &[0, 0, 0, 0]);
    let dealt = builder.node("SpaceToBatchND", &[0, block, none], vec![]);
    let relu = builder.node("Relu", &[dealt], vec![]);
    check_refused(
        builder.import(relu),
        &[(
            "SpaceToBatchND",
            "it is only supported around a convolution, as dilation",
        )],
    );
}

#[test]
fn explicit_padding_is_read_in_both_data_formats() {
    let check = |format: &str, paddings: &[i64], channels_first| {
        let mut builder = Builder::image(&[1, 3, 4, 1]);
        builder.channels_first = channels_first;
        let kernel = builder.floats(&[1, 1, 1, 1], &[1.0]);
        let mut attributes = convolution("EXPLICIT");
        attributes.push(("explicit_paddings", Attribute::Integers(paddings.to_vec())));
        attributes.push(("data_format", text(format)));
        let last = builder.node("Conv2D", &[0, kernel], attributes);
        let graph = builder.import(last).unwrap().graph;
        let node = graph.nodes().iter().find(|node| node.op.name() == "Pad");
        let Some(Op::Pad { before, after, .. }) = node.map(|node| &node.op) else {
            panic!("no padding");
        };
        assert_eq!(
            (before.as_slice(), after.as_slice()),
            (&[0, 1, 3, 0][..], &[0, 2, 4, 0][..])
        );
    };
    check("NHWC", &[0, 0, 1, 2, 3, 4, 0, 0], false);
    check("NCHW", &[0, 0, 0, 0, 1, 2, 3, 4], true);
}

#[test]
fn kernels_fit_groups_and_multipliers() {
    let mut builder = Builder::image(&[1, 2, 2, 4]);
    let kernel = builder.floats(&[1, 1, 2, 6], &[1.0; 12]);
    let grouped = builder.node("Conv2D", &[0, kernel], convolution("SAME"));
    let kernel = builder.floats(&[1, 1, 6, 2], &[1.0; 12]);
    let last = builder.node(
        "DepthwiseConv2dNative",
        &[grouped, kernel],
        convolution("SAME"),
    );
    let graph = builder.import(last).unwrap().graph;
    let ops: Vec<&Op> = graph.nodes().iter().map(|node| &node.op).collect();
    assert!(matches!(ops[0], Op::Conv2d { groups: 2, .. }));
    assert!(matches!(ops[1], Op::DepthwiseConv2d { multiplier: 2, .. }));
}

#[test]
fn constants_per_channel_are_batch_normalization() {
    let mut builder = Builder::image(&[1, 1, 1, 2]);
    let variance = builder.floats(&[2], &[3.0, 8.0]);
    let epsilon = builder.floats(&[], &[1.0]);
    let sum = builder.node("AddV2", &[variance, epsilon], vec![]);
    let inverse = builder.node("Rsqrt", &[sum], vec![]);
    let gamma = builder.floats(&[2], &[2.0, 6.0]);
    let scale = builder.node("Mul", &[inverse, gamma], vec![]);
    let scaled = builder.node("Mul", &[0, scale], vec![]);
    let mean = builder.floats(&[2], &[1.0, 1.0]);
    let beta = builder.floats(&[2], &[0.5, 0.25]);
    let shift = builder.node("Mul", &[mean, scale], vec![]);
    let offset = builder.node("Sub", &[beta, shift], vec![]);
    let last = builder.node("AddV2", &[scaled, offset], vec![]);
    let graph = builder.import(last).unwrap().graph;
    assert_eq!(operators(&graph), ["BatchNormalization"]);
    // (0 - 1) * 2 / sqrt(4) + 0.5 and (1 - 1) * 6 / sqrt(9) + 0.25
    assert_eq!(output(&graph), [-0.5, 0.25]);
}

/// Draws a function of tensor 0 and gives the operators that it became.
fn recognised(draw: impl Fn(&mut Builder) -> usize) -> Vec<Op> {
    let mut builder = Builder::image(&[1, 2, 2, 3]);
    let last = draw(&mut builder);
    let graph = builder.import(last).unwrap().graph;
    graph.nodes().iter().map(|node| node.op.clone()).collect()
}

#[test]
fn gates_are_activations() {
    let check = |expected: Activation, draw: fn(&mut Builder) -> usize| {
        assert_eq!(recognised(draw), [Op::Activation(expected)]);
    };
    check(Activation::Swish, |b| {
        let gate = b.node("Sigmoid", &[0], vec![]);
        b.node("Mul", &[gate, 0], vec![])
    });
    check(Activation::HardSwish, |b| {
        let gate = b.with_number("AddV2", 0, 3.0);
        let gate = b.node("Relu6", &[gate], vec![]);
        let product = b.node("Mul", &[0, gate], vec![]);
        b.with_number("RealDiv", product, 6.0)
    });
    // tf.nn.gelu of TensorFlow 2.15.
    check(Activation::Gelu { approximate: false }, |b| {
        let half = b.with_number("Mul", 0, 0.5);
        let inner = b.with_number("RealDiv", 0, std::f32::consts::SQRT_2);
        let erf = b.node("Erf", &[inner], vec![]);
        let gate = b.with_number("AddV2", erf, 1.0);
        b.node("Mul", &[half, gate], vec![])
    });
    // keras.activations.gelu of Keras 3.
    check(Activation::Gelu { approximate: false }, |b| {
        let negative = b.node("Neg", &[0], vec![]);
        let inner = b.with_number("Mul", negative, std::f32::consts::FRAC_1_SQRT_2);
        let erfc = b.node("Erfc", &[inner], vec![]);
        let product = b.node("Mul", &[0, erfc], vec![]);
        b.with_number("RealDiv", product, 2.0)
    });
    check(Activation::Gelu { approximate: true }, |b| {
        let cube = b.with_number("Pow", 0, 3.0);
        let cube = b.with_number("Mul", cube, 0.044715);
        let inner = b.node("AddV2", &[0, cube], vec![]);
        let inner = b.with_number("Mul", inner, 0.797_884_6);
        let tanh = b.node("Tanh", &[inner], vec![]);
        let gate = b.with_number("AddV2", tanh, 1.0);
        let half = b.with_number("Mul", 0, 0.5);
        b.node("Mul", &[half, gate], vec![])
    });
    check(Activation::LeakyRelu { alpha: 0.25 }, |b| {
        let positive = b.node("Relu", &[0], vec![]);
        let negative = b.node("Neg", &[0], vec![]);
        let negative = b.node("Relu", &[negative], vec![]);
        let negative = b.with_number("Mul", negative, 0.25);
        b.node("Sub", &[positive, negative], vec![])
    });
    check(Activation::Relu6, |b| {
        let low = b.with_number("Minimum", 0, 6.0);
        b.with_number("Maximum", low, 0.0)
    });
}

#[test]
fn what_is_nearly_a_gate_is_none() {
    // x * sigmoid(2 x), x * relu6(x + 2) / 6 and a GELU with another slope.
    let swish = recognised(|b| {
        let double = b.with_number("Mul", 0, 2.0);
        let gate = b.node("Sigmoid", &[double], vec![]);
        b.node("Mul", &[gate, 0], vec![])
    });
    assert_eq!(swish.len(), 3, "{swish:?}");
    let hard_swish = recognised(|b| {
        let gate = b.with_number("AddV2", 0, 2.0);
        let gate = b.node("Relu6", &[gate], vec![]);
        let product = b.node("Mul", &[0, gate], vec![]);
        b.with_number("RealDiv", product, 6.0)
    });
    assert_eq!(hard_swish.len(), 4, "{hard_swish:?}");
    let mut builder = Builder::image(&[1, 2, 2, 3]);
    let erf = builder.node("Erf", &[0], vec![]);
    let gate = builder.with_number("AddV2", erf, 1.0);
    let half = builder.with_number("Mul", 0, 0.5);
    let last = builder.node("Mul", &[half, gate], vec![]);
    check_refused(
        builder.import(last),
        &[(
            "Erf",
            "the error function is only supported as part of GELU",
        )],
    );
}

/// `exp(x - reduce_logsumexp(x, axes))` of TensorFlow, on an image of 2 x 2 pixels.
fn exponential_of_difference(b: &mut Builder, axes: &[i64]) -> usize {
    let axes = b.integers(&[axes.len()], axes);
    let keep = || vec![("keep_dims", Attribute::Boolean(true))];
    let largest = b.node("Max", &[0, axes], keep());
    let finite = b.node("IsFinite", &[largest], vec![]);
    let zero = b.floats(&[], &[0.0]);
    let shift = b.node("SelectV2", &[finite, largest, zero], vec![]);
    let shifted = b.node("Sub", &[0, shift], vec![]);
    let exponential = b.node("Exp", &[shifted], vec![]);
    let sum = b.node("Sum", &[exponential, axes], keep());
    let log = b.node("Log", &[sum], vec![]);
    let denominator = b.node("AddV2", &[log, shift], vec![]);
    let difference = b.node("Sub", &[0, denominator], vec![]);
    b.node("Exp", &[difference], vec![])
}

#[test]
fn a_softmax_over_several_axes_is_one_over_all_their_positions() {
    let names = |axes: &[i64]| {
        let ops = recognised(|b| exponential_of_difference(b, axes));
        ops.iter().map(Op::name).collect::<Vec<_>>()
    };
    assert_eq!(names(&[2, 3]), ["Reshape", "Softmax", "Reshape"]);
    // Over rows and columns the steps stay what they are.
    let expected = [
        "ReduceMax",
        "Subtract",
        "Exp",
        "Sum",
        "Log",
        "Add",
        "Subtract",
        "Exp",
    ];
    assert_eq!(names(&[1, 2]), expected);
    let mut builder = Builder::image(&[1, 2, 2, 3]);
    let axis = builder.integers(&[1], &[3]);
    let largest = builder.node("Max", &[0, axis], vec![]);
    let finite = builder.node("IsFinite", &[largest], vec![]);
    let reason = "it is only supported as part of a softmax over several axes";
    check_refused(builder.import(finite), &[("IsFinite", reason)]);
}

#[test]
fn slopes_of_their_own_are_prelu() {
    let ops = recognised(|b| {
        let alpha = b.floats(&[1, 1, 3], &[0.1, 0.2, 0.3]);
        let alpha = b.node("Neg", &[alpha], vec![]);
        let positive = b.node("Relu", &[0], vec![]);
        let negative = b.node("Neg", &[0], vec![]);
        let negative = b.node("Relu", &[negative], vec![]);
        let negative = b.node("Mul", &[alpha, negative], vec![]);
        b.node("AddV2", &[positive, negative], vec![])
    });
    assert_eq!(ops, [Op::PRelu]);
}

#[test]
fn statistics_of_the_image_are_subtracted_first() {
    let ops = recognised(|b| {
        let axis = b.integers(&[1], &[3]);
        let keep = || vec![("keep_dims", Attribute::Boolean(true))];
        let mean = b.node("Mean", &[0, axis], keep());
        let square = b.node("SquaredDifference", &[0, mean], vec![]);
        let variance = b.node("Mean", &[square, axis], keep());
        let shifted = b.with_number("AddV2", variance, 0.001);
        let inverse = b.node("Rsqrt", &[shifted], vec![]);
        let gamma = b.floats(&[3], &[1.0, 2.0, 3.0]);
        let factor = b.node("Mul", &[inverse, gamma], vec![]);
        let scaled = b.node("Mul", &[0, factor], vec![]);
        let shift = b.node("Mul", &[mean, factor], vec![]);
        let beta = b.floats(&[3], &[0.1, 0.2, 0.3]);
        let offset = b.node("Sub", &[beta, shift], vec![]);
        b.node("AddV2", &[scaled, offset], vec![])
    });
    let names: Vec<&str> = ops.iter().map(Op::name).collect();
    // The difference is computed once, for the variance and for the result.
    let expected = [
        "Mean", "Subtract", "Square", "Mean", "Add", "Rsqrt", "Multiply", "Multiply", "Add",
    ];
    assert_eq!(names, expected);
}

#[test]
fn batch_normalization_needs_fixed_statistics() {
    let build = |is_training| {
        let mut builder = Builder::image(&[1, 2, 2, 3]);
        let parameter = builder.floats(&[3], &[1.0, 2.0, 3.0]);
        let attributes = vec![
            ("is_training", Attribute::Boolean(is_training)),
            ("epsilon", Attribute::Float(0.5)),
        ];
        let inputs = [0, parameter, parameter, parameter, parameter];
        let last = builder.node("FusedBatchNormV3", &inputs, attributes);
        builder.import(last)
    };
    let graph = build(false).unwrap().graph;
    assert_eq!(graph.nodes()[0].op, Op::BatchNormalization { epsilon: 0.5 });
    check_refused(
        build(true),
        &[(
            "FusedBatchNormV3",
            "it normalizes by the statistics of the batch, build the model with training=False",
        )],
    );
}

#[test]
fn slices_take_steps_and_go_backwards() {
    let check = |begin: &[i64], end: &[i64], strides: &[i64], masks: [i64; 3], expected: &[f32]| {
        let mut builder = Builder::image(&[1, 3, 1, 2]);
        let bounds = [begin, end, strides].map(|list| builder.integers(&[list.len()], list));
        let attributes = ["begin_mask", "end_mask", "ellipsis_mask"]
            .iter()
            .zip(masks);
        let attributes = attributes.map(|(&name, mask)| (name, Attribute::Integer(mask)));
        let inputs = [0, bounds[0], bounds[1], bounds[2]];
        let last = builder.node("StridedSlice", &inputs, attributes.collect());
        let graph = builder.import(last).unwrap().graph;
        assert_eq!(output(&graph), expected);
    };
    // x[:, 1:]
    check(&[0, 1], &[0, 0], &[1, 1], [1, 3, 0], &[2., 3., 4., 5.]);
    // x[:, ::2]
    check(&[0, 0], &[0, 0], &[1, 2], [3, 3, 0], &[0., 1., 4., 5.]);
    // x[..., ::-1], from RGB to BGR
    check(
        &[0, 0],
        &[0, 0],
        &[1, -1],
        [3, 3, 1],
        &[1., 0., 3., 2., 5., 4.],
    );
    // x[:, -1:0:-1]
    check(&[0, -1], &[0, 0], &[1, -1], [1, 1, 0], &[4., 5., 2., 3.]);
}

#[test]
fn equations_become_matrix_products() {
    let check = |equation: &str, kernel: &[usize], expected: &[&str], shape: &[usize]| {
        let mut builder = Builder::image(&[1, 2, 3]);
        let count = kernel.iter().product();
        let kernel = builder.floats(kernel, &vec![1.0; count]);
        let attributes = vec![("equation", text(equation))];
        let last = builder.node("Einsum", &[0, kernel], attributes);
        let graph = builder.import(last).unwrap().graph;
        assert_eq!(operators(&graph), expected, "{equation}");
        assert_eq!(graph.shape(graph.outputs()[0]), shape, "{equation}");
    };
    let (dense, reshape) = ("FullyConnected", "Reshape");
    check("abc,cd->abd", &[3, 4], &[dense], &[1, 2, 4]);
    check("...c,dc->...d", &[4, 3], &[dense], &[1, 2, 4]);
    check(
        "abc,cde->abde",
        &[3, 2, 5],
        &[dense, reshape],
        &[1, 2, 2, 5],
    );
    check("abc,bcd->ad", &[2, 3, 4], &[reshape, dense], &[1, 4]);
    check("abc,cd->dab", &[3, 4], &[dense, "Transpose"], &[4, 1, 2]);
    // A matrix for each position.
    let mut builder = Builder::image(&[1, 2, 3]);
    let kernel = builder.floats(&[2, 3, 4], &[1.0; 24]);
    let attributes = vec![("equation", text("abc,bcd->abd"))];
    let last = builder.node("Einsum", &[0, kernel], attributes);
    let graph = builder.import(last).unwrap().graph;
    assert!(operators(&graph).contains(&"BatchMatMul"));
    assert_eq!(graph.shape(graph.outputs()[0]), [1, 2, 4]);
    assert_eq!(output(&graph), [3., 3., 3., 3., 12., 12., 12., 12.]);
}

#[test]
fn everything_that_is_unsupported_is_told_at_once() {
    let mut builder = Builder::image(&[1, 4, 4, 3]);
    let paddings = builder.integers(&[4, 2], &[0, 0, 1, 1, 1, 1, 0, 0]);
    let mirrored = builder.node("MirrorPad", &[0, paddings], vec![]);
    let size = builder.integers(&[2], &[7, 7]);
    let resized = builder.node("ResizeBilinear", &[0, size], vec![]);
    let joined = builder.node("AddV2", &[mirrored, resized], vec![]);
    let looped = builder.node("StatelessWhile", &[joined], vec![]);
    let last = builder.node("Mystery", &[looped], vec![]);
    check_refused(
        builder.import(last),
        &[
            ("MirrorPad", "its mode is missing"),
            ("ResizeBilinear", "it resizes without half-pixel centres"),
            ("StatelessWhile", "it is part of a loop or a branch"),
            (
                "Mystery",
                "the TensorFlow operator Mystery is not supported",
            ),
        ],
    );
}

#[test]
fn what_the_output_does_not_need_is_no_problem() {
    let mut builder = Builder::image(&[1, 4, 4, 3]);
    let noise = builder.node("StatelessRandomUniformV2", &[0], vec![]);
    let shape = builder.node("Shape", &[0], vec![]);
    let last = builder.node("Reshape", &[0, shape], vec![]);
    assert!(noise < last);
    let last = builder.node("Relu", &[last], vec![]);
    assert_eq!(operators(&builder.import(last).unwrap().graph), ["Relu"]);
}

#[test]
fn small_files_do_not_make_large_constants() {
    let check = |draw: fn(&mut Builder) -> usize| {
        let mut builder = Builder::image(&[1, 4, 4, 3]);
        let large = draw(&mut builder);
        let last = builder.node("AddV2", &[0, large], vec![]);
        let result = builder.import(last);
        assert!(
            matches!(result, Err(ErrorKind::Limit { .. })),
            "{:?}",
            result.err()
        );
    };
    check(|b| {
        let shape = b.integers(&[2], &[1 << 20, 1 << 20]);
        let zero = b.floats(&[], &[0.0]);
        b.node("Fill", &[shape, zero], vec![])
    });
    check(|b| {
        let x = b.floats(&[1, 2], &[0.0, 1.0]);
        let multiples = b.integers(&[2], &[1 << 40, 1]);
        b.node("Tile", &[x, multiples], vec![])
    });
    check(|b| {
        let shape = b.integers(&[2], &[1 << 12, 1]);
        let number = b.floats(&[], &[1.0]);
        let column = b.node("Fill", &[shape, number], vec![]);
        let shape = b.integers(&[1], &[1 << 12]);
        let row = b.node("Fill", &[shape, number], vec![]);
        b.node("Mul", &[column, row], vec![])
    });
    // Each for itself would do.
    check(|b| {
        let shape = b.integers(&[1], &[1 << 22]);
        let number = b.floats(&[], &[1.0]);
        let parts: Vec<usize> = (0..3)
            .map(|_| b.node("Fill", &[shape, number], vec![]))
            .collect();
        b.node("AddN", &parts, vec![])
    });
}

#[test]
fn inspecting_needs_no_weights() {
    let mut builder = Builder::image(&[1, 4, 4, 3]);
    let kernel = builder.floats(&[3, 3, 3, 8], &[1.0; 216]);
    let last = builder.node("Conv2D", &[0, kernel], convolution("SAME"));
    builder.weights = false;
    let imported = builder.import(last).unwrap();
    assert!(imported.graph.nodes().is_empty());
    assert_eq!(imported.output_shape, [1, 4, 4, 8]);
    assert_eq!(imported.layers[0].macs, Some(16 * 216));
}
