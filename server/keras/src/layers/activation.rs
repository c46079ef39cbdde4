use graph::Activation as Elementwise;
use localization::{phrase, text};
use serde_json::Value;

use super::layer::Layer;
use super::rectifier;
use crate::operations::function::{Function, LEAKY_RELU_SLOPE, SELU};
use crate::problem::{LayerProblem, invalid, unsupported};
use crate::settings::{Generation, Settings};

/// `hard_tanh` of Keras 3.
const HARD_TANH: Function = Function::Clamp {
    minimum: -1.0,
    maximum: 1.0,
};

/// Reads an activation function: a name, an object that describes a layer, or nothing.
pub(super) fn parse_function(settings: &Settings, key: &str) -> Result<Function, LayerProblem> {
    match settings.get(key) {
        None => Ok(Function::Linear),
        Some(Value::String(name)) => parse_name(name, settings.generation),
        Some(Value::Object(object)) => {
            let class = object.get("class_name").and_then(Value::as_str);
            let Some(Value::Object(values)) = object.get("config") else {
                let name = object.get("config").and_then(Value::as_str);
                let name = name.or(class).unwrap_or("unnamed");
                return unsupported(text!("its activation is the function {name}"));
            };
            let nested = Settings {
                values: values.clone(),
                generation: settings.generation,
            };
            match class {
                Some("ReLU") => rectifier::relu_function(&nested),
                Some("LeakyReLU") => rectifier::leaky_relu_function(&nested),
                Some("ELU") => rectifier::elu_function(&nested),
                Some("Softmax") => softmax_function(&nested),
                Some("Activation") => match nested.get("activation") {
                    Some(Value::String(name)) => parse_name(name, nested.generation),
                    _ => unsupported(phrase!("its activation is nested too deeply")),
                },
                class => unsupported(text!(
                    "its activation is the class {name}",
                    name = class.unwrap_or("unnamed")
                )),
            }
        }
        Some(_) => invalid(text!("\"{key}\" is neither a name nor an object")),
    }
}

/// Reads the name of an activation function.
fn parse_name(name: &str, generation: Generation) -> Result<Function, LayerProblem> {
    match named_function(name, generation) {
        Some(function) => Ok(function),
        None => unsupported(text!("its activation is \"{name}\"")),
    }
}

/// The function of a name in `keras.activations`.
pub(super) fn named_function(name: &str, generation: Generation) -> Option<Function> {
    let elementwise = match name {
        "linear" => return Some(Function::Linear),
        "softmax" => return Some(Function::Softmax { axis: -1 }),
        "log_softmax" => return Some(Function::LogSoftmax { axis: -1 }),
        "softsign" => return Some(Function::Softsign),
        "softplus" => return Some(Function::Softplus),
        "mish" => return Some(Function::Mish),
        "log_sigmoid" => return Some(Function::LogSigmoid),
        "tanh_shrink" => return Some(Function::TanhShrink),
        "hard_tanh" => return Some(HARD_TANH),
        "selu" => return Some(SELU),
        // clip(0.2 x + 0.5, 0, 1) in Keras 2, relu6(x + 3) / 6 in Keras 3.
        "hard_sigmoid" => {
            let slope = match generation {
                Generation::Keras2 => 1.2,
                Generation::Keras3 => 1.0,
            };
            return Some(Function::HardSigmoid { slope });
        }
        "relu" => Elementwise::Relu,
        "relu6" => Elementwise::Relu6,
        "leaky_relu" => Elementwise::LeakyRelu {
            alpha: LEAKY_RELU_SLOPE,
        },
        // With its default factor of 1, CELU is ELU.
        "elu" | "celu" => Elementwise::Elu,
        "sigmoid" => Elementwise::Sigmoid,
        "tanh" => Elementwise::Tanh,
        "swish" | "silu" => Elementwise::Swish,
        "hard_swish" | "hard_silu" => Elementwise::HardSwish,
        "gelu" => Elementwise::Gelu { approximate: false },
        "exponential" => Elementwise::Exp,
        _ => return None,
    };
    Some(Function::Elementwise(elementwise))
}

pub(super) fn softmax_function(settings: &Settings) -> Result<Function, LayerProblem> {
    match settings.integers("axis")?.as_deref() {
        None => Ok(Function::Softmax { axis: -1 }),
        Some(&[axis]) => Ok(Function::Softmax { axis }),
        Some(_) => unsupported(phrase!("it normalizes over several axes")),
    }
}

/// A layer that applies a function.
pub(super) fn of_function(function: Function) -> Layer {
    Layer::of_operation(move |draft, x| function.build(draft, "", x))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, generation: Generation) -> Result<Function, LayerProblem> {
        let Value::Object(values) = serde_json::from_str(text).unwrap() else {
            panic!("not an object: {text}");
        };
        parse_function(&Settings { values, generation }, "activation")
    }

    #[test]
    fn functions_by_name_and_by_object() {
        let check = |text: &str, generation, expected: Function| {
            assert_eq!(parse(text, generation).unwrap(), expected, "{text}");
        };
        let (keras2, keras3) = (Generation::Keras2, Generation::Keras3);
        check("{}", keras2, Function::Linear);
        check(r#"{"activation": null}"#, keras2, Function::Linear);
        check(
            r#"{"activation": "silu"}"#,
            keras3,
            Function::Elementwise(Elementwise::Swish),
        );
        check(
            r#"{"activation": "hard_sigmoid"}"#,
            keras2,
            Function::HardSigmoid { slope: 1.2 },
        );
        check(
            r#"{"activation": "hard_sigmoid"}"#,
            keras3,
            Function::HardSigmoid { slope: 1.0 },
        );
        check(
            r#"{"activation": {"class_name": "ReLU", "config": {"max_value": 6.0}}}"#,
            keras2,
            Function::Elementwise(Elementwise::Relu6),
        );
        check(
            r#"{"activation": {"class_name": "LeakyReLU", "config": {"alpha": 0.25}}}"#,
            keras2,
            Function::Elementwise(Elementwise::LeakyRelu { alpha: 0.25 }),
        );
    }

    #[test]
    fn other_functions_are_refused() {
        for text in [
            r#"{"activation": "sparsemax"}"#,
            r#"{"activation": "my>swish"}"#,
            r#"{"activation": {"class_name": "function", "config": "my_swish"}}"#,
            r#"{"activation": {"class_name": "PReLU", "config": {}}}"#,
        ] {
            let result = parse(text, Generation::Keras3);
            assert!(
                matches!(result, Err(LayerProblem::Unsupported(_))),
                "{text}"
            );
        }
        assert!(matches!(
            parse(r#"{"activation": 3}"#, Generation::Keras2),
            Err(LayerProblem::Invalid(_))
        ));
    }
}
