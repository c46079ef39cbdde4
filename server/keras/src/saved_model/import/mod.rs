//! The import of a SavedModel: a flat graph of TensorFlow's operators becomes a model graph.
//!
//! The batch is one, so that all shapes are known. What depends on shapes and weights alone is
//! computed at once (`folding`); what depends on the image is drawn with the operators of
//! [`graph::Op`] (`operators`), and layers that were traced into several operators are recognised
//! (`recognition`). Operators that cannot be converted are reported all together.

mod attributes;
mod augmentation;
mod branches;
mod drawing;
mod extents;
mod finishing;
mod folding;
mod importer;
mod layers;
mod operators;
mod pixels;
mod recognition;
mod scopes;
mod slicing;
mod term;
mod value;
mod weights;

use graph::Graph;

use crate::error::ErrorKind;
use crate::summary::{InputNormalization, LayerSummary};

use super::flat::{FlatGraph, Port, SignatureTensor};
use super::variables::Variables;
use augmentation::Augmentation;
use drawing::Drawn;
use finishing::Plan;
use importer::Importer;
pub(crate) use scopes::Naming;
use scopes::Scopes;
use term::Term;

/// What came of a SavedModel.
pub(crate) struct Imported {
    /// The graph; an empty one when weights were not read.
    pub(crate) graph: Graph,
    pub(crate) model_name: String,
    pub(crate) output_name: String,
    pub(crate) output_shape: Vec<usize>,
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
    let mut importer = Importer::new(flat, variables, &scopes, &augmentation, options.weights);
    importer.run(input, options, &needed, target)?;
    let output = match importer.term(target) {
        Some(Term::Drawn { id, .. }) => id,
        Some(Term::Unknown) => return Err(importer.into_unsupported()),
        _ => {
            return Err(ErrorKind::InvalidConfiguration {
                place: format!("output \"{}\"", output.name),
                problem: "it does not depend on the input".to_owned(),
            });
        }
    };
    let pending = importer.pending(output);
    if !pending.is_empty() {
        return Err(ErrorKind::UnsupportedLayers(pending));
    }
    finish(importer, output, &input.name)
}

/// The graph and the summary of what has been drawn.
fn finish(
    importer: Importer<'_, '_>,
    output: Drawn,
    input_name: &str,
) -> Result<Imported, ErrorKind> {
    let scopes = importer.scopes;
    let plan = Plan::of(&importer.drawing, scopes, output, input_name);
    let graph = if importer.weights {
        plan.graph(scopes.model(), input_name, output)?
    } else {
        Graph::default()
    };
    let nodes = importer.flat.nodes.iter().enumerate();
    let normalizing = nodes
        .filter(|(_, node)| node.op == "Rsqrt")
        .map(|(index, _)| scopes.layer(index))
        .collect();
    let parameters = importer.parameters.iter().map(|&(_, elements)| elements);
    let layers = layers::summarize(&plan, scopes, &importer.parameters, importer.left_out);
    let output_name = layers.last().map(|layer| layer.name.clone());
    Ok(Imported {
        graph,
        model_name: scopes.model().to_owned(),
        output_name: output_name.unwrap_or_default(),
        output_shape: importer.drawing.shape(output).to_vec(),
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
