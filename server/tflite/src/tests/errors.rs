use graph::{Activation, Constant, FusedActivation, Graph, Op, TensorId};
use ndarray::IxDyn;

use super::chain;
use crate::samples::samples;
use crate::{
    ElementType, Encoding, Encodings, QuantizedConstant, QuantizedValues, WriteOptions, write,
};

fn check(graph: &Graph, encodings: &Encodings, expected: &str) {
    let error = write(graph, encodings, &WriteOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

fn single(op: Op, activation: FusedActivation) -> Graph {
    let mut graph = Graph::new("single");
    let x = graph.add_input("x", &[1, 4]).unwrap();
    let y = graph.add_node("y", op, &[x]).unwrap();
    let mut nodes = graph.nodes().to_vec();
    nodes[0].activation = activation;
    graph.set_nodes(nodes);
    graph.set_outputs(&[y]);
    graph
}

#[test]
fn operators_that_tflite_lacks_are_named() {
    check(
        &single(Op::Activation(Activation::Swish), FusedActivation::None),
        &Encodings::float(),
        "layer \"y\" (Swish) has no operator in TFLite; decompose it before writing",
    );
    check(
        &single(Op::Softmax, FusedActivation::Relu),
        &Encodings::float(),
        "layer \"y\" (Softmax) cannot clamp its own output to Relu; \
         keep the activation as a layer of its own",
    );
    check(
        &single(Op::Concatenate { axis: 1 }, FusedActivation::Relu),
        &Encodings::float(),
        "layer \"y\" (Concatenate) cannot clamp its own output to Relu; \
         keep the activation as a layer of its own",
    );
    check(
        &single(Op::Convert, FusedActivation::None),
        &Encodings::float(),
        "layer \"y\" (Convert) converts nothing, because both its tensors are float32",
    );
}

#[test]
fn int8_without_a_kernel_is_refused() {
    let mut refused = Vec::new();
    for sample in samples().unwrap() {
        let encodings = sample.int8_encodings().unwrap();
        let written = write(&sample.graph, &encodings, &WriteOptions::default());
        assert_eq!(written.is_ok(), sample.has_int8_kernel, "{}", sample.name);
        if let Err(error) = written {
            assert!(error.to_string().contains("has no int8 kernel"), "{error}");
            refused.push(sample.name);
        }
    }
    let known = [
        "sqrt",
        "negate",
        "square",
        "divide",
        "divide_constant",
        "divide_relu",
    ];
    assert_eq!(refused, known);
}

#[test]
fn int16_is_refused_where_the_kernel_is_missing_or_wrong() {
    let wide = |graph: &Graph| {
        let mut encodings = Encodings::float();
        for tensor in [TensorId(0), TensorId(1)] {
            let encoding = Encoding::Affine {
                element: ElementType::Int16,
                scale: 0.5,
                zero_point: 0,
            };
            encodings.insert(tensor, encoding);
        }
        write(graph, &encodings, &WriteOptions::default())
    };
    let elu = Op::Activation(Activation::Elu);
    let error = wide(&single(elu, FusedActivation::None)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "layer \"y\" (Elu) has no int16 kernel in the TFLite runtime; \
         keep the layer in float32 or replace it"
    );
    let relu = Op::Activation(Activation::Relu);
    assert!(wide(&single(relu, FusedActivation::None)).is_ok());
}

#[test]
fn operators_that_clamp_their_output_are_written_so() {
    for sample in samples().unwrap() {
        let mut nodes = sample.graph.nodes().to_vec();
        for node in &mut nodes {
            if node.op.opcode().traits().clamps {
                node.activation = FusedActivation::Relu6;
            }
        }
        let mut graph = sample.graph;
        graph.set_nodes(nodes);
        let written = write(&graph, &Encodings::float(), &WriteOptions::default());
        assert!(written.is_ok(), "{}: {written:?}", sample.name);
    }
}

#[test]
fn unequal_scales_are_refused_where_the_kernel_does_not_rescale() {
    let reshape = Op::Reshape { shape: vec![4] };
    let graph = single(reshape, FusedActivation::None);
    let mut encodings = Encodings::float();
    encodings.insert_int8(TensorId(0), 0.5, 0);
    encodings.insert_int8(TensorId(1), 0.25, 0);
    check(
        &graph,
        &encodings,
        "layer \"y\" (Reshape) does not rescale, so \"x\" and \"y\" need one scale and zero point",
    );
}

#[test]
fn functions_with_a_fixed_scale_insist_on_it() {
    let (graph, [x, y, z]) = chain();
    let mut encodings = Encodings::float();
    encodings.insert_int8(x, 0.5, 0);
    encodings.insert_int8(y, 0.5, 0);
    encodings.insert_int8(z, 0.5, 0);
    check(
        &graph,
        &encodings,
        "layer \"z\" (Tanh) needs an output with scale 0.0078125 and zero point 0",
    );
}

#[test]
fn float_and_quantized_tensors_do_not_mix() {
    let (graph, [_, y, _]) = chain();
    let mut encodings = Encodings::float();
    encodings.insert_int8(y, 0.5, 0);
    check(
        &graph,
        &encodings,
        "layer \"y\" (Relu) mixes float32 \"x\" with int8 \"y\"; put a conversion between them",
    );
}

#[test]
fn encodings_that_do_not_fit_are_named() {
    let affine = |element, scale, zero_point| Encoding::Affine {
        element,
        scale,
        zero_point,
    };
    let quantized = |values: usize, scales: usize| {
        Encoding::Quantized(QuantizedConstant {
            values: QuantizedValues::Int8(vec![0; values]),
            scales: vec![1.0; scales],
            axis: 0,
        })
    };
    for (encoding, problem) in [
        (
            affine(ElementType::Int32, 1.0, 0),
            "int32 does not store quantized activations",
        ),
        (
            affine(ElementType::Int8, 1.0, 128),
            "its zero point 128 is not an int8",
        ),
        (
            affine(ElementType::Int16, 1.0, 1),
            "int16 activations have zero point 0",
        ),
        (
            affine(ElementType::Int8, 0.0, 0),
            "its scale 0e0 is not a positive normal number",
        ),
        (
            affine(ElementType::Int8, f32::NAN, 0),
            "its scale NaN is not a positive normal number",
        ),
        (quantized(5, 1), "5 values are given for 6 elements"),
        (
            quantized(6, 3),
            "3 scales are given for axis 0 of shape [2, 3]",
        ),
    ] {
        let mut graph = Graph::new("constant");
        let constant = graph.add_constant("c", Constant::zeros(IxDyn(&[2, 3])));
        graph.set_outputs(&[constant]);
        let mut encodings = Encodings::float();
        encodings.insert(constant, encoding);
        let expected = format!("tensor \"c\" cannot be stored as asked, because {problem}");
        check(&graph, &encodings, &expected);
    }
}

#[test]
fn tensors_that_nothing_computes_are_named() {
    let (mut graph, _) = chain();
    let nodes = graph.nodes()[1..].to_vec();
    graph.set_nodes(nodes);
    check(
        &graph,
        &Encodings::float(),
        "tensor \"y\" is read, but nothing computes it first",
    );
}
