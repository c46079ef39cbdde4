//! TFLite's rules for scales, on small graphs with known ranges.

use std::sync::atomic::AtomicBool;

use graph::{
    Activation, BinaryOp, Constant, Graph, Op, Pool, ReduceOp, TensorId, Window, reference,
};
use ndarray::{ArrayD, IxDyn};
use tflite::{Encoding, QuantizedValues};

use super::bell;
use crate::{
    ActivationMethod, ActivationSettings, FoundThresholds, InputType, MomentProbe, Observer,
    Options, Precision, QuantizationError, QuantizedModel, Statistics, WeightSettings,
    observations, quantize,
};

const MAP: [usize; 4] = [1, 6, 6, 4];

/// A graph that grows by one node a call.
pub(super) struct Model {
    pub(super) graph: Graph,
    pub(super) input: TensorId,
}

impl Model {
    pub(super) fn new() -> Self {
        let mut graph = Graph::new("model");
        let input = graph.add_input("input", &MAP).unwrap();
        Self { graph, input }
    }

    pub(super) fn add(&mut self, name: &str, op: Op, inputs: &[TensorId]) -> TensorId {
        self.graph.add_node(name, op, inputs).unwrap()
    }

    pub(super) fn constant(&mut self, shape: &[usize], factor: f64) -> TensorId {
        let seed = self.graph.tensors().count() as u32;
        let values = bell(seed, shape.iter().product());
        let values = values.iter().map(|value| (value * factor) as f32).collect();
        let value: Constant = ArrayD::from_shape_vec(IxDyn(shape), values).unwrap().into();
        self.graph.add_constant(format!("constant{seed}"), value)
    }

    /// A 1 x 1 convolution whose weights have about this size.
    pub(super) fn conv(&mut self, name: &str, input: TensorId, factor: f64) -> TensorId {
        let channels = *self.graph.shape(input).last().unwrap();
        let kernel = self.constant(&[4, 1, 1, channels], factor);
        let bias = self.constant(&[4], 0.1);
        let op = Op::Conv2d {
            window: Window::UNIT,
            groups: 1,
        };
        self.add(name, op, &[input, kernel, bias])
    }

    pub(super) fn activation(
        &mut self,
        name: &str,
        activation: Activation,
        input: TensorId,
    ) -> TensorId {
        self.add(name, Op::Activation(activation), &[input])
    }
}

fn images() -> Vec<ArrayD<f32>> {
    (0..4)
        .map(|image| {
            let values = bell(100 + image, MAP.iter().product());
            let values = values.iter().map(|&value| value as f32).collect();
            ArrayD::from_shape_vec(IxDyn(&MAP), values).unwrap()
        })
        .collect()
}

fn statistics(graph: &Graph, observed: &[crate::Observation]) -> Statistics {
    let mut observer = Observer::new(graph, observed);
    for image in images() {
        let values = reference::evaluate_all(graph, &[image.view()]).unwrap();
        for (position, observation) in observed.iter().enumerate() {
            let value = values[observation.tensor.0 as usize].as_ref().unwrap();
            let value = value.as_standard_layout();
            observer
                .observe(position, value.as_slice().unwrap(), 1)
                .unwrap();
        }
    }
    observer.finish()
}

pub(super) fn options(method: ActivationMethod) -> Options {
    Options {
        input_type: InputType::Int8,
        activations: ActivationSettings {
            method,
            ..ActivationSettings::default()
        },
        ..Options::default()
    }
}

pub(super) fn quantized(
    graph: &Graph,
    options: &Options,
) -> Result<QuantizedModel, QuantizationError> {
    let statistics = statistics(graph, &observations(graph));
    let never = AtomicBool::new(false);
    quantize(
        graph,
        &statistics,
        options,
        &mut FoundThresholds::default(),
        1,
        &never,
        &mut |_, _| {},
    )
}

/// Scale and zero point of the output of the node of this name.
pub(super) fn parameters(model: &QuantizedModel, name: &str) -> (f32, i32) {
    let mut nodes = model.graph.nodes().iter();
    let node = nodes.find(|node| node.name == name).unwrap();
    match *model.encodings.get(node.output) {
        Encoding::Affine {
            scale, zero_point, ..
        } => (scale, zero_point),
        ref other => panic!("{name}: {other:?}"),
    }
}

