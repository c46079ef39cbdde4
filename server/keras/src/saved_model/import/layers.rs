//! What is said of the layers of a SavedModel: class, shape, weights and work of each.

use std::collections::HashMap;

use graph::{Activation, Op, ReduceOp};

use super::finishing::{Plan, Planned};
use super::scopes::Scopes;
use crate::summary::LayerSummary;

/// One row for each layer, in execution order.
///
/// `parameters` are the nodes that read variables first, and how many elements these have;
/// `left_out` are layers that do nothing, with the nodes that would have made their outputs.
pub(super) fn summarize(
    plan: &Plan<'_>,
    scopes: &Scopes,
    parameters: &[(usize, u64)],
    left_out: Vec<(usize, LayerSummary)>,
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
    let rows = order.into_iter().map(|layer| {
        let steps = steps.remove(layer).unwrap_or_default();
        let macs = |step: &&Planned<'_>| plan.draft.multiply_accumulates(step.id);
        let parameters = weights.remove(layer).unwrap_or(0);
        let summary = LayerSummary {
            name: layer.to_owned(),
            class: class(layer, &steps, parameters).to_owned(),
            output_shape: steps
                .last()
                .map(|step| step.entry.shape.iter().copied().map(Some).collect()),
            parameters: Some(parameters),
            macs: Some(steps.iter().map(macs).fold(0, u64::saturating_add)),
        };
        (steps.first().map_or(0, |step| step.entry.origin), summary)
    });
    let mut rows: Vec<(usize, LayerSummary)> = rows.collect();
    for (node, summary) in left_out {
        let position = rows.iter().position(|&(first, _)| first > node);
        rows.insert(position.unwrap_or(rows.len()), (node, summary));
    }
    rows.into_iter().map(|(_, summary)| summary).collect()
}

/// The class of Keras that computes what the operators of a layer do; SavedModels do not tell.
fn class(layer: &str, steps: &[&Planned<'_>], parameters: u64) -> &'static str {
    let count = |wanted: fn(&Op) -> bool| steps.iter().filter(|step| wanted(step.op)).count();
    let kernels = count(Op::has_kernel);
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
    if count(|op| matches!(op, Op::Activation(Activation::Rsqrt))) > 0 {
        return normalization(layer);
    }
    if count(|op| matches!(op, Op::BatchNormalization { .. })) > 0 && parameters > 0 {
        return "BatchNormalization";
    }
    let own = layer.rsplit('/').next().unwrap_or(layer);
    let rescales = steps.iter().all(|step| super::pixels::is_mapping(step.op));
    if rescales && (own.starts_with("rescaling") || own.starts_with("normalization")) {
        return if own.starts_with("rescaling") {
            "Rescaling"
        } else {
            "Normalization"
        };
    }
    steps.last().map_or("", |step| plain_class(layer, step))
}

/// The class of a layer that normalizes by statistics of the image.
fn normalization(layer: &str) -> &'static str {
    match layer.rsplit('/').next() {
        Some(own) if own.starts_with("group_normalization") => "GroupNormalization",
        Some(own) if own.starts_with("unit_normalization") => "UnitNormalization",
        _ => "LayerNormalization",
    }
}

fn plain_class(layer: &str, step: &Planned<'_>) -> &'static str {
    match step.op {
        Op::MaxPool2d(_) => "MaxPooling2D",
        Op::AveragePool2d(_) => "AveragePooling2D",
        Op::Reduce { kind, axes, .. } => match (kind, axes.as_slice()) {
            (ReduceOp::Mean, [1, 2]) => "GlobalAveragePooling2D",
            (ReduceOp::Max, [1, 2]) => "GlobalMaxPooling2D",
            (ReduceOp::Mean, [1]) => "GlobalAveragePooling1D",
            (ReduceOp::Max, [1]) => "GlobalMaxPooling1D",
            _ => step.op.name(),
        },
        Op::Pad { .. } => "ZeroPadding2D",
        Op::Slice { .. } => "Cropping2D",
        Op::Resize { .. } if layer.contains("up_sampling2d") => "UpSampling2D",
        Op::Resize { .. } => "Resizing",
        Op::Transpose { .. } => "Permute",
        Op::Reshape { shape } if shape.len() == 2 => "Flatten",
        Op::PRelu => "PReLU",
        Op::Activation(Activation::Relu | Activation::Relu6) => "ReLU",
        Op::Activation(Activation::LeakyRelu { .. }) => "LeakyReLU",
        Op::Activation(Activation::Elu) => "ELU",
        Op::Activation(_) => "Activation",
        op => op.name(),
    }
}
