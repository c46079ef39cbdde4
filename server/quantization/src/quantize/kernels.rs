//! Kernels and biases of layers with weights.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use graph::{Constant, Graph, NodeId, TensorId};
use ndarray::Array1;
use rayon::ThreadPool;
use rayon::prelude::*;
use tflite::{Encoding, Encodings, QuantizedConstant, QuantizedValues};

use crate::bias::bias_of;
use crate::error::QuantizationError;
use crate::found::{FoundKernel, FoundThresholds, KernelRequest};
use crate::options::{Options, Precision};
use crate::statistics::{Statistics, TensorStatistics};
use crate::storage::{Storage, Storages};
use crate::weights::output_axis;

/// Kernels between two reports of progress.
const KERNELS: usize = 8;

/// What decides over the weights of a model.
pub(super) struct Kernels<'a> {
    pub(super) storages: &'a Storages,
    pub(super) options: &'a Options,
    /// Statistics of what each layer reads, by the layer's name: conversions put other tensors before
    /// layers, of which calibration knows nothing.
    pub(super) inputs: HashMap<&'a str, &'a Arc<TensorStatistics>>,
    pub(super) pool: &'a ThreadPool,
    pub(super) cancelled: &'a AtomicBool,
}

/// Statistics of what each layer of a graph reads, by the layer's name.
pub(super) fn inputs_of_layers<'a>(
    graph: &'a Graph,
    statistics: &'a Statistics,
) -> HashMap<&'a str, &'a Arc<TensorStatistics>> {
    let nodes = graph.nodes().iter();
    let seen = |tensor: TensorId| statistics.shared(tensor);
    nodes
        .filter_map(|node| Some((node.name.as_str(), seen(node.input())?)))
        .collect()
}

impl Kernels<'_> {
    /// Quantizes the kernels of all layers that do not stay in float.
    pub(super) fn quantize(
        &self,
        graph: &mut Graph,
        encodings: &mut Encodings,
        found: &mut FoundThresholds,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<(), QuantizationError> {
        let layers: Vec<NodeId> = graph
            .node_ids()
            .filter(|&id| {
                let node = graph.node(id);
                let is_float = self.storages.get(node.output) == Some(Storage::Float);
                node.op.has_kernel() && !is_float
            })
            .collect();
        let mut done = 0;
        for some in layers.chunks(KERNELS) {
            let some = some.iter().map(|&id| Layer::of(graph, self.storages, id));
            let some = some.collect::<Result<Vec<_>, _>>()?;
            let requests = some.iter().map(|layer| self.request(graph, layer));
            let requests: Vec<KernelRequest> = requests.collect();
            let known = &*found;
            let quantized: Option<Vec<_>> = self.pool.install(|| {
                let requests = requests.into_par_iter();
                requests
                    .map(|request| known.kernel(request, self.cancelled))
                    .collect()
            });
            let quantized = quantized.ok_or(QuantizationError::Cancelled)?;
            for (layer, kernel) in some.into_iter().zip(quantized) {
                layer.store(graph, encodings, &kernel);
                found.keep_kernel(kernel);
                done += 1;
            }
            progress(done, layers.len());
        }
        Ok(())
    }

    /// What a layer asks for its kernel.
    fn request(&self, graph: &Graph, layer: &Layer) -> KernelRequest {
        let node = graph.node(layer.id);
        let smallest = layer.bias.iter().map(|&bias| layer.smallest_scale(bias));
        KernelRequest {
            kernel: layer.kernel.clone(),
            op: node.op.clone(),
            statistics: self.inputs.get(node.name.as_str()).copied().cloned(),
            settings: self.options.layer(node).weights,
            bias_correction: self.options.bias_correction,
            smallest: smallest.collect(),
        }
    }
}

/// A layer that is quantized.
struct Layer {
    id: NodeId,
    kernel: Constant,
    bias: Vec<f64>,
    /// Scales of what the layer reads and writes.
    input: f32,
    output: f32,
    /// Whether it computes in 16 bits, with biases of 64.
    is_wide: bool,
}

impl Layer {
    /// # Errors
    /// [`QuantizationError::NoInteger`] where the kernel is no constant, or the layer reads or writes
    /// float numbers.
    fn of(graph: &Graph, storages: &Storages, id: NodeId) -> Result<Self, QuantizationError> {
        let node = graph.node(id);
        let no_integer = || QuantizationError::no_integer(node);
        let kernel = graph.kernel(node).ok_or_else(no_integer)?.clone();
        let (input, output) = (
            storages.of(graph, node.input())?,
            storages.of(graph, node.output)?,
        );
        Ok(Self {
            id,
            bias: bias_of(graph, node, kernel.len_of(output_axis(&node.op))),
            kernel,
            input: input.scale().ok_or_else(no_integer)?,
            output: output.scale().ok_or_else(no_integer)?,
            is_wide: output.precision() == Precision::Int16,
        })
    }

    /// Smallest weight scale at which the bias of a channel fits 30 bits and the ratio between
    /// accumulator and output, which runtimes hold as a fixed-point multiplier, stays above 2^-31.
    fn smallest_scale(&self, bias: f64) -> f32 {
        let input_scale = f64::from(self.input);
        let for_bias = bias.abs() / (input_scale * f64::from(1u32 << 30));
        let for_multiplier = f64::from(self.output) / (input_scale * f64::from(1u32 << 31));
        for_bias.max(for_multiplier) as f32
    }

    /// Puts kernel and bias into the encodings; a missing bias is made.
    fn store(self, graph: &mut Graph, encodings: &mut Encodings, kernel: &FoundKernel) {
        let name = graph.node(self.id).name.clone();
        let mut bias = self.bias;
        for (bias, shift) in bias.iter_mut().zip(kernel.shift.iter().flatten()) {
            *bias -= shift;
        }
        let kernel = kernel.quantized.clone();
        let scales: Vec<f32> = kernel
            .scales
            .iter()
            .map(|scale| scale * self.input)
            .collect();
        let steps = bias.iter().zip(scales.iter().cycle());
        let steps = steps.map(|(bias, &scale)| (bias / f64::from(scale)).round_ties_even());
        let steps = match self.is_wide {
            true => QuantizedValues::Int64(steps.map(|bias| bias as i64).collect()),
            false => QuantizedValues::Int32(steps.map(|bias| bias as i32).collect()),
        };
        let bias: Array1<f32> = bias.iter().map(|&value| value as f32).collect();
        let bias = bias.into_dyn().into_shared();
        // New tensors, because layers that share weights may read inputs of different scales.
        let kernel_tensor = graph.add_constant(format!("{name}/kernel"), self.kernel);
        let bias_tensor = graph.add_constant(format!("{name}/bias"), bias);
        let mut encode = |tensor: TensorId, values, scales, axis| {
            let constant = QuantizedConstant {
                values,
                scales,
                axis,
            };
            encodings.insert(tensor, Encoding::Quantized(constant));
        };
        let levels = QuantizedValues::Int8(kernel.values);
        encode(kernel_tensor, levels, kernel.scales, kernel.axis.index());
        encode(bias_tensor, steps, scales, 0);
        graph.set_weights(self.id, kernel_tensor, bias_tensor);
    }
}
