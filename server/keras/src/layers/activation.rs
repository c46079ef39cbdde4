use graph::{Activation as Elementwise, BinaryOp, Op, TensorId};
use serde_json::Value;

use super::rectifier;
use super::{Layer, LayerProblem, Settings, invalid, unsupported};
use crate::assembly::Scope;
use crate::definition::Generation;

/// An activation function, as a layer of its own or as the `activation` of another layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Function {
    /// The identity.
    Linear,
    /// A function that the graph has an operator for.
    Elementwise(Elementwise),
    /// `min(x, maximum)` for positive `x`, `slope * x` for negative.
    Clipped { slope: f32, maximum: f32 },
    /// `scale * x` for positive `x`, `scale * alpha * (exp(x) - 1)` for negative.
    ScaledElu { scale: f32, alpha: f32 },
    /// `relu6(slope * x + 3) / 6`
    HardSigmoid { slope: f32 },
    /// `x / (1 + |x|)`
    Softsign,
    /// Softmax over an axis; negative axes count from the end.
    Softmax { axis: i64 },
}

/// Constants of SELU: Klambauer et al., Self-Normalizing Neural Networks, 2017.
const SELU: Function = Function::ScaledElu {
    scale: 1.050_701,
    alpha: 1.673_263_2,
};

/// Slope that Keras gives `leaky_relu` when it is used as a function.
const LEAKY_RELU_SLOPE: f32 = 0.2;

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
                return unsupported(format!("its activation is the function {name}"));
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
                    _ => unsupported("its activation is nested too deeply"),
                },
                class => unsupported(format!(
                    "its activation is the class {}",
                    class.unwrap_or("unnamed")
                )),
            }
        }
        Some(_) => invalid(format!("\"{key}\" is neither a name nor an object")),
    }
}

fn parse_name(name: &str, generation: Generation) -> Result<Function, LayerProblem> {
    let elementwise = match name {
        "linear" => return Ok(Function::Linear),
        "softmax" => return Ok(Function::Softmax { axis: -1 }),
        "softsign" => return Ok(Function::Softsign),
        "selu" => return Ok(SELU),
        // clip(0.2 x + 0.5, 0, 1) in Keras 2, relu6(x + 3) / 6 in Keras 3.
        "hard_sigmoid" => {
            let slope = match generation {
                Generation::Keras2 => 1.2,
                Generation::Keras3 => 1.0,
            };
            return Ok(Function::HardSigmoid { slope });
        }
        "relu" => Elementwise::Relu,
        "relu6" => Elementwise::Relu6,
        "leaky_relu" => Elementwise::LeakyRelu {
            alpha: LEAKY_RELU_SLOPE,
        },
        "elu" => Elementwise::Elu,
        "sigmoid" => Elementwise::Sigmoid,
        "tanh" => Elementwise::Tanh,
        "swish" | "silu" => Elementwise::Swish,
        "hard_swish" | "hard_silu" => Elementwise::HardSwish,
        "gelu" => Elementwise::Gelu { approximate: false },
        "exponential" => Elementwise::Exp,
        _ => return unsupported(format!("its activation is \"{name}\"")),
    };
    Ok(Function::Elementwise(elementwise))
}

fn softmax_function(settings: &Settings) -> Result<Function, LayerProblem> {
    match settings.integers("axis")?.as_deref() {
        None => Ok(Function::Softmax { axis: -1 }),
        Some(&[axis]) => Ok(Function::Softmax { axis }),
        Some(_) => unsupported("it normalizes over several axes"),
    }
}

