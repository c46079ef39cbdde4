//! Optimized rounding: the weights of an output channel are rounded up or down so that the error
//! of what the layer computes gets small, not that of each weight.
//!
//! With `e` the errors of the weights and `H` the second moments of what they are multiplied with,
//! the expected squared error of an output is `e' H e` (M. Nagel et al., "Up or Down? Adaptive
//! Rounding for Post-Training Quantization", 2020, section 3). It is made small weight by weight
//! (K. Behdin et al., "QuantEase", 2023, section 3).

pub(crate) mod descent;
pub(crate) mod patches;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use graph::{Constant, Graph, Op, TensorId};
use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayD, ArrayView2, ArrayViewMut2};
use rayon::ThreadPool;
use rayon::prelude::*;
use tflite::{Encoding, QuantizedConstant, QuantizedValues};

use crate::bias::mean_shift;
use crate::options::Options;
use crate::quantize::{QuantizationError, QuantizedModel, thread_pool};
use crate::statistics::Statistics;
use descent::descend;
use patches::PatchLayout;

/// Most numbers that a part holds at the same time, 256 MiB: entries of matrices, and the patches of
/// images that wait to be added.
const MAX_NUMBERS: usize = 64 << 20;

/// Images whose patches wait: two a thread on eight threads.
const WAITING: usize = 16;

/// Output positions of each image whose patches count: neighbours say much the same, and few
/// weights need few of them.
fn positions(layout: &PatchLayout) -> usize {
    layout.size().div_ceil(4).clamp(16, 64)
}

/// Second moments of the patches that the kernels of some layers read: what a weight's error is
/// multiplied with. Channels count less their means where biases make up for mean errors.
#[derive(Debug)]
pub struct PatchMoments {
    sampler: PatchSampler,
    /// Those of each layer.
    sums: Vec<Sums>,
    pool: Arc<ThreadPool>,
}

/// Takes patches from the values of tensors.
#[derive(Debug, Clone)]
pub struct PatchSampler {
    layers: Arc<Vec<Layer>>,
    seed: u64,
}

/// The patches of one image, for each layer.
#[derive(Debug, Clone, Default)]
pub struct Patches(Vec<Vec<f32>>);

/// Sums of the products of a layer's inputs.
#[derive(Debug, Default)]
struct Sums {
    /// A square matrix for each group of input channels.
    products: Vec<f32>,
    /// Patches that were added.
    count: usize,
}

#[derive(Debug)]
struct Layer {
    /// Position of the node in the graph.
    node: usize,
    name: String,
    op: Op,
    input: TensorId,
    layout: PatchLayout,
    /// Shape of the kernel.
    kernel: Vec<usize>,
    /// Subtracted from each input channel.
    means: Vec<f64>,
}

impl PatchMoments {
    /// What to collect for the layers of a prepared graph, in parts that each take at most 256 MiB,
    /// and the layers that are left out because they alone take more. Positions are drawn
    /// by `seed`.
    ///
    /// # Errors
    /// [`QuantizationError::NoThreads`].
    pub fn parts(
        graph: &Graph,
        statistics: &Statistics,
        options: &Options,
        seed: u64,
        threads: usize,
    ) -> Result<(Vec<Self>, Vec<String>), QuantizationError> {
        let pool = Arc::new(thread_pool(threads)?);
        let (mut parts, mut left_out) = (Vec::<Vec<Layer>>::new(), Vec::new());
        let mut numbers = 0;
        for (index, node) in graph.nodes().iter().enumerate() {
            let Some(layout) = PatchLayout::of(graph, node) else {
                continue;
            };
            let needed = layout.numbers(positions(&layout) * WAITING);
            if needed > MAX_NUMBERS {
                left_out.push(node.name.clone());
                continue;
            }
            let input = node.inputs[0];
            let channels = statistics.tensor(input).and_then(|s| s.channels.as_ref());
            let layer = Layer {
                node: index,
                name: node.name.clone(),
                op: node.op.clone(),
                input,
                layout,
                kernel: graph.shape(node.inputs[1]).to_vec(),
                means: match channels.filter(|_| options.bias_correction) {
                    Some(channels) => channels.means.clone(),
                    None => vec![0.0; layout.channels()],
                },
            };
            numbers += needed;
            match parts.last_mut() {
                Some(part) if numbers <= MAX_NUMBERS => part.push(layer),
                _ => {
                    numbers = needed;
                    parts.push(vec![layer]);
                }
            }
        }
        let part = |layers: Vec<Layer>| Self {
            sums: layers.iter().map(|_| Sums::default()).collect(),
            sampler: PatchSampler {
                layers: Arc::new(layers),
                seed,
            },
            pool: pool.clone(),
        };
        Ok((parts.into_iter().map(part).collect(), left_out))
    }

