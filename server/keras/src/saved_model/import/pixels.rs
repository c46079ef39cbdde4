//! Layers that map pixel values before the network proper sees them.

use std::collections::HashSet;

use graph::{BinaryOp, Op};

use super::drawing::{Drawing, Drawn};
use super::finishing::{Plan, Planned};
use crate::summary::InputNormalization;

/// `scale * x + offset`; a number is `None` when it is unknown or differs between channels.
#[derive(Debug, Clone, Copy)]
struct Mapping {
    scale: Option<f32>,
    offset: Option<f32>,
    /// A deviation is divided by, as `Normalization` does.
    divides: bool,
}

/// The layers that only rescale pixels, in order.
pub(super) fn normalizations(plan: &Plan<'_>) -> Vec<InputNormalization> {
    let mut pixels: HashSet<Drawn> = HashSet::new();
    let mut found: Vec<InputNormalization> = Vec::new();
    for step in &plan.steps {
        let Some(&x) = step.inputs.iter().find(|&&x| !plan.drawing.is_constant(x)) else {
            continue;
        };
        if !pixels.contains(&x) && !plan.drawing.is_input(x) {
            continue;
        }
        match step.op {
            Op::Pad { .. } | Op::Slice { .. } | Op::Resize { .. } => {
                pixels.insert(step.id);
            }
            _ => {
                let Some(mapping) = mapping(plan.drawing, step, x) else {
                    continue;
                };
                pixels.insert(step.id);
                record(&mut found, step.layer, mapping);
            }
        }
    }
    found
}

/// What an operator with one constant operand does to pixels.
fn mapping(drawing: &Drawing, step: &Planned<'_>, x: Drawn) -> Option<Mapping> {
    let (Op::Binary(op), &[a, b]) = (step.op, step.inputs) else {
        return None;
    };
    let constant = if a == x { b } else { a };
    if a == b || !drawing.is_constant(constant) {
        return None;
    }
    let number = uniform(drawing, constant);
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
        divides: *op == BinaryOp::Divide,
    })
}

/// The one number of a constant.
fn uniform(drawing: &Drawing, id: Drawn) -> Option<f32> {
    let value = drawing.constant(id)?;
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
        divides,
    } = mapping;
    let class = if divides {
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
            if divides {
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
