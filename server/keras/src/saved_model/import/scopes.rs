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
const INNER: [&str; 13] = [
    "Gelu",
    "LogSigmoid",
    "Repeat",
    "Tensordot",
    "batchnorm",
    "clip_by_value",
    "einsum",
    "l2_normalize",
    "moments",
    "separable_conv2d",
    "stateless_random_uniform",
    "strided_slice",
    "weighted_moments",
];

/// Operators that make a scope a layer of its own, whatever other scopes are in it.
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
        let whole = whole_layers(flat, &inside, needed);
        let nodes = inside
            .iter()
            .map(|path| Scope::of(path, &whole, numbered))
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
    fn of(path: &[&str], whole: &HashSet<Vec<&str>>, numbered: bool) -> Self {
        let scopes = path.len().saturating_sub(1);
        // The first scope is a layer or a model, whatever its name.
        let ends = |count: &usize| {
            let next = path.get(*count).copied().unwrap_or_default();
            is_inner(next) || path.get(..*count).is_some_and(|path| whole.contains(path))
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

/// Scopes that are layers although there are scopes in them: they have a kernel themselves, or
/// are those of attention, with a query, a key and a value.
fn whole_layers<'p>(
    flat: &FlatGraph<'_>,
    paths: &[&[&'p str]],
    needed: &[bool],
) -> HashSet<Vec<&'p str>> {
    let mut whole: HashSet<Vec<&str>> = HashSet::new();
    let mut attention: HashMap<&[&str], HashSet<&str>> = HashMap::new();
    for ((node, path), needed) in flat.nodes.iter().zip(paths).zip(needed) {
        let Some((_, scopes)) = path.split_last().filter(|_| *needed) else {
            continue;
        };
        if KERNELS.contains(&node.op.as_str()) && !scopes.is_empty() {
            whole.insert(scopes.to_vec());
        }
        for count in 1..scopes.len() {
            let (outer, inner) = scopes.split_at(count);
            let inner = inner.first().copied().unwrap_or_default();
            let inner = unnumbered(inner).unwrap_or(inner);
            if ["query", "key", "value"].contains(&inner) {
                attention.entry(outer).or_default().insert(inner);
            }
        }
    }
    let attention = attention.into_iter().filter(|(_, parts)| parts.len() == 3);
    whole.extend(attention.map(|(scopes, _)| scopes.to_vec()));
    whole
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
pub(super) fn unnumbered(scope: &str) -> Option<&str> {
    let (name, number) = scope.rsplit_once('_')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !name.is_empty()).then_some(name)
}