    /// What takes the patches that [`PatchMoments::add`] adds.
    pub fn sampler(&self) -> PatchSampler {
        self.sampler.clone()
    }

    /// Number of layers.
    pub fn layers(&self) -> usize {
        self.sampler.layers.len()
    }

    /// Adds the patches of an image. The order of images matters to the last bit.
    pub fn add(&mut self, patches: &Patches) {
        let (layers, sums) = (&self.sampler.layers, &mut self.sums);
        self.pool.install(|| {
            sums.par_iter_mut()
                .zip(layers.as_slice())
                .zip(&patches.0)
                .for_each(|((sums, layer), patches)| sums.add(&layer.layout, patches));
        });
    }

    /// Rounds the 8-bit weights of the layers anew; their scales stay. `progress` is called with
    /// the number of layers done and in all.
    ///
    /// # Errors
    /// [`QuantizationError::Cancelled`] when `cancelled` was set.
    pub fn round(
        &self,
        model: &mut QuantizedModel,
        options: &Options,
        cancelled: &AtomicBool,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<(), QuantizationError> {
        let layers = self.sampler.layers.iter().zip(&self.sums);
        for (done, (layer, sums)) in layers.enumerate() {
            let bias_correction = options.bias_correction;
            let _ = self
                .pool
                .install(|| layer.round(sums, model, bias_correction, cancelled));
            if cancelled.load(Ordering::Relaxed) {
                return Err(QuantizationError::Cancelled);
            }
            progress(done + 1, self.layers());
        }
        Ok(())
    }
}

impl PatchSampler {
    /// The tensors whose values are needed.
    pub fn tensors(&self) -> Vec<TensorId> {
        let mut tensors: Vec<TensorId> = self.layers.iter().map(|layer| layer.input).collect();
        tensors.sort_unstable();
        tensors.dedup();
        tensors
    }

