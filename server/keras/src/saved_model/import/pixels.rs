//! Layers that map pixel values before the network proper sees them.

use std::collections::HashSet;

use graph::{BinaryOp, Op};

use super::finishing::{Plan, Planned};
use crate::draft::{Draft, ValueId};
use crate::summary::InputNormalization;

/// `scale * x + offset`; a number is `None` when it is unknown or differs between channels.
#[derive(Debug, Clone, Copy)]
struct Mapping {
    scale: Option<f32>,
    offset: Option<f32>,
    /// Whether each channel is divided by a number of its own, as `Normalization` does.
    standardizes: bool,
}

/// The layers that only rescale pixels, in order.
///
/// `normalizing` are layers that take the root of a variance, such as batch normalization.
pub(super) fn normalizations(
    plan: &Plan<'_>,
    normalizing: &HashSet<&str>,
) -> Vec<InputNormalization> {
    // Layers that do something else besides, such as an activation of the pixels.
    let mut others = normalizing.clone();
    others.extend(
        plan.steps
            .iter()
            .filter(|step| !is_mapping(step.op))
            .map(|step| step.layer),
    );
    let mut pixels: HashSet<ValueId> = HashSet::new();
    let mut found: Vec<InputNormalization> = Vec::new();
    for step in &plan.steps {
        let Some(&x) = step.inputs.iter().find(|&&x| !plan.draft.is_constant(x)) else {
            continue;
        };
        if !pixels.contains(&x) && !plan.draft.is_input(x) {
            continue;
        }
        match step.op {
            Op::Pad { .. } | Op::Slice { .. } | Op::Resize { .. } => {
                pixels.insert(step.id);
            }
            _ => {
                let mapping = mapping(plan.draft, step, x);
                let Some(mapping) = mapping.filter(|_| !others.contains(step.layer)) else {
                    continue;
                };
                pixels.insert(step.id);
                record(&mut found, step.layer, mapping);
            }
        }
    }
    found
}

/// Whether an operator can map pixel values.
pub(super) fn is_mapping(op: &Op) -> bool {
    match op {
        Op::BatchNormalization { epsilon } => *epsilon == 0.0,
        Op::Binary(op) => !matches!(op, BinaryOp::Maximum | BinaryOp::Minimum),
        _ => false,
    }
}

/// What an operator with one constant operand does to pixels.
fn mapping(draft: &Draft, step: &Planned<'_>, x: ValueId) -> Option<Mapping> {
    let (op, a, b) = match (step.op, step.inputs) {
        (Op::Binary(op), &[a, b]) => (op, a, b),
        // A product and a sum with a number for each channel.
        (Op::BatchNormalization { .. }, &[_, gamma, beta, ..]) => {
            return Some(Mapping {
                scale: uniform(draft, gamma),
                offset: uniform(draft, beta),
                standardizes: false,
            });
        }
        _ => return None,
    };
    let constant = if a == x { b } else { a };
    if a == b || !draft.is_constant(constant) {
        return None;
    }
    let number = uniform(draft, constant);
    let (scale, offset) = match op {
        BinaryOp::Multiply => (number, Some(0.0)),
        BinaryOp::Divide if b == constant => (number.map(f32::recip), Some(0.0)),
        BinaryOp::Add => (Some(1.0), number),
        BinaryOp::Subtract if b == constant => (Some(1.0), number.map(|number| -number)),
        BinaryOp::Subtract => (Some(-1.0), number),
        _ => return None,
    };
    Some(Mapping {
        scale,
        offset,
        standardizes: *op == BinaryOp::Divide && draft.shape(constant).iter().any(|&n| n > 1),
    })
}

/// The one number of a constant.
fn uniform(draft: &Draft, id: ValueId) -> Option<f32> {
    let value = draft.constant_value(id)?;
    let first = value.first().copied()?;
    value
        .iter()
        .all(|&element| element == first)
        .then_some(first)
}

/// Notes a mapping, or joins it with the one before if that is of the same layer.
fn record(found: &mut Vec<InputNormalization>, layer: &str, mapping: Mapping) {
    let Mapping {
        scale,
        offset,
        standardizes,
    } = mapping;
    let own = layer.rsplit('/').next().unwrap_or(layer);
    let class = if standardizes || own.starts_with("normalization") {
        "Normalization"
    } else {
        "Rescaling"
    };
    match found.last_mut().filter(|last| last.layer == layer) {
        Some(last) => {
            let product = |a: Option<f32>, b: Option<f32>| match (a, b) {
                (Some(0.0), _) | (_, Some(0.0)) => Some(0.0),
                (a, b) => Some(a? * b?),
            };
            last.scale = product(last.scale, scale);
            last.offset = product(last.offset, scale)
                .zip(offset)
                .map(|(first, second)| first + second);
            if standardizes {
                last.class = class.to_owned();
            }
        }
        None => found.push(InputNormalization {
            layer: layer.to_owned(),
            class: class.to_owned(),
            scale,
            offset,
        }),
    }
}
