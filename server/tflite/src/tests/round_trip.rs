use graph::{BinaryOp, Constant, Graph, Op, TensorId};
use ndarray::{Array1, IxDyn};

use super::{chain, files, write_plainly};
use crate::samples::samples;
use crate::{
    Builtin, ElementType, Encoding, Encodings, File, OperatorKind, OptionValue, WriteOptions, read,
    write,
};

/// The tensor of a graph in a file, which has its name.
fn find<'f, 'a>(file: &'f File<'a>, graph: &Graph, id: TensorId) -> &'f crate::Tensor<'a> {
    let name = &graph.tensor(id).name;
    let position = file.find(name);
    &file.tensors[position.unwrap_or_else(|| panic!("no tensor {name}"))]
}

#[test]
fn every_tensor_comes_back_as_it_was_encoded() {
    for (sample, encodings, bytes) in files() {
        let file = read(&bytes).unwrap();
        let graph = &sample.graph;
        assert_eq!(file.name, sample.name);
        for (id, tensor) in graph.tensors() {
            let written = find(&file, graph, id);
            let name = format!("{}: {}", sample.name, tensor.name);
            assert_eq!(written.shape, tensor.shape, "{name}");
            let (scales, zero_point, axis) = match encodings.get(id) {
                Encoding::Float32 => (vec![], 0, 0),
                Encoding::Affine {
                    scale, zero_point, ..
                } => (vec![*scale], *zero_point, 0),
                Encoding::Quantized(constant) => (constant.scales.clone(), 0, constant.axis),
            };
            assert_eq!(written.element, encodings.get(id).element(), "{name}");
            match &written.quantization {
                None => assert!(scales.is_empty(), "{name}"),
                Some(quantization) => {
                    assert_eq!(quantization.scales, scales, "{name}");
                    assert_eq!(
                        quantization.zero_points,
                        vec![i64::from(zero_point); scales.len()]
                    );
                    assert_eq!(quantization.axis, axis, "{name}");
                }
            }
            assert_eq!(written.data.is_empty(), tensor.constant.is_none(), "{name}");
            if let (Some(constant), Encoding::Float32) = (&tensor.constant, encodings.get(id)) {
                let bytes: Vec<u8> = constant.iter().flat_map(|v| v.to_le_bytes()).collect();
                assert_eq!(written.data, bytes, "{name}");
            }
        }
    }
}

#[test]
fn inputs_outputs_and_the_signature_name_the_same_tensors() {
    for (sample, _, bytes) in files() {
        let file = read(&bytes).unwrap();
        let names = |positions: &[usize]| -> Vec<&str> {
            positions.iter().map(|&at| file.tensors[at].name).collect()
        };
        let expected = |ids: &[TensorId]| -> Vec<String> {
            ids.iter()
                .map(|&id| sample.graph.tensor(id).name.clone())
                .collect()
        };
        assert_eq!(names(&file.inputs), expected(sample.graph.inputs()));
        assert_eq!(names(&file.outputs), expected(sample.graph.outputs()));
        let [signature] = file.signatures.as_slice() else {
            panic!("{}: {:?}", sample.name, file.signatures);
        };
        assert_eq!(signature.key, "serving_default");
        let positions = |entries: &[(&str, usize)]| -> Vec<usize> {
            entries
                .iter()
                .map(|&(name, at)| {
                    assert_eq!(file.tensors[at].name, name);
                    at
                })
                .collect()
        };
        assert_eq!(positions(&signature.inputs), file.inputs);
        assert_eq!(positions(&signature.outputs), file.outputs);
    }
}

#[test]
fn data_begins_at_multiples_of_sixteen() {
    for (sample, _, bytes) in files() {
        let file = read(&bytes).unwrap();
        for tensor in file.tensors.iter().filter(|tensor| !tensor.data.is_empty()) {
            let offset = tensor.data.as_ptr() as usize - bytes.as_ptr() as usize;
            assert_eq!(offset % 16, 0, "{}: {}", sample.name, tensor.name);
        }
    }
}

