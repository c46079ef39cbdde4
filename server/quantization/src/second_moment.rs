//! Second-moment correction: rounding the weights changes the deviation of each output channel as
//! well as its mean, and the channel's weight scale can take that back without changing a weight.

use graph::{Constant, FusedActivation, Graph, TensorId};
use ndarray::{ArrayViewD, Axis};
use tflite::{Encoding, QuantizedConstant, QuantizedValues};

use crate::quantize::{QuantizationError, QuantizedModel};
use crate::statistics::{Observation, Statistics};
use crate::weights::vector;

/// Added to variances, so that a channel that is almost constant keeps its scale.
const EPSILON: f64 = 1e-5;

/// Largest change of a scale; more would be no rounding error.
const LARGEST_FACTOR: f64 = 2.0;

/// A float graph that computes every layer's result before the activation twice from the same
/// input: with the weights as they are and as they were rounded.
#[derive(Debug, Clone)]
pub struct MomentProbe {
    /// The graph to run on calibration images.
    pub graph: Graph,
    layers: Vec<Layer>,
}

#[derive(Debug, Clone)]
struct Layer {
    name: String,
    float: TensorId,
    rounded: TensorId,
    bias: Vec<f64>,
}

impl MomentProbe {
    /// Builds the probe from the graph that was calibrated and what became of it.
    ///
    /// # Errors
    /// [`QuantizationError::Graph`] when the graph has become too large.
    pub fn new(graph: &Graph, model: &QuantizedModel) -> Result<Self, QuantizationError> {
        let mut probe = graph.clone();
        let mut layers = Vec::new();
        for node in graph.nodes().iter().filter(|node| node.op.has_kernel()) {
            let Some(kernel) = graph.constant(node.inputs[1]).cloned() else {
                continue;
            };
            let bias = node.inputs.get(2).and_then(|&id| graph.constant(id));
            let channels = graph.shape(node.output).last().copied().unwrap_or(0);
            let bias = bias.map_or_else(|| vec![0.0; channels], vector);
            let rounded = model
                .kernel_and_bias(&node.name)
                .and_then(|(kernel_id, _)| dequantized(model, kernel_id));
            let Some(rounded) = rounded.filter(|rounded| rounded.shape() == kernel.shape()) else {
                continue;
            };
            let mut add = |part: &str, kernel: Constant| {
                let name = format!("{}/{part}", node.name);
                let kernel = probe.add_constant(format!("{name}/kernel"), kernel);
                let mut inputs = vec![node.inputs[0], kernel];
                inputs.extend(node.inputs.get(2));
                probe.add_node(name, node.op.clone(), &inputs)
            };
            layers.push(Layer {
                name: node.name.clone(),
                float: add("float", kernel)?,
                rounded: add("rounded", rounded)?,
                bias,
            });
        }
        debug_assert!(
            probe.nodes()[graph.nodes().len()..]
                .iter()
                .all(|node| node.activation == FusedActivation::None)
        );
        Ok(Self {
            graph: probe,
            layers,
        })
    }

    /// The tensors whose moments the correction needs.
    pub fn observations(&self) -> Vec<Observation> {
        let tensors = self
            .layers
            .iter()
            .flat_map(|layer| [layer.float, layer.rounded]);
        tensors
            .map(|tensor| Observation {
                tensor,
                distribution: false,
                channel_means: true,
                channel_variances: true,
                channel_ranges: false,
                apart: None,
            })
            .collect()
    }

    /// Scales the weights of each output channel and moves its bias so that mean and deviation
    /// become those of the float model.
    pub fn correct(&self, model: &mut QuantizedModel, statistics: &Statistics) {
        for layer in &self.layers {
            let _ = layer.correct(model, statistics);
        }
    }
}

impl Layer {
    fn correct(&self, model: &mut QuantizedModel, statistics: &Statistics) -> Option<()> {
        let float = statistics.tensor(self.float)?.channels.as_ref()?;
        let rounded = statistics.tensor(self.rounded)?.channels.as_ref()?;
        let (kernel_id, bias_id) = model.kernel_and_bias(&self.name)?;
        let kernel = model.constant(kernel_id)?.clone();
        let mut bias = model.constant(bias_id)?.clone();
        // One scale for all channels cannot follow them.
        if kernel.scales.len() != bias.scales.len() || kernel.scales.len() != self.bias.len() {
            return None;
        }
        let QuantizedValues::Int32(stored) = &mut bias.values else {
            return None;
        };
        let mut scales = kernel.scales.clone();
        for channel in 0..scales.len() {
            let factor = ((float.variances[channel] + EPSILON)
                / (rounded.variances[channel] + EPSILON))
                .sqrt()
                .clamp(1.0 / LARGEST_FACTOR, LARGEST_FACTOR);
            let without_bias = rounded.means[channel] - self.bias[channel];
            let corrected = float.means[channel] - factor * without_bias;
            let scale = f64::from(bias.scales[channel]) * factor;
            let steps = (corrected / scale).round_ties_even();
            if steps.abs() < f64::from(1u32 << 30) {
                stored[channel] = steps as i32;
                bias.scales[channel] = scale as f32;
                scales[channel] = (f64::from(scales[channel]) * factor) as f32;
            }
        }
        let kernel = QuantizedConstant { scales, ..kernel };
        model
            .encodings
            .insert(kernel_id, Encoding::Quantized(kernel));
        model.encodings.insert(bias_id, Encoding::Quantized(bias));
        Some(())
    }
}

fn dequantized(model: &QuantizedModel, tensor: TensorId) -> Option<Constant> {
    let constant = model.constant(tensor)?;
    let QuantizedValues::Int8(stored) = &constant.values else {
        return None;
    };
    let stored = ArrayViewD::from_shape(model.graph.shape(tensor), stored).ok()?;
    let mut values = stored.mapv(f32::from);
    for (index, mut channel) in values.axis_iter_mut(Axis(constant.axis)).enumerate() {
        let scale = constant.scales[index.min(constant.scales.len() - 1)];
        channel.mapv_inplace(|value| value * scale);
    }
    Some(values.into_shared())
}
