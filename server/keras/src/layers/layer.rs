use localization::{phrase, text};

use super::scope::Scope;
use super::variable::Variable;
use crate::draft::{Draft, ValueId};
use crate::problem::{LayerProblem, invalid, unsupported};
use crate::settings::Arguments;

/// Adds the operators of one call and returns its outputs.
type Build = Box<dyn Fn(&mut Scope<'_>, &[ValueId]) -> Result<Vec<ValueId>, LayerProblem> + Send>;

/// Refuses a call that asks for what the layer cannot do.
type Check = Box<dyn Fn(&Arguments) -> Result<(), LayerProblem> + Send>;

/// A layer whose settings have been read.
pub(crate) struct Layer {
    /// Variables, trainable ones first, in the order in which Keras creates them.
    variables: Vec<Variable>,
    depends_on_training: bool,
    /// What a call may have besides tensors: nothing, unless this says otherwise.
    check: Option<Check>,
    build: Build,
}

/// A layer, or why it cannot be one.
pub(super) type Parsed = Result<Layer, LayerProblem>;

impl Layer {
    /// A layer with any number of inputs and outputs.
    pub(super) fn of_many(
        variables: Vec<Variable>,
        build: impl Fn(&mut Scope<'_>, &[ValueId]) -> Result<Vec<ValueId>, LayerProblem>
        + Send
        + 'static,
    ) -> Self {
        Self {
            variables,
            depends_on_training: false,
            check: None,
            build: Box::new(build),
        }
    }

    /// A layer with one input and one output.
    pub(super) fn of_one(
        variables: Vec<Variable>,
        build: impl Fn(&mut Scope<'_>, ValueId) -> Result<ValueId, LayerProblem> + Send + 'static,
    ) -> Self {
        Self::of_many(variables, move |scope, inputs| match inputs {
            &[input] => Ok(vec![build(scope, input)?]),
            _ => invalid(text!(
                "it has {count} inputs instead of one",
                count = inputs.len()
            )),
        })
    }

    /// A layer with two inputs and one output.
    pub(super) fn of_two(
        build: impl Fn(&mut Draft, ValueId, ValueId) -> Result<ValueId, LayerProblem> + Send + 'static,
    ) -> Self {
        Self::of_many(Vec::new(), move |scope, inputs| match inputs {
            &[a, b] => Ok(vec![build(scope.draft, a, b)?]),
            _ => invalid(text!(
                "it has {count} inputs instead of two",
                count = inputs.len()
            )),
        })
    }

    /// A layer without variables that is an operation on one tensor.
    pub(super) fn of_operation(
        build: impl Fn(&mut Draft, ValueId) -> Result<ValueId, LayerProblem> + Send + 'static,
    ) -> Self {
        Self::of_one(Vec::new(), move |scope, x| build(scope.draft, x))
    }

    /// The layer, which computes something else when it is called with `training=True`.
    pub(super) fn unlike_training(mut self) -> Self {
        self.depends_on_training = true;
        self
    }

    /// The layer, whose calls are checked by a function of their arguments.
    pub(super) fn checked_by(
        mut self,
        check: impl Fn(&Arguments) -> Result<(), LayerProblem> + Send + 'static,
    ) -> Self {
        self.check = Some(Box::new(check));
        self
    }

    /// The layer with something around what it builds of one input.
    pub(super) fn wrapped(
        self,
        wrap: impl Fn(&mut Scope<'_>, ValueId, &Build) -> Result<ValueId, LayerProblem> + Send + 'static,
    ) -> Self {
        let inner = self.build;
        let wrapped = Self::of_one(self.variables, move |scope, x| wrap(scope, x, &inner));
        Self {
            depends_on_training: self.depends_on_training,
            check: self.check,
            ..wrapped
        }
    }

    pub(crate) fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// Whether the layer computes something else when it is called with `training=True`.
    pub(crate) fn depends_on_training(&self) -> bool {
        self.depends_on_training
    }

    /// Refuses a call that asks for what the layer cannot do, before anything is built.
    pub(crate) fn check_call(&self, arguments: &Arguments) -> Result<(), LayerProblem> {
        match &self.check {
            Some(check) => check(arguments),
            None if arguments.has_constants() => {
                unsupported(phrase!("it is called with arguments other than tensors"))
            }
            None => Ok(()),
        }
    }

    /// Adds the operators of one call and returns its outputs. There is at least one input;
    /// [`Scope::arguments`] tells what the layer is called with besides.
    pub(crate) fn build(
        &self,
        scope: &mut Scope<'_>,
        inputs: &[ValueId],
    ) -> Result<Vec<ValueId>, LayerProblem> {
        (self.build)(scope, inputs)
    }
}

/// The one output of what is built of one input.
pub(super) fn build_one(
    build: &Build,
    scope: &mut Scope<'_>,
    x: ValueId,
) -> Result<ValueId, LayerProblem> {
    match build(scope, &[x])?.as_slice() {
        &[output, ..] => Ok(output),
        [] => unsupported(phrase!("it has no outputs")),
    }
}
