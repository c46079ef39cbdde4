use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use graph::{Constant, Graph, GraphError, Node, TensorId, passes};
use rayon::prelude::*;
use tflite::{ElementType, Encoding, Encodings, KernelTraits, QuantizedConstant, QuantizedValues};
use thiserror::Error;

use crate::assignment::{self, Assignment, Ends};
use crate::found::{FoundKernel, FoundThresholds, KernelRequest};
use crate::options::{InputType, Options, Precision};
use crate::statistics::{Statistics, TensorStatistics};
use crate::storage::{Storage, Storages};
use crate::weights::{output_axis, vector};

/// Why a model could not be quantized.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QuantizationError {
    /// Calibration has not seen a tensor.
    #[error("calibration has no statistics of layer \"{layer}\"")]
    NotObserved {
        /// Name of the tensor.
        layer: String,
    },
    /// The operator has no int8 form in TFLite.
    #[error(
        "layer \"{layer}\" needs {op}, for which TFLite has no int8 kernel; replace the layer, for example by another activation"
    )]
    NoInteger {
        /// Name of the node.
        layer: String,
        /// Operator.
        op: &'static str,
    },
    /// The operator has no kernel for 16-bit activations in TFLite.
    #[error(
        "layer \"{layer}\" needs {op}, for which TFLite has no kernel on 16-bit activations; keep the layer in float instead"
    )]
    NoInt16 {
        /// Name of the node.
        layer: String,
        /// Operator.
        op: &'static str,
    },
    /// The system gave no threads.
    #[error("cannot start {threads} threads; lower the number of threads")]
    NoThreads {
        /// Number asked for.
        threads: usize,
    },
    /// The job was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// The graph became invalid.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

/// A graph and how each of its tensors is stored, ready to be written.
#[derive(Debug, Clone)]
pub struct QuantizedModel {
    /// The prepared graph with conversions.
    pub graph: Graph,
    /// Storage of every tensor.
    pub encodings: Encodings,
}

impl QuantizedModel {
    /// Kernel and bias of a layer.
    pub(crate) fn kernel_and_bias(&self, name: &str) -> Option<(TensorId, TensorId)> {
        let mut nodes = self.graph.nodes().iter();
        let node = nodes.find(|node| node.name == name && node.op.has_kernel())?;
        Some((node.inputs[1], *node.inputs.get(2)?))
    }

    /// The stored values of a kernel or bias, if they are not float.
    pub(crate) fn constant(&self, tensor: TensorId) -> Option<&QuantizedConstant> {
        match self.encodings.get(tensor) {
            Encoding::Quantized(constant) => Some(constant),
            _ => None,
        }
    }
}

/// Kernels between two reports of progress.
const KERNELS: usize = 8;

/// Quantizes a prepared graph on `threads` threads; the result does not depend on their number.
/// `progress` is called with the number of kernels done and in all.
///
/// # Errors
/// [`QuantizationError`] when a tensor was not observed, an operator has no int8 form, or
/// `cancelled` was set.
///
/// `found` keeps thresholds of kernels for models that are quantized with it later.
pub fn quantize(
    graph: &Graph,
    statistics: &Statistics,
    options: &Options,
    found: &mut FoundThresholds,
    threads: usize,
    cancelled: &AtomicBool,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<QuantizedModel, QuantizationError> {
    found.begin();
    // Conversions put other tensors before layers, of which calibration knows nothing.
    let inputs: HashMap<&str, TensorId> = graph
        .nodes()
        .iter()
        .map(|node| (node.name.as_str(), node.inputs[0]))
        .collect();
    let mut graph = graph.clone();
    check_operators(&graph, options)?;
    let pool = thread_pool(threads)?;
    let Assignment { storages, ends } =
        pool.install(|| assignment::assign(&mut graph, statistics, options, found, cancelled))?;
    let mut encodings = Encodings::float();
    for (&tensor, storage) in &storages {
        encodings.insert(tensor, storage.encoding());
    }
    encode_operands(&mut graph, &storages, &mut encodings);
    let kernels: Vec<usize> = (0..graph.nodes().len())
        .filter(|&index| {
            let node = &graph.nodes()[index];
            node.op.has_kernel() && storages[&node.output] != Storage::Float
        })
        .collect();
    let mut done = 0;
    for some in kernels.chunks(KERNELS) {
        let requests = some.iter().map(|&index| {
            let input = inputs.get(graph.nodes()[index].name.as_str());
            let statistics = input.and_then(|&input| statistics.shared(input));
            kernel_request(&graph, &storages, index, statistics, options)
        });
        let requests = requests.collect::<Result<Vec<_>, _>>()?;
        let known = &*found;
        let quantized: Option<Vec<_>> = pool.install(|| {
            let requests = requests.into_par_iter();
            requests
                .map(|request| known.kernel(request, cancelled))
                .collect()
        });
        let quantized = quantized.ok_or(QuantizationError::Cancelled)?;
        for (&index, kernel) in some.iter().zip(quantized) {
            store(&mut graph, &mut encodings, &storages, index, &kernel);
            found.keep_kernel(kernel);
            done += 1;
        }
        progress(done, kernels.len());
    }
    convert_ends(&mut graph, &mut encodings, &ends, options.input_type);
    Ok(QuantizedModel { graph, encodings })
}

/// Threads for a part of the work.
pub(crate) fn thread_pool(threads: usize) -> Result<rayon::ThreadPool, QuantizationError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|_| QuantizationError::NoThreads { threads })
}

