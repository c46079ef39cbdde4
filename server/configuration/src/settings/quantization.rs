//! The values under `quantization`.

use super::overrides::LayerOverride;
use crate::syntax::Node;

/// The type of the quantized model's input tensor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InferenceInputType {
    /// Unsigned bytes.
    #[default]
    Uint8,
    /// Signed bytes.
    Int8,
    /// 32-bit floats.
    Float32,
}

/// What a search for quantization parameters minimizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorMethod {
    /// Mean squared error.
    #[default]
    Mse,
    /// Mean absolute error.
    Mae,
    /// Kullback-Leibler divergence.
    Kl,
    /// Mean absolute error to the power `l_p_value`.
    Lp,
    /// No search; nothing is clipped.
    NoClipping,
    /// No search; `percentile` of the values are covered. For activations only.
    Percentile,
}

/// Whether something is done to a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// Where it makes the model better on calibration images that did not fit it.
    #[default]
    Auto,
    /// In any case.
    On,
    /// In no case.
    Off,
}

impl Choice {
    fn of(written: &Node) -> Option<Choice> {
        match (written.as_bool(), written.as_str()) {
            (Some(true), _) => Some(Choice::On),
            (Some(false), _) => Some(Choice::Off),
            (None, Some("auto")) => Some(Choice::Auto),
            _ => None,
        }
    }
}

/// How much is tried to make the model better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Effort {
    /// Nothing; what is left to the quantizer is done as suits most models.
    Fast,
    /// What takes a second or two.
    #[default]
    Balanced,
    /// What takes minutes.
    Best,
}

/// How coarsely the operands of additions are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SumScales {
    /// As makes the model better on calibration images that did not fit it.
    #[default]
    Auto,
    /// As suits their own values.
    Own,
    /// Like the sum, where nothing else reads them.
    Operands,
    /// Like the coarsest of all tensors that additions connect.
    Streams,
}

impl ErrorMethod {
    pub(super) fn of(written: &str) -> Option<ErrorMethod> {
        Some(match written {
            "mse" => ErrorMethod::Mse,
            "mae" => ErrorMethod::Mae,
            "kl" => ErrorMethod::Kl,
            "lp" => ErrorMethod::Lp,
            "noclipping" => ErrorMethod::NoClipping,
            "percentile" => ErrorMethod::Percentile,
            _ => return None,
        })
    }
}

/// What layers become that an accuracy budget asks to keep more exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum BudgetPrecision {
    /// 16-bit activations, 8-bit weights.
    #[default]
    Int16,
    /// As they were.
    Float32,
}

/// The values under `quantization`; the schema describes each.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantizationSettings {
    /// Type of the quantized model's input.
    pub inference_input_type: InferenceInputType,
    /// Start of the generator that draws calibration images.
    pub seed: u64,
    /// How much is tried to make the model better.
    pub effort: Effort,
    /// Error that activation ranges minimize; `None` where trials decide.
    pub activation_error_method: Option<ErrorMethod>,
    /// Error that kernel thresholds minimize; `None` where trials decide.
    pub weights_error_method: Option<ErrorMethod>,
    /// How coarsely the operands of additions are stored.
    pub sum_scales: SumScales,
    /// Power of [`ErrorMethod::Lp`], 1 to 16.
    pub l_p_value: u64,
    /// Distance from the mean, in standard deviations, beyond which activations do not count;
    /// infinite for all to count.
    pub z_threshold: f64,
    /// Percentage of the values that [`ErrorMethod::Percentile`] covers, above 50 and up to 100.
    pub percentile: f64,
    /// Settings that differ for some layers; later entries win.
    pub overrides: Vec<LayerOverride>,
    /// Whether each output channel of a kernel has a threshold of its own.
    pub weights_per_channel_threshold: bool,
    /// Whether biases make up for the mean error of quantized weights.
    pub weights_bias_correction: Choice,
    /// Whether weight scales make up for a changed deviation of output channels.
    pub weights_second_moment_correction: Choice,
    /// Whether weights are rounded up or down by what their layers read.
    pub weights_rounding_optimization: Choice,
    /// Whether small negative tails take no sign bit.
    pub shift_negative_activation_correction: Choice,
    /// Largest share of the threshold that such a tail may have, 0 to 1.
    pub shift_negative_ratio: f64,
    /// Whether ReLU6 is scaled to end at eight.
    pub relu_bound_to_power_of_2: Choice,
    /// Whether the input's range ends at its largest value.
    pub input_scaling: Choice,
    /// Whether linear layers in a row become one.
    pub linear_collapsing: bool,
    /// Whether a sum with a convolution of the same tensor becomes one convolution.
    pub residual_collapsing: bool,
    /// Whether normalized channels are scaled to a deviation of at most one.
    pub activation_channel_equalization: bool,
    /// Whether channels between layers are scaled to equal ranges.
    pub cross_layer_equalization: Choice,
    /// Top-1 accuracy that quantization may cost, in percentage points.
    pub accuracy_budget: Option<f64>,
    /// What the layers become that the budget asks to keep more exact.
    pub accuracy_budget_precision: BudgetPrecision,
}

