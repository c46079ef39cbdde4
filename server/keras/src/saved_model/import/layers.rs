//! What is said of the layers of a SavedModel: class, shape, weights and work of each.

use std::collections::HashMap;

use graph::{Activation, BinaryOp, Op, ReduceOp};

use super::finishing::{Plan, Planned};
use super::scopes::Scopes;
use crate::assembly::macs_per_position;
use crate::summary::LayerSummary;

/// One row for each layer, in execution order.
///
/// `parameters` are the nodes that read variables first, and how many elements these have.
pub(super) fn summarize(
    plan: &Plan<'_>,
    scopes: &Scopes,
    parameters: &[(usize, u64)],
) -> Vec<LayerSummary> {
    let mut weights: HashMap<&str, u64> = HashMap::new();
    for &(node, elements) in parameters {
        *weights.entry(scopes.layer(node)).or_default() += elements;
    }
    let mut order: Vec<&str> = Vec::new();
    let mut steps: HashMap<&str, Vec<&Planned<'_>>> = HashMap::new();
    for step in &plan.steps {
        let own = steps.entry(step.layer).or_default();
        if own.is_empty() {
            order.push(step.layer);
        }
        own.push(step);
    }
    order
        .into_iter()
        .map(|layer| {
            let steps = steps.remove(layer).unwrap_or_default();
            LayerSummary {
                name: layer.to_owned(),
                class: class(&steps).to_owned(),
                output_shape: steps.last().map(|step| step.entry.shape.clone()),
                parameters: weights.remove(layer).unwrap_or(0),
                macs: Some(steps.iter().map(|step| macs(plan, step)).sum()),
            }
        })
        .collect()
}

/// Multiply-accumulate operations of an operator.
fn macs(plan: &Plan<'_>, step: &Planned<'_>) -> u64 {
    let shapes: Vec<&[usize]> = step
        .inputs
        .iter()
        .map(|&input| plan.drawing.shape(input))
        .collect();
    let counted = match step.op {
        Op::TransposeConv2d { .. } => shapes.first().copied().unwrap_or(&[]),
        _ => &step.entry.shape,
    };
    let positions: u64 = match counted {
        [positions @ .., _channels] => positions.iter().product::<usize>() as u64,
        [] => 1,
    };
    positions.saturating_mul(macs_per_position(step.op, &shapes))
}

/// The class of Keras that computes what the operators of a layer do; SavedModels do not tell.
fn class(steps: &[&Planned<'_>]) -> &'static str {
    let count = |wanted: fn(&Op) -> bool| steps.iter().filter(|step| wanted(step.op)).count();
    let kernels = count(Op::has_kernel);
    let normalizes = count(|op| matches!(op, Op::Activation(Activation::Rsqrt)));
    if count(|op| matches!(op, Op::BatchMatMul { .. })) > 0 && kernels > 1 {
        return "MultiHeadAttention";
    }
    if let Some(step) = steps.iter().find(|step| step.op.has_kernel()) {
        return match step.op {
            Op::DepthwiseConv2d { .. } if kernels > 1 => "SeparableConv2D",
            Op::DepthwiseConv2d { .. } => "DepthwiseConv2D",
            Op::TransposeConv2d { .. } => "Conv2DTranspose",
            Op::FullyConnected => "Dense",
            _ => "Conv2D",
        };
    }
    if count(|op| matches!(op, Op::BatchNormalization { .. })) > 0 {
        return "BatchNormalization";
    }
    if normalizes > 0 {
        return "LayerNormalization";
    }
    steps.last().map_or("", |step| plain_class(step))
}

fn plain_class(step: &Planned<'_>) -> &'static str {
    match step.op {
        Op::MaxPool2d(_) => "MaxPooling2D",
        Op::AveragePool2d(_) => "AveragePooling2D",
        Op::Reduce { kind, axes, .. } if axes.as_slice() == [1, 2] => match kind {
            ReduceOp::Mean => "GlobalAveragePooling2D",
            ReduceOp::Max => "GlobalMaxPooling2D",
            _ => step.op.name(),
        },
        Op::Pad { .. } => "ZeroPadding2D",
        Op::Slice { .. } => "Cropping2D",
        Op::Resize { .. } => "Resizing",
        Op::Transpose { .. } => "Permute",
        Op::Reshape { shape } if shape.len() == 2 => "Flatten",
        Op::PRelu => "PReLU",
        Op::Activation(Activation::Relu | Activation::Relu6) => "ReLU",
        Op::Activation(Activation::LeakyRelu { .. }) => "LeakyReLU",
        Op::Activation(Activation::Elu) => "ELU",
        Op::Activation(_) => "Activation",
        Op::Binary(BinaryOp::Add) => "Add",
        op => op.name(),
    }
}
