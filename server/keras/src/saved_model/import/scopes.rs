//! Which layer of Keras an operator belongs to, by the path of scopes in its name.

use crate::saved_model::flat::FlatGraph;

/// How Keras names the scopes of layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Naming {
    /// `model/conv1/Conv2D`
    Keras2,
    /// `functional_1/conv1_1/convolution`: each scope gets a number.
    Keras3,
}

/// Scopes that TensorFlow or Keras opens inside a layer.
const INNER: [&str; 34] = [
    "BiasAdd",
    "Conv2D",
    "conv2d_transpose",
    "FusedBatchNorm",
    "FusedBatchNormV3",
    "Gelu",
    "LogSigmoid",
    "MatMul",
    "Max",
    "MaxPool",
    "Mean",
    "Pad",
    "Relu",
    "Repeat",
    "Reshape",
    "Softmax",
    "Tensordot",
    "batchnorm",
    "clip_by_value",
    "conv",
    "convolution",
    "depthwise",
    "einsum",
    "l2_normalize",
    "moments",
    "normalize",
    "resize",
    "separable_conv2d",
    "softmax",
    "strided_slice",
    "transpose",
    "weighted_moments",
    "AvgPool",
    "GatherV2",
];

/// Scopes that stand for a call of a function and not for a layer.
const CALLS: [&str; 4] = [
    "StatefulPartitionedCall",
    "PartitionedCall",
    "serve",
    "serving_default",
];

/// The layer and the part of it for each node of a flat graph.
#[derive(Debug)]
pub(super) struct Scopes {
    model: String,
    nodes: Vec<Scope>,
}

#[derive(Debug)]
struct Scope {
    /// Layer, behind the models it is in: `block/conv1`.
    layer: String,
    /// What is left of the path: `batchnorm/mul_1`.
    part: String,
}

impl Scopes {
    pub(super) fn of(flat: &FlatGraph<'_>, needed: &[bool], naming: Naming) -> Self {
        let paths: Vec<Vec<&str>> = flat.nodes.iter().map(|node| path(&node.name)).collect();
        let relevant = || {
            let nodes = flat.nodes.iter().zip(&paths).zip(needed);
            nodes
                .filter(|((node, path), needed)| {
                    // Inputs and captured values stand outside the scope of the model.
                    **needed && !node.inputs.is_empty() && path.len() > 1
                })
                .map(|((_, path), _)| path)
        };
        let root = relevant().next().and_then(|path| path.first().copied());
        let root = root.filter(|&root| {
            relevant().all(|path| path.first() == Some(&root))
                && relevant().any(|path| path.len() > 2)
        });
        let numbered =
            naming == Naming::Keras3 && root.is_none_or(|root| unnumbered(root).is_some());
        let nodes = paths
            .iter()
            .map(|path| {
                let path = match root {
                    Some(root) if path.first() == Some(&root) => path.get(1..).unwrap_or(&[]),
                    _ => path.as_slice(),
                };
                Scope::of(path, numbered)
            })
            .collect();
        Self {
            model: root.unwrap_or("model").to_owned(),
            nodes,
        }
    }

    /// Name of the model.
    pub(super) fn model(&self) -> &str {
        &self.model
    }

    /// Name of the layer that a node belongs to.
    pub(super) fn layer(&self, node: usize) -> &str {
        self.nodes.get(node).map_or("", |scope| &scope.layer)
    }

    /// What a node is in its layer.
    pub(super) fn part(&self, node: usize) -> &str {
        self.nodes.get(node).map_or("", |scope| &scope.part)
    }

    /// Name of a variable in its layer.
    pub(super) fn variable(&self, node: usize) -> &str {
        let part = self.part(node);
        part.rsplit('/')
            .find(|part| !part.contains("ReadVariableOp"))
            .unwrap_or("weight")
    }
}

impl Scope {
    fn of(path: &[&str], numbered: bool) -> Self {
        let scopes = path.len().saturating_sub(1);
        // The first scope is a layer or a model, whatever its name.
        let inner = path
            .iter()
            .take(scopes)
            .skip(1)
            .position(|scope| is_inner(scope))
            .map_or(scopes, |position| position + 1);
        let (layer, part) = path.split_at(inner.max(usize::from(path.len() == 1)));
        let layer: Vec<&str> = layer
            .iter()
            .map(|scope| {
                let shortened = (numbered && path.len() > 1).then(|| unnumbered(scope));
                shortened.flatten().unwrap_or(scope)
            })
            .collect();
        Self {
            layer: layer.join("/"),
            part: part.join("/"),
        }
    }
}

fn is_inner(scope: &str) -> bool {
    INNER.contains(&unnumbered(scope).unwrap_or(scope))
}

/// The components of a name, without calls of functions.
fn path(name: &str) -> Vec<&str> {
    name.split('/')
        .filter(|component| {
            !component.is_empty() && !CALLS.contains(&unnumbered(component).unwrap_or(component))
        })
        .collect()
}

/// A scope without the number that makes it unique.
fn unnumbered(scope: &str) -> Option<&str> {
    let (name, number) = scope.rsplit_once('_')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !name.is_empty()).then_some(name)
}
