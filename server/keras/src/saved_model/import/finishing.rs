//! From a draft to a graph whose nodes have the names of layers.

use std::collections::HashMap;

use graph::{Constant, Graph, Op, TensorId};

use super::scopes::Scopes;
use crate::computation::{OperatorSummary, computed};
use crate::draft::{Content, Draft, Entry, Names, Step, ValueId, unset};
use crate::error::ErrorKind;

/// The operators that an output needs, each with its name, in execution order.
pub(super) struct Plan<'a> {
    pub(super) draft: &'a Draft,
    pub(super) steps: Vec<Planned<'a>>,
}

/// An operator with its name.
pub(super) struct Planned<'a> {
    pub(super) id: ValueId,
    pub(super) entry: &'a Entry,
    pub(super) op: &'a Op,
    pub(super) inputs: &'a [ValueId],
    /// Layer it belongs to.
    pub(super) layer: &'a str,
    pub(super) name: String,
}

impl<'a> Plan<'a> {
    /// Chooses names as the layers of other formats have them: the operator with the kernel, or
    /// the last one of a layer, is called like the layer; the others get a part behind a slash.
    pub(super) fn of(
        draft: &'a Draft,
        scopes: &'a Scopes,
        output: ValueId,
        input_name: &str,
    ) -> Self {
        let mut steps: Vec<Planned<'a>> = needed_operators(draft, output)
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
        Self { draft, steps }
    }

    /// The operators that depend on the image.
    pub(super) fn operators(&self, output: ValueId) -> Vec<OperatorSummary> {
        // Both go through the needed operators in order, but the plan has constant ones, too.
        let mut steps = self.steps.iter();
        let computed = computed(self.draft, output).into_iter();
        let summaries = computed.filter_map(|found| {
            let step = steps.find(|step| std::ptr::eq(step.entry, found.entry))?;
            Some(found.summary(&step.name, step.layer))
        });
        summaries.collect()
    }

    /// Draws the graph.
    pub(super) fn graph(
        &self,
        name: &str,
        input_name: &str,
        output: ValueId,
    ) -> Result<Graph, ErrorKind> {
        let mut graph = Graph::new(name);
        let mut ids: HashMap<ValueId, TensorId> = HashMap::new();
        let mut names = Names::default();
        names.unique(input_name);
        for step in &self.steps {
            names.unique(&step.name);
        }
        for (id, entry) in self.draft.numbered() {
            if let Content::Input = entry.content {
                ids.insert(id, graph.add_input(input_name, &entry.shape)?);
            }
        }
        for step in &self.steps {
            let mut inputs = Vec::with_capacity(step.inputs.len());
            for &input in step.inputs {
                let known = ids.get(&input).copied();
                let tensor = match (known, constant(self.draft, input)) {
                    (Some(tensor), _) => tensor,
                    (None, Some((value, role))) => {
                        let name = names.unique(&format!("{}/{role}", step.name));
                        graph.add_constant(name, value.clone())
                    }
                    (None, None) => return Err(unset(step.name.clone(), step.op.name()).into()),
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

/// The operators that an output needs.
fn needed_operators(
    draft: &Draft,
    output: ValueId,
) -> impl Iterator<Item = (ValueId, &Entry, &Op, &[ValueId])> {
    let live = draft.live(&[output]);
    let entries = draft.numbered().zip(live).filter(|(_, live)| *live);
    entries.filter_map(|((id, entry), _)| match &entry.content {
        Content::Node {
            step: Step::Op(op),
            inputs,
        } => Some((id, entry, op, inputs.as_slice())),
        _ => None,
    })
}

/// The value of a constant, and what it is to its node.
fn constant(draft: &Draft, id: ValueId) -> Option<(&Constant, &str)> {
    let entry = draft.entries().get(Draft::position(id))?;
    match &entry.content {
        Content::Constant(Some(value)) => Some((value, &entry.name)),
        _ => None,
    }
}
