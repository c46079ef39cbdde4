//! What holds for a single node: what the target says of its operator, then what the user says of
//! the layer.

use graph::{Node, Op};

use crate::options::{ActivationMethod, ActivationSettings, ErrorMethod, Options};
use crate::options::{WeightMethod, WeightSettings};

/// What a target says of some operators. What is `None` stays as it is for all others.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OperatorRule {
    /// Operators: names of [`Op::name`].
    pub operators: Vec<String>,
    /// Ranges of their outputs.
    pub activation_method: Option<ActivationMethod>,
    /// Thresholds of their kernels.
    pub weight_method: Option<WeightMethod>,
    /// Whether their kernels may have one threshold for each output channel.
    pub per_channel: Option<bool>,
    /// Whether their outputs may have 16 bits.
    pub int16: Option<bool>,
    /// Whether they may stay in float.
    pub float: Option<bool>,
}

/// What the user says of a single layer. What is `None` stays as it is for all others.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LayerChanges {
    /// What the choice of the output's range minimizes.
    pub activation_error_method: Option<ErrorMethod>,
    /// What the choice of the kernel's thresholds minimizes.
    pub weights_error_method: Option<ErrorMethod>,
    /// Distance from the mean, in standard deviations, beyond which activations do not count.
    pub z_threshold: Option<f64>,
}

impl LayerChanges {
    /// Whether they change how the range of the layer's output is chosen.
    pub(crate) fn choose_a_range(&self) -> bool {
        self.activation_error_method.is_some() || self.z_threshold.is_some()
    }
}

/// What holds for one node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerSettings {
    /// Range of the output.
    pub activations: ActivationSettings,
    /// Thresholds of the kernel.
    pub weights: WeightSettings,
    /// Whether the target allows an output of 16 bits.
    pub int16: bool,
    /// Whether the target allows the node to stay in float.
    pub float: bool,
}

impl Options {
    /// The settings of a node.
    pub fn layer(&self, node: &Node) -> LayerSettings {
        let mut settings = self.rules_of(&node.op);
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

    /// Later rules win.
    fn rules_of(&self, op: &Op) -> LayerSettings {
        let name = op.name();
        let concerns = |rule: &&OperatorRule| rule.operators.iter().any(|known| known == name);
        let mut settings = self.defaults();
        for rule in self.operators.iter().filter(concerns) {
            let activations = &mut settings.activations;
            let weights = &mut settings.weights;
            activations.method = rule.activation_method.unwrap_or(activations.method);
            weights.method = rule.weight_method.unwrap_or(weights.method);
            weights.per_channel = rule.per_channel.unwrap_or(weights.per_channel);
            settings.int16 = rule.int16.unwrap_or(settings.int16);
            settings.float = rule.float.unwrap_or(settings.float);
        }
        settings
    }

    fn change(&self, name: &str, settings: &mut LayerSettings) {
        let Some(changes) = self.layers.get(name) else {
            return;
        };
        let activations = &mut settings.activations;
        let weights = &mut settings.weights;
        activations.error_method = changes
            .activation_error_method
            .unwrap_or(activations.error_method);
        activations.z_threshold = changes.z_threshold.unwrap_or(activations.z_threshold);
        weights.error_method = changes.weights_error_method.unwrap_or(weights.error_method);
    }
}