fn operators(model: &QuantizedModel) -> Vec<&str> {
    model
        .graph
        .nodes()
        .iter()
        .map(|node| node.op.name())
        .collect()
}

/// Every kind of range obeys the same rules.
const METHODS: [ActivationMethod; 3] = [
    ActivationMethod::PowerOfTwo,
    ActivationMethod::Symmetric,
    ActivationMethod::Uniform,
];

#[test]
fn operators_that_do_not_rescale_hand_their_parameters_on() {
    let mut model = Model::new();
    let first = model.conv("first", model.input, 1.0);
    let pool = Pool {
        kernel: [2, 2],
        stride: [2, 2],
        padding: graph::Padding::Valid,
    };
    let pooled = model.add("pooled", Op::MaxPool2d(pool), &[first]);
    let reshape = Op::Reshape { shape: vec![1, 36] };
    let flat = model.add("flat", reshape, &[pooled]);
    model.graph.set_outputs(&[flat]);
    for method in METHODS {
        let model = quantized(&model.graph, &options(method)).unwrap();
        assert_eq!(parameters(&model, "pooled"), parameters(&model, "first"));
        assert_eq!(parameters(&model, "flat"), parameters(&model, "first"));
    }
}

#[test]
fn bounded_functions_have_fixed_parameters() {
    let check = |op: Op, expected: (f32, i32)| {
        let mut model = Model::new();
        let first = model.conv("first", model.input, 1.0);
        let bounded = model.add("bounded", op, &[first]);
        model.graph.set_outputs(&[bounded]);
        for method in METHODS {
            let model = quantized(&model.graph, &options(method)).unwrap();
            assert_eq!(parameters(&model, "bounded"), expected);
        }
    };
    check(Op::Softmax, (1.0 / 256.0, -128));
    check(Op::Activation(Activation::Sigmoid), (1.0 / 256.0, -128));
    check(Op::Activation(Activation::Tanh), (1.0 / 128.0, 0));
}

#[test]
fn operands_of_a_concatenation_agree() {
    for method in METHODS {
        // Nobody else reads the small branch, so it takes the common scale from the start.
        let mut model = Model::new();
        let small = model.conv("small", model.input, 0.01);
        let large = model.conv("large", model.input, 10.0);
        let joined = model.add("joined", Op::Concatenate { axis: 3 }, &[small, large]);
        model.graph.set_outputs(&[joined]);
        let free = quantized(&model.graph, &options(method)).unwrap();
        assert_eq!(operators(&free), ["Conv2D", "Conv2D", "Concatenate"]);
        assert_eq!(parameters(&free, "small"), parameters(&free, "joined"));
        assert_eq!(parameters(&free, "large"), parameters(&free, "joined"));

        // A second reader or a fixed scale need a conversion.
        let again = model.conv("again", small, 1.0);
        let gate = model.activation("gate", Activation::Sigmoid, again);
        let rejoined = [gate, large];
        let rejoined = model.add("rejoined", Op::Concatenate { axis: 3 }, &rejoined);
        model.graph.set_outputs(&[joined, rejoined]);
        let bound = quantized(&model.graph, &options(method)).unwrap();
        let conversions = operators(&bound)
            .iter()
            .filter(|&&op| op == "Convert")
            .count();
        assert!(conversions >= 2, "{:?}", operators(&bound));
        assert_eq!(parameters(&bound, "gate"), (1.0 / 256.0, -128));
        for node in bound.graph.nodes() {
            if let Op::Concatenate { .. } = node.op {
                let encoding = bound.encodings.get(node.output);
                assert!(
                    node.inputs
                        .iter()
                        .all(|&x| bound.encodings.get(x) == encoding)
                );
            }
        }
    }
}

