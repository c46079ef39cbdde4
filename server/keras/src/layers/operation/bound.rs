use std::collections::HashMap;

use localization::{phrase, text};
use serde_json::{Map, Value};

use crate::draft::{Draft, ValueId};
use crate::problem::{LayerProblem, invalid, unsupported};
use crate::settings::{Argument, Arguments, Settings};

/// Arguments that change nothing of what is computed.
const WITHOUT_EFFECT: &[&str] = &[
    "name",
    "trainable",
    "training",
    "conjugate",
    "validate_indices",
];

/// A call of an operation whose arguments have found their parameters.
pub(super) struct BoundCall {
    tensors: HashMap<&'static str, Argument>,
    /// Constants by the names of their parameters.
    pub(super) constants: Settings,
}

/// An argument that is a tensor or an array of numbers.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    /// Position among the inputs of the call.
    Tensor(usize),
    /// Numbers in row-major order.
    Constant { shape: Vec<usize>, values: Vec<f32> },
}

impl BoundCall {
    /// Finds each parameter among the arguments of the call and, in Keras 3, the settings of the
    /// operation. A parameter is written as its names in all versions, `keepdims|keep_dims`.
    pub(super) fn new(
        parameters: &[&'static str],
        settings: &Settings,
        arguments: &Arguments,
    ) -> Result<Self, LayerProblem> {
        let mut bound = Self {
            tensors: HashMap::new(),
            constants: Settings {
                values: Map::new(),
                generation: settings.generation,
            },
        };
        if arguments.positional.len() > parameters.len() {
            return unsupported(text!(
                "it is called with {given} arguments instead of {expected}",
                given = arguments.positional.len(),
                expected = parameters.len()
            ));
        }
        for (parameter, argument) in parameters.iter().zip(&arguments.positional) {
            bound.insert(main_name(parameter), argument.clone());
        }
        let find = |name: &str| {
            let position = parameters
                .iter()
                .position(|parameter| parameter.split('|').any(|other| other == name));
            position.and_then(|position| parameters.get(position))
        };
        let configured = settings.values.iter();
        let configured = configured.map(|(name, value)| (name, Argument::Constant(value.clone())));
        let named = arguments.named.iter();
        let named = named.map(|(name, argument)| (name, argument.clone()));
        for (name, argument) in configured.chain(named) {
            match find(name) {
                Some(parameter) => bound.insert(main_name(parameter), argument),
                None if WITHOUT_EFFECT.contains(&name.as_str()) || is_default(&argument) => {}
                None => return unsupported(text!("its argument \"{name}\" is not supported")),
            }
        }
        Ok(bound)
    }

    fn insert(&mut self, name: &'static str, argument: Argument) {
        match argument {
            Argument::Constant(Value::Null) => {}
            Argument::Constant(value) => {
                self.constants.values.insert(name.to_owned(), value);
            }
            argument => {
                self.tensors.insert(name, argument);
            }
        }
    }

    /// The argument of a parameter as it was given.
    pub(super) fn argument(&self, name: &str) -> Option<Argument> {
        let constant = || self.constants.get(name).cloned().map(Argument::Constant);
        self.tensors.get(name).cloned().or_else(constant)
    }

    /// A tensor or a constant.
    pub(super) fn operand(&self, name: &str) -> Result<Operand, LayerProblem> {
        match self.argument(name) {
            Some(argument) => operand(&argument, name),
            None => unsupported(text!("its argument \"{name}\" is not in the file")),
        }
    }

    /// A list of tensors and constants.
    pub(super) fn operands(&self, name: &str) -> Result<Vec<Operand>, LayerProblem> {
        match self.argument(name) {
            Some(Argument::List(elements)) => elements
                .iter()
                .map(|element| operand(element, name))
                .collect(),
            _ => Ok(vec![self.operand(name)?]),
        }
    }

    /// A tensor.
    pub(super) fn tensor(&self, name: &str) -> Result<usize, LayerProblem> {
        match self.operand(name)? {
            Operand::Tensor(position) => Ok(position),
            Operand::Constant { .. } => unsupported(text!("its argument \"{name}\" is constant")),
        }
    }

    /// Refuses channels in front of height and width.
    pub(super) fn refuse_channels_first(&self) -> Result<(), LayerProblem> {
        match self.constants.text("data_format") {
            Some(format) if format.starts_with("NC") || format == "channels_first" => {
                unsupported(phrase!("its data_format has channels first"))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a flag that is set.
    pub(super) fn refuse_flag(&self, name: &str) -> Result<(), LayerProblem> {
        if self.constants.flag(name, false)? {
            return unsupported(text!("it sets {name}"));
        }
        Ok(())
    }
}

fn main_name(parameter: &'static str) -> &'static str {
    parameter.split('|').next().unwrap_or(parameter)
}

/// Whether an argument is one of the values that switch a feature off.
fn is_default(argument: &Argument) -> bool {
    matches!(
        argument,
        Argument::Constant(Value::Null | Value::Bool(false))
    )
}

fn operand(argument: &Argument, name: &str) -> Result<Operand, LayerProblem> {
    match argument {
        Argument::Tensor(position) => Ok(Operand::Tensor(*position)),
        Argument::Constant(value) => match array(value) {
            Some((shape, values)) => Ok(Operand::Constant { shape, values }),
            None => invalid(text!("its argument \"{name}\" is not an array of numbers")),
        },
        Argument::List(_) => unsupported(text!("its argument \"{name}\" is a list of tensors")),
    }
}

/// Shape and values of a number or of nested lists, also where NumPy's wrapping surrounds them.
fn array(value: &Value) -> Option<(Vec<usize>, Vec<f32>)> {
    match value {
        Value::Number(number) => {
            let number = number.as_f64()? as f32;
            number.is_finite().then(|| (Vec::new(), vec![number]))
        }
        Value::Array(elements) => {
            let mut shape = None;
            let mut values = Vec::new();
            for element in elements {
                let (inner, numbers) = array(element)?;
                if *shape.get_or_insert_with(|| inner.clone()) != inner {
                    return None;
                }
                values.extend(numbers);
            }
            let inner = shape?;
            Some(([vec![elements.len()], inner].concat(), values))
        }
        Value::Object(object) => array(object.get("value").or_else(|| object.get("config"))?),
        _ => None,
    }
}

impl Operand {
    /// The tensor, or a new constant named after a part of the layer.
    pub(super) fn build(
        &self,
        draft: &mut Draft,
        inputs: &[ValueId],
        part: &str,
    ) -> Result<ValueId, LayerProblem> {
        match self {
            Operand::Tensor(position) => input(inputs, *position),
            Operand::Constant { shape, values } => match (shape.as_slice(), values.as_slice()) {
                ([], &[number]) => draft.scalar(part, number),
                (shape, values) => draft.constant(part, shape, values.to_vec()),
            },
        }
    }
}

/// The tensors of several operands.
pub(super) fn build_all(
    operands: &[Operand],
    draft: &mut Draft,
    inputs: &[ValueId],
) -> Result<Vec<ValueId>, LayerProblem> {
    let operands = operands.iter().enumerate();
    operands
        .map(|(index, operand)| operand.build(draft, inputs, &format!("operand_{index}")))
        .collect()
}

/// An input of the call by its position.
pub(super) fn input(inputs: &[ValueId], position: usize) -> Result<ValueId, LayerProblem> {
    match inputs.get(position) {
        Some(&tensor) => Ok(tensor),
        None => invalid(phrase!("it has too few inputs")),
    }
}
