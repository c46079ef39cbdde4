use graph::BinaryOp;
use localization::{phrase, text};

use super::layer::{Layer, Parsed};
use crate::operations::arrangement;
use crate::operations::elementwise::accumulate;
use crate::problem::invalid;
use crate::settings::Settings;

/// Element-wise combination of two or more tensors.
pub(super) fn merge(op: BinaryOp) -> Layer {
    Layer::of_many(Vec::new(), move |scope, inputs| {
        if inputs.len() < 2 || (op == BinaryOp::Subtract && inputs.len() != 2) {
            return invalid(text!("it has {count} inputs", count = inputs.len()));
        }
        Ok(vec![accumulate(scope.draft, "", op, inputs)?])
    })
}

pub(super) fn average() -> Layer {
    Layer::of_many(Vec::new(), move |scope, inputs| {
        let Some(last) = inputs.len().checked_sub(2) else {
            return invalid(text!("it has {count} inputs", count = inputs.len()));
        };
        let last = format!("partial_{last}");
        let sum = accumulate(scope.draft, &last, BinaryOp::Add, inputs)?;
        let factor = scope.draft.scalar("factor", 1.0 / inputs.len() as f32)?;
        let output = scope.draft.binary("", BinaryOp::Multiply, sum, factor)?;
        Ok(vec![output])
    })
}

/// Joins tensors along an axis.
pub(super) fn concatenate(settings: &Settings) -> Parsed {
    let axis = match settings.integers("axis")?.as_deref() {
        None => -1,
        Some(&[axis]) => axis,
        Some(_) => return invalid(phrase!("\"axis\" should be one integer")),
    };
    Ok(Layer::of_many(Vec::new(), move |scope, inputs| {
        let output = arrangement::concatenate(scope.draft, inputs, axis)?;
        Ok(vec![output])
    }))
}