#[test]
fn ranges_are_of_the_kind_that_was_asked_for() {
    let mut model = Model::new();
    let first = model.conv("first", model.input, 1.0);
    let rectified = model.activation("rectified", Activation::Relu, first);
    let tailed = model.activation("tailed", Activation::Elu, first);
    model.graph.set_outputs(&[rectified, tailed]);
    let of = |method| quantized(&model.graph, &options(method)).unwrap();
    let power_of_two = of(ActivationMethod::PowerOfTwo);
    for (name, zero_point) in [("first", 0), ("rectified", -128), ("tailed", 0)] {
        let (scale, found) = parameters(&power_of_two, name);
        assert_eq!(scale.log2().fract(), 0.0, "{name}");
        assert_eq!(found, zero_point, "{name}");
    }
    let symmetric = of(ActivationMethod::Symmetric);
    assert_ne!(parameters(&symmetric, "rectified").0.log2().fract(), 0.0);
    assert_eq!(parameters(&symmetric, "tailed").1, 0);
    let uniform = of(ActivationMethod::Uniform);
    assert_eq!(parameters(&uniform, "rectified").1, -128);
    let (scale, zero_point) = parameters(&uniform, "tailed");
    assert!((-128..0).contains(&zero_point) && zero_point != -128);
    assert!(scale < parameters(&symmetric, "tailed").0);
}

#[test]
fn a_small_tail_moves_the_zero_point_if_only_layers_read_it() {
    let shifting = Options {
        shift_negative_ratio: Some(0.05),
        ..Options::default()
    };
    let check = |add_reader: bool, shifted: bool| {
        let mut model = Model::new();
        let wide = model.conv("wide", model.input, 6.0);
        let gate = model.activation("gate", Activation::Sigmoid, wide);
        let swish = model.add("swish", Op::Binary(BinaryOp::Multiply), &[wide, gate]);
        let mean = Op::Reduce {
            kind: ReduceOp::Mean,
            axes: vec![1, 2],
            keep_dims: true,
        };
        let mean = model.add("mean", mean, &[swish]);
        let next = model.conv("next", swish, 1.0);
        let pooled = model.conv("pooled", mean, 1.0);
        let mut outputs = vec![next, pooled];
        if add_reader {
            outputs.push(model.activation("other", Activation::Abs, swish));
        }
        model.graph.set_outputs(&outputs);
        let plain = quantized(&model.graph, &Options::default()).unwrap();
        let found = quantized(&model.graph, &shifting).unwrap();
        let (scale, zero_point) = parameters(&plain, "swish");
        assert_eq!(zero_point, 0);
        let expected = if shifted {
            let steps = (0.278_464_5 / (scale / 2.0)).ceil() as i32;
            (scale / 2.0, -128 + steps)
        } else {
            (scale, zero_point)
        };
        assert_eq!(parameters(&found, "swish"), expected);
        assert_eq!(operators(&found), operators(&plain), "nothing is added");
    };
    check(false, true);
    check(true, false);
}

