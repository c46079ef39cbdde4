//! What a model computes for an image, without its weights.

use graph::Op;

use crate::draft::{Content, Draft, Entry, Step, ValueId};

/// An operator of a model, before anything is rewritten.
#[derive(Debug, Clone, PartialEq)]
pub struct OperatorSummary {
    /// Its name: that of its layer, with a part behind a slash where the layer needs several.
    pub name: String,
    /// Name of the layer it belongs to.
    pub layer: String,
    /// What it computes.
    pub op: Op,
    /// Which of its operands do not depend on the image.
    pub constants: Vec<bool>,
    /// Number of elements of its output.
    pub elements: u64,
}

/// An operator that depends on the image.
pub(crate) struct Computed<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) op: &'a Op,
    pub(crate) constants: Vec<bool>,
    pub(crate) elements: u64,
}

/// The operators that an output needs and that depend on the image, in execution order.
pub(crate) fn computed(draft: &Draft, output: ValueId) -> Vec<Computed<'_>> {
    let mut constant = Vec::with_capacity(draft.entries().len());
    let mut found = Vec::new();
    for (entry, live) in draft.entries().iter().zip(draft.live(&[output])) {
        let of = |id: &ValueId| constant.get(Draft::position(*id)) == Some(&true);
        let is_constant = match &entry.content {
            Content::Input => false,
            Content::Constant(_) => true,
            Content::Node { inputs, .. } => inputs.iter().all(of),
        };
        if let Content::Node {
            step: Step::Op(op),
            inputs,
        } = &entry.content
            && live
            && !is_constant
        {
            let extents = entry.shape.iter().map(|&extent| extent as u64);
            found.push(Computed {
                entry,
                op,
                constants: inputs.iter().map(of).collect(),
                elements: extents.fold(1, u64::saturating_mul),
            });
        }
        constant.push(is_constant);
    }
    found
}

impl Computed<'_> {
    pub(crate) fn summary(&self, name: &str, layer: &str) -> OperatorSummary {
        OperatorSummary {
            name: name.to_owned(),
            layer: layer.to_owned(),
            op: self.op.clone(),
            constants: self.constants.clone(),
            elements: self.elements,
        }
    }
}
