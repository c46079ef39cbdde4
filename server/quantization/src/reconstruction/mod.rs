//! Layer-wise reconstruction: from input to output, the weights and biases of each layer are
//! chosen so that what it makes of its quantized input comes close to what the float layer makes
//! of the float input. Errors of the layers before it are made good as far as they can be.
//!
//! With `x` what the quantized layer reads and `y` what the float layer computes at the same
//! positions, the best weights are `E[y x'] E[x x']^-1`, pulled towards those of the float layer,
//! and their levels are the ones nearest to them in the norm of `E[x x']` (I. Hubara et al.,
//! "Accurate Post Training Quantization With Small Calibration Sets", 2021, section 3; M. Nagel et
//! al., "Up or Down? Adaptive Rounding for Post-Training Quantization", 2020, section 3.4; K. Behdin
//! et al., "QuantEase", 2023, section 3). The bias follows the means.
//!
//! This module runs no model: the caller runs the float and the quantized model on the same images,
//! hands over the tensors that a [`LayerStudy`] asks for, and keeps a [`Replacement`] if the model
//! got better on images that were not handed over. The layer after it is then studied in the model
//! that has it.

mod fit;
mod layer;
mod replacement;
mod rows;
mod solve;
mod study;

use std::sync::Arc;

use graph::{Graph, NodeId};
use rayon::ThreadPool;

use crate::error::QuantizationError;
use crate::model::QuantizedModel;
use crate::threads::thread_pool;
use layer::Layer;
pub use replacement::Replacement;
pub use rows::Rows;
pub use study::LayerStudy;

/// Fits the layers of a quantized model one after the other.
#[derive(Debug, Clone)]
pub struct Reconstruction<'a> {
    graph: &'a Graph,
    /// The layers that can be fitted.
    nodes: Vec<NodeId>,
    seed: u64,
    pool: Arc<ThreadPool>,
}

impl<'a> Reconstruction<'a> {
    /// For a model that was made of the prepared graph. Positions within images are drawn by
    /// `seed`. The results do not depend on the number of threads.
    ///
    /// # Errors
    /// [`QuantizationError::NoThreads`].
    pub fn new(
        graph: &'a Graph,
        model: &QuantizedModel,
        seed: u64,
        threads: usize,
    ) -> Result<Self, QuantizationError> {
        let can_be_fitted = |&id: &NodeId| Layer::of(graph, id, model).is_some();
        Ok(Self {
            graph,
            nodes: graph.node_ids().filter(can_be_fitted).collect(),
            seed,
            pool: Arc::new(thread_pool(threads)?),
        })
    }

    /// Number of layers. They are numbered in execution order.
    pub fn layers(&self) -> usize {
        self.nodes.len()
    }

    /// Begins to collect what a layer of the model reads on a number of images. `None` where there
    /// is no such layer, or it reads too much for the memory that one study takes (192 MiB).
    pub fn study(&self, layer: usize, model: &QuantizedModel, images: usize) -> Option<LayerStudy> {
        let layer = Layer::of(self.graph, *self.nodes.get(layer)?, model)?;
        LayerStudy::new(layer, model, images, self.seed, self.pool.clone())
    }
}

#[cfg(test)]
mod tests;
