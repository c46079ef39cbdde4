mod groups;
mod offsets;
mod rewrites;

use ndarray::{ArrayD, IxDyn};

use super::*;
use crate::{Activation, BinaryOp, FusedActivation, Padding, Pool, ReduceOp, Window, reference};

/// Deterministic values in (-1, 1) (Knuth's MMIX linear congruential generator).
struct Values(u64);

impl Values {
    fn array(&mut self, shape: &[usize]) -> ArrayD<f32> {
        ArrayD::from_shape_simple_fn(IxDyn(shape), || {
            self.0 = self
                .0
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
    }
}

/// A graph under construction: each method appends a layer to the last one.
struct Layers {
    graph: Graph,
    last: TensorId,
    values: Values,
}

impl Layers {
    fn new(shape: &[usize]) -> Self {
        let mut graph = Graph::new("test");
        let last = graph.add_input("input", shape).unwrap();
        Self {
            graph,
            last,
            values: Values(7),
        }
    }

    fn constant(&mut self, shape: &[usize]) -> TensorId {
        let value = self.values.array(shape).into_shared();
        self.graph.add_constant("constant", value)
    }

    fn with(mut self, name: &str, op: Op, constants: &[&[usize]]) -> Self {
        let mut inputs = vec![self.last];
        for shape in constants {
            inputs.push(self.constant(shape));
        }
        self.last = self.graph.add_node(name, op, &inputs).unwrap();
        self
    }

    fn conv(self, kernel: &[usize], stride: usize, padding: Padding) -> Self {
        let window = window(stride, padding);
        let bias = [kernel[0]];
        self.with("conv", Op::Conv2d { window, groups: 1 }, &[kernel, &bias])
    }

    fn batch_normalization(mut self, name: &str) -> Self {
        let channels = *self.graph.shape(self.last).last().unwrap();
        let mut inputs = vec![self.last];
        inputs.extend([0; 3].map(|_| self.constant(&[channels])));
        let variance = self.values.array(&[channels]).mapv(|v| v * v + 0.1);
        inputs.push(self.graph.add_constant("variance", variance.into_shared()));
        let op = Op::BatchNormalization { epsilon: 1e-3 };
        self.last = self.graph.add_node(name, op, &inputs).unwrap();
        self
    }

    fn activation(self, activation: Activation) -> Self {
        self.with("activation", Op::Activation(activation), &[])
    }

    fn finish(mut self) -> Graph {
        self.graph.set_outputs(&[self.last]);
        self.graph
    }
}

fn window(stride: usize, padding: Padding) -> Window {
    Window {
        stride: [stride; 2],
        dilation: [1, 1],
        padding,
    }
}

/// Runs a pass, compares outputs and returns the operators left.
#[track_caller]
fn operators_after(graph: &Graph, pass: impl Fn(&mut Graph)) -> Vec<String> {
    let mut changed = graph.clone();
    pass(&mut changed);
    let input = Values(99).array(graph.shape(graph.inputs()[0]));
    let expected = reference::evaluate(graph, &[input.view()]).unwrap();
    let actual = reference::evaluate(&changed, &[input.view()]).unwrap();
    for (expected, actual) in expected.iter().zip(&actual) {
        let scale = expected.iter().fold(1.0f32, |m, v| m.max(v.abs()));
        for (a, b) in expected.iter().zip(actual) {
            assert!((a - b).abs() <= 2e-6 * scale, "{a} became {b}");
        }
    }
    changed
        .nodes()
        .iter()
        .map(|node| match node.activation {
            FusedActivation::None => node.op.name().to_owned(),
            activation => format!("{}+{activation:?}", node.op.name()),
        })
        .collect()
}

const MAP: &[usize] = &[1, 8, 8, 3];

#[test]
fn batch_normalization_folds_into_the_layer_in_front() {
    let check = |layers: Layers, expected: &[&str]| {
        let graph = layers.batch_normalization("bn").finish();
        assert_eq!(operators_after(&graph, fold_affine), expected);
    };
    let same = window(2, Padding::Same);
    check(
        Layers::new(MAP).conv(&[4, 3, 3, 3], 2, Padding::Same),
        &["Conv2D"],
    );
    check(
        Layers::new(&[1, 8, 8, 4]).with(
            "grouped",
            Op::Conv2d {
                window: same,
                groups: 2,
            },
            &[&[6, 3, 3, 2]],
        ),
        &["Conv2D"],
    );
    check(
        Layers::new(MAP).with(
            "depthwise",
            Op::DepthwiseConv2d {
                window: same,
                multiplier: 2,
            },
            &[&[1, 3, 3, 6]],
        ),
        &["DepthwiseConv2D"],
    );
    check(
        Layers::new(MAP).with(
            "transpose",
            Op::TransposeConv2d {
                stride: [2, 2],
                padding: Padding::Same,
                output_size: [16, 16],
            },
            &[&[5, 3, 3, 3], &[5]],
        ),
        &["TransposeConv2D"],
    );
    check(
        Layers::new(&[1, 6]).with("dense", Op::FullyConnected, &[&[4, 6], &[4]]),
        &["FullyConnected"],
    );
    // An activation between the two keeps them apart.
    check(
        Layers::new(MAP)
            .conv(&[4, 3, 3, 3], 2, Padding::Same)
            .activation(Activation::Relu),
        &["Conv2D", "Relu", "BatchNormalization"],
    );
}

#[test]
fn affine_functions_fold_into_the_layer_behind_where_padding_allows() {
    let check = |layers: Layers, expected: &[&str]| {
        assert_eq!(operators_after(&layers.finish(), fold_affine), expected);
    };
    let normalized = || Layers::new(MAP).batch_normalization("bn");
    check(
        normalized().conv(&[4, 3, 3, 3], 2, Padding::Valid),
        &["Conv2D"],
    );
    check(
        normalized().conv(&[4, 1, 1, 3], 1, Padding::Same),
        &["Conv2D"],
    );
    // Padding puts zeros behind the offset: folding would change the border.
    check(
        normalized().conv(&[4, 3, 3, 3], 1, Padding::Same),
        &["BatchNormalization", "Conv2D"],
    );
    let rescaled = |op| Layers::new(MAP).with("rescaling", Op::Binary(op), &[&[]]);
    check(
        rescaled(BinaryOp::Multiply).conv(&[4, 3, 3, 3], 1, Padding::Same),
        &["Conv2D"],
    );
    check(
        rescaled(BinaryOp::Divide)
            .with("offset", Op::Binary(BinaryOp::Subtract), &[&[3]])
            .conv(&[4, 3, 3, 3], 1, Padding::Valid),
        &["Conv2D"],
    );
    check(
        Layers::new(MAP).batch_normalization("bn").with(
            "depthwise",
            Op::DepthwiseConv2d {
                window: window(1, Padding::Valid),
                multiplier: 2,
            },
            &[&[1, 3, 3, 6]],
        ),
        &["DepthwiseConv2D"],
    );
    check(
        Layers::new(&[1, 8, 8, 4]).batch_normalization("bn").with(
            "grouped",
            Op::Conv2d {
                window: window(1, Padding::Valid),
                groups: 2,
            },
            &[&[6, 3, 3, 2]],
        ),
        &["Conv2D"],
    );
}

#[test]
fn an_affine_function_with_two_readers_stays() {
    let mut layers = Layers::new(MAP).batch_normalization("bn");
    let shared = layers.last;
    layers = layers.conv(&[3, 3, 3, 3], 1, Padding::Valid);
    let cropped = Op::Slice {
        begin: vec![0, 1, 1, 0],
        size: vec![1, 6, 6, 3],
    };
    let crop = layers.graph.add_node("crop", cropped, &[shared]).unwrap();
    let sum = Op::Binary(BinaryOp::Add);
    layers.last = layers
        .graph
        .add_node("sum", sum, &[layers.last, crop])
        .unwrap();
    assert_eq!(
        operators_after(&layers.finish(), fold_affine),
        ["BatchNormalization", "Conv2D", "Slice", "Add"]
    );
}

#[test]
fn separable_convolutions_split() {
    let graph = Layers::new(MAP)
        .with(
            "separable",
            Op::SeparableConv2d {
                window: window(2, Padding::Same),
                multiplier: 2,
            },
            &[&[1, 3, 3, 6], &[5, 1, 1, 6], &[5]],
        )
        .finish();
    assert_eq!(
        operators_after(&graph, decompose_separable),
        ["DepthwiseConv2D", "Conv2D"]
    );
}

#[test]
fn padding_moves_into_the_convolution_where_both_pad_alike() {
    let check = |size: usize, before: usize, after: usize, expected: &[&str]| {
        let pad = Op::Pad {
            before: vec![0, before, before, 0],
            after: vec![0, after, after, 0],
            value: 0.0,
        };
        let graph = Layers::new(&[1, size, size, 3])
            .with("pad", pad, &[])
            .conv(&[4, 3, 3, 3], 2, Padding::Valid)
            .finish();
        assert_eq!(operators_after(&graph, absorb_padding), expected);
    };
    check(8, 0, 1, &["Conv2D"]);
    check(7, 1, 1, &["Conv2D"]);
    check(8, 1, 1, &["Pad", "Conv2D"]);
    check(8, 1, 0, &["Pad", "Conv2D"]);
}

#[test]
fn relu_fuses_into_its_producer() {
    let check = |layers: Layers, expected: &[&str]| {
        assert_eq!(
            operators_after(&layers.finish(), fuse_activations),
            expected
        );
    };
    let conv = || Layers::new(MAP).conv(&[4, 3, 3, 3], 1, Padding::Same);
    check(conv().activation(Activation::Relu), &["Conv2D+Relu"]);
    check(conv().activation(Activation::Relu6), &["Conv2D+Relu6"]);
    check(conv().activation(Activation::Elu), &["Conv2D", "Elu"]);
    let pool = Pool {
        kernel: [2, 2],
        stride: [2, 2],
        padding: Padding::Valid,
    };
    check(
        Layers::new(MAP)
            .with("pool", Op::AveragePool2d(pool), &[])
            .activation(Activation::Relu),
        &["AveragePool2D+Relu"],
    );
}

#[test]
fn lowering_leaves_what_tflite_has() {
    let check = |layers: Layers, expected: &[&str]| {
        assert_eq!(
            operators_after(&layers.finish(), lower_for_tflite),
            expected
        );
    };
    check(
        Layers::new(MAP).activation(Activation::Swish),
        &["Sigmoid", "Multiply"],
    );
    check(
        Layers::new(MAP).activation(Activation::Square),
        &["Multiply"],
    );
    check(
        Layers::new(MAP).activation(Activation::Negate),
        &["DepthwiseConv2D"],
    );
    check(
        Layers::new(MAP).batch_normalization("bn"),
        &["DepthwiseConv2D"],
    );
    check(
        Layers::new(&[1, 6]).batch_normalization("bn"),
        &["Multiply", "Add"],
    );
    let pool = |kernel: [usize; 2], padding| {
        let stride = [kernel[0]; 2];
        Op::AveragePool2d(Pool {
            kernel,
            stride,
            padding,
        })
    };
    let pooled = |op| Layers::new(&[1, 4, 4, 3]).with("pool", op, &[]);
    check(pooled(pool([4, 4], Padding::Valid)), &["Mean"]);
    check(pooled(pool([5, 5], Padding::Same)), &["Mean"]);
    check(pooled(pool([3, 3], Padding::Valid)), &["AveragePool2D"]);
    check(pooled(pool([4, 2], Padding::Same)), &["AveragePool2D"]);
}

#[test]
fn constants_are_computed() {
    let mut layers = Layers::new(&[1, 4]);
    let (a, b) = (layers.constant(&[4]), layers.constant(&[4]));
    let product = Op::Binary(BinaryOp::Multiply);
    let constant = layers.graph.add_node("product", product, &[a, b]).unwrap();
    let sum = Op::Binary(BinaryOp::Add);
    layers.last = layers
        .graph
        .add_node("sum", sum, &[layers.last, constant])
        .unwrap();
    assert_eq!(operators_after(&layers.finish(), fold_constants), ["Add"]);
}

#[test]
fn unused_nodes_and_identities_go() {
    let reshape = Op::Reshape {
        shape: MAP.to_vec(),
    };
    let mut layers = Layers::new(MAP).with("reshape", reshape, &[]);
    let last = layers.last;
    layers = layers.activation(Activation::Tanh);
    let kept = layers.last;
    layers.last = last;
    layers = layers.activation(Activation::Exp);
    layers.last = kept;
    let graph = layers.finish();
    assert_eq!(operators_after(&graph, remove_unused), ["Reshape", "Tanh"]);
    assert_eq!(operators_after(&graph, remove_identities), ["Tanh", "Exp"]);
}

#[test]
fn a_mobile_network_is_prepared_as_a_whole() {
    let pad = Op::Pad {
        before: vec![0, 0, 0, 0],
        after: vec![0, 1, 1, 0],
        value: 0.0,
    };
    let mean = Op::Reduce {
        kind: ReduceOp::Mean,
        axes: vec![1, 2],
        keep_dims: false,
    };
    let graph = Layers::new(MAP)
        .with("rescaling", Op::Binary(BinaryOp::Multiply), &[&[]])
        .with("pad", pad, &[])
        .conv(&[4, 3, 3, 3], 2, Padding::Valid)
        .batch_normalization("bn")
        .activation(Activation::Relu6)
        .with(
            "depthwise",
            Op::DepthwiseConv2d {
                window: window(1, Padding::Same),
                multiplier: 1,
            },
            &[&[1, 3, 3, 4]],
        )
        .batch_normalization("bn2")
        .activation(Activation::Swish)
        .with("mean", mean, &[])
        .with("dense", Op::FullyConnected, &[&[5, 4], &[5]])
        .with("softmax", Op::Softmax, &[])
        .finish();
    assert_eq!(
        operators_after(&graph, |graph| *graph = prepare(graph)),
        [
            "Conv2D+Relu6",
            "DepthwiseConv2D",
            "Sigmoid",
            "Multiply",
            "Mean",
            "FullyConnected",
            "Softmax"
        ]
    );
}

/// A network with channels first, where every layer transposes its input and its output.
#[test]
fn transpositions_between_layers_vanish() {
    let last = || Op::Transpose {
        permutation: vec![0, 2, 3, 1],
    };
    let first = || Op::Transpose {
        permutation: vec![0, 3, 1, 2],
    };
    let start = Layers::new(&[1, 8, 6, 3])
        .with("first", first(), &[])
        .with("last_1", last(), &[])
        .conv(&[4, 3, 3, 3], 1, Padding::Same)
        .with("first_1", first(), &[])
        .with("relu", Op::Activation(Activation::Relu), &[])
        .with("scaled", Op::Binary(BinaryOp::Multiply), &[&[1]]);
    let skip = start.last;
    let mut layers = start
        .with("last_2", last(), &[])
        .conv(&[4, 3, 3, 4], 1, Padding::Same)
        .with("first_2", first(), &[]);
    let branch = layers.last;
    let graph = &mut layers.graph;
    let add = Op::Binary(BinaryOp::Add);
    let sum = graph.add_node("sum", add, &[branch, skip]).unwrap();
    let join = Op::Concatenate { axis: 1 };
    let joined = graph.add_node("joined", join, &[sum, skip]).unwrap();
    let output = graph.add_node("last_3", last(), &[joined]).unwrap();
    let pooled = Op::Reduce {
        kind: ReduceOp::Mean,
        axes: vec![1, 2],
        keep_dims: false,
    };
    let output = graph.add_node("pooled", pooled, &[output]).unwrap();
    graph.set_outputs(&[output]);

    let mut rewritten = layers.graph.clone();
    cancel_transpositions(&mut rewritten);
    let transposes = |graph: &Graph| {
        let nodes = graph.nodes().iter();
        nodes
            .filter(|node| matches!(node.op, Op::Transpose { .. }))
            .count()
    };
    assert_eq!(transposes(&layers.graph), 6);
    assert_eq!(transposes(&rewritten), 0, "{:?}", rewritten.nodes());
    let input = Values(3).array(&[1, 8, 6, 3]);
    let expected = reference::evaluate(&layers.graph, &[input.view()]).unwrap();
    assert_eq!(
        reference::evaluate(&rewritten, &[input.view()]).unwrap(),
        expected
    );
}

#[test]
fn hard_swish_is_recognized_where_it_is_spelled_out() {
    let check = |summand: f32, factor: f32, divide: bool, expected: bool| {
        let mut layers = Layers::new(&[1, 4, 5, 3]);
        let x = layers.last;
        let graph = &mut layers.graph;
        let number = |graph: &mut Graph, value: f32| {
            graph.add_constant("number", crate::Constant::from_elem(vec![1], value))
        };
        let (three, factor) = (number(graph, summand), number(graph, factor));
        let add = Op::Binary(BinaryOp::Add);
        let shifted = graph.add_node("shifted", add, &[three, x]).unwrap();
        let relu6 = Op::Activation(Activation::Relu6);
        let clipped = graph.add_node("clipped", relu6, &[shifted]).unwrap();
        let scale = Op::Binary(match divide {
            true => BinaryOp::Divide,
            false => BinaryOp::Multiply,
        });
        let gate = graph.add_node("gate", scale, &[clipped, factor]).unwrap();
        let product = Op::Binary(BinaryOp::Multiply);
        let output = graph.add_node("output", product, &[gate, x]).unwrap();
        graph.set_outputs(&[output]);
        let mut rewritten = layers.graph.clone();
        recognize_hard_swish(&mut rewritten);
        assert_eq!(rewritten.nodes().len() == 1, expected);
        let input = Values(5).array(&[1, 4, 5, 3]) * 8.0;
        let [before, after] = [&layers.graph, &rewritten].map(|graph| {
            reference::evaluate(graph, &[input.view()])
                .unwrap()
                .remove(0)
        });
        for (before, after) in before.iter().zip(&after) {
            assert!((before - after).abs() <= 1e-6 * before.abs().max(1.0));
        }
    };
    check(3.0, 1.0 / 6.0, false, true);
    check(3.0, 6.0, true, true);
    check(3.0, 1.0 / 5.0, false, false);
    check(2.0, 6.0, true, false);
}

#[test]
fn nodes_get_names_of_their_own() {
    let mut graph = Graph::new("test");
    let input = graph.add_input("input", &[1, 4]).unwrap();
    let mut last = input;
    for name in ["a", "a", "a_2", "a", "b"] {
        let square = Op::Activation(Activation::Square);
        last = graph.add_node(name, square, &[last]).unwrap();
    }
    graph.set_outputs(&[last]);
    name_apart(&mut graph);
    let names: Vec<&str> = graph
        .nodes()
        .iter()
        .map(|node| node.name.as_str())
        .collect();
    assert_eq!(names, ["a", "a_3", "a_2", "a_4", "b"]);
}