#[test]
fn the_input_may_end_at_its_largest_value() {
    let mut model = Model::new();
    let first = model.conv("first", model.input, 1.0);
    model.graph.set_outputs(&[first]);
    let scaling = Options {
        input_type: InputType::Int8,
        input_scaling: true,
        ..Options::default()
    };
    let found = quantized(&model.graph, &scaling).unwrap();
    let largest = images()
        .iter()
        .flatten()
        .fold(0.0f32, |m, v| m.max(v.abs()));
    match *found.encodings.get(found.graph.inputs()[0]) {
        Encoding::Affine { scale, .. } => assert!((scale * 127.0 - largest).abs() < 1e-5),
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn a_minimum_that_saturation_applies_is_left_out() {
    let check = |bound: f32, expected: &[&str]| {
        let mut model = Model::new();
        let first = model.conv("first", model.input, 6.0);
        let rectified = model.activation("rectified", Activation::Relu, first);
        let bound = model
            .graph
            .add_constant("bound", Constant::from_elem(vec![1], bound));
        let minimum = Op::Binary(BinaryOp::Minimum);
        let bounded = model.add("bounded", minimum, &[rectified, bound]);
        let last = model.conv("last", bounded, 1.0);
        model.graph.set_outputs(&[last]);
        let options = options(ActivationMethod::PowerOfTwo);
        let found = quantized(&model.graph, &options).unwrap();
        assert_eq!(operators(&found), expected);
    };
    // So many values lie at the bound that the search alone would choose twice as much.
    check(8.0, &["Conv2D", "Relu", "Conv2D"]);
    check(6.0, &["Conv2D", "Relu", "Minimum", "Conv2D"]);
}

#[test]
fn one_scale_for_a_kernel_is_stored_once() {
    let mut model = Model::new();
    let first = model.conv("first", model.input, 1.0);
    model.graph.set_outputs(&[first]);
    let options = Options {
        weights: WeightSettings {
            per_channel: false,
            ..WeightSettings::default()
        },
        ..Options::default()
    };
    let found = quantized(&model.graph, &options).unwrap();
    for &input in &found.graph.nodes().last().unwrap().inputs[1..] {
        match found.encodings.get(input) {
            Encoding::Quantized(constant) => assert_eq!(constant.scales.len(), 1),
            other => panic!("{other:?}"),
        }
    }
}

/// Moments of a layer with weights and a bias that are wrong on purpose come back.
#[test]
fn second_moments_are_restored() {
    let mut model = Model::new();
    let first = model.conv("first", model.input, 1.0);
    model.graph.set_outputs(&[first]);
    let mut found = quantized(&model.graph, &Options::default()).unwrap();
    let kernel = found.graph.nodes().last().unwrap().inputs[1];
    let Encoding::Quantized(mut constant) = found.encodings.get(kernel).clone() else {
        panic!("the kernel is not quantized");
    };
    let original = constant.clone();
    if let QuantizedValues::Int8(values) = &mut constant.values {
        values
            .iter_mut()
            .for_each(|value| *value = (f32::from(*value) * 0.8) as i8);
    }
    found
        .encodings
        .insert(kernel, Encoding::Quantized(constant));
    let probe = MomentProbe::new(&model.graph, &found).unwrap();
    let moments = statistics(&probe.graph, &probe.observations());
    probe.correct(&mut found, &moments);
    let Encoding::Quantized(corrected) = found.encodings.get(kernel) else {
        panic!("the kernel is not quantized");
    };
    for (found, original) in corrected.scales.iter().zip(&original.scales) {
        let factor = found / original;
        assert!((1.22..1.30).contains(&factor), "{factor}");
    }
}

/// Calibration has not seen the tensor that a conversion puts before a layer.
#[test]
fn layers_behind_a_conversion_are_rounded_like_others() {
    let mut model = Model::new();
    let first = model.conv("first", model.input, 1.0);
    let second = model.conv("second", first, 1.0);
    model.graph.set_outputs(&[second]);
    let stored = |precision: Precision| {
        let options = Options {
            precisions: [("second".to_owned(), precision)].into(),
            ..Options::default()
        };
        let found = quantized(&model.graph, &options).unwrap();
        let (kernel, bias) = found.kernel_and_bias("second").unwrap();
        let (kernel, bias) = (
            found.constant(kernel).unwrap(),
            found.constant(bias).unwrap(),
        );
        let steps: Vec<f64> = match &bias.values {
            QuantizedValues::Int8(values) => values.iter().map(|&v| f64::from(v)).collect(),
            QuantizedValues::Int32(values) => values.iter().map(|&v| f64::from(v)).collect(),
            QuantizedValues::Int64(values) => values.iter().map(|&v| v as f64).collect(),
        };
        let steps = steps.iter().zip(&bias.scales);
        let bias: Vec<[f64; 2]> = steps
            .map(|(steps, &scale)| [steps * f64::from(scale), f64::from(scale)])
            .collect();
        (kernel.clone(), bias)
    };
    let ((kernel, bias), (wide, wide_bias)) = (stored(Precision::Int8), stored(Precision::Int16));
    assert_eq!(kernel, wide);
    for ([bias, step], [wide, _]) in bias.iter().zip(&wide_bias) {
        assert!((bias - wide).abs() < 0.51 * step, "{bias} {wide}");
    }
}

#[test]
fn a_cancelled_search_ends_with_an_error() {
    let mut model = Model::new();
    let first = model.conv("first", model.input, 1.0);
    model.graph.set_outputs(&[first]);
    let statistics = statistics(&model.graph, &observations(&model.graph));
    let cancelled = AtomicBool::new(true);
    let result = quantize(
        &model.graph,
        &statistics,
        &Options::default(),
        &mut FoundThresholds::default(),
        1,
        &cancelled,
        &mut |_, _| {},
    );
    assert_eq!(result.err(), Some(QuantizationError::Cancelled));
}