/// Operator, version in float, version in `int8` of each sample.
#[test]
fn every_sample_has_the_operator_and_version_of_the_converter() {
    let versions = [
        ("conv2d", Builtin::Conv2d, 1, 3),
        ("conv2d_grouped", Builtin::Conv2d, 6, 6),
        ("depthwise", Builtin::DepthwiseConv2d, 1, 3),
        (
            "depthwise_multiplier_dilated",
            Builtin::DepthwiseConv2d,
            2,
            3,
        ),
        ("transpose_conv", Builtin::TransposeConv, 3, 3),
        ("transpose_conv_no_bias", Builtin::TransposeConv, 1, 2),
        ("transpose_conv_relu", Builtin::TransposeConv, 4, 4),
        ("fully_connected", Builtin::FullyConnected, 1, 4),
        ("fully_connected_keep_dims", Builtin::FullyConnected, 5, 5),
        ("batch_matmul", Builtin::BatchMatMul, 1, 2),
        ("average_pool", Builtin::AveragePool2d, 1, 2),
        ("max_pool", Builtin::MaxPool2d, 1, 2),
        ("resize_nearest_up", Builtin::ResizeNearestNeighbor, 3, 3),
        ("resize_bilinear_up", Builtin::ResizeBilinear, 3, 3),
        ("relu", Builtin::Relu, 1, 2),
        ("leaky_relu", Builtin::LeakyRelu, 1, 1),
        ("log", Builtin::Log, 1, 2),
        ("hard_swish", Builtin::HardSwish, 1, 1),
        ("gelu", Builtin::Gelu, 1, 2),
        ("sigmoid", Builtin::Logistic, 1, 2),
        ("prelu", Builtin::PRelu, 1, 1),
        ("softmax", Builtin::Softmax, 1, 2),
        ("add", Builtin::Add, 1, 2),
        ("subtract", Builtin::Sub, 1, 2),
        ("multiply", Builtin::Mul, 1, 2),
        ("maximum", Builtin::Maximum, 1, 2),
        ("concatenate", Builtin::Concatenation, 1, 2),
        ("mean", Builtin::Mean, 1, 2),
        ("sum", Builtin::Sum, 1, 2),
        ("reduce_max", Builtin::ReduceMax, 1, 2),
        ("reduce_min", Builtin::ReduceMin, 1, 2),
        ("pad", Builtin::Pad, 1, 2),
        ("pad_value", Builtin::PadV2, 1, 2),
        ("slice", Builtin::Slice, 1, 2),
        ("reshape", Builtin::Reshape, 1, 1),
        ("transpose", Builtin::Transpose, 1, 2),
    ];
    let files = files();
    for (name, builtin, float, int8) in versions {
        let found: Vec<(OperatorKind, i32)> = files
            .iter()
            .filter(|(sample, ..)| sample.name == name)
            .map(|(.., bytes)| {
                let operators = read(bytes).unwrap().operators;
                // `OperatorKind` borrows from the file only for custom operators.
                match operators[0].kind {
                    OperatorKind::Builtin(builtin) => {
                        (OperatorKind::Builtin(builtin), operators[0].version)
                    }
                    other => panic!("{name}: {other:?}"),
                }
            })
            .collect();
        let kind = OperatorKind::Builtin(builtin);
        assert_eq!(found, [(kind, float), (kind, int8)], "{name}");
    }
}

#[test]
fn options_hold_what_the_node_says() {
    let int = OptionValue::Int;
    let files = files();
    let check = |sample: &str, option: &str, expected: OptionValue| {
        for (_, _, bytes) in files.iter().filter(|(s, ..)| s.name == sample) {
            let file = read(bytes).unwrap();
            let options = file.operators[0].options.as_ref().unwrap();
            assert_eq!(options.get(option), Some(&expected), "{sample}: {option}");
        }
    };
    check("conv2d", "padding", OptionValue::Name("SAME"));
    check("conv2d", "stride_h", int(2));
    check("conv2d", "stride_w", int(1));
    check("conv2d_dilated_relu6", "dilation_h_factor", int(2));
    check(
        "conv2d_dilated_relu6",
        "fused_activation_function",
        OptionValue::Name("RELU6"),
    );
    check(
        "depthwise",
        "fused_activation_function",
        OptionValue::Name("RELU"),
    );
    check("depthwise_multiplier_dilated", "depth_multiplier", int(2));
    check("transpose_conv", "stride_h", int(2));
    check("max_pool", "filter_height", int(3));
    check("max_pool", "filter_width", int(2));
    check("max_pool", "padding", OptionValue::Name("VALID"));
    check("fully_connected", "keep_num_dims", OptionValue::Bool(false));
    check(
        "fully_connected_keep_dims",
        "keep_num_dims",
        OptionValue::Bool(true),
    );
    check("batch_matmul_transposed", "adj_y", OptionValue::Bool(true));
    check(
        "resize_nearest_up",
        "half_pixel_centers",
        OptionValue::Bool(true),
    );
    check(
        "resize_bilinear_up",
        "align_corners",
        OptionValue::Bool(false),
    );
    check("leaky_relu", "alpha", OptionValue::Float(0.2));
    check("gelu_approximate", "approximate", OptionValue::Bool(true));
    check("softmax", "beta", OptionValue::Float(1.0));
    check(
        "add_relu",
        "fused_activation_function",
        OptionValue::Name("RELU"),
    );
    check("concatenate", "axis", int(3));
    check("mean_keep_dims", "keep_dims", OptionValue::Bool(true));
    check("reshape", "new_shape", OptionValue::Ints(vec![1, 120]));
}