impl Default for QuantizationSettings {
    fn default() -> QuantizationSettings {
        QuantizationSettings {
            inference_input_type: InferenceInputType::default(),
            seed: 0,
            effort: Effort::default(),
            activation_error_method: None,
            weights_error_method: None,
            sum_scales: SumScales::default(),
            l_p_value: 2,
            z_threshold: f64::INFINITY,
            percentile: 99.99,
            overrides: Vec::new(),
            weights_per_channel_threshold: true,
            weights_bias_correction: Choice::Auto,
            weights_second_moment_correction: Choice::Auto,
            weights_rounding_optimization: Choice::Auto,
            shift_negative_activation_correction: Choice::Auto,
            shift_negative_ratio: 0.05,
            relu_bound_to_power_of_2: Choice::Auto,
            input_scaling: Choice::Auto,
            linear_collapsing: true,
            residual_collapsing: true,
            activation_channel_equalization: false,
            cross_layer_equalization: Choice::Auto,
            accuracy_budget: None,
            accuracy_budget_precision: BudgetPrecision::default(),
        }
    }
}

impl QuantizationSettings {
    pub(super) fn of(root: &Node) -> QuantizationSettings {
        let default = QuantizationSettings::default();
        let Some(written) = root.get("quantization") else {
            return default;
        };
        let flag = |key, default| written.get(key).and_then(Node::as_bool).unwrap_or(default);
        let integer = |key, default| {
            let value = written.get(key).and_then(Node::as_integer);
            value.unwrap_or(default)
        };
        let number = |key, default| {
            let value = written.get(key).and_then(Node::to_json);
            value.and_then(|value| value.as_f64()).unwrap_or(default)
        };
        let text = |key| written.get(key).and_then(Node::as_str);
        let choice = |key| written.get(key).and_then(Choice::of).unwrap_or_default();
        // "auto" is none of the methods.
        let error = |key| text(key).and_then(ErrorMethod::of);
        QuantizationSettings {
            inference_input_type: match text("inference_input_type") {
                Some("int8") => InferenceInputType::Int8,
                Some("float32") => InferenceInputType::Float32,
                _ => default.inference_input_type,
            },
            seed: integer("seed", default.seed),
            effort: match text("effort") {
                Some("fast") => Effort::Fast,
                Some("best") => Effort::Best,
                _ => default.effort,
            },
            sum_scales: match text("sum_scales") {
                Some("own") => SumScales::Own,
                Some("operands") => SumScales::Operands,
                Some("streams") => SumScales::Streams,
                _ => default.sum_scales,
            },
            activation_error_method: error("activation_error_method"),
            weights_error_method: error("weights_error_method"),
            l_p_value: integer("l_p_value", default.l_p_value),
            z_threshold: number("z_threshold", default.z_threshold),
            percentile: number("percentile", default.percentile),
            overrides: written
                .get("overrides")
                .map(LayerOverride::all)
                .unwrap_or_default(),
            weights_per_channel_threshold: flag(
                "weights_per_channel_threshold",
                default.weights_per_channel_threshold,
            ),
            weights_bias_correction: choice("weights_bias_correction"),
            weights_second_moment_correction: choice("weights_second_moment_correction"),
            weights_rounding_optimization: choice("weights_rounding_optimization"),
            shift_negative_activation_correction: choice("shift_negative_activation_correction"),
            shift_negative_ratio: number("shift_negative_ratio", default.shift_negative_ratio),
            relu_bound_to_power_of_2: choice("relu_bound_to_power_of_2"),
            input_scaling: choice("input_scaling"),
            linear_collapsing: flag("linear_collapsing", default.linear_collapsing),
            residual_collapsing: flag("residual_collapsing", default.residual_collapsing),
            activation_channel_equalization: flag(
                "activation_channel_equalization",
                default.activation_channel_equalization,
            ),
            cross_layer_equalization: choice("cross_layer_equalization"),
            accuracy_budget: Some(number("accuracy_budget", f64::NAN))
                .filter(|budget| budget.is_finite()),
            accuracy_budget_precision: match text("accuracy_budget_precision") {
                Some("float32") => BudgetPrecision::Float32,
                _ => BudgetPrecision::default(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parse;

    fn quantization(text: &str) -> QuantizationSettings {
        let parsed = parse(&format!("{{\"quantization\": {text}}}"));
        assert_eq!(parsed.errors, []);
        QuantizationSettings::of(&parsed.root.unwrap())
    }

    /// The schema's defaults, written out, are the defaults of the type; changed values arrive.
    #[test]
    fn every_key_of_the_schema_is_read() {
        let keys = crate::keys(&["quantization"]);
        assert_eq!(keys.len(), 24);
        let changed = |key: &str, default: Option<&str>| match (key, default) {
            ("effort", _) => "\"fast\"".to_owned(),
            ("sum_scales", _) => "\"own\"".to_owned(),
            (_, Some("true")) => "false".to_owned(),
            (_, Some("false")) => "true".to_owned(),
            ("inference_input_type", _) => "\"int8\"".to_owned(),
            ("activation_error_method" | "weights_error_method", _) => "\"kl\"".to_owned(),
            (_, Some("\"auto\"")) => "false".to_owned(),
            ("shift_negative_ratio", _) => "0.25".to_owned(),
            ("accuracy_budget_precision", _) => "\"float32\"".to_owned(),
            ("overrides", _) => r#"[{"layers": "a"}]"#.to_owned(),
            _ => "9".to_owned(),
        };
        for help in keys {
            let default = help.default.as_ref().map(ToString::to_string);
            if let Some(default) = &default {
                let text = format!("{{\"{}\": {default}}}", help.key);
                assert_eq!(
                    quantization(&text),
                    QuantizationSettings::default(),
                    "{text}"
                );
            }
            let changed = changed(&help.key, default.as_deref());
            let text = format!("{{\"{}\": {changed}}}", help.key);
            assert_ne!(
                quantization(&text),
                QuantizationSettings::default(),
                "{text}"
            );
        }
    }

    #[test]
    fn numbers_and_names_become_values() {
        let found = quantization(
            r#"{"activation_error_method": "lp", "weights_error_method": "noclipping",
                "l_p_value": 4, "z_threshold": 7.5, "shift_negative_ratio": 0.1}"#,
        );
        assert_eq!(found.activation_error_method, Some(ErrorMethod::Lp));
        assert_eq!(found.weights_error_method, Some(ErrorMethod::NoClipping));
        assert_eq!((found.l_p_value, found.z_threshold), (4, 7.5));
        assert_eq!(found.shift_negative_ratio, 0.1);
    }
}
