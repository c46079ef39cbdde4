//! Second-moment correction: rounding the weights changes the deviation of each output channel as
//! well as its mean, and the channel's weight scale can take that back without changing a weight.

use graph::{Constant, FusedActivation, Graph, Node, TensorId};
use ndarray::{ArrayViewD, Axis};
use tflite::{QuantizedConstant, QuantizedValues};

use crate::bias::bias_of;
use crate::error::QuantizationError;
use crate::model::QuantizedModel;
use crate::statistics::{ChannelMoments, Observation, Statistics};
use crate::weights::output_axis;

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
        for node in graph.nodes() {
            let Some(kernel) = graph.kernel(node).cloned() else {
                continue;
            };
            let rounded = model
                .kernel_and_bias(&node.name)
                .and_then(|(kernel_id, _)| dequantized(model, kernel_id));
            let Some(rounded) = rounded.filter(|rounded| rounded.shape() == kernel.shape()) else {
                continue;
            };
            layers.push(Layer {
                name: node.name.clone(),
                bias: bias_of(graph, node, kernel.len_of(output_axis(&node.op))),
                float: add_layer(&mut probe, node, "float", kernel)?,
                rounded: add_layer(&mut probe, node, "rounded", rounded)?,
            });
        }
        debug_assert!(
            probe
                .nodes()
                .iter()
                .skip(graph.nodes().len())
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
                channel_histograms: None,
            })
            .collect()
    }

    /// Scales the weights of each output channel and moves its bias so that mean and deviation
    /// become those of the float model.
    pub fn correct(&self, model: &mut QuantizedModel, statistics: &Statistics) {
        for layer in &self.layers {
            // A layer that cannot follow stays as it is.
            let _ = layer.correct(model, statistics);
        }
    }
}

impl Layer {
    /// `None` where nothing was seen of the layer, or it has one scale for all channels, which cannot
    /// follow them, or biases of 64 bits.
    fn correct(&self, model: &mut QuantizedModel, statistics: &Statistics) -> Option<()> {
        let float = statistics.tensor(self.float)?.channels.as_ref()?;
        let rounded = statistics.tensor(self.rounded)?.channels.as_ref()?;
        let (kernel_id, bias_id) = model.kernel_and_bias(&self.name)?;
        let mut kernel = model.constant(kernel_id)?.clone();
        let mut bias = model.constant(bias_id)?.clone();
        let channels = self.bias.len();
        if kernel.scales.len() != channels || bias.scales.len() != channels {
            return None;
        }
        let QuantizedValues::Int32(stored) = &mut bias.values else {
            return None;
        };
        let scales = kernel.scales.iter_mut().zip(&mut bias.scales);
        let corrections = self.corrections(float, rounded);
        for ((stored, (kernel, bias)), (factor, wanted)) in
            stored.iter_mut().zip(scales).zip(corrections)
        {
            let scale = f64::from(*bias) * factor;
            let steps = (wanted / scale).round_ties_even();
            if steps.abs() < f64::from(1u32 << 30) {
                *stored = steps as i32;
                *bias = scale as f32;
                *kernel = (f64::from(*kernel) * factor) as f32;
            }
        }
        model.store(kernel_id, kernel);
        model.store(bias_id, bias);
        Some(())
    }

    /// For each channel what its weights are multiplied with, and its bias then.
    fn corrections(
        &self,
        float: &ChannelMoments,
        rounded: &ChannelMoments,
    ) -> impl Iterator<Item = (f64, f64)> {
        let variances = float.variances.iter().zip(&rounded.variances);
        let means = float.means.iter().zip(&rounded.means);
        let channels = variances.zip(means).zip(&self.bias);
        channels.map(|(((float, rounded), (float_mean, rounded_mean)), bias)| {
            let factor = ((float + EPSILON) / (rounded + EPSILON))
                .sqrt()
                .clamp(1.0 / LARGEST_FACTOR, LARGEST_FACTOR);
            let without_bias = rounded_mean - bias;
            (factor, float_mean - factor * without_bias)
        })
    }
}

/// Adds a node once more, with another kernel.
fn add_layer(
    graph: &mut Graph,
    node: &Node,
    part: &str,
    kernel: Constant,
) -> Result<TensorId, QuantizationError> {
    let name = format!("{}/{part}", node.name);
    let kernel = graph.add_constant(format!("{name}/kernel"), kernel);
    let mut inputs = vec![node.input(), kernel];
    inputs.extend(node.bias());
    Ok(graph.add_node(name, node.op.clone(), &inputs)?)
}

/// The real numbers that a stored kernel stands for.
fn dequantized(model: &QuantizedModel, tensor: TensorId) -> Option<Constant> {
    let QuantizedConstant {
        values: QuantizedValues::Int8(stored),
        scales,
        axis,
    } = model.constant(tensor)?
    else {
        return None;
    };
    let stored = ArrayViewD::from_shape(model.graph.shape(tensor), stored).ok()?;
    let mut values = stored.mapv(f32::from);
    let channels = values.axis_iter_mut(Axis(*axis));
    for (mut channel, &scale) in channels.zip(scales.iter().cycle()) {
        channel.mapv_inplace(|value| value * scale);
    }
    Some(values.into_shared())
}