/// Refuses operators for which the runtime has no int8 kernel.
fn check_operators(graph: &Graph, options: &Options) -> Result<(), QuantizationError> {
    let integer = |name: &str| options.precisions.get(name) != Some(&Precision::Float);
    let mut nodes = graph.nodes().iter();
    let missing = nodes.find(|node| {
        let weights_are_constant = node.others().iter().all(|&id| graph.constant(id).is_some());
        integer(&node.name)
            && (!KernelTraits::of(node.op.opcode()).has_int8()
                || (node.op.has_kernel() && !weights_are_constant))
    });
    match missing {
        Some(node) => Err(QuantizationError::NoInteger {
            layer: node.name.clone(),
            op: node.op.name(),
        }),
        None => Ok(()),
    }
}

/// Constants that are operands, not weights, are stored like the node's result with a scale that
/// covers them.
fn encode_operands(graph: &mut Graph, storages: &Storages, encodings: &mut Encodings) {
    let mut nodes = graph.nodes().to_vec();
    for node in nodes.iter_mut().filter(|node| !node.op.has_kernel()) {
        for input in &mut node.inputs {
            let Some(constant) = graph.constant(*input).cloned() else {
                continue;
            };
            let (element, steps) = match storages[&node.output].precision() {
                Precision::Int8 => (ElementType::Int8, 127.0),
                Precision::Int16 => (ElementType::Int16, 32767.0),
                Precision::Float => continue,
            };
            match encodings.get(*input) {
                Encoding::Float32 => {}
                Encoding::Affine { element: e, .. } if *e == element => continue,
                // Another reader has stored it with fewer or more bits.
                _ => {
                    let name = format!("{}/constant", node.name);
                    *input = graph.add_constant(name, constant.clone());
                }
            }
            let largest = constant.iter().fold(0.0f32, |m, value| m.max(value.abs()));
            let scale = if largest > 0.0 { largest / steps } else { 1.0 };
            let encoding = Encoding::Affine {
                element,
                scale,
                zero_point: 0,
            };
            encodings.insert(*input, encoding);
        }
    }
    graph.set_nodes(nodes);
}

/// What the layer at `index` asks for its kernel.
fn kernel_request(
    graph: &Graph,
    storages: &Storages,
    index: usize,
    statistics: Option<&Arc<TensorStatistics>>,
    options: &Options,
) -> Result<KernelRequest, QuantizationError> {
    let node = &graph.nodes()[index];
    let not_integer = || QuantizationError::NoInteger {
        layer: node.name.clone(),
        op: node.op.name(),
    };
    let kernel = graph.constant(node.inputs[1]).ok_or_else(not_integer)?;
    let ends = (
        storages[&node.inputs[0]].scale(),
        storages[&node.output].scale(),
    );
    let (Some(input), Some(output)) = ends else {
        return Err(not_integer());
    };
    let smallest = |&bias: &f64| smallest_scale(bias, input, output);
    Ok(KernelRequest {
        kernel: kernel.clone(),
        op: node.op.clone(),
        statistics: statistics.cloned(),
        settings: options.layer(node).weights,
        bias_correction: options.bias_correction,
        smallest: bias_of(graph, node).iter().map(smallest).collect(),
    })
}

