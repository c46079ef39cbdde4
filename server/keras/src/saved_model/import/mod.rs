//! The import of a SavedModel: a flat graph of TensorFlow's operators becomes a model graph.
//!
//! The batch is one, so that all shapes are known. What depends on shapes and weights alone is
//! computed at once (`folding`); what depends on the image goes into a draft (`operators`, which read
//! inputs and attributes for [`crate::operations`]), in which [`crate::recognition`] then finds layers
//! that were traced into several operators. What cannot be converted is reported all together.

mod attributes;
mod augmentation;
mod branches;
mod finishing;
mod folding;
mod importer;
mod layers;
mod operand;
mod operators;
mod pixels;
mod scopes;
mod slices;
mod splits;
mod tensors;
mod value;

use graph::Graph;
use localization::text;

use crate::computation::OperatorSummary;
use crate::draft::{Draft, ValueId};
use crate::error::{ErrorKind, UnsupportedLayer};
use crate::output_kind::Output;
use crate::recognition::{self, Recognized};
use crate::summary::{InputNormalization, LayerSummary};

use super::flat::{FlatGraph, Port, SignatureTensor};
use super::variables::Variables;
use augmentation::Augmentation;
use finishing::Plan;
use importer::{Importer, Read, Source};
use operand::Operand;
pub(crate) use scopes::Naming;
use scopes::Scopes;

/// What came of a SavedModel.
pub(crate) struct Imported {
    /// The graph; an empty one when weights were not read.
    pub(crate) graph: Graph,
    pub(crate) model_name: String,
    pub(crate) output_name: String,
    pub(crate) output_shape: Vec<usize>,
    pub(crate) output: Output,
    pub(crate) operators: Vec<OperatorSummary>,
    pub(crate) layers: Vec<LayerSummary>,
    pub(crate) parameters: u64,
    pub(crate) input_normalizations: Vec<InputNormalization>,
}

/// How to import.
pub(crate) struct ImportOptions<'a> {
    /// Shape of the input, batch one and channels last.
    pub(crate) input_shape: &'a [usize],
    /// The network wants channels before height and width; the input of the graph has them last.
    pub(crate) channels_first: bool,
    /// Whether to read weights; without them there is no graph, but everything else.
    pub(crate) weights: bool,
    /// How scopes are named.
    pub(crate) naming: Naming,
}

/// Imports a flat graph with one input and one output.
///
/// # Errors
/// [`ErrorKind::UnsupportedLayers`] with everything that cannot be converted.
pub(crate) fn import(
    flat: &FlatGraph<'_>,
    variables: &Variables,
    options: &ImportOptions<'_>,
) -> Result<Imported, ErrorKind> {
    let names =
        |tensors: &[SignatureTensor]| tensors.iter().map(|tensor| tensor.name.clone()).collect();
    let [input] = flat.inputs.as_slice() else {
        return Err(ErrorKind::InputCount(names(&flat.inputs)));
    };
    let [output] = flat.outputs.as_slice() else {
        return Err(ErrorKind::OutputCount(names(&flat.outputs)));
    };
    let mut augmentation = Augmentation::find(flat);
    branches::decide(
        flat,
        variables,
        options,
        (input, output.port),
        &mut augmentation,
    )?;
    let target = augmentation.source(output.port);
    let needed = needed(flat, &augmentation, target);
    let scopes = Scopes::of(flat, &needed, options.naming);
    let source = Source {
        flat,
        variables,
        scopes: &scopes,
        augmentation: &augmentation,
    };
    let importer = Importer::new(source, options.weights);
    let mut read = importer.run(input, options, &needed, target)?;
    let output = match read.output {
        Some(Operand::Computed { id, .. }) => id,
        Some(Operand::Unknown) => return Err(ErrorKind::UnsupportedLayers(read.unsupported)),
        _ => {
            return Err(ErrorKind::InvalidConfiguration {
                place: text!("output \"{name}\"", name = output.name),
                problem: text!("it does not depend on the input"),
            });
        }
    };
    let Recognized { draft, outputs } = recognition::recognize(&read.draft, &[output])
        .map_err(|(index, problem)| source.fatal(index, problem))?;
    read.draft = draft;
    let [output] = *outputs.as_slice() else {
        return Err(ErrorKind::OutputCount(names(&flat.outputs)));
    };
    let alone = left_over(&read.draft, &scopes, output);
    if !alone.is_empty() {
        return Err(ErrorKind::UnsupportedLayers(alone));
    }
    finish(source, read, output, &input.name)
}

/// Steps that no later operator took in.
fn left_over(draft: &Draft, scopes: &Scopes, output: ValueId) -> Vec<UnsupportedLayer> {
    let mut found: Vec<UnsupportedLayer> = Vec::new();
    for (entry, pending) in draft.left_over(&[output]) {
        let (class, reason) = pending.describe();
        let layer = scopes.layer(entry.origin);
        let known = |other: &UnsupportedLayer| other.layer == layer && other.class == class;
        if !found.iter().any(known) {
            found.push(UnsupportedLayer {
                layer: layer.to_owned(),
                class: class.to_owned(),
                reason: reason.into(),
            });
        }
    }
    found
}

/// The graph and the summary of a draft.
fn finish(
    source: Source<'_>,
    read: Read,
    output: ValueId,
    input_name: &str,
) -> Result<Imported, ErrorKind> {
    let scopes = source.scopes;
    let plan = Plan::of(&read.draft, scopes, output, input_name);
    let graph = match read.draft.reads_weights() {
        true => plan.graph(scopes.model(), input_name, output)?,
        false => Graph::default(),
    };
    let nodes = source.flat.nodes.iter().enumerate();
    let normalizing = nodes
        .filter(|(_, node)| node.op == "Rsqrt")
        .map(|(index, _)| scopes.layer(index))
        .collect();
    let parameters = read.parameters.iter().map(|&(_, elements)| elements);
    let layers = layers::summarize(&plan, scopes, &read.parameters, read.left_out);
    let output_name = layers.last().map(|layer| layer.name.clone());
    Ok(Imported {
        graph,
        model_name: scopes.model().to_owned(),
        output_name: output_name.unwrap_or_default(),
        output_shape: read.draft.shape(output).to_vec(),
        output: Output::of(&read.draft, output),
        operators: plan.operators(output),
        parameters: parameters.fold(0, u64::saturating_add),
        input_normalizations: pixels::normalizations(&plan, &normalizing),
        layers,
    })
}

/// The nodes that a tensor needs.
fn needed(flat: &FlatGraph<'_>, augmentation: &Augmentation, target: Port) -> Vec<bool> {
    let mut needed = vec![false; flat.nodes.len()];
    if let Some(node) = needed.get_mut(target.node) {
        *node = true;
    }
    for (index, node) in flat.nodes.iter().enumerate().rev() {
        if needed.get(index) == Some(&true) {
            for &port in node.operands() {
                if let Some(node) = needed.get_mut(augmentation.source(port).node) {
                    *node = true;
                }
            }
        }
    }
    needed
}

#[cfg(test)]
mod tests;
