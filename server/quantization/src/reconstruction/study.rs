//! What is collected for one layer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use graph::TensorId;
use rayon::ThreadPool;
use tflite::{ElementType, Encoding};

use super::fit::fit;
use super::layer::Layer;
use super::replacement::Replacement;
use super::rows::Rows;
use super::solve::dot;
use crate::error::QuantizationError;
use crate::model::QuantizedModel;

/// Most numbers that a study holds, 192 MiB.
const MAX_NUMBERS: usize = 48 << 20;

/// Rows for each weight of an output channel, and how many there are at least and at most in all.
const ROWS_A_WEIGHT: usize = 8;
const LEAST_ROWS: usize = 2048;
const MOST_ROWS: usize = 8192;

/// Pairs of what a layer of the quantized model reads and what it should make of it. A clone made
/// before rows are added can take rows on other threads.
#[derive(Debug, Clone)]
pub struct LayerStudy {
    pub(super) layer: Layer,
    pub(super) rows: Rows,
    /// How the quantized model stores what the layer reads.
    input: Encoding,
    /// Positions of each image.
    count: usize,
    seed: u64,
    pool: Arc<ThreadPool>,
}

impl LayerStudy {
    pub(super) fn new(
        layer: Layer,
        model: &QuantizedModel,
        images: usize,
        seed: u64,
        pool: Arc<ThreadPool>,
    ) -> Option<Self> {
        let (layout, images) = (&layer.layout, images.max(1));
        let row = layout.numbers(1) - layout.entries() + layout.outputs();
        let wanted = layout.size().saturating_mul(ROWS_A_WEIGHT);
        let wanted = wanted.clamp(LEAST_ROWS, MOST_ROWS).div_ceil(images);
        let count = wanted.min(MAX_NUMBERS / row.saturating_mul(images));
        // The matrix of a large patch does not fit either.
        if count == 0 || layout.entries() > MAX_NUMBERS {
            return None;
        }
        Some(Self {
            input: model.encodings.get(layer.inputs[1]).clone(),
            layer,
            rows: Rows::default(),
            count,
            seed,
            pool,
        })
    }

    /// The tensors whose values are needed: those of the float graph, and those of the quantized
    /// one. Inputs of a model may be among them.
    pub fn tensors(&self) -> [Vec<TensorId>; 2] {
        self.layer.tensors()
    }

    /// Takes rows from the real values of the tensors in both models, in the order of
    /// [`LayerStudy::tensors`]. `image` tells the images apart. Nothing is taken where the values
    /// are not those of the tensors.
    pub fn take(&self, image: usize, float: &[&[f32]], quantized: &[&[f32]]) -> Rows {
        self.rows_of(image, float, quantized).unwrap_or_default()
    }

    fn rows_of(&self, image: usize, float: &[&[f32]], quantized: &[&[f32]]) -> Option<Rows> {
        let (layer, layout) = (&self.layer, &self.layer.layout);
        let (size, outputs) = (layout.size(), layout.outputs());
        let stream = (image as u64) << 32 | u64::from(layer.node.0);
        let positions = layout.draw(self.count, self.seed, stream);
        let zeros = vec![0.0; layout.channels()];
        let read = layout.patches(float.first()?, &zeros, &positions);
        let stored: Vec<f32> = quantized.first()?.iter().map(|&v| self.stored(v)).collect();
        let patches = layout.patches(&stored, &zeros, &positions);
        let group = positions.len() * size;
        if group == 0 || patches.is_empty() || read.len() != patches.len() {
            return None;
        }
        let groups: Vec<&[f32]> = read.chunks_exact(group).collect();
        let mut targets = vec![0.0; positions.len() * outputs];
        for (output, offset) in layer.offsets.iter().enumerate() {
            let weights = layout.weights_of(output, &layer.weights)?;
            let patches = groups.get(layout.group_of(output))?.chunks_exact(size);
            let targets = targets.iter_mut().skip(output).step_by(outputs);
            for (target, patch) in targets.zip(patches) {
                *target = offset + dot(&weights, patch);
            }
        }
        if layer.other.is_some() {
            // The sum should be right, so the layer makes up for the error of the other operand.
            for (row, &position) in targets.chunks_exact_mut(outputs).zip(&positions) {
                let place = position * outputs..(position + 1) * outputs;
                let right = float.get(1)?.get(place.clone())?;
                let present = quantized.get(1)?.get(place)?;
                for ((target, right), present) in row.iter_mut().zip(right).zip(present) {
                    *target += right - present;
                }
            }
        }
        let patches = patches.chunks_exact(group).map(<[f32]>::to_vec).collect();
        Some(Rows { patches, targets })
    }

    /// The real number that the quantized model reads: inputs of the model are given as they are.
    fn stored(&self, value: f32) -> f32 {
        let Encoding::Affine {
            element: ElementType::Int8,
            scale,
            zero_point,
        } = self.input
        else {
            return value;
        };
        let zero = zero_point as f32;
        let level = (value / scale).round() + zero;
        (level.clamp(-128.0, 127.0) - zero) * scale
    }

    /// Adds the rows of an image. The order of images matters to the last bit.
    pub fn add(&mut self, rows: &Rows) {
        self.rows.add(rows);
    }

    /// Weights and biases for the layer, one proposal for each of `shares`: how far they may go
    /// from the float weights (0) to the best ones for the rows (1), which suit other images less.
    /// None where nothing was seen or values are not finite.
    ///
    /// # Errors
    /// [`QuantizationError::Cancelled`] when `cancelled` was set.
    pub fn fit(
        &self,
        model: &QuantizedModel,
        shares: &[f64],
        cancelled: &AtomicBool,
    ) -> Result<Vec<Replacement>, QuantizationError> {
        let found = self
            .pool
            .install(|| fit(&self.layer, &self.rows, model, shares, cancelled));
        match cancelled.load(Ordering::Relaxed) {
            true => Err(QuantizationError::Cancelled),
            false => Ok(found.unwrap_or_default()),
        }
    }
}
