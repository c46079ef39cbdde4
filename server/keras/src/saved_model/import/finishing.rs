//! From a drawing to a graph whose nodes have the names of layers.

use std::collections::{HashMap, HashSet};

use graph::{Constant, Graph, GraphError, Op, TensorId};

use super::drawing::{Content, Drawing, Drawn, Entry, Step};
use super::scopes::Scopes;
use crate::error::ErrorKind;

/// The operators that an output needs, each with its name, in execution order.
pub(super) struct Plan<'a> {
    pub(super) drawing: &'a Drawing,
    pub(super) steps: Vec<Planned<'a>>,
}

/// An operator with its name.
pub(super) struct Planned<'a> {
    pub(super) id: Drawn,
    pub(super) entry: &'a Entry,
    pub(super) op: &'a Op,
    pub(super) inputs: &'a [Drawn],
    /// Layer it belongs to.
    pub(super) layer: &'a str,
    pub(super) name: String,
}

impl<'a> Plan<'a> {
    /// Chooses names as the layers of other formats have them: the operator with the kernel, or
    /// the last one of a layer, is called like the layer; the others get a part behind a slash.
    pub(super) fn of(
        drawing: &'a Drawing,
        scopes: &'a Scopes,
        output: Drawn,
        input_name: &str,
    ) -> Self {
        let mut steps: Vec<Planned<'a>> = drawing
            .needed_operators(output)
            .map(|(id, entry, op, inputs)| Planned {
                id,
                entry,
                op,
                inputs,
                layer: scopes.layer(entry.origin),
                name: String::new(),
            })
            .collect();
        let principals = principals(&steps);
        let mut names = Names::default();
        names.unique(input_name);
        for &principal in principals.values() {
            if let Some(step) = steps.get_mut(principal) {
                step.name = names.unique(step.layer);
            }
        }
        for (index, step) in steps.iter_mut().enumerate() {
            if !step.name.is_empty() {
                continue;
            }
            let behind = principals.get(step.layer).is_some_and(|&at| at < index);
            let part = match (step.op, behind, scopes.part(step.entry.origin)) {
                (Op::Activation(_) | Op::Softmax | Op::PRelu, true, _) => "activation",
                // Of a separable convolution.
                (Op::DepthwiseConv2d { .. }, false, _) => "depthwise",
                (_, _, "") => step.op.name(),
                (_, _, part) => part,
            };
            step.name = names.unique(&format!("{}/{part}", step.layer));
        }
        Self { drawing, steps }
    }

    /// Draws the graph.
    pub(super) fn graph(
        &self,
        name: &str,
        input_name: &str,
        output: Drawn,
    ) -> Result<Graph, ErrorKind> {
        let mut graph = Graph::new(name);
        let mut ids: HashMap<Drawn, TensorId> = HashMap::new();
        let mut names = Names::default();
        names.unique(input_name);
        for step in &self.steps {
            names.unique(&step.name);
        }
        for (id, entry) in self.drawing.inputs() {
            ids.insert(id, graph.add_input(input_name, &entry.shape)?);
        }
        for step in &self.steps {
            let mut inputs = Vec::with_capacity(step.inputs.len());
            for &input in step.inputs {
                let known = ids.get(&input).copied();
                let tensor = match (known, self.drawing.value(input)) {
                    (Some(tensor), _) => tensor,
                    (None, Some((value, role))) => {
                        let name = names.unique(&format!("{}/{role}", step.name));
                        graph.add_constant(name, value.clone())
                    }
                    (None, None) => return Err(unset(step).into()),
                };
                ids.insert(input, tensor);
                inputs.push(tensor);
            }
            let tensor = graph.add_node(step.name.clone(), step.op.clone(), &inputs)?;
            ids.insert(step.id, tensor);
        }
        if let Some(&output) = ids.get(&output) {
            graph.set_outputs(&[output]);
        }
        Ok(graph)
    }
}

fn unset(step: &Planned<'_>) -> GraphError {
    GraphError::Shape {
        node: step.name.clone(),
        op: step.op.name(),
        problem: "reads a tensor that nothing computes".to_owned(),
    }
}

/// For each layer the step that is called like it.
fn principals<'a>(steps: &[Planned<'a>]) -> HashMap<&'a str, usize> {
    let mut kernels: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut last = HashMap::new();
    for (index, step) in steps.iter().enumerate() {
        last.insert(step.layer, index);
        if step.op.has_kernel() || matches!(step.op, Op::BatchNormalization { .. }) {
            kernels.entry(step.layer).or_default().push(index);
        }
    }
    for (layer, kernels) in kernels {
        let op = |index: usize| steps.get(index).map(|step| step.op);
        match *kernels.as_slice() {
            [only] => last.insert(layer, only),
            // The two steps of a separable convolution.
            [first, second] if matches!(op(first), Some(Op::DepthwiseConv2d { .. })) => {
                last.insert(layer, second)
            }
            _ => None,
        };
    }
    last
}

/// Names that are taken.
#[derive(Default)]
struct Names {
    taken: HashSet<String>,
    /// Number that a name was last made unique with.
    numbers: HashMap<String, usize>,
}

impl Names {
    fn unique(&mut self, name: &str) -> String {
        if self.taken.insert(name.to_owned()) {
            return name.to_owned();
        }
        let number = self.numbers.entry(name.to_owned()).or_default();
        loop {
            *number += 1;
            let candidate = format!("{name}_{number}");
            if self.taken.insert(candidate.clone()) {
                return candidate;
            }
        }
    }
}

impl Drawing {
    /// The operators that an output needs.
    fn needed_operators(
        &self,
        output: Drawn,
    ) -> impl Iterator<Item = (Drawn, &Entry, &Op, &[Drawn])> {
        let live = self.live(output);
        let entries = self.numbered().zip(live).filter(|(_, live)| *live);
        entries.filter_map(|((id, entry), _)| match &entry.content {
            Content::Node {
                step: Step::Op(op),
                inputs,
            } => Some((id, entry, op, inputs.as_slice())),
            _ => None,
        })
    }

    fn inputs(&self) -> impl Iterator<Item = (Drawn, &Entry)> {
        self.numbered()
            .filter(|(_, entry)| matches!(entry.content, Content::Input))
    }

    fn value(&self, id: Drawn) -> Option<(&Constant, &'static str)> {
        match &self.entries().get(id.index())?.content {
            Content::Constant {
                value: Some(value),
                role,
            } => Some((value, role)),
            _ => None,
        }
    }
}
