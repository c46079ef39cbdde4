//! The values under `quantization`, and what they say to the quantizer.

use super::error_method::ErrorMethod;
use super::overrides::LayerOverride;
use crate::schema::defaults;
use crate::target::Capabilities;
use graph::passes::Rewrites;
use quantization::{ActivationSettings, InputType, Options, SumScales, WeightSettings};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use std::sync::LazyLock;

/// Whether something is done to a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Open<bool>")]
pub enum Choice {
    /// Where it makes the model better on calibration images that did not fit it.
    #[default]
    Auto,
    /// In any case.
    On,
    /// In no case.
    Off,
}

impl From<Open<bool>> for Choice {
    fn from(written: Open<bool>) -> Choice {
        match written {
            Open::Auto(Auto::Auto) => Choice::Auto,
            Open::Chosen(true) => Choice::On,
            Open::Chosen(false) => Choice::Off,
        }
    }
}

/// What becomes of layers for whose operators TFLite has no int8 kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnsupportedOperators {
    /// They end the job.
    #[default]
    Error,
    /// They stay in float, where the target allows it.
    Float,
}

/// A value, or `auto`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Open<T> {
    Auto(Auto),
    Chosen(T),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Auto {
    Auto,
}

/// `None` for `auto`.
fn chosen<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    written: D,
) -> Result<Option<T>, D::Error> {
    Ok(match Open::deserialize(written)? {
        Open::Auto(Auto::Auto) => None,
        Open::Chosen(value) => Some(value),
    })
}

/// How much is tried to make the model better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// Nothing; what is left to the quantizer is done as suits most models.
    Fast,
    /// What takes a second or two.
    Balanced,
    /// What takes minutes.
    Best,
}

/// What layers become that an accuracy budget asks to keep more exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BudgetPrecision {
    /// 16-bit activations, 8-bit weights.
    Int16,
    /// As they were.
    Float32,
}

/// The values under `quantization`: every key of the schema, which describes each and has the defaults.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuantizationSettings {
    /// Type of the quantized model's input.
    pub inference_input_type: InputType,
    /// Start of the generator that draws calibration images.
    pub seed: u64,
    /// How much is tried to make the model better.
    pub effort: Effort,
    /// Error that activation ranges minimize; `None` where trials decide.
    #[serde(deserialize_with = "chosen")]
    pub activation_error_method: Option<ErrorMethod>,
    /// Error that kernel thresholds minimize; `None` where trials decide.
    #[serde(deserialize_with = "chosen")]
    pub weights_error_method: Option<ErrorMethod>,
    /// How coarsely the operands of additions are stored; `None` where trials decide.
    #[serde(deserialize_with = "chosen")]
    pub sum_scales: Option<SumScales>,
    /// Power of [`ErrorMethod::Lp`], 1 to 16.
    pub l_p_value: u64,
    /// Distance from the mean, in standard deviations, beyond which activations do not count;
    /// infinite for all to count.
    #[serde(default = "infinite")]
    pub z_threshold: f64,
    /// Percentage of the values that [`ErrorMethod::Percentile`] covers, above 50 and up to 100.
    pub percentile: f64,
    /// What becomes of layers that TFLite cannot compute in 8 bits.
    pub unsupported_operators: UnsupportedOperators,
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

/// Reads the settings, with the defaults of the schema.
pub(super) fn with_defaults<'de, D: Deserializer<'de>>(
    written: D,
) -> Result<QuantizationSettings, D::Error> {
    QuantizationSettings::of(Map::deserialize(written)?).map_err(Error::custom)
}

fn infinite() -> f64 {
    f64::INFINITY
}

/// What holds where a configuration says nothing.
static DEFAULT: LazyLock<QuantizationSettings> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "the schema is part of the program, and every test run reads its defaults"
    )]
    QuantizationSettings::of(Map::new()).expect("the schema's defaults are settings")
});

impl Default for QuantizationSettings {
    fn default() -> QuantizationSettings {
        DEFAULT.clone()
    }
}

impl QuantizationSettings {
    /// The settings of an object without comments, with the defaults of the schema.
    fn of(written: Map<String, Value>) -> Result<QuantizationSettings, serde_json::Error> {
        let mut members = defaults(&["quantization"]);
        members.extend(written);
        serde_json::from_value(Value::Object(members))
    }

    /// Rewrites of the graph before calibration.
    pub fn rewrites(&self) -> Rewrites {
        Rewrites {
            linear_collapsing: self.linear_collapsing,
            residual_collapsing: self.residual_collapsing,
            channel_equalization: self.activation_channel_equalization,
        }
    }

    /// Options of the quantizer for all layers; the target decides which ranges there are. Of what
    /// the settings leave open, only biases are corrected.
    pub fn options(&self, target: &Capabilities) -> Options {
        let rule = &target.default;
        let method = |chosen: Option<ErrorMethod>| {
            self.error_method(chosen.unwrap_or_default(), self.percentile)
        };
        let shift_negative = self.shift_negative_activation_correction == Choice::On;
        Options {
            input_type: self.inference_input_type,
            activations: ActivationSettings {
                method: rule.activation_method,
                error_method: method(self.activation_error_method),
                z_threshold: self.z_threshold,
                ..ActivationSettings::default()
            },
            weights: WeightSettings {
                method: rule.weight_method,
                error_method: method(self.weights_error_method),
                per_channel: rule.per_channel && self.weights_per_channel_threshold,
                ..WeightSettings::default()
            },
            int16: rule.activation_bits.contains(&16),
            float: rule.float,
            operators: target
                .operators
                .iter()
                .map(|rule| rule.for_quantizer(self.weights_per_channel_threshold))
                .collect(),
            bias_correction: self.weights_bias_correction != Choice::Off,
            input_scaling: self.input_scaling == Choice::On,
            sum_scales: self.sum_scales.unwrap_or_default(),
            shift_negative_ratio: shift_negative.then_some(self.shift_negative_ratio),
            ..Options::default()
        }
    }

