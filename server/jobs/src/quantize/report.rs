//! What is written about a quantized model.

use std::collections::HashMap;

use graph::{Graph, Node, TensorId, multiply_accumulates};
use quantization::{QuantizedModel, Statistics};
use report::{Activation, Histogram, Layer, Weights};
use tflite::{ElementType, Encoding, QuantizedConstant, QuantizedValues};

use super::comparison::{Comparison, Difference};

/// Bins of the histograms in a report; calibration has more than a screen can show.
const BINS: usize = 64;

/// A line for each node of the prepared graph, the noisiest output first.
pub(super) fn layers(
    prepared: &Graph,
    quantized: &QuantizedModel,
    statistics: &Statistics,
    comparison: Option<&Comparison>,
) -> Vec<Layer> {
    let by_output: HashMap<TensorId, &Node> = quantized
        .graph
        .nodes()
        .iter()
        .map(|node| (node.output, node))
        .collect();
    let difference = |tensor: TensorId| comparison?.tensors.get(&tensor);
    let sqnr = |tensor: TensorId| difference(tensor).and_then(Difference::sqnr_db);
    let mut layers: Vec<Layer> = prepared
        .nodes()
        .iter()
        .enumerate()
        // A minimum that saturation takes is part of the layer before it.
        .filter(|(_, node)| by_output.contains_key(&node.output))
        .map(|(position, node)| {
            let noisiest = node
                .inputs
                .iter()
                .filter_map(|&input| sqnr(input))
                .reduce(f64::min);
            let sqnr_db = sqnr(node.output);
            let twin = by_output.get(&node.output);
            Layer {
                name: node.name.clone(),
                operator: node.op.name().to_owned(),
                position,
                output_shape: prepared.shape(node.output).to_vec(),
                sqnr_db,
                sqnr_loss_db: noisiest.zip(sqnr_db).map(|(before, after)| before - after),
                cosine_similarity: difference(node.output).map(Difference::cosine_similarity),
                activation: activation(quantized, statistics, node.output),
                weights: twin.and_then(|twin| weights(prepared, node, quantized, twin)),
                macs: multiply_accumulates(prepared, node),
            }
        })
        .collect();
    let noise = |layer: &Layer| layer.sqnr_db.unwrap_or(f64::INFINITY);
    layers.sort_by(|a, b| {
        noise(a)
            .total_cmp(&noise(b))
            .then(a.position.cmp(&b.position))
    });
    layers
}

fn activation(
    quantized: &QuantizedModel,
    statistics: &Statistics,
    tensor: TensorId,
) -> Option<Activation> {
    let &Encoding::Affine {
        element,
        scale,
        zero_point,
    } = quantized.encodings.get(tensor)
    else {
        return None;
    };
    let (bits, lowest, highest) = match element {
        ElementType::UInt8 => (8, 0, 255),
        ElementType::Int16 => (16, i32::from(i16::MIN), i32::from(i16::MAX)),
        _ => (8, -128, 127),
    };
    let real = |stored: i32| f64::from(scale) * f64::from(stored - zero_point);
    let statistics = statistics.tensor(tensor);
    Some(Activation {
        bits,
        scale: f64::from(scale),
        zero_point,
        range: [real(lowest), real(highest)],
        data_range: statistics.map(|seen| [f64::from(seen.min), f64::from(seen.max)]),
        histogram: statistics.map(|seen| Histogram {
            counts: coarse(&seen.histogram.counts),
        }),
    })
}

/// The counts in fewer bins.
fn coarse(counts: &[f64]) -> Vec<u64> {
    counts
        .chunks(counts.len().div_ceil(BINS).max(1))
        .map(|bins| bins.iter().sum::<f64>().round() as u64)
        .collect()
}

fn weights(
    prepared: &Graph,
    node: &Node,
    quantized: &QuantizedModel,
    twin: &Node,
) -> Option<Weights> {
    if !node.op.has_kernel() {
        return None;
    }
    let kernel = prepared.constant(*node.inputs.get(1)?)?;
    let elements = |node: &Node, graph: &Graph| -> u64 {
        let operands = node.inputs.iter().skip(1);
        operands.map(|&id| graph.tensor(id).elements() as u64).sum()
    };
    let parameters = elements(node, prepared);
    let Encoding::Quantized(stored) = quantized.encodings.get(*twin.inputs.get(1)?) else {
        return Some(Weights {
            bits: 32,
            parameters,
            float_bytes: 4 * parameters,
            quantized_bytes: 4 * parameters,
            sqnr_db: None,
        });
    };
    // A bias is stored in 32 bits in both models.
    let kernel_bytes = stored.values.len() as u64;
    let biases = elements(twin, &quantized.graph).saturating_sub(kernel_bytes);
    let float: Vec<f32> = kernel.iter().copied().collect();
    Some(Weights {
        bits: 8,
        parameters,
        float_bytes: 4 * parameters,
        quantized_bytes: kernel_bytes + 4 * biases,
        sqnr_db: Difference::between(&float, &dequantized(stored, kernel.shape())?).sqnr_db(),
    })
}

/// Real values of a stored kernel; `None` for one that is not in 8 bits.
fn dequantized(stored: &QuantizedConstant, shape: &[usize]) -> Option<Vec<f32>> {
    let QuantizedValues::Int8(values) = &stored.values else {
        return None;
    };
    let behind: usize = shape.iter().skip(stored.axis + 1).product();
    let scale = |index: usize| match stored.scales.as_slice() {
        [scale] => *scale,
        scales => scales[index / behind.max(1) % scales.len()],
    };
    let real = |(index, &value): (usize, &i8)| f32::from(value) * scale(index);
    Some(values.iter().enumerate().map(real).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_kept_in_fewer_bins() {
        let counts = coarse(&[1.5; 2048]);
        assert_eq!(counts, [48; BINS]);
        assert_eq!(coarse(&[1.0, 2.0]), [1, 2]);
    }

    #[test]
    fn kernels_are_scaled_along_their_axis() {
        let check = |axis: usize, scales: &[f32], expected: [f32; 4]| {
            let stored = QuantizedConstant {
                values: QuantizedValues::Int8(vec![1, 2, 3, 4]),
                scales: scales.to_vec(),
                axis,
            };
            assert_eq!(dequantized(&stored, &[2, 2]).unwrap(), expected);
        };
        check(0, &[1.0, 10.0], [1.0, 2.0, 30.0, 40.0]);
        check(1, &[1.0, 10.0], [1.0, 20.0, 3.0, 40.0]);
        check(0, &[2.0], [2.0, 4.0, 6.0, 8.0]);
    }
}
