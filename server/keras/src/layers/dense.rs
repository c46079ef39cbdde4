use graph::Op;

use super::activation::parse_function;
use super::{Layer, Variable};
use crate::draft::{Layout, ValueId};
use crate::layers::scope::Scope;
use crate::operations::function::Function;
use crate::problem::{LayerProblem, invalid};
use crate::settings::Settings;

/// Fully connected layer over the last axis.
pub(super) struct Dense {
    units: usize,
    activation: Function,
    variables: Vec<Variable>,
}

impl Dense {
    pub(super) fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        let mut variables = vec![Variable::trained(&["kernel"])];
        if settings.flag("use_bias", true)? {
            variables.push(Variable::trained(&["bias"]));
        }
        Ok(Self {
            units: settings.count("units")?,
            activation: parse_function(settings, "activation")?,
            variables,
        })
    }
}

impl Layer for Dense {
    fn variables(&self) -> &[Variable] {
        &self.variables
    }

    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let x = scope.only(inputs)?;
        let features = match scope.draft.shape(x) {
            [_, .., features] => *features,
            shape => return invalid(format!("its input has shape {shape:?}, without features")),
        };
        let mut operands = vec![
            x,
            scope.weight(0, &[features, self.units], Layout::Transposed)?,
        ];
        if self.variables.len() > 1 {
            operands.push(scope.weight(1, &[self.units], Layout::Keras)?);
        }
        let output = scope.draft.node("", Op::FullyConnected, &operands)?;
        self.activation.build(scope.draft, "activation", output)
    }
}
