//! What the kernels of layers read, summed over images.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use graph::{Graph, TensorId};
use rayon::ThreadPool;
use rayon::prelude::*;

use super::layer::Layer;
use super::sums::Sums;
use crate::error::QuantizationError;
use crate::model::QuantizedModel;
use crate::options::Options;
use crate::patches::PatchLayout;
use crate::statistics::Statistics;
use crate::threads::thread_pool;

/// Most numbers that a part holds at the same time, 256 MiB: entries of matrices, and the patches of
/// images that wait to be added.
const MAX_NUMBERS: usize = 64 << 20;

/// Images whose patches wait: two a thread on eight threads.
const WAITING: usize = 16;

/// Second moments of the patches that the kernels of some layers read: what a weight's error is
/// multiplied with. Channels count less their means where biases make up for mean errors.
#[derive(Debug)]
pub struct PatchMoments {
    pub(super) sampler: PatchSampler,
    /// Those of each layer.
    sums: Vec<Sums>,
    pool: Arc<ThreadPool>,
}

/// Takes patches from the values of tensors.
#[derive(Debug, Clone)]
pub struct PatchSampler {
    pub(super) layers: Arc<Vec<Layer>>,
    seed: u64,
}

/// The patches of one image, for each layer.
#[derive(Debug, Clone, Default)]
pub struct Patches(Vec<Vec<f32>>);

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
        for id in graph.node_ids() {
            let node = graph.node(id);
            let Some(layout) = PatchLayout::of(graph, node) else {
                continue;
            };
            let needed = layout.numbers(Layer::positions(&layout) * WAITING);
            if needed > MAX_NUMBERS {
                left_out.push(node.name.clone());
                continue;
            }
            let corrected = options.bias_correction;
            let Some(layer) = Layer::new(graph, (id, node), layout, statistics, corrected) else {
                continue;
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
            let corrected = options.bias_correction;
            // Layers that have nothing to round stay as they are.
            let _ = self
                .pool
                .install(|| layer.round(sums, model, corrected, cancelled));
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
                let stream = (image as u64) << 32 | u64::from(layer.node.0);
                let count = Layer::positions(&layer.layout);
                let positions = layer.layout.draw(count, self.seed, stream);
                *patches = layer.layout.patches(values, &layer.means, &positions);
            }
        }
    }
}
