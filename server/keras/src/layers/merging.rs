use graph::{BinaryOp, Op, TensorId};

use super::{Layer, LayerProblem, Settings, invalid, unsupported};
use crate::assembly::Scope;

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
    fn build(&self, scope: &mut Scope<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerProblem> {
        let Some((&first, rest)) = inputs.split_first() else {
            return invalid("it has no inputs");
        };
        if rest.is_empty() || (self.op == BinaryOp::Subtract && rest.len() != 1) {
            return invalid(format!("it has {} inputs", inputs.len()));
        }
        let mut result = first;
        for (index, &input) in rest.iter().enumerate() {
            let last = index + 1 == rest.len() && !self.average;
            let part = if last {
                String::new()
            } else {
                format!("partial_{index}")
            };
            result = scope.node(&part, Op::Binary(self.op), &[result, input])?;
        }
        if self.average {
            let factor = scope.scalar("factor", 1.0 / inputs.len() as f32)?;
            result = scope.node("", Op::Binary(BinaryOp::Multiply), &[result, factor])?;
        }
        Ok(result)
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
    fn build(&self, scope: &mut Scope<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerProblem> {
        let Some(&first) = inputs.first() else {
            return invalid("it has no inputs");
        };
        match scope.axis(first, self.axis)? {
            0 => unsupported("it joins along the batch axis"),
            axis => scope.node("", Op::Concatenate { axis }, inputs),
        }
    }
}
