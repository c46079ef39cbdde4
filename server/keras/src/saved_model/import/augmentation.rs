//! Random augmentation in exports of Keras 3, which keeps it active.
//!
//! A layer of augmentation hands its input on unchanged when the model is used, and so do the
//! readers of other formats. Here it can only be told by the name of its scope, so it is left out
//! when all agrees: the scope has the name that Keras gives such a layer, there are random numbers
//! in it, and one tensor that depends on the image goes in and one comes out. What remains is
//! refused by name.

use std::collections::{HashMap, HashSet};

use super::scopes::unnumbered;
use crate::saved_model::flat::{FlatGraph, FlatNode, Port};

/// Scopes of layers that only do something during training, and their classes.
const LAYERS: [(&str, &str); 11] = [
    ("alpha_dropout", "AlphaDropout"),
    ("dropout", "Dropout"),
    ("gaussian_dropout", "GaussianDropout"),
    ("gaussian_noise", "GaussianNoise"),
    ("random_brightness", "RandomBrightness"),
    ("random_contrast", "RandomContrast"),
    ("random_flip", "RandomFlip"),
    ("random_rotation", "RandomRotation"),
    ("random_translation", "RandomTranslation"),
    ("random_zoom", "RandomZoom"),
    ("spatial_dropout2d", "SpatialDropout2D"),
];

/// Augmentation that is left out, and other nodes that only hand on a tensor.
#[derive(Debug, Default)]
pub(super) struct Augmentation {
    sources: HashMap<Port, Port>,
    /// In execution order.
    layers: Vec<Removed>,
}

/// A layer that is left out.
#[derive(Debug)]
pub(super) struct Removed {
    pub(super) class: &'static str,
    /// Its output.
    pub(super) output: Port,
    /// Its input, which stands for the output.
    pub(super) input: Port,
}

/// What is known of a scope with the name of a layer of augmentation.
#[derive(Debug, Default)]
struct Candidate {
    class: &'static str,
    random: bool,
    inputs: HashSet<Port>,
    outputs: HashSet<Port>,
}

impl Augmentation {
    pub(super) fn find(flat: &FlatGraph<'_>) -> Self {
        let scopes: Vec<Option<(&str, &'static str)>> =
            flat.nodes.iter().map(|node| scope(&node.name)).collect();
        if scopes.iter().all(Option::is_none) {
            return Self::default();
        }
        let depends = depends_on_image(flat);
        let scope_of = |port: Port| scopes.get(port.node).copied().flatten();
        let mut candidates: HashMap<&str, Candidate> = HashMap::new();
        for (node, scope) in flat.nodes.iter().zip(&scopes) {
            if let Some((path, class)) = *scope {
                let candidate = candidates.entry(path).or_default();
                candidate.class = class;
                candidate.random |= is_random(&node.op);
            }
            for &port in &node.inputs {
                let source = scope_of(port);
                if source == *scope {
                    continue;
                }
                if let (Some((path, _)), Some(true)) = (*scope, depends.get(port.node)) {
                    candidates.entry(path).or_default().inputs.insert(port);
                }
                if let Some((path, _)) = source {
                    candidates.entry(path).or_default().outputs.insert(port);
                }
            }
        }
        for output in &flat.outputs {
            if let Some((path, _)) = scope_of(output.port) {
                let candidate = candidates.entry(path).or_default();
                candidate.outputs.insert(output.port);
            }
        }
        let mut layers: Vec<Removed> = candidates
            .into_values()
            .filter(|candidate| candidate.random)
            .filter_map(|candidate| {
                let output = only(&candidate.outputs)?;
                let removed = Removed {
                    class: candidate.class,
                    input: only(&candidate.inputs)?,
                    output,
                };
                (depends.get(output.node) == Some(&true)).then_some(removed)
            })
            .collect();
        layers.sort_by_key(|removed| removed.output.node);
        Self {
            sources: layers
                .iter()
                .map(|removed| (removed.output, removed.input))
                .collect(),
            layers,
        }
    }

    /// Replaces the results of a branch by those of the function that it calls.
    pub(super) fn replace_branch(&mut self, index: usize, branch: &FlatNode<'_>, holds: bool) {
        let results = branch.inputs.get(1..).unwrap_or(&[]);
        let (first, second) = results.split_at(results.len() / 2);
        let chosen = if holds { first } else { second };
        for (output, &source) in chosen.iter().enumerate() {
            let node = index;
            self.sources.insert(Port { node, output }, source);
        }
    }

    /// The tensor that stands for a tensor. Sources come before what they stand for, so that this
    /// ends.
    pub(super) fn source(&self, mut port: Port) -> Port {
        while let Some(&source) = self.sources.get(&port) {
            port = source;
        }
        port
    }

    /// The layers that are left out and whose output a node would have made.
    pub(super) fn layers_at(&self, node: usize) -> impl Iterator<Item = &Removed> {
        let first = self
            .layers
            .partition_point(|removed| removed.output.node < node);
        let layers = self.layers.iter().skip(first);
        layers.take_while(move |removed| removed.output.node == node)
    }
}

fn only(ports: &HashSet<Port>) -> Option<Port> {
    let mut ports = ports.iter().copied();
    ports.next().filter(|_| ports.next().is_none())
}

/// The path of the scope of a layer of augmentation that a name lies in, and the layer's class.
fn scope(name: &str) -> Option<(&str, &'static str)> {
    let mut start = 0;
    for component in name.split('/') {
        let end = start + component.len();
        let plain = |text| unnumbered(text).unwrap_or(text);
        // Keras numbers the layers of a kind, and the scopes of a name.
        let kind = plain(plain(component));
        let found = LAYERS.iter().find(|(scope, _)| *scope == kind);
        if let (Some((_, class)), true) = (found, end < name.len()) {
            return name.get(..end).map(|path| (path, *class));
        }
        start = end + 1;
    }
    None
}

fn is_random(op: &str) -> bool {
    op.starts_with("StatelessRandom") || op.starts_with("Random")
}

/// For each node whether it depends on the pixels of the image, and not only on their number.
pub(super) fn depends_on_image(flat: &FlatGraph<'_>) -> Vec<bool> {
    let mut depends: Vec<bool> = Vec::with_capacity(flat.nodes.len());
    for (index, node) in flat.nodes.iter().enumerate() {
        let is_input = flat.inputs.iter().any(|input| input.port.node == index);
        let reads = node
            .inputs
            .iter()
            .any(|port| depends.get(port.node) == Some(&true));
        depends.push(is_input || (reads && !super::folding::needs_only_shape(&node.op)));
    }
    depends
}