impl Function {
    /// Adds the function's operators; the last one is named after `part` of the layer, or after
    /// the layer when that is empty.
    pub(super) fn build(
        &self,
        scope: &mut Scope<'_>,
        part: &str,
        x: TensorId,
    ) -> Result<TensorId, LayerProblem> {
        let step = |name: &str| match part {
            "" => name.to_owned(),
            part => format!("{part}/{name}"),
        };
        match *self {
            Function::Linear => Ok(x),
            Function::Elementwise(function) => scope.node(part, Op::Activation(function), &[x]),
            Function::Clipped { slope, maximum } => {
                let rectified = if slope == 0.0 {
                    Elementwise::Relu
                } else {
                    Elementwise::LeakyRelu { alpha: slope }
                };
                if maximum == f32::INFINITY {
                    return scope.node(part, Op::Activation(rectified), &[x]);
                }
                let rectified = scope.node(&step("rectify"), Op::Activation(rectified), &[x])?;
                let maximum = scope.scalar(&step("maximum"), maximum)?;
                scope.node(part, Op::Binary(BinaryOp::Minimum), &[rectified, maximum])
            }
            Function::ScaledElu { scale, alpha } => {
                let mut positive =
                    scope.node(&step("positive"), Op::Activation(Elementwise::Relu), &[x])?;
                if scale != 1.0 {
                    let scale = scope.scalar(&step("scale"), scale)?;
                    positive = scope.node(
                        &step("positive/scaled"),
                        Op::Binary(BinaryOp::Multiply),
                        &[positive, scale],
                    )?;
                }
                let zero = scope.scalar(&step("zero"), 0.0)?;
                let negative =
                    scope.node(&step("negative"), Op::Binary(BinaryOp::Minimum), &[x, zero])?;
                let elu = scope.node(
                    &step("negative/elu"),
                    Op::Activation(Elementwise::Elu),
                    &[negative],
                )?;
                let factor = scope.scalar(&step("alpha"), scale * alpha)?;
                let negative = scope.node(
                    &step("negative/scaled"),
                    Op::Binary(BinaryOp::Multiply),
                    &[elu, factor],
                )?;
                scope.node(part, Op::Binary(BinaryOp::Add), &[positive, negative])
            }
            Function::HardSigmoid { slope } => {
                let mut sloped = x;
                if slope != 1.0 {
                    let slope = scope.scalar(&step("slope"), slope)?;
                    sloped =
                        scope.node(&step("sloped"), Op::Binary(BinaryOp::Multiply), &[x, slope])?;
                }
                let three = scope.scalar(&step("three"), 3.0)?;
                let shifted = scope.node(
                    &step("shifted"),
                    Op::Binary(BinaryOp::Add),
                    &[sloped, three],
                )?;
                let clipped = scope.node(
                    &step("clipped"),
                    Op::Activation(Elementwise::Relu6),
                    &[shifted],
                )?;
                let sixth = scope.scalar(&step("sixth"), 1.0 / 6.0)?;
                scope.node(part, Op::Binary(BinaryOp::Multiply), &[clipped, sixth])
            }
            Function::Softsign => {
                let size = scope.node(&step("abs"), Op::Activation(Elementwise::Abs), &[x])?;
                let one = scope.scalar(&step("one"), 1.0)?;
                let size = scope.node(
                    &step("denominator"),
                    Op::Binary(BinaryOp::Add),
                    &[size, one],
                )?;
                scope.node(part, Op::Binary(BinaryOp::Divide), &[x, size])
            }
            Function::Softmax { axis } => {
                let rank = scope.shape(x).len();
                if scope.axis(x, axis)? + 1 != rank {
                    return unsupported(format!("its softmax is over axis {axis}, not the last"));
                }
                scope.node(part, Op::Softmax, &[x])
            }
        }
    }
}

/// A layer that applies a function.
pub(super) struct Activation {
    pub(super) function: Function,
}

impl Activation {
    pub(super) fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        let function = parse_function(settings, "activation")?;
        Ok(Self { function })
    }
}

impl Layer for Activation {
    fn build(&self, scope: &mut Scope<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerProblem> {
        let x = scope.only(inputs)?;
        self.function.build(scope, "", x)
    }
}

/// Parses the layer `Softmax`.
pub(super) fn parse_softmax(settings: &Settings) -> Result<Activation, LayerProblem> {
    let function = softmax_function(settings)?;
    Ok(Activation { function })
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
            r#"{"activation": "mish"}"#,
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
