use std::collections::HashMap;

use configuration::Settings;
use graph::passes::Rewrites;
use graph::{Graph, Node, TensorId};
use quantization::{ActivationParameters, Options, QuantizedModel, Statistics, TensorStatistics};
use report::{Comparison, Layer};
use tflite::{ElementType, Encoding};

use crate::image_set::ImageSet;

/// What is known at the end of a quantization.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// What the user chose.
    pub settings: &'a Settings,
    /// The same in the quantizer's words.
    pub options: &'a Options,
    /// Rewrites of the graph before calibration.
    pub rewrites: &'a Rewrites,
    /// The model as it was read, before any pass.
    pub source: &'a Graph,
    /// The graph that was calibrated and quantized.
    pub graph: &'a Graph,
    /// What became of it.
    pub model: &'a QuantizedModel,
    /// What calibration saw.
    pub statistics: &'a Statistics,
    /// The same for two halves of the images, each from all over the folder.
    pub halves: &'a [Statistics; 2],
    /// Calibration images as the model's input.
    pub calibration: &'a ImageSet,
    /// Number of samples that the calibration images stand for.
    pub samples: usize,
    /// Some of the evaluation images, prepared as calibration images are; `None` where they cannot
    /// be read.
    pub evaluation: Option<&'a ImageSet>,
    /// Names of the classes, where the label file can be read.
    pub classes: Option<&'a Names>,
    /// Every layer with its noise.
    pub layers: &'a [Layer],
    /// The two models side by side; `None` without the TFLite runtime.
    pub comparison: Option<&'a Comparison>,
}

/// Names of the classes and what the folders of the calibration images say about them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Name of each class.
    pub classes: Vec<String>,
    /// For each class the number of calibration images in a folder of its name; `None` where the
    /// folders are not named after classes.
    pub images: Option<Vec<usize>>,
}

/// How an activation is stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stored {
    pub(crate) scale: f64,
    pub(crate) zero_point: i32,
    /// Smallest and largest value that can be represented.
    pub(crate) range: [f64; 2],
}

impl Evidence<'_> {
    /// How a tensor of the calibrated graph is stored, if in eight bits.
    pub(crate) fn stored(&self, tensor: TensorId) -> Option<Stored> {
        let &Encoding::Affine {
            element,
            scale,
            zero_point,
        } = self.model.encodings.get(tensor)
        else {
            return None;
        };
        let (lowest, highest) = match element {
            ElementType::Int8 => (-128, 127),
            ElementType::UInt8 => (0, 255),
            _ => return None,
        };
        let scale = f64::from(scale);
        let real = |quantized: i32| scale * f64::from(quantized - zero_point);
        Some(Stored {
            scale,
            zero_point,
            range: [real(lowest), real(highest)],
        })
    }

    /// Parameters of an int8 tensor.
    pub(crate) fn parameters(&self, tensor: TensorId) -> Option<ActivationParameters> {
        let stored = self.stored(tensor)?;
        Some(ActivationParameters {
            scale: stored.scale as f32,
            zero_point: stored.zero_point,
        })
    }

    /// Every tensor that was observed and is stored in eight bits, with its name.
    pub(crate) fn activations(
        &self,
    ) -> impl Iterator<Item = (TensorId, &str, &TensorStatistics, Stored)> {
        let inputs = self.graph.inputs().iter().copied();
        let computed = self.graph.nodes().iter().map(|node| node.output);
        let producers = self.producers();
        inputs.chain(computed).filter_map(move |tensor| {
            let name = match producers.get(&tensor) {
                Some(node) => node.name.as_str(),
                None => self.graph.tensor(tensor).name.as_str(),
            };
            let seen = self.statistics.tensor(tensor)?;
            Some((tensor, name, seen, self.stored(tensor)?))
        })
    }

    /// The node that writes each tensor.
    pub(crate) fn producers(&self) -> HashMap<TensorId, &Node> {
        let nodes = self.graph.nodes().iter();
        nodes.map(|node| (node.output, node)).collect()
    }
}