#[test]
fn convolutions_without_bias_get_one_of_zeros() {
    for (sample, encodings, bytes) in files() {
        if !matches!(sample.name, "conv2d_no_bias" | "depthwise_no_bias") {
            continue;
        }
        let file = read(&bytes).unwrap();
        let [Some(x), Some(kernel), Some(bias)] = file.operators[0].inputs[..] else {
            panic!("{}: {:?}", sample.name, file.operators[0].inputs);
        };
        let [x, kernel, bias] = [x, kernel, bias].map(|at| &file.tensors[at]);
        assert!(!bias.data.is_empty() && bias.data.iter().all(|&byte| byte == 0));
        if encodings == Encodings::float() {
            assert_eq!(bias.element, ElementType::Float32);
            continue;
        }
        assert_eq!(bias.element, ElementType::Int32);
        let scales = |tensor: &crate::Tensor| tensor.quantization.clone().unwrap().scales;
        let products: Vec<f32> = scales(kernel).iter().map(|s| s * scales(x)[0]).collect();
        assert_eq!(scales(bias), products);
    }
}

#[test]
fn conversions_depend_on_both_encodings() {
    let mut graph = Graph::new("conversions");
    let mut tensors = vec![graph.add_input("x", &[1, 4]).unwrap()];
    for name in ["to_uint8", "to_int8", "to_float"] {
        let last = tensors[tensors.len() - 1];
        tensors.push(graph.add_node(name, Op::Convert, &[last]).unwrap());
    }
    graph.set_outputs(&tensors[3..]);
    let mut encodings = Encodings::float();
    encodings.insert(
        tensors[1],
        Encoding::Affine {
            element: ElementType::UInt8,
            scale: 0.5,
            zero_point: 128,
        },
    );
    encodings.insert_int8(tensors[2], 0.5, 0);
    let bytes = write_plainly(&graph, &encodings);
    let kinds: Vec<String> = (read(&bytes).unwrap().operators.iter())
        .map(|operator| operator.kind.name().into_owned())
        .collect();
    assert_eq!(kinds, ["QUANTIZE", "QUANTIZE", "DEQUANTIZE"]);
}

#[test]
fn extra_outputs_follow_the_models_own_once() {
    let (graph, [x, y, z]) = chain();
    let options = WriteOptions {
        extra_outputs: &[y, z, x, y],
        description: "calibration",
    };
    let bytes = write(&graph, &Encodings::float(), &options).unwrap();
    let file = read(&bytes).unwrap();
    let names: Vec<&str> = file
        .outputs
        .iter()
        .map(|&at| file.tensors[at].name)
        .collect();
    assert_eq!(names, ["z", "y", "x"]);
    assert_eq!(file.description, "calibration");
}

#[test]
fn equal_graphs_give_equal_bytes() {
    let again = files();
    for ((sample, _, first), (.., second)) in files().into_iter().zip(again) {
        assert!(first == second, "{}", sample.name);
    }
}

/// Adds two constants of given values to an input, and counts distinct data in the file.
fn distinct_constants(a: Vec<f32>, b: Vec<f32>) -> usize {
    let mut graph = Graph::new("constants");
    let mut x = graph.add_input("x", &[1, a.len()]).unwrap();
    for (name, values) in [("a", a), ("b", b)] {
        let value: Constant = Array1::from(values).into_dyn().into_shared();
        let constant = graph.add_constant(name, value);
        let op = Op::Binary(BinaryOp::Add);
        x = graph
            .add_node(format!("add_{name}"), op, &[x, constant])
            .unwrap();
    }
    graph.set_outputs(&[x]);
    let bytes = write_plainly(&graph, &Encodings::float());
    let file = read(&bytes).unwrap();
    let mut starts: Vec<usize> = (file.tensors.iter())
        .filter(|tensor| !tensor.data.is_empty())
        .map(|tensor| tensor.data.as_ptr() as usize)
        .collect();
    starts.sort_unstable();
    starts.dedup();
    starts.len()
}

