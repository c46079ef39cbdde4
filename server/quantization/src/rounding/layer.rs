//! The weights of one layer, rounded anew.

use std::sync::atomic::{AtomicBool, Ordering};

use graph::{Graph, Node, NodeId, Op, TensorId};
use ndarray::ArrayD;
use rayon::prelude::*;
use tflite::{QuantizedConstant, QuantizedValues};

use super::sums::Sums;
use crate::bias::mean_shift;
use crate::descent::descend;
use crate::model::{QuantizedModel, scale_of};
use crate::patches::PatchLayout;
use crate::statistics::Statistics;

/// Where the patches of a layer come from, and what is subtracted from them.
#[derive(Debug)]
pub(super) struct Layer {
    /// The stream of random numbers.
    pub(super) node: NodeId,
    pub(super) name: String,
    op: Op,
    pub(super) input: TensorId,
    pub(super) layout: PatchLayout,
    /// Shape of the kernel.
    kernel: Vec<usize>,
    /// Subtracted from each input channel.
    pub(super) means: Vec<f64>,
}

impl Layer {
    /// Of a node that has such a layout. Channels count less their means where `means_are_corrected`.
    pub(super) fn new(
        graph: &Graph,
        (id, node): (NodeId, &Node),
        layout: PatchLayout,
        statistics: &Statistics,
        means_are_corrected: bool,
    ) -> Option<Self> {
        let input = node.input();
        let channels = statistics.tensor(input).and_then(|s| s.channels.as_ref());
        Some(Self {
            node: id,
            name: node.name.clone(),
            op: node.op.clone(),
            input,
            kernel: graph.kernel(node)?.shape().to_vec(),
            means: match channels.filter(|_| means_are_corrected) {
                Some(channels) => channels.means.clone(),
                None => vec![0.0; layout.channels()],
            },
            layout,
        })
    }

    /// Output positions of each image whose patches count: neighbours say much the same, and few
    /// weights need few of them.
    pub(super) fn positions(layout: &PatchLayout) -> usize {
        layout.size().div_ceil(4).clamp(16, 64)
    }

    /// Rounds the weights of the layer in a model. `None` where the layer has no 8-bit weights or
    /// nothing was seen of it, and nothing has changed.
    pub(super) fn round(
        &self,
        sums: &Sums,
        model: &mut QuantizedModel,
        bias_correction: bool,
        cancelled: &AtomicBool,
    ) -> Option<()> {
        let (kernel_id, bias_id) = model.kernel_and_bias(&self.name)?;
        let weights = model.graph.constant(kernel_id)?;
        if weights.shape() != self.kernel {
            return None;
        }
        let mut kernel = model.constant(kernel_id)?.clone();
        let mut bias = model.constant(bias_id)?.clone();
        let QuantizedValues::Int8(levels) = &mut kernel.values else {
            return None;
        };
        let weights: Vec<f32> = weights.iter().copied().collect();
        let change = self.best_levels(sums, &weights, &kernel.scales, levels, cancelled)?;
        if bias_correction {
            let shift = mean_shift(&self.op, &change, &self.means)?;
            subtract(&mut bias, &shift)?;
        }
        model.store(kernel_id, kernel);
        model.store(bias_id, bias);
        Some(())
    }

    /// Replaces levels by better ones, and tells by how much the weights change.
    fn best_levels(
        &self,
        sums: &Sums,
        weights: &[f32],
        scales: &[f32],
        levels: &mut [i8],
        cancelled: &AtomicBool,
    ) -> Option<ArrayD<f64>> {
        let layout = &self.layout;
        let found: Option<Vec<(f32, Vec<i8>)>> = (0..layout.outputs())
            .into_par_iter()
            .map(|output| {
                let scale = scale_of(scales, output)?;
                let weights = layout.weights_of(output, weights)?;
                let targets: Vec<f32> = weights.iter().map(|weight| weight / scale).collect();
                let mut found = layout.weights_of(output, levels)?;
                let products = sums.products(layout.size(), layout.group_of(output))?;
                if !cancelled.load(Ordering::Relaxed) {
                    descend(&targets, products, &mut found);
                }
                Some((scale, found))
            })
            .collect();
        let mut change = ArrayD::<f64>::zeros(self.kernel.as_slice());
        let changes = change.as_slice_mut()?;
        for (output, (scale, found)) in found?.iter().enumerate() {
            for (place, &level) in layout.places(output).zip(found) {
                let before = levels.get_mut(place)?;
                let steps = i16::from(level) - i16::from(*before);
                *changes.get_mut(place)? = f64::from(steps) * f64::from(*scale);
                *before = level;
            }
        }
        Some(change)
    }
}

/// Subtracts real values from a stored bias. `None` where it is stored in 8 bits.
fn subtract(bias: &mut QuantizedConstant, shift: &[f64]) -> Option<()> {
    let scales = bias.scales.iter().cycle();
    let steps = shift.iter().zip(scales);
    let steps = steps.map(|(shift, &scale)| (shift / f64::from(scale)).round_ties_even());
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
        QuantizedValues::Int8(_) => return None,
    }
    Some(())
}
