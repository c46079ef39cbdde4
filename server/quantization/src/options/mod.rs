//! What the user can choose, and what holds for a single node: what the target says of its
//! operator, then what the user says of the layer.

mod layer;
mod settings;

use std::collections::BTreeMap;

use graph::Node;
use serde::{Deserialize, Serialize};

pub use layer::{LayerChanges, LayerSettings, OperatorRule};
pub use settings::{
    ActivationMethod, ActivationSettings, ErrorMethod, WeightMethod, WeightSettings,
};

/// Element type of the int8 model's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InputType {
    /// `uint8` in, `int8` out: what a camera delivers.
    #[default]
    UInt8,
    /// `int8` in and out.
    Int8,
    /// `float32` in and out, converted at the ends.
    Float32,
}

/// In what a layer computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Precision {
    /// 8-bit activations and weights.
    #[default]
    Int8,
    /// 16-bit activations with zero at 0, 8-bit weights, 64-bit biases (TFLite's 16x8).
    Int16,
    /// Nothing is quantized.
    Float,
}

/// How coarsely the operands of additions are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SumScales {
    /// As suits their own values.
    #[default]
    Own,
    /// Like the sum, where nothing else reads them and the sum is stored more coarsely.
    Operands,
    /// Like the coarsest of all tensors that additions connect.
    Streams,
}

/// What the user can choose.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Element type of the input.
    pub input_type: InputType,
    /// Ranges of activations.
    pub activations: ActivationSettings,
    /// Thresholds of kernels.
    pub weights: WeightSettings,
    /// Whether the target allows activations of 16 bits.
    pub int16: bool,
    /// Whether the target allows layers to stay in float.
    pub float: bool,
    /// What the target says of single operators; later rules win.
    pub operators: Vec<OperatorRule>,
    /// What the user says of single layers, by the name of the node.
    pub layers: BTreeMap<String, LayerChanges>,
    /// Correct biases for the mean shift that rounding the weights causes.
    pub bias_correction: bool,
    /// Let the input's range end at its largest value, whatever ranges activations may have.
    pub input_scaling: bool,
    /// How coarsely the operands of additions are stored.
    pub sum_scales: SumScales,
    /// Use the levels that a small negative tail leaves idle, where the tail is no larger than this
    /// share of the threshold; `None` to leave it.
    pub shift_negative_ratio: Option<f64>,
    /// Nodes that do not compute in 8 bits, by their names. An operator that only moves values,
    /// such as pooling or a reshape, takes the precision of its input where it is not listed.
    pub precisions: BTreeMap<String, Precision>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            input_type: InputType::default(),
            activations: ActivationSettings::default(),
            weights: WeightSettings::default(),
            int16: true,
            float: true,
            operators: Vec::new(),
            layers: BTreeMap::new(),
            bias_correction: true,
            input_scaling: false,
            sum_scales: SumScales::default(),
            shift_negative_ratio: None,
            precisions: BTreeMap::new(),
        }
    }
}

impl Options {
    /// The settings of a node.
    pub fn layer(&self, node: &Node) -> LayerSettings {
        let mut settings = self.defaults();
        for rule in self.operators.iter().filter(|rule| rule.concerns(&node.op)) {
            rule.apply(&mut settings);
        }
        self.change(&node.name, &mut settings);
        settings
    }

    /// The settings of an input of the model, which no operator computes.
    pub fn input(&self, name: &str) -> ActivationSettings {
        let mut settings = self.defaults();
        self.change(name, &mut settings);
        settings.activations
    }

    fn defaults(&self) -> LayerSettings {
        LayerSettings {
            activations: self.activations,
            weights: self.weights,
            int16: self.int16,
            float: self.float,
        }
    }

    fn change(&self, name: &str, settings: &mut LayerSettings) {
        if let Some(changes) = self.layers.get(name) {
            changes.apply(settings);
        }
    }
}
