//! What the configuration chooses, in the words of the crates that do it.

use configuration::target::{self, Capabilities};
use configuration::{
    Choice, ErrorMethod, InferenceInputType, QuantizationSettings, Settings, SumScales,
};
use graph::passes::Rewrites;
use quantization::{
    ActivationMethod, ActivationSettings, InputType, OperatorRule, Options, WeightMethod,
    WeightSettings,
};

/// Rewrites of the graph before calibration.
pub(crate) fn rewrites(settings: &QuantizationSettings) -> Rewrites {
    Rewrites {
        linear_collapsing: settings.linear_collapsing,
        residual_collapsing: settings.residual_collapsing,
        channel_equalization: settings.activation_channel_equalization,
    }
}

/// Options of the quantizer for all layers; the target decides which ranges there are. Of what the
/// settings leave open, only biases are corrected.
pub(crate) fn options(settings: &Settings, target: &Capabilities) -> Options {
    let chosen = &settings.quantization;
    let rule = &target.default;
    let activations = ActivationSettings {
        method: activation_method(rule.activation_method),
        error_method: error_method(
            chosen.activation_error_method.unwrap_or_default(),
            chosen,
            chosen.percentile,
        ),
        z_threshold: chosen.z_threshold,
        ..ActivationSettings::default()
    };
    let weights = WeightSettings {
        method: weight_method(rule.weight_method),
        error_method: error_method(
            chosen.weights_error_method.unwrap_or_default(),
            chosen,
            chosen.percentile,
        ),
        per_channel: rule.per_channel && chosen.weights_per_channel_threshold,
        ..WeightSettings::default()
    };
    let shift_negative = chosen.shift_negative_activation_correction == Choice::On;
    Options {
        input_type: match chosen.inference_input_type {
            InferenceInputType::Uint8 => InputType::UInt8,
            InferenceInputType::Int8 => InputType::Int8,
            InferenceInputType::Float32 => InputType::Float32,
        },
        activations,
        weights,
        int16: rule.activation_bits.contains(&16),
        float: rule.float,
        operators: target
            .operators
            .iter()
            .map(|rule| operator_rule(rule, chosen))
            .collect(),
        bias_correction: chosen.weights_bias_correction != Choice::Off,
        input_scaling: chosen.input_scaling == Choice::On,
        sum_scales: match chosen.sum_scales {
            SumScales::Auto | SumScales::Own => quantization::SumScales::Own,
            SumScales::Operands => quantization::SumScales::Operands,
            SumScales::Streams => quantization::SumScales::Streams,
        },
        shift_negative_ratio: shift_negative.then_some(chosen.shift_negative_ratio),
        ..Options::default()
    }
}

fn operator_rule(rule: &target::OperatorRule, settings: &QuantizationSettings) -> OperatorRule {
    let allowed = settings.weights_per_channel_threshold;
    OperatorRule {
        operators: rule.operators(),
        activation_method: rule.activation_method.map(activation_method),
        weight_method: rule.weight_method.map(weight_method),
        per_channel: rule.per_channel.map(|per_channel| per_channel && allowed),
        int16: rule.activation_bits.as_ref().map(|bits| bits.contains(&16)),
        float: rule.float,
    }
}

fn activation_method(method: target::ActivationMethod) -> ActivationMethod {
    match method {
        target::ActivationMethod::PowerOfTwo => ActivationMethod::PowerOfTwo,
        target::ActivationMethod::Symmetric => ActivationMethod::Symmetric,
        target::ActivationMethod::Uniform => ActivationMethod::Uniform,
    }
}

fn weight_method(method: target::WeightMethod) -> WeightMethod {
    match method {
        target::WeightMethod::PowerOfTwo => WeightMethod::PowerOfTwo,
        target::WeightMethod::Symmetric => WeightMethod::Symmetric,
    }
}

/// An error method with the numbers that it needs.
pub(crate) fn error_method(
    method: ErrorMethod,
    settings: &QuantizationSettings,
    percentile: f64,
) -> quantization::ErrorMethod {
    match method {
        ErrorMethod::Mse => quantization::ErrorMethod::Mse,
        ErrorMethod::Mae => quantization::ErrorMethod::Mae,
        ErrorMethod::Kl => quantization::ErrorMethod::Kl,
        ErrorMethod::Lp => quantization::ErrorMethod::Lp(settings.l_p_value as f64),
        ErrorMethod::NoClipping => quantization::ErrorMethod::NoClipping,
        ErrorMethod::Percentile => quantization::ErrorMethod::Percentile(percentile),
    }
}