    /// An error method with the numbers that it needs.
    pub fn error_method(&self, method: ErrorMethod, percentile: f64) -> quantization::ErrorMethod {
        match method {
            ErrorMethod::Mse => quantization::ErrorMethod::Mse,
            ErrorMethod::Mae => quantization::ErrorMethod::Mae,
            ErrorMethod::Kl => quantization::ErrorMethod::Kl,
            ErrorMethod::Lp => quantization::ErrorMethod::Lp(self.l_p_value as f64),
            ErrorMethod::NoClipping => quantization::ErrorMethod::NoClipping,
            ErrorMethod::Percentile => quantization::ErrorMethod::Percentile(percentile),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn quantization(value: Value) -> QuantizationSettings {
        QuantizationSettings::of(value.as_object().unwrap().clone()).unwrap()
    }

    /// Every key of the schema is a field, and the other way; written defaults change nothing,
    /// other values arrive.
    #[test]
    fn every_key_of_the_schema_is_read() {
        for help in crate::keys(&["quantization"]) {
            let default: Option<Value> = help
                .default
                .map(|text| serde_json::from_str(&text).unwrap());
            let settings = |value: Value| quantization(json!({help.key.as_str(): value}));
            let mut names = help.values.iter().map(|value| json!(value.value));
            let other = match &default {
                Some(Value::Bool(flag)) => json!(!flag),
                Some(Value::Array(_)) => serde_json::from_str(&help.examples[0]).unwrap(),
                _ if help.types.contains(&crate::schema::type_name("boolean")) => json!(false),
                _ => names
                    .find(|name| Some(name) != default.as_ref())
                    .unwrap_or(json!(9)),
            };
            if let Some(default) = default {
                let found = settings(default);
                assert_eq!(found, QuantizationSettings::default(), "{}", help.key);
            }
            let found = settings(other);
            assert_ne!(found, QuantizationSettings::default(), "{}", help.key);
        }
    }

    /// Fields that are not keys would never be read.
    #[test]
    fn every_field_is_a_key_of_the_schema() {
        // What serde says of a field that there is not: all that there are.
        let check = |error: serde_json::Error, part: &[&str]| {
            let error = error.to_string();
            let mut fields: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
            let keys = crate::keys(part);
            let mut keys: Vec<&str> = keys.iter().map(|help| help.key.as_str()).collect();
            fields.sort_unstable();
            keys.sort_unstable();
            assert_eq!(fields, keys, "{part:?}");
        };
        let unknown = || json!({"?": 1});
        let settings = QuantizationSettings::of(unknown().as_object().unwrap().clone());
        check(settings.unwrap_err(), &["quantization"]);
        let entry: Result<LayerOverride, _> = serde_json::from_value(unknown());
        check(entry.unwrap_err(), &["quantization", "overrides", "0"]);
    }

    #[test]
    fn values_of_the_schema_are_values_of_the_type() {
        let parts: [&[&str]; 2] = [&["quantization"], &["quantization", "overrides", "0"]];
        for (entry, part) in [false, true].into_iter().zip(parts) {
            for help in crate::keys(part) {
                let names = help.values.iter().map(|value| json!(value.value));
                let examples = help.examples.iter();
                let examples = examples.map(|text| serde_json::from_str(text).unwrap());
                for value in names.chain(examples) {
                    let mut members = json!({help.key.as_str(): value});
                    if entry {
                        let layers = members.as_object_mut().unwrap();
                        layers.entry("layers").or_insert(json!("a"));
                        members = json!({"overrides": [members]});
                    }
                    quantization(members);
                }
            }
        }
    }

    #[test]
    fn what_the_schema_does_not_have_is_no_setting() {
        let check = |value: Value| {
            let settings = QuantizationSettings::of(value.as_object().unwrap().clone());
            assert!(settings.is_err(), "{value}");
        };
        check(json!({"colour": 1}));
        check(json!({"effort": "greatest"}));
        check(json!({"input_scaling": "no"}));
        check(json!({"overrides": [{"layers": "a", "colour": 1}]}));
        check(json!({"overrides": [{}]}));
    }

    #[test]
    fn numbers_and_names_become_values() {
        let found = quantization(json!({
            "activation_error_method": "lp", "weights_error_method": "noclipping",
            "l_p_value": 4, "z_threshold": 7.5, "shift_negative_ratio": 0.1
        }));
        assert_eq!(found.activation_error_method, Some(ErrorMethod::Lp));
        assert_eq!(found.weights_error_method, Some(ErrorMethod::NoClipping));
        assert_eq!((found.l_p_value, found.z_threshold), (4, 7.5));
        assert_eq!(found.shift_negative_ratio, 0.1);
        let open = quantization(json!({"weights_error_method": "auto", "sum_scales": "auto"}));
        assert_eq!((open.weights_error_method, open.sum_scales), (None, None));
        let found = quantization(json!({"sum_scales": "streams", "inference_input_type": "uint8"}));
        assert_eq!(found.sum_scales, Some(SumScales::Streams));
        assert_eq!(found.inference_input_type, InputType::UInt8);
    }
}
