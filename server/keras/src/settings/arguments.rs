use serde_json::Value;

/// One argument of a call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Argument {
    /// A tensor, by its position among the inputs of the call.
    Tensor(usize),
    /// A list or tuple with a tensor in it at some depth.
    List(Vec<Argument>),
    /// Anything without a tensor, as the file has it.
    Constant(Value),
}

/// What a layer is called with: tensors and constants, by position and by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Arguments {
    pub(crate) positional: Vec<Argument>,
    pub(crate) named: Vec<(String, Argument)>,
}

impl Argument {
    /// Whether the argument stands for "not given".
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Argument::Constant(Value::Null))
    }

    fn has_constants(&self) -> bool {
        match self {
            Argument::Tensor(_) => false,
            Argument::List(elements) => elements.iter().any(Argument::has_constants),
            Argument::Constant(value) => match value {
                Value::Array(elements) => !elements.is_empty(),
                value => !value.is_null(),
            },
        }
    }
}

impl Arguments {
    /// Whether the call fixes `training=True`.
    pub(crate) fn training(&self) -> bool {
        self.named
            .iter()
            .any(|(name, value)| name == "training" && *value == Argument::Constant(true.into()))
    }

    /// Whether there are arguments other than tensors, apart from `training`.
    pub(crate) fn has_constants(&self) -> bool {
        let named = self.named.iter().filter(|(name, _)| name != "training");
        let mut values = self.positional.iter().chain(named.map(|(_, value)| value));
        values.any(Argument::has_constants)
    }

    /// The argument that is given by position or under a name; null means that it is not given.
    pub(crate) fn get(&self, position: usize, name: &str) -> Option<&Argument> {
        let named = || self.named.iter().find(|(other, _)| other == name);
        self.positional
            .get(position)
            .or_else(|| named().map(|(_, value)| value))
            .filter(|argument| !argument.is_null())
    }
}
