//! What holds for a single node: what the target says of its operator, then what the user says of
//! the layer.

use graph::Op;

use super::settings::{
    ActivationMethod, ActivationSettings, ErrorMethod, WeightMethod, WeightSettings,
};

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

impl OperatorRule {
    /// Whether the rule says something of an operator.
    pub(super) fn concerns(&self, op: &Op) -> bool {
        self.operators.iter().any(|known| known == op.name())
    }

    /// Puts what the rule says in the place of what held before.
    pub(super) fn apply(&self, settings: &mut LayerSettings) {
        let activations = &mut settings.activations;
        let weights = &mut settings.weights;
        activations.method = self.activation_method.unwrap_or(activations.method);
        weights.method = self.weight_method.unwrap_or(weights.method);
        weights.per_channel = self.per_channel.unwrap_or(weights.per_channel);
        settings.int16 = self.int16.unwrap_or(settings.int16);
        settings.float = self.float.unwrap_or(settings.float);
    }
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

    /// Puts what the user says in the place of what held before.
    pub(super) fn apply(&self, settings: &mut LayerSettings) {
        let activations = &mut settings.activations;
        let weights = &mut settings.weights;
        activations.error_method = self
            .activation_error_method
            .unwrap_or(activations.error_method);
        activations.z_threshold = self.z_threshold.unwrap_or(activations.z_threshold);
        weights.error_method = self.weights_error_method.unwrap_or(weights.error_method);
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
