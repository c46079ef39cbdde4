use graph::BinaryOp;

use super::Layer;
use crate::draft::ValueId;
use crate::layers::scope::Scope;
use crate::operations::arrangement::concatenate;
use crate::operations::elementwise::accumulate;
use crate::problem::{LayerProblem, invalid, unsupported};
use crate::settings::Settings;

/// Element-wise combination of two or more tensors.
pub(super) struct Merge {
    op: BinaryOp,
    average: bool,
}

impl Merge {
    pub(super) fn parse(class: &str) -> Result<Self, LayerProblem> {
        let op = match class {
            "Add" | "Average" => BinaryOp::Add,
            "Subtract" => BinaryOp::Subtract,
            "Multiply" => BinaryOp::Multiply,
            "Maximum" => BinaryOp::Maximum,
            "Minimum" => BinaryOp::Minimum,
            _ => return unsupported("this program does not know its class"),
        };
        Ok(Self {
            op,
            average: class == "Average",
        })
    }
}

impl Layer for Merge {
    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        if inputs.len() < 2 || (self.op == BinaryOp::Subtract && inputs.len() != 2) {
            return invalid(format!("it has {} inputs", inputs.len()));
        }
        if !self.average {
            return accumulate(scope.draft, "", self.op, inputs);
        }
        let last = format!("partial_{}", inputs.len() - 2);
        let sum = accumulate(scope.draft, &last, self.op, inputs)?;
        let factor = scope.draft.scalar("factor", 1.0 / inputs.len() as f32)?;
        scope.draft.binary("", BinaryOp::Multiply, sum, factor)
    }
}

/// Joins tensors along an axis.
pub(super) struct Concatenate {
    axis: i64,
}

impl Concatenate {
    pub(super) fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        match settings.integers("axis")?.as_deref() {
            None => Ok(Self { axis: -1 }),
            Some(&[axis]) => Ok(Self { axis }),
            Some(_) => invalid("\"axis\" should be one integer"),
        }
    }
}

impl Layer for Concatenate {
    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        concatenate(scope.draft, inputs, self.axis)
    }
}
