//! Properties of the file that Quantize writes, seen with the reader of the tflite crate.

use std::collections::HashSet;

use serde_json::json;
use tflite::{Builtin, ElementType, File, OperatorKind, Tensor};

use crate::support::Project;

/// Operators whose second input is a kernel, and the kernel's axis of output channels.
const KERNELS: [(Builtin, usize); 3] = [
    (Builtin::Conv2d, 0),
    (Builtin::DepthwiseConv2d, 3),
    (Builtin::FullyConnected, 0),
];

fn is_power_of_two(scale: f32) -> bool {
    const MANTISSA: u32 = (1 << 23) - 1;
    scale.is_normal() && scale > 0.0 && scale.to_bits() & MANTISSA == 0
}

/// Checks a model that takes pictures as `input`.
fn check(file: &File, input: ElementType) {
    assert_eq!(file.tensors[file.inputs[0]].element, input);
    // A model that takes floats also gives floats; nothing else in it is one.
    let (output, floats) = match input {
        ElementType::Float32 => (ElementType::Float32, 2),
        _ => (ElementType::Int8, 0),
    };
    assert_eq!(file.tensors[file.outputs[0]].element, output);
    let is_float = |tensor: &&Tensor| tensor.element == ElementType::Float32;
    assert_eq!(file.tensors.iter().filter(is_float).count(), floats);
    let mut kernels = 0;
    let mut constants = HashSet::new();
    for operator in &file.operators {
        let OperatorKind::Builtin(builtin) = operator.kind else {
            panic!("{:?}", operator.kind);
        };
        let tensor = |position: usize| &file.tensors[operator.inputs[position].unwrap()];
        if let Some((_, axis)) = KERNELS.iter().find(|(kind, _)| *kind == builtin) {
            check_kernel(tensor(1), *axis);
            assert_eq!(tensor(2).element, ElementType::Int32);
            constants.extend([operator.inputs[1].unwrap(), operator.inputs[2].unwrap()]);
            kernels += 1;
        }
    }
    assert!(kernels > 20, "{kernels} kernels");
    for (position, tensor) in file.tensors.iter().enumerate() {
        if tensor.data.is_empty() && tensor.element != ElementType::Float32 {
            check_activation(tensor);
        } else if !tensor.data.is_empty() && !constants.contains(&position) {
            // Axes and shapes.
            assert_eq!(tensor.element, ElementType::Int32, "{}", tensor.name);
        }
    }
}

fn check_kernel(kernel: &Tensor, axis: usize) {
    let name = kernel.name;
    assert_eq!(kernel.element, ElementType::Int8, "{name}");
    let quantization = kernel.quantization.as_ref().unwrap();
    assert_eq!(quantization.scales.len(), kernel.shape[axis], "{name}");
    assert_eq!(quantization.axis, axis, "{name}");
    assert!(quantization.scales.iter().all(|scale| scale.is_normal()));
    assert!(quantization.zero_points.iter().all(|point| *point == 0));
    let lowest = kernel
        .data
        .iter()
        .map(|byte| i8::from_le_bytes([*byte]))
        .min();
    assert!(lowest >= Some(-127), "{name}: {lowest:?}");
}

fn check_activation(tensor: &Tensor) {
    let quantization = tensor.quantization.as_ref().unwrap();
    let (&[scale], &[_]) = (&quantization.scales[..], &quantization.zero_points[..]) else {
        panic!("{}: {quantization:?}", tensor.name);
    };
    assert!(is_power_of_two(scale), "{}: {scale}", tensor.name);
}

#[test]
fn every_tensor_is_an_integer_with_hardware_scales() {
    let project = Project::small();
    for (input, expected) in [
        (None, ElementType::UInt8),
        (Some("uint8"), ElementType::UInt8),
        (Some("int8"), ElementType::Int8),
        (Some("float32"), ElementType::Float32),
    ] {
        if let Some(input) = input {
            project.set("quantization", json!({"inference_input_type": input}));
        }
        project.job("quantize", &[]);
        let bytes = project.read("output/model_quantized.tflite");
        check(&tflite::read(&bytes).unwrap(), expected);
    }
}

#[test]
fn the_float_model_is_float() {
    let project = Project::small();
    project.job("quantize", &[]);
    let bytes = project.read("output/model.tflite");
    let file = tflite::read(&bytes).unwrap();
    assert_eq!(file.tensors[file.inputs[0]].shape, [1, 96, 96, 3]);
    assert_eq!(file.tensors[file.outputs[0]].shape, [1, 5]);
    for tensor in &file.tensors {
        let is_float = tensor.element == ElementType::Float32;
        assert!(
            is_float || tensor.element == ElementType::Int32,
            "{}",
            tensor.name
        );
        assert_eq!(tensor.quantization, None, "{}", tensor.name);
    }
}
