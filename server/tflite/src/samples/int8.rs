use graph::{GraphError, Node, TensorId, reference};
use ndarray::{ArrayD, ArrayViewD, Axis};

use super::Sample;
use crate::{Encoding, Encodings, KernelTraits, QuantizedConstant, QuantizedValues, Scales};

/// Inputs whose ranges are united.
const CALIBRATION_INPUTS: u64 = 4;

/// Scale and zero point.
type Affine = (f32, i32);

pub(super) fn encodings(sample: &Sample) -> Result<Encodings, GraphError> {
    let graph = &sample.graph;
    let mut ranges = vec![(0.0f32, 0.0f32); graph.tensors().count()];
    for seed in 1..=CALIBRATION_INPUTS {
        let inputs = sample.inputs(seed);
        let views: Vec<ArrayViewD<f32>> = inputs.iter().map(|input| input.view()).collect();
        let computed = reference::evaluate_all(graph, &views)?;
        let given = graph.inputs().iter().copied().zip(inputs.iter());
        let constants = (graph.tensors()).filter_map(|(id, tensor)| {
            tensor
                .constant
                .clone()
                .map(|value| (id, value.into_owned()))
        });
        let constants: Vec<(TensorId, ArrayD<f32>)> = constants.collect();
        let known = graph
            .tensors()
            .zip(&computed)
            .filter_map(|((id, _), value)| Some((id, value.as_ref()?)));
        for (id, value) in given
            .chain(known)
            .chain(constants.iter().map(|(id, value)| (*id, value)))
        {
            let range = &mut ranges[id.index()];
            *range = value
                .iter()
                .fold(*range, |(low, high), &v| (low.min(v), high.max(v)));
        }
    }
    for node in graph.nodes() {
        unite(node, &mut ranges);
    }
    let mut affine: Vec<Affine> = ranges.into_iter().map(affine).collect();
    for node in graph.nodes() {
        fix(node, &mut affine);
    }
    let mut encodings = Encodings::default();
    for (index, &(scale, zero_point)) in affine.iter().enumerate() {
        encodings.insert_int8(TensorId(index as u32), scale, zero_point);
    }
    for node in graph.nodes() {
        weights(sample, node, &affine, &mut encodings);
    }
    Ok(encodings)
}

fn affine((low, high): (f32, f32)) -> Affine {
    let scale = ((high - low) / 255.0).max(1e-3);
    (scale, (-128.0 - low / scale).round() as i32)
}

/// Gives a node's tensors one range where its kernel does not rescale.
fn unite(node: &Node, ranges: &mut [(f32, f32)]) {
    if !KernelTraits::of(node.op.opcode()).keeps_scale() {
        return;
    }
    let tensors = || node.inputs.iter().chain([&node.output]);
    let shared = tensors()
        .map(|id| ranges[id.index()])
        .fold((0.0f32, 0.0f32), |a, b| (a.0.min(b.0), a.1.max(b.1)));
    for id in tensors() {
        ranges[id.index()] = shared;
    }
}

/// Gives a node's output the scale that its kernel insists on.
fn fix(node: &Node, affine: &mut [Affine]) {
    if let Scales::Fixed { scale, zero_point } = KernelTraits::of(node.op.opcode()).scales {
        affine[node.output.index()] = (scale, zero_point);
    }
}

/// Kernel for each output channel and bias at the product of the scales.
fn weights(sample: &Sample, node: &Node, affine: &[Affine], encodings: &mut Encodings) {
    let graph = &sample.graph;
    let (Some(axis), Some(id)) = (node.op.kernel_axis(), node.kernel()) else {
        return;
    };
    let Some(kernel) = graph.constant(id) else {
        return;
    };
    let scales: Vec<f32> = kernel
        .axis_iter(Axis(axis))
        .map(|channel| channel.iter().fold(1e-6f32, |most, v| most.max(v.abs())) / 127.0)
        .collect();
    let values = kernel
        .indexed_iter()
        .map(|(index, value)| (value / scales[index[axis]]).round() as i8)
        .collect();
    encodings.insert(
        id,
        Encoding::Quantized(QuantizedConstant {
            values: QuantizedValues::Int8(values),
            scales: scales.clone(),
            axis,
        }),
    );
    let bias = node.bias();
    let Some((id, bias)) = bias.and_then(|id| Some((id, graph.constant(id)?))) else {
        return;
    };
    let (input_scale, _) = affine[node.input().index()];
    let scales: Vec<f32> = scales.iter().map(|scale| scale * input_scale).collect();
    let values = bias
        .iter()
        .zip(&scales)
        .map(|(value, scale)| (value / scale).round() as i32)
        .collect();
    encodings.insert(
        id,
        Encoding::Quantized(QuantizedConstant {
            values: QuantizedValues::Int32(values),
            scales,
            axis: 0,
        }),
    );
}
