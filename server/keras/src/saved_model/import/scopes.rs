//! Which layer of Keras an operator belongs to, by the path of scopes in its name.

use std::collections::{HashMap, HashSet};

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
const INNER: [&str; 19] = [
    "AvgPool1D",
    "Conv1D",
    "Gelu",
    "LogSigmoid",
    "MaxPool1D",
    "MaxPool1d",
    "Repeat",
    "Tensordot",
    "batchnorm",
    "clip_by_value",
    "convolution",
    "einsum",
    "l2_normalize",
    "moments",
    "resize",
    "separable_conv2d",
    "stateless_random_uniform",
    "strided_slice",
    "weighted_moments",
];

/// Layers that are given to another one as its activation, and then stand in its scope.
const ACTIVATIONS: [&str; 5] = ["elu", "leaky_re_lu", "p_re_lu", "re_lu", "softmax"];

/// Operators of layers that have an activation.
const KERNELS: [&str; 6] = [
    "BatchMatMulV2",
    "BiasAdd",
    "Conv2D",
    "Conv2DBackpropInput",
    "DepthwiseConv2dNative",
    "MatMul",
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
        let inside: Vec<&[&str]> = paths
            .iter()
            .map(|path| match root {
                Some(root) if path.first() == Some(&root) => path.get(1..).unwrap_or(&[]),
                _ => path.as_slice(),
            })
            .collect();
        let numbered = naming == Naming::Keras3
            && root.is_none_or(|root| unnumbered(root).is_some() && !root.starts_with("model"))
            && inside
                .iter()
                .zip(&flat.nodes)
                .zip(needed)
                .all(|((path, node), needed)| {
                    let in_model = *needed && !node.inputs.is_empty() && path.len() > 1;
                    !in_model
                        || path
                            .first()
                            .is_some_and(|scope| unnumbered(scope).is_some())
                });
        let layers = Layers::of(flat, &inside, needed);
        let nodes = inside
            .iter()
            .map(|path| Scope::of(path, &layers, numbered))
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
    fn of(path: &[&str], layers: &Layers<'_>, numbered: bool) -> Self {
        let scopes = path.len().saturating_sub(1);
        // The first scope is a layer or a model, whatever its name.
        let ends = |count: &usize| {
            let (outer, inner) = path.split_at(*count);
            inner
                .first()
                .is_some_and(|inner| layers.include(outer, inner))
        };
        let inner = (1..scopes).find(ends).unwrap_or(scopes);
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

/// Scopes that are known to be those of layers.
struct Layers<'p> {
    /// Those with a kernel.
    kernels: HashSet<Vec<&'p str>>,
    /// Those with a query, a key and a value in them.
    attention: HashSet<Vec<&'p str>>,
}

impl<'p> Layers<'p> {
    fn of(flat: &FlatGraph<'_>, paths: &[&[&'p str]], needed: &[bool]) -> Self {
        let mut kernels = HashSet::new();
        let mut parts: HashMap<&[&str], HashSet<&str>> = HashMap::new();
        for ((node, path), needed) in flat.nodes.iter().zip(paths).zip(needed) {
            let Some((_, scopes)) = path.split_last().filter(|_| *needed) else {
                continue;
            };
            if KERNELS.contains(&node.op.as_str()) {
                kernels.insert(scopes.to_vec());
            }
            for count in 1..scopes.len() {
                let (outer, inner) = scopes.split_at(count);
                let inner = plain(inner.first().copied().unwrap_or_default());
                if ["query", "key", "value"].contains(&inner) {
                    parts.entry(outer).or_default().insert(inner);
                }
            }
        }
        let attention = parts.into_iter().filter(|(_, parts)| parts.len() == 3);
        Self {
            kernels,
            attention: attention.map(|(scopes, _)| scopes.to_vec()).collect(),
        }
    }

    /// Whether a scope belongs to the layer around it.
    fn include(&self, outer: &[&str], inner: &str) -> bool {
        let is_activation = || ACTIVATIONS.contains(&plain(plain(inner)));
        INNER.contains(&plain(inner))
            || self.attention.contains(outer)
            || (self.kernels.contains(outer) && is_activation())
    }
}

/// A scope without the number behind it, if there is one.
fn plain(scope: &str) -> &str {
    unnumbered(scope).unwrap_or(scope)
}

/// The components of a name, without calls of functions.
fn path(name: &str) -> Vec<&str> {
    name.split('/')
        .filter(|component| !component.is_empty() && !CALLS.contains(&plain(component)))
        .collect()
}

/// A scope without the number that makes it unique.
pub(super) fn unnumbered(scope: &str) -> Option<&str> {
    let (name, number) = scope.rsplit_once('_')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_end_where_layers_do() {
        let none = Layers {
            kernels: HashSet::from([vec!["conv2d"]]),
            attention: HashSet::from([vec!["block", "attention"]]),
        };
        let check = |name: &str, numbered, layer: &str, part: &str| {
            let scope = Scope::of(&path(name), &none, numbered);
            assert_eq!((scope.layer.as_str(), scope.part.as_str()), (layer, part));
        };
        check("conv1/Conv2D", false, "conv1", "Conv2D");
        check("block/conv1/Conv2D", false, "block/conv1", "Conv2D");
        check("conv1_1/convolution", true, "conv1", "convolution");
        check(
            "Conv/BatchNorm/FusedBatchNormV3",
            false,
            "Conv/BatchNorm",
            "FusedBatchNormV3",
        );
        check("bn_2_1/batchnorm/mul_1", true, "bn_2", "batchnorm/mul_1");
        check("conv2d/re_lu_4/Relu", false, "conv2d", "re_lu_4/Relu");
        check("base/re_lu_4/Relu", false, "base/re_lu_4", "Relu");
        check(
            "block/attention/query/add",
            false,
            "block/attention",
            "query/add",
        );
        check("StatefulPartitionedCall/serve_1/add", false, "add", "");
        check("", false, "", "");
    }
}
