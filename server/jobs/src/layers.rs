//! Which nodes of the prepared graph a name in the configuration means.

use std::collections::{BTreeSet, HashMap, HashSet};

use configuration::{matches_layer, nearest_layers};
use graph::{Graph, Node};

use crate::error::JobError;

/// The names of a model's layers, and what became of the layers.
#[derive(Debug)]
pub(crate) struct LayerNames {
    /// Names with the node or input that each stands for; a name may stand for several.
    nodes: Vec<(String, String)>,
    /// Names of layers, whether or not anything is left of them.
    layers: Vec<String>,
}

impl LayerNames {
    /// `layers` are the names that Inspect shows, `original` is the graph of the model and
    /// `prepared` what the passes made of it.
    ///
    /// A layer that was taken into another one, such as a normalization or a rectifier, is computed
    /// by that one, so its name stands for it.
    pub(crate) fn new(layers: &[String], original: &Graph, prepared: &Graph) -> Self {
        let present: HashSet<&str> = prepared
            .nodes()
            .iter()
            .map(|node| node.name.as_str())
            .collect();
        let origin = Origin::new(original, prepared);
        let known: HashSet<&str> = layers.iter().map(String::as_str).collect();
        let mut nodes: Vec<(String, String)> = Vec::new();
        let mut add = |name: &str, node: &str| {
            nodes.push((name.to_owned(), node.to_owned()));
            if let Some(layer) = owner(&known, name) {
                nodes.push((layer.to_owned(), node.to_owned()));
            }
        };
        for input in prepared.inputs() {
            let name = &prepared.tensor(*input).name;
            add(name, name);
        }
        for node in prepared.nodes() {
            add(&node.name, &node.name);
        }
        for node in original.nodes() {
            if !present.contains(node.name.as_str())
                && let Some(carrier) = origin.carrier(node)
            {
                add(&node.name, carrier);
            }
        }
        nodes.sort();
        nodes.dedup();
        Self {
            nodes,
            layers: layers.to_vec(),
        }
    }

    /// The nodes and inputs that a pattern means; none where nothing is left of the layers.
    ///
    /// # Errors
    /// [`JobError::NoSuchLayer`] when the pattern matches no name.
    pub(crate) fn matching(&self, pattern: &str) -> Result<BTreeSet<&str>, JobError> {
        let names = || self.nodes.iter().map(|(name, _)| name.as_str());
        let found: BTreeSet<&str> = self
            .nodes
            .iter()
            .filter(|(name, _)| matches_layer(pattern, name))
            .map(|(_, node)| node.as_str())
            .collect();
        let is_layer = |name: &String| matches_layer(pattern, name);
        if found.is_empty() && !self.layers.iter().any(is_layer) {
            let candidates: BTreeSet<&str> = names()
                .chain(self.layers.iter().map(String::as_str))
                .collect();
            let nearest = nearest_layers(pattern, candidates.iter().copied());
            return Err(JobError::NoSuchLayer {
                pattern: pattern.to_owned(),
                nearest: nearest.into_iter().map(str::to_owned).collect(),
            });
        }
        Ok(found)
    }
}

/// The layer that a node of this name belongs to: the name itself or what stands before a slash,
/// the longest one.
fn owner<'a>(layers: &HashSet<&'a str>, name: &str) -> Option<&'a str> {
    let ends = name.rmatch_indices('/').map(|(end, _)| end);
    std::iter::once(name.len())
        .chain(ends)
        .filter_map(|end| layers.get(name.get(..end)?).copied())
        .next()
}

/// Where the tensors of the original graph come from, before and after the passes.
struct Origin<'a> {
    original: &'a Graph,
    producers: HashMap<u32, &'a Node>,
    /// Nodes of the prepared graph by the name of what they compute, and by their own.
    writers: HashMap<&'a str, &'a str>,
}

impl<'a> Origin<'a> {
    fn new(original: &'a Graph, prepared: &'a Graph) -> Self {
        let own = prepared.nodes().iter().map(|node| {
            let name = node.name.as_str();
            (name, name)
        });
        // What a node has taken over counts more than what it was called.
        let outputs = prepared.nodes().iter().map(|node| {
            let output = prepared.tensor(node.output).name.as_str();
            (output, node.name.as_str())
        });
        Self {
            original,
            producers: original
                .nodes()
                .iter()
                .map(|node| (node.output.0, node))
                .collect(),
            writers: own.chain(outputs).collect(),
        }
    }

    /// The node of the prepared graph that computes what a vanished one computed, or what it was
    /// computed from.
    fn carrier(&self, node: &'a Node) -> Option<&'a str> {
        let mut node = node;
        // The original graph has no cycles, and every step goes up.
        for _ in 0..self.original.nodes().len() {
            let written = self.original.tensor(node.output).name.as_str();
            if let Some(&writer) = self.writers.get(written) {
                return Some(writer);
            }
            node = self.producers.get(&node.inputs.first()?.0).copied()?;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use graph::{Activation, Constant, Op, Window, passes};

    use super::*;

    /// A convolution, a normalization, a rectifier, and a swish at the end.
    fn model() -> Graph {
        let mut graph = Graph::new("model");
        let x = graph.add_input("image", &[1, 4, 4, 2]).unwrap();
        let kernel = graph.add_constant("k", Constant::ones(vec![2, 1, 1, 2]));
        let ones = graph.add_constant("ones", Constant::ones(vec![2]));
        let conv = Op::Conv2d {
            window: Window::UNIT,
            groups: 1,
        };
        let x = graph.add_node("stem/conv", conv, &[x, kernel]).unwrap();
        let normalization = Op::BatchNormalization { epsilon: 1e-3 };
        let x = graph
            .add_node("stem/bn", normalization, &[x, ones, ones, ones, ones])
            .unwrap();
        let x = graph
            .add_node("relu", Op::Activation(Activation::Relu), &[x])
            .unwrap();
        let x = graph
            .add_node("act", Op::Activation(Activation::Swish), &[x])
            .unwrap();
        graph.set_outputs(&[x]);
        graph
    }

    fn names() -> LayerNames {
        let original = model();
        let prepared = passes::prepare(&original);
        let layers = ["image", "stem/conv", "stem/bn", "relu", "dropout", "act"];
        LayerNames::new(&layers.map(str::to_owned), &original, &prepared)
    }

    #[test]
    fn names_stand_for_the_nodes_that_took_their_layers_in() {
        let names = names();
        let check = |pattern: &str, expected: &[&str]| {
            let found = names.matching(pattern).unwrap();
            assert_eq!(found.into_iter().collect::<Vec<_>>(), expected, "{pattern}");
        };
        check("stem/conv", &["stem/conv"]);
        check("stem/bn", &["stem/conv"]);
        check("relu", &["stem/conv"]);
        check("stem*", &["stem/conv"]);
        check("act", &["act", "act/sigmoid"]);
        check("act/sigmoid", &["act/sigmoid"]);
        check("image", &["image"]);
        check("dropout", &[]);
        check("*", &["act", "act/sigmoid", "image", "stem/conv"]);
    }

    #[test]
    fn a_name_of_no_layer_is_an_error_that_tells_the_nearest() {
        let error = names().matching("stem/konv").unwrap_err();
        assert_eq!(
            error.to_string(),
            "no layer of the model matches \"stem/konv\" in quantization.overrides; did you mean \"stem/conv\" or \"stem/bn\"?"
        );
        let error = names().matching("zz*").unwrap_err();
        assert_eq!(
            error.to_string(),
            "no layer of the model matches \"zz*\" in quantization.overrides; write names that Inspect shows"
        );
    }
}