/// The bias of a layer, zeros where it has none.
fn bias_of(graph: &Graph, node: &Node) -> Vec<f64> {
    let bias = node.inputs.get(2).and_then(|&id| graph.constant(id));
    let channels = graph.shape(node.inputs[1])[output_axis(&node.op)];
    bias.map_or_else(|| vec![0.0; channels], vector)
}

/// Smallest weight scale at which the bias fits 30 bits and the ratio between accumulator and
/// output, which runtimes hold as a fixed-point multiplier, stays above 2^-31.
fn smallest_scale(bias: f64, input: f32, output: f32) -> f32 {
    let input_scale = f64::from(input);
    let for_bias = bias.abs() / (input_scale * f64::from(1u32 << 30));
    let for_multiplier = f64::from(output) / (input_scale * f64::from(1u32 << 31));
    for_bias.max(for_multiplier) as f32
}

/// Puts kernel and bias of a node into the encodings; a missing bias is made. Layers on 16-bit
/// activations have biases of 64 bits.
fn store(
    graph: &mut Graph,
    encodings: &mut Encodings,
    storages: &Storages,
    index: usize,
    kernel: &FoundKernel,
) {
    let node = &graph.nodes()[index];
    let input = storages[&node.inputs[0]].scale().unwrap_or(1.0);
    let wide = storages[&node.output].precision() == Precision::Int16;
    let mut bias = bias_of(graph, node);
    for (bias, shift) in bias.iter_mut().zip(kernel.shift.iter().flatten()) {
        *bias -= shift;
    }
    let kernel = kernel.quantized.clone();
    let scales: Vec<f32> = kernel.scales.iter().map(|scale| scale * input).collect();
    let stored = bias
        .iter()
        .enumerate()
        .map(|(channel, bias)| (channel.min(scales.len() - 1), bias))
        .map(|(scale, bias)| (bias / f64::from(scales[scale])).round_ties_even());
    let stored = match wide {
        true => QuantizedValues::Int64(stored.map(|bias| bias as i64).collect()),
        false => QuantizedValues::Int32(stored.map(|bias| bias as i32).collect()),
    };
    let name = graph.nodes()[index].name.clone();
    let values: Constant = bias
        .iter()
        .map(|&value| value as f32)
        .collect::<ndarray::Array1<f32>>()
        .into_dyn()
        .into_shared();
    // New tensors, because layers that share weights may read inputs of different scales.
    let kernel_constant = graph.constant(graph.nodes()[index].inputs[1]).cloned();
    let kernel_tensor = match kernel_constant {
        Some(constant) => graph.add_constant(format!("{name}/kernel"), constant),
        None => graph.nodes()[index].inputs[1],
    };
    let bias_tensor = graph.add_constant(format!("{name}/bias"), values);
    encodings.insert(
        kernel_tensor,
        Encoding::Quantized(QuantizedConstant {
            values: QuantizedValues::Int8(kernel.values),
            scales: kernel.scales,
            axis: kernel.axis,
        }),
    );
    encodings.insert(
        bias_tensor,
        Encoding::Quantized(QuantizedConstant {
            values: stored,
            scales,
            axis: 0,
        }),
    );
    let mut nodes = graph.nodes().to_vec();
    let x = nodes[index].inputs[0];
    nodes[index].inputs = vec![x, kernel_tensor, bias_tensor];
    graph.set_nodes(nodes);
}

/// Gives the model the input and output types that the user wants.
fn convert_ends(graph: &mut Graph, encodings: &mut Encodings, ends: &Ends, input_type: InputType) {
    if input_type != InputType::Int8 {
        for position in 0..graph.inputs().len() {
            let outside = passes::convert_input(graph, position);
            if input_type == InputType::UInt8 {
                let inside = ends.inputs[position];
                let encoding = Encoding::Affine {
                    element: ElementType::UInt8,
                    scale: inside.scale,
                    zero_point: inside.zero_point + 128,
                };
                encodings.insert(outside, encoding);
            }
        }
    }
    for position in 0..graph.outputs().len() {
        let stored = encodings.get(graph.outputs()[position]).element();
        match input_type {
            InputType::Float32 if stored != ElementType::Float32 => {
                passes::convert_output(graph, position);
            }
            InputType::Int8 | InputType::UInt8 if stored != ElementType::Int8 => {
                let outside = passes::convert_output(graph, position);
                let parameters = ends.outputs[position];
                encodings.insert_int8(outside, parameters.scale, parameters.zero_point);
            }
            _ => {}
        }
    }
}