#[test]
fn equal_contents_are_stored_once() {
    let long = |middle: f32| {
        let mut values = vec![1.0; 50];
        values[25] = middle;
        values
    };
    assert_eq!(distinct_constants(long(2.0), long(2.0)), 1);
    assert_eq!(distinct_constants(long(2.0), long(3.0)), 2);
    assert_eq!(distinct_constants(vec![0.0], vec![-0.0]), 2);
    assert_eq!(distinct_constants(vec![f32::NAN], vec![f32::NAN]), 1);
}

#[test]
fn unused_tensors_are_left_out_and_generated_names_do_not_collide() {
    let mut graph = Graph::new("names");
    let x = graph.add_input("x", &[1, 2, 3]).unwrap();
    let zeros = Constant::zeros(IxDyn(&[1, 3, 2]));
    graph.add_constant("unused", zeros.clone());
    let rival = graph.add_constant("y/permutation", zeros);
    let permutation = vec![0, 2, 1];
    let y = graph
        .add_node("y", Op::Transpose { permutation }, &[x])
        .unwrap();
    let z = graph
        .add_node("z", Op::Binary(BinaryOp::Add), &[y, rival])
        .unwrap();
    graph.set_outputs(&[z]);
    let bytes = write_plainly(&graph, &Encodings::float());
    let file = read(&bytes).unwrap();
    let mut names: Vec<&str> = file.tensors.iter().map(|tensor| tensor.name).collect();
    names.sort_unstable();
    assert_eq!(names, ["x", "y", "y/permutation", "y/permutation_2", "z"]);
}

#[test]
fn the_oldest_runtime_is_that_of_the_newest_operator() {
    for (name, expected) in [
        ("add", "1.14.0"),
        ("conv2d_grouped", "2.9.0"),
        ("sum", "1.14.0"),
    ] {
        let samples = samples().unwrap();
        let sample = samples.iter().find(|sample| sample.name == name).unwrap();
        let bytes = write_plainly(&sample.graph, &Encodings::float());
        let file = read(&bytes).unwrap();
        let mut text = expected.as_bytes().to_vec();
        text.resize(16, 0);
        assert_eq!(file.metadata, [("min_runtime_version", text.as_slice())]);
    }
}

/// The names of the operator's inputs, and the integers among them.
#[test]
fn operands_are_in_the_operators_order() {
    let files = files();
    let check = |sample: &str, names: &[&str], integers: &[&[i32]]| {
        for (_, _, bytes) in files.iter().filter(|(s, ..)| s.name == sample) {
            let file = read(bytes).unwrap();
            let operands = file.operators[0].inputs.iter();
            let operands: Vec<_> = operands.map(|at| at.map(|at| &file.tensors[at])).collect();
            let found: Vec<&str> = operands.iter().map(|t| t.map_or("", |t| t.name)).collect();
            assert_eq!(found, names, "{sample}");
            let found: Vec<Vec<i32>> = (operands.iter().flatten())
                .filter(|tensor| tensor.element == ElementType::Int32)
                .filter(|tensor| tensor.quantization.is_none())
                .map(|tensor| {
                    let (numbers, _) = tensor.data.as_chunks();
                    numbers.iter().copied().map(i32::from_le_bytes).collect()
                })
                .collect();
            assert_eq!(found, integers, "{sample}");
        }
    };
    let x = "input_0";
    check("conv2d", &[x, "kernel", "bias"], &[]);
    check("conv2d_no_bias", &[x, "kernel", "output/bias"], &[]);
    check(
        "transpose_conv",
        &["output/output_shape", "kernel", x, "bias"],
        &[&[1, 8, 6, 5]],
    );
    check("fully_connected_no_bias", &[x, "kernel", ""], &[]);
    check("resize_nearest_up", &[x, "output/size"], &[&[14, 9]]);
    check("mean", &[x, "output/axes"], &[&[1, 2]]);
    check("pad", &[x, "output/paddings"], &[&[0, 0, 1, 2, 2, 0, 0, 0]]);
    check(
        "pad_value",
        &[x, "output/paddings", "output/value"],
        &[&[0, 0, 1, 2, 2, 0, 0, 0]],
    );
    check(
        "slice",
        &[x, "output/begin", "output/size"],
        &[&[0, 1, 1, 0], &[1, 3, 2, 4]],
    );
    check("reshape", &[x, "output/shape"], &[&[1, 120]]);
    check("transpose", &[x, "output/permutation"], &[&[0, 3, 1, 2]]);
    check("subtract", &[x, "input_1"], &[]);
    check("concatenate", &[x, "input_1"], &[]);
}
