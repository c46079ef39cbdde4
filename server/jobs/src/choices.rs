//! What the configuration chooses, in the words of the crates that do it.

use configuration::{ErrorMethod, InferenceInputType, QuantizationSettings, Settings, Target};
use graph::passes::Rewrites;
use quantization::{
    ActivationMethod, ActivationSettings, InputType, Options, WeightMethod, WeightSettings,
};

/// Rewrites of the graph before calibration.
pub(crate) fn rewrites(settings: &QuantizationSettings) -> Rewrites {
    Rewrites {
        linear_collapsing: settings.linear_collapsing,
        residual_collapsing: settings.residual_collapsing,
        channel_equalization: settings.activation_channel_equalization,
        power_of_two_bound: settings.relu_bound_to_power_of_2,
    }
}

/// Options of the quantizer; the target decides which ranges there are.
pub(crate) fn options(settings: &Settings) -> Options {
    let chosen = &settings.quantization;
    let activations = ActivationSettings {
        method: match settings.target {
            Target::Imx500 => ActivationMethod::PowerOfTwo,
            Target::Tflite => ActivationMethod::Uniform,
        },
        error_method: error_method(chosen.activation_error_method, chosen),
        z_threshold: chosen.z_threshold,
        ..ActivationSettings::default()
    };
    let weights = WeightSettings {
        method: WeightMethod::Symmetric,
        error_method: error_method(chosen.weights_error_method, chosen),
        per_channel: chosen.weights_per_channel_threshold,
        ..WeightSettings::default()
    };
    let shift_negative = chosen.shift_negative_activation_correction;
    Options {
        input_type: match chosen.inference_input_type {
            InferenceInputType::Uint8 => InputType::UInt8,
            InferenceInputType::Int8 => InputType::Int8,
            InferenceInputType::Float32 => InputType::Float32,
        },
        activations,
        weights,
        bias_correction: chosen.weights_bias_correction,
        input_scaling: chosen.input_scaling,
        shift_negative_ratio: shift_negative.then_some(chosen.shift_negative_ratio),
        ..Options::default()
    }
}

fn error_method(method: ErrorMethod, settings: &QuantizationSettings) -> quantization::ErrorMethod {
    match method {
        ErrorMethod::Mse => quantization::ErrorMethod::Mse,
        ErrorMethod::Mae => quantization::ErrorMethod::Mae,
        ErrorMethod::Kl => quantization::ErrorMethod::Kl,
        ErrorMethod::Lp => quantization::ErrorMethod::Lp(settings.l_p_value as f64),
        ErrorMethod::NoClipping => quantization::ErrorMethod::NoClipping,
    }
}