    /// Takes from the values of a tensor the patches of all layers that read it. `image` tells the
    /// images of a calibration apart.
    pub fn take(&self, tensor: TensorId, image: usize, values: &[f32], patches: &mut Patches) {
        patches.0.resize(self.layers.len(), Vec::new());
        for (layer, patches) in self.layers.iter().zip(&mut patches.0) {
            if layer.input == tensor {
                let stream = (image as u64) << 32 | layer.node as u64;
                let count = positions(&layer.layout);
                let positions = layer.layout.draw(count, self.seed, stream);
                *patches = layer.layout.patches(values, &layer.means, &positions);
            }
        }
    }
}

impl Sums {
    /// Adds patches, group by group.
    fn add(&mut self, layout: &PatchLayout, patches: &[f32]) {
        let (size, groups) = (layout.size(), layout.groups());
        let count = patches.len() / (size * groups).max(1);
        if count == 0 {
            return;
        }
        self.products.resize(layout.entries(), 0.0);
        let groups = patches.chunks_exact(count * size);
        for (patches, sums) in groups.zip(self.products.chunks_exact_mut(size * size)) {
            let patches = ArrayView2::from_shape((count, size), patches);
            let sums = ArrayViewMut2::from_shape((size, size), sums);
            if let (Ok(patches), Ok(mut sums)) = (patches, sums) {
                general_mat_mul(1.0, &patches.t(), &patches, 1.0, &mut sums);
            }
        }
        self.count += count;
    }
}

impl Layer {
    /// `None` where the layer has no 8-bit weights or nothing was seen of it.
    fn round(
        &self,
        sums: &Sums,
        model: &mut QuantizedModel,
        bias_correction: bool,
        cancelled: &AtomicBool,
    ) -> Option<()> {
        let (kernel_id, bias_id) = model.kernel_and_bias(&self.name)?;
        let weights = model.graph.constant(kernel_id)?.clone();
        if weights.shape() != self.kernel {
            return None;
        }
        let mut kernel = model.constant(kernel_id)?.clone();
        let mut bias = model.constant(bias_id)?.clone();
        let QuantizedValues::Int8(levels) = &mut kernel.values else {
            return None;
        };
        let change = self.best_levels(sums, &weights, &kernel.scales, levels, cancelled)?;
        if bias_correction {
            let shift = mean_shift(&self.op, &change, &self.means)?;
            subtract(&mut bias, &shift)?;
        }
        let encodings = &mut model.encodings;
        encodings.insert(kernel_id, Encoding::Quantized(kernel));
        encodings.insert(bias_id, Encoding::Quantized(bias));
        Some(())
    }

    /// Replaces levels by better ones, and tells by how much the weights change.
    fn best_levels(
        &self,
        sums: &Sums,
        weights: &Constant,
        scales: &[f32],
        levels: &mut [i8],
        cancelled: &AtomicBool,
    ) -> Option<ArrayD<f64>> {
        let size = self.layout.size();
        let mut change = ArrayD::<f64>::zeros(weights.raw_dim());
        let weights: Vec<f32> = weights.iter().copied().collect();
        if sums.count == 0 || levels.len() != weights.len() {
            return None;
        }
        let scale = |output: usize| scales[output.min(scales.len() - 1)];
        let found: Vec<Vec<i8>> = (0..self.layout.outputs())
            .into_par_iter()
            .map(|output| {
                let taps = || (0..size).map(|tap| self.layout.weight(output, tap));
                let targets: Vec<f32> = taps().map(|at| weights[at] / scale(output)).collect();
                let mut found: Vec<i8> = taps().map(|at| levels[at]).collect();
                let group = self.layout.group_of(output);
                let products = &sums.products[group * size * size..][..size * size];
                if !cancelled.load(Ordering::Relaxed) {
                    descend(&targets, products, &mut found);
                }
                found
            })
            .collect();
        let changes = change.as_slice_mut()?;
        for (output, found) in found.iter().enumerate() {
            for (tap, &level) in found.iter().enumerate() {
                let at = self.layout.weight(output, tap);
                let steps = i16::from(level) - i16::from(levels[at]);
                changes[at] = f64::from(steps) * f64::from(scale(output));
                levels[at] = level;
            }
        }
        Some(change)
    }
}

/// Subtracts real values from a stored bias.
fn subtract(bias: &mut QuantizedConstant, shift: &[f64]) -> Option<()> {
    let scale = |channel: usize| f64::from(bias.scales[channel.min(bias.scales.len() - 1)]);
    let steps = shift.iter().enumerate();
    let steps = steps.map(|(channel, shift)| (shift / scale(channel)).round_ties_even());
    match &mut bias.values {
        QuantizedValues::Int32(values) => {
            for (value, steps) in values.iter_mut().zip(steps) {
                *value = value.saturating_sub(steps as i32);
            }
        }
        QuantizedValues::Int64(values) => {
            for (value, steps) in values.iter_mut().zip(steps) {
                *value = value.saturating_sub(steps as i64);
            }
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests;
