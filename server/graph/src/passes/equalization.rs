//! Cross-layer equalization (M. Nagel et al., "Data-Free Quantization Through Weight Equalization
//! and Bias Correction", 2019, section 4.1).

use std::collections::HashMap;

use ndarray::ArrayD;

use super::affine::bias_of;
use super::edges::{Edge, Side, channel};
use crate::{FusedActivation, Graph};

/// Passes over all edges; chains settle within a few.
const SWEEPS: usize = 20;

/// Largest change of a factor that ends the iteration.
const TOLERANCE: f64 = 1e-3;

/// Gives each channel between two layers the same range in the weights that write it and in those
/// that read it, so that no channel is much smaller than its neighbours: with ranges `r1` and
/// `r2`, the channel is divided by `sqrt(r1 / r2)`. A bias counts as a weight, so that a channel
/// that is almost constant does not grow out of bounds.
///
/// Expects fused activations; a clamp at six is not homogeneous and ends a chain.
pub fn equalize_layers(graph: &mut Graph) {
    let activations = [FusedActivation::None, FusedActivation::Relu];
    let edges: Vec<Edge> = (0..graph.nodes().len())
        .filter_map(|producer| Edge::leaving(graph, producer, &activations))
        .collect();
    let mut layers = HashMap::new();
    for index in edges.iter().flat_map(|edge| [edge.producer, edge.consumer]) {
        if let Some(layer) = Layer::new(graph, index) {
            layers.insert(index, layer);
        }
    }
    let mut scales: Vec<Vec<f64>> = edges.iter().map(|edge| vec![1.0; edge.channels]).collect();
    for _ in 0..SWEEPS {
        let mut largest_change = 0.0f64;
        for (edge, total) in edges.iter().zip(&mut scales) {
            let factors = factors(&layers, edge);
            for (total, factor) in total.iter_mut().zip(&factors) {
                *total *= factor;
                largest_change = largest_change.max((factor.ln()).abs());
            }
            if let Some(producer) = layers.get_mut(&edge.producer) {
                producer.divide_outputs(&factors);
            }
            if let Some(consumer) = layers.get_mut(&edge.consumer) {
                consumer.multiply_inputs(&factors);
            }
        }
        if largest_change < TOLERANCE {
            break;
        }
    }
    for (edge, scales) in edges.iter().zip(&scales) {
        edge.rescale(graph, scales);
    }
}

/// What each channel of an edge is divided by.
fn factors(layers: &HashMap<usize, Layer>, edge: &Edge) -> Vec<f64> {
    let (Some(producer), Some(consumer)) = (layers.get(&edge.producer), layers.get(&edge.consumer))
    else {
        return vec![1.0; edge.channels];
    };
    let written = producer.ranges(Side::Output, edge.channels);
    let read = consumer.ranges(Side::Input, edge.channels);
    let factor = |(written, read): (&f64, &f64)| {
        let factor = (written / read).sqrt();
        if factor.is_normal() { factor } else { 1.0 }
    };
    written.iter().zip(&read).map(factor).collect()
}

/// Magnitudes of a layer's weights and biases.
struct Layer {
    op: crate::Op,
    kernel: ArrayD<f64>,
    bias: Vec<f64>,
}

impl Layer {
    fn new(graph: &Graph, index: usize) -> Option<Self> {
        let node = &graph.nodes()[index];
        let kernel = graph.constant(node.inputs[1])?;
        let channels = *graph.shape(node.output).last()?;
        let bias = bias_of(graph, node, channels)?;
        Some(Self {
            op: node.op.clone(),
            kernel: kernel.mapv(|weight| f64::from(weight).abs()),
            bias: bias.iter().map(|bias| bias.abs()).collect(),
        })
    }

    fn ranges(&self, side: Side, channels: usize) -> Vec<f64> {
        let mut ranges = vec![0.0f64; channels];
        for (index, &weight) in self.kernel.indexed_iter() {
            let channel = channel(&self.op, self.kernel.shape(), &index, side) % channels;
            ranges[channel] = ranges[channel].max(weight);
        }
        if side == Side::Output {
            for (range, bias) in ranges.iter_mut().zip(&self.bias) {
                *range = range.max(*bias);
            }
        }
        ranges
    }

    fn divide_outputs(&mut self, factors: &[f64]) {
        let inverse: Vec<f64> = factors.iter().map(|factor| 1.0 / factor).collect();
        self.multiply(&inverse, Side::Output);
        self.bias
            .iter_mut()
            .zip(&inverse)
            .for_each(|(bias, factor)| *bias *= factor);
    }

    fn multiply_inputs(&mut self, factors: &[f64]) {
        self.multiply(factors, Side::Input);
    }

    fn multiply(&mut self, factors: &[f64], side: Side) {
        let shape = self.kernel.shape().to_vec();
        for (index, weight) in self.kernel.indexed_iter_mut() {
            *weight *= factors[channel(&self.op, &shape, &index, side) % factors.len()];
        }
    }
}
