//! The import of a SavedModel: a flat graph of TensorFlow's operators becomes a model graph.
//!
//! The batch is one, so that all shapes are known. What depends on shapes and weights alone is
//! computed at once (`folding`); what depends on the image is drawn with the operators of
//! [`graph::Op`] (`operators`), and layers that were traced into several operators are recognised
//! (`recognition`). Operators that cannot be converted are reported all together.

mod attributes;
mod augmentation;
mod drawing;
mod extents;
mod finishing;
mod folding;
mod layers;
mod operators;
mod pixels;
mod recognition;
mod scopes;
mod term;
mod value;

use std::collections::{HashMap, HashSet};

use graph::Graph;

use crate::assembly::Layout;
use crate::error::ErrorKind;
use crate::layers::LayerProblem;
use crate::limits;
use crate::summary::{InputNormalization, LayerSummary, UnsupportedLayer};

use super::data_type::DataType;
use super::flat::{FlatGraph, Port, VARIABLE};
use super::variables::{VariableKey, Variables};
use augmentation::{Augmentation, Removed};
use drawing::{Content, Drawing, Drawn, Step};
use finishing::Plan;
use operators::Call;
pub(crate) use scopes::Naming;
use scopes::Scopes;
use term::Term;
use value::Value;

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
    let names = |tensors: &[super::flat::SignatureTensor]| {
        tensors.iter().map(|tensor| tensor.name.clone()).collect()
    };
    let [input] = flat.inputs.as_slice() else {
        return Err(ErrorKind::InputCount(names(&flat.inputs)));
    };
    let [output] = flat.outputs.as_slice() else {
        return Err(ErrorKind::OutputCount(names(&flat.outputs)));
    };
    let augmentation = Augmentation::find(flat);
    let target = augmentation.source(output.port);
    let needed = needed(flat, &augmentation, target);
    let scopes = Scopes::of(flat, &needed, options.naming);
    let mut importer = Importer {
        flat,
        variables,
        scopes: &scopes,
        augmentation: &augmentation,
        weights: options.weights,
        drawing: Drawing::default(),
        terms: Vec::with_capacity(flat.nodes.len()),
        readers: HashMap::new(),
        waiting: vec![0; flat.nodes.len()],
        constants: HashMap::new(),
        counted: HashSet::new(),
        parameters: Vec::new(),
        unsupported: Vec::new(),
        reported: HashSet::new(),
        left_out: Vec::new(),
        memory: Memory::default(),
    };
    importer.count_readers(&needed, target);
    for (index, needed) in needed.iter().enumerate() {
        let terms = if index == input.port.node {
            importer.drawing.set_origin(index);
            let id = importer.drawing.input(options.input_shape.to_vec());
            let id = id.and_then(|id| match options.channels_first {
                true => importer.drawing.transpose(id, vec![0, 3, 1, 2]),
                false => Ok(id),
            });
            let id = id.map_err(|problem| importer.fatal(index, problem))?;
            let integer = !input.data_type.is_float();
            vec![Term::Drawn { id, integer }]
        } else if *needed {
            importer.node(index)?
        } else {
            Vec::new()
        };
        importer.terms.push(terms);
        // The nodes of augmentation itself are not needed, but this one shows where it would be.
        for layer in augmentation.layers_at(index) {
            importer.leave_out(layer);
        }
        if *needed {
            importer.release(index);
        }
    }
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
    let plan = Plan::of(&importer.drawing, &scopes, output, &input.name);
    let graph = if options.weights {
        plan.graph(scopes.model(), &input.name, output)?
    } else {
        Graph::default()
    };
    let normalizing = flat
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, node)| node.op == "Rsqrt")
        .map(|(index, _)| scopes.layer(index))
        .collect();
    let layers = layers::summarize(&plan, &scopes, &importer.parameters, importer.left_out);
    Ok(Imported {
        graph,
        model_name: scopes.model().to_owned(),
        output_name: layers
            .last()
            .map_or_else(String::new, |layer| layer.name.clone()),
        output_shape: importer.drawing.shape(output).to_vec(),
        parameters: importer
            .parameters
            .iter()
            .map(|&(_, elements)| elements)
            .sum(),
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
            for &port in &node.inputs {
                if let Some(node) = needed.get_mut(augmentation.source(port).node) {
                    *node = true;
                }
            }
        }
    }
    needed
}

/// Elements of known tensors that are held at a time.
#[derive(Debug, Default)]
struct Memory {
    /// Elements that the file accounts for: weights and constants.
    stored: u64,
    /// Elements that are held.
    held: u64,
    /// Elements that have been computed.
    computed: u64,
}

impl Memory {
    fn check(&self) -> Result<(), ErrorKind> {
        let within = |elements: u64, factor: u64, slack: u64| {
            elements <= slack.saturating_add(self.stored.saturating_mul(factor))
        };
        if within(self.held, 2, limits::FOLDED_ELEMENTS)
            && within(self.computed, 64, 64 * limits::FOLDED_ELEMENTS)
        {
            return Ok(());
        }
        Err(ErrorKind::Limit {
            what: "constants that are computed from others in great numbers".to_owned(),
            limit: format!("{} million elements", limits::FOLDED_ELEMENTS >> 20),
        })
    }
}

/// What a constant of the graph was made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Origin {
    Variable(VariableKey),
    Node(Port),
}

/// Goes through a flat graph node by node.
struct Importer<'a, 'g> {
    flat: &'a FlatGraph<'g>,
    variables: &'a Variables,
    scopes: &'a Scopes,
    augmentation: &'a Augmentation,
    weights: bool,
    drawing: Drawing,
    /// For each node so far what its outputs are.
    terms: Vec<Vec<Term>>,
    /// How many inputs read each output.
    readers: HashMap<Port, usize>,
    /// How many inputs still have to read each node.
    waiting: Vec<usize>,
    /// Weights that have been laid out, so that shared layers share them.
    constants: HashMap<(Origin, Layout), Drawn>,
    counted: HashSet<VariableKey>,
    /// Nodes that read variables first, and how many elements these have.
    parameters: Vec<(usize, u64)>,
    unsupported: Vec<UnsupportedLayer>,
    /// Layer and class of those.
    reported: HashSet<(String, String)>,
    /// Layers of augmentation, and the nodes that made their outputs.
    left_out: Vec<(usize, LayerSummary)>,
    memory: Memory,
}

impl<'a, 'g> Importer<'a, 'g> {
    fn count_readers(&mut self, needed: &[bool], target: Port) {
        let nodes = self.flat.nodes.iter().zip(needed);
        let inputs = nodes
            .filter(|(_, needed)| **needed)
            .flat_map(|(node, _)| node.inputs.iter().copied());
        for port in inputs.chain([target]) {
            let port = self.augmentation.source(port);
            *self.readers.entry(port).or_default() += 1;
            if let Some(count) = self.waiting.get_mut(port.node) {
                *count += 1;
            }
        }
    }

    /// Lists a layer that hands its input on, as the layers of other formats are.
    fn leave_out(&mut self, layer: &Removed) {
        let shape = self.term(layer.input).map(|term| self.shape(&term));
        let name = self.scopes.layer(layer.output.node).to_owned();
        let summary = LayerSummary {
            name,
            class: layer.class.to_owned(),
            output_shape: shape.and_then(Result::ok),
            parameters: 0,
            macs: Some(0),
        };
        self.left_out.push((layer.output.node, summary));
    }

    /// Forgets what only the node at `index` still had to read.
    fn release(&mut self, index: usize) {
        let inputs = self
            .flat
            .nodes
            .get(index)
            .map(|node| node.inputs.as_slice());
        for &port in inputs.unwrap_or(&[]) {
            let source = self.augmentation.source(port).node;
            let Some(count) = self.waiting.get_mut(source) else {
                continue;
            };
            *count = count.saturating_sub(1);
            if *count == 0
                && let Some(terms) = self.terms.get_mut(source)
            {
                let held: u64 = terms.iter().map(held).sum();
                self.memory.held = self.memory.held.saturating_sub(held);
                terms.clear();
            }
        }
    }

    /// What an output of an earlier node is.
    fn term(&self, port: Port) -> Option<Term> {
        let port = self.augmentation.source(port);
        let terms = self.terms.get(port.node)?;
        match (terms.get(port.output), terms.first()) {
            (Some(term), _) => Some(term.clone()),
            (None, Some(Term::Unknown)) => Some(Term::Unknown),
            _ => None,
        }
    }

    /// What the outputs of a node are.
    fn node(&mut self, index: usize) -> Result<Vec<Term>, ErrorKind> {
        self.drawing.set_origin(index);
        match self.convert(index) {
            Ok(terms) => {
                self.memory.held += terms.iter().map(held).sum::<u64>();
                self.memory.check()?;
                Ok(terms)
            }
            Err(LayerProblem::Unsupported(reason)) => {
                self.report(index, reason);
                Ok(vec![Term::Unknown])
            }
            Err(problem) => Err(self.fatal(index, problem)),
        }
    }

    fn convert(&mut self, index: usize) -> Result<Vec<Term>, LayerProblem> {
        let flat = self.flat;
        let Some(node) = flat.nodes.get(index) else {
            return Ok(Vec::new());
        };
        match node.op.as_str() {
            VARIABLE => return Ok(vec![Term::Variable(index)]),
            "Const" => return self.constant(index).map(|term| vec![term]),
            _ => {}
        }
        let mut inputs = Vec::with_capacity(node.inputs.len());
        for &port in &node.inputs {
            match self.term(port) {
                Some(term) => inputs.push(term),
                None => {
                    return Err(LayerProblem::Unsupported(format!(
                        "output {} of an operator is used, which is not supported",
                        port.output
                    )));
                }
            }
        }
        let op = node.op.as_str();
        let handler = operators::handler(op);
        if inputs.iter().any(|input| matches!(input, Term::Unknown)) {
            return if handler.is_none() && !folding::is_known(op) {
                Err(LayerProblem::Unsupported(operators::reason(op)))
            } else {
                Ok(vec![Term::Unknown])
            };
        }
        if let ([input], true) = (inputs.as_slice(), folding::needs_only_shape(op)) {
            let shape = self.shape(input)?;
            if let Some(value) = folding::of_shape(op, &node.attributes, &shape)? {
                return Ok(vec![Term::Value(value)]);
            }
        }
        if !inputs
            .iter()
            .any(|input| matches!(input, Term::Drawn { .. }))
            && let Some(terms) = self.fold(index, &inputs)?
        {
            return Ok(terms);
        }
        let Some(handler) = handler else {
            return Err(LayerProblem::Unsupported(operators::reason(op)));
        };
        if inputs.iter().any(Term::is_integer) && !operators::takes_integers(op) {
            return Err(LayerProblem::Unsupported(
                "it computes with integers that depend on the image".to_owned(),
            ));
        }
        let mut call = Call {
            importer: self,
            node: index,
            op,
            attributes: &node.attributes,
            inputs,
        };
        handler(&mut call)
    }

    /// Evaluates an operator on known tensors; `None` when this program does not know how.
    fn fold(&mut self, index: usize, inputs: &[Term]) -> Result<Option<Vec<Term>>, LayerProblem> {
        let flat = self.flat;
        let Some(node) = flat.nodes.get(index) else {
            return Ok(None);
        };
        let casts_weights = node.op == "Cast" && folding::casts_to_float(&node.attributes)?;
        if let ([Term::Variable(variable)], true) = (inputs, casts_weights) {
            // Mixed precision: the weight stays where it is until a layer reads it.
            return Ok(Some(vec![Term::Variable(*variable)]));
        }
        let values = inputs
            .iter()
            .map(|input| self.value(input))
            .collect::<Result<Vec<_>, _>>()?;
        let Some(values) = folding::evaluate(&node.op, &node.attributes, &values)? else {
            return Ok(None);
        };
        let computed: u64 = values.iter().map(|value| value.count() as u64).sum();
        self.memory.computed = self.memory.computed.saturating_add(computed);
        Ok(Some(values.into_iter().map(Term::Value).collect()))
    }

    fn constant(&mut self, index: usize) -> Result<Term, LayerProblem> {
        let tensor = match self.flat.nodes.get(index) {
            Some(node) => node.attributes.tensor("value")?,
            None => None,
        };
        let Some(tensor) = tensor else {
            return Err(LayerProblem::Invalid("it has no value".to_owned()));
        };
        let damaged = |error| LayerProblem::Other(ErrorKind::from(error));
        let shape = tensor.shape().map_err(damaged)?;
        let count = elements(&shape);
        self.memory.stored = self.memory.stored.saturating_add(count);
        let value = match tensor.data_type() {
            // Texts and handles matter only to operators that are refused.
            DataType::String | DataType::Resource | DataType::Other(_) => return Ok(Term::Unknown),
            data_type if !data_type.is_float() => {
                Value::integers(shape, tensor.integers().map_err(damaged)?)
            }
            _ if !self.weights && count > limits::INSPECTED_ELEMENTS => Value::unread(shape),
            _ => Value::floats(shape, tensor.floats().map_err(damaged)?)?,
        };
        Ok(Term::Value(value))
    }

    /// Shape of a tensor.
    fn shape(&self, term: &Term) -> Result<Vec<usize>, LayerProblem> {
        Ok(match term {
            Term::Value(value) => value.shape().to_vec(),
            Term::Drawn { id, .. } => self.drawing.shape(*id).to_vec(),
            Term::Variable(index) => self.variables.shape(self.key(*index)?)?.to_vec(),
            Term::Unknown => Vec::new(),
        })
    }

    fn key(&self, index: usize) -> Result<&'a VariableKey, LayerProblem> {
        let node = self.flat.nodes.get(index);
        node.and_then(|node| node.attributes.variable())
            .ok_or_else(|| LayerProblem::Invalid("a variable is missing".to_owned()))
    }

    /// A known tensor.
    fn value(&mut self, term: &Term) -> Result<Value, LayerProblem> {
        match term {
            Term::Value(value) => Ok(value.clone()),
            Term::Variable(index) => {
                let key = self.key(*index)?;
                let shape = self.variables.shape(key)?.to_vec();
                self.count(key, &shape);
                if !self.variables.data_type(key)?.is_float() {
                    let elements = self.variables.read_integers(key)?;
                    return Ok(Value::integers(shape, elements));
                }
                if !self.weights {
                    return Ok(Value::unread(shape));
                }
                let elements = self.variables.read(key)?;
                if let Some(&value) = elements.iter().find(|value| !value.is_finite()) {
                    return Err(LayerProblem::Other(ErrorKind::NotFinite {
                        layer: self.scopes.layer(*index).to_owned(),
                        weight: self.scopes.variable(*index).to_owned(),
                        value,
                    }));
                }
                Value::floats(shape, elements)
            }
            Term::Drawn { .. } | Term::Unknown => Err(LayerProblem::Unsupported(
                "one of its settings depends on the image".to_owned(),
            )),
        }
    }

    /// Counts a variable when it is read first.
    fn count(&mut self, key: &VariableKey, shape: &[usize]) {
        if self.counted.insert(key.clone()) {
            let elements = elements(shape);
            self.parameters.push((self.drawing.origin(), elements));
            self.memory.stored = self.memory.stored.saturating_add(elements);
        }
    }

    /// A tensor of the drawing for any tensor.
    fn drawn(&mut self, term: &Term, role: &'static str) -> Result<Drawn, LayerProblem> {
        match term {
            Term::Drawn { id, .. } => Ok(*id),
            Term::Variable(index) => self.variable(*index, Layout::Keras, role),
            Term::Value(value) => self.drawing.add_value(value, role),
            Term::Unknown => Err(LayerProblem::Invalid("an input is missing".to_owned())),
        }
    }

    /// A kernel in the layout of the graph.
    ///
    /// `port` is where it comes from, if it is used as it is.
    fn kernel(
        &mut self,
        term: &Term,
        layout: Layout,
        port: Option<Port>,
    ) -> Result<Drawn, LayerProblem> {
        match term {
            Term::Variable(index) => self.variable(*index, layout, "kernel"),
            Term::Value(value) => {
                let key = port.map(|port| (Origin::Node(port), layout));
                if let Some(&found) = key.as_ref().and_then(|key| self.constants.get(key)) {
                    return Ok(found);
                }
                let value = laid_out(value.clone(), layout)?;
                self.memory.held += value.count() as u64;
                self.memory.check()?;
                let id = self.drawing.add_value(&value, "kernel")?;
                self.constants.extend(key.map(|key| (key, id)));
                Ok(id)
            }
            Term::Drawn { .. } | Term::Unknown => Err(LayerProblem::Unsupported(
                "its kernel depends on the image".to_owned(),
            )),
        }
    }

    fn variable(
        &mut self,
        index: usize,
        layout: Layout,
        role: &'static str,
    ) -> Result<Drawn, LayerProblem> {
        let key = (Origin::Variable(self.key(index)?.clone()), layout);
        if let Some(&found) = self.constants.get(&key) {
            return Ok(found);
        }
        let value = laid_out(self.value(&Term::Variable(index))?, layout)?;
        let id = self.drawing.add_value(&value, role)?;
        self.constants.insert(key, id);
        Ok(id)
    }

    /// Whether an input of a node is the only one that reads its tensor.
    fn has_one_reader(&self, node: usize, input: usize) -> bool {
        let node = self.flat.nodes.get(node);
        let port = node.and_then(|node| node.inputs.get(input));
        port.is_some_and(|&port| self.readers.get(&self.augmentation.source(port)) == Some(&1))
    }

    fn report(&mut self, index: usize, reason: String) {
        let layer = self.scopes.layer(index).to_owned();
        let class = self.flat.nodes.get(index).map(|node| node.op.clone());
        let class = class.unwrap_or_default();
        if self.reported.insert((layer.clone(), class.clone())) {
            self.unsupported.push(UnsupportedLayer {
                layer,
                class,
                reason,
            });
        }
    }

    /// An error that ends the import.
    fn fatal(&self, index: usize, problem: LayerProblem) -> ErrorKind {
        let layer = self.scopes.layer(index);
        let op = self.flat.nodes.get(index).map_or("", |node| &node.op);
        match problem {
            LayerProblem::Other(kind) => kind,
            LayerProblem::Invalid(problem) => ErrorKind::InvalidConfiguration {
                place: format!("layer \"{layer}\" ({op})"),
                problem,
            },
            LayerProblem::Unsupported(reason) => {
                ErrorKind::UnsupportedLayers(vec![UnsupportedLayer {
                    layer: layer.to_owned(),
                    class: op.to_owned(),
                    reason,
                }])
            }
        }
    }

    /// Steps that no later operator took in.
    fn pending(&self, output: Drawn) -> Vec<UnsupportedLayer> {
        let live = self.drawing.live(output);
        let entries = self.drawing.entries().iter().zip(live);
        let mut found: Vec<UnsupportedLayer> = Vec::new();
        let mut reported = HashSet::new();
        for (entry, live) in entries {
            let Content::Node {
                step: Step::Pending(pending),
                ..
            } = &entry.content
            else {
                continue;
            };
            let (class, reason) = pending.describe();
            let problem = UnsupportedLayer {
                layer: self.scopes.layer(entry.origin).to_owned(),
                class: class.to_owned(),
                reason: reason.to_owned(),
            };
            if live && reported.insert((problem.layer.clone(), problem.class.clone())) {
                found.push(problem);
            }
        }
        found
    }

    fn into_unsupported(self) -> ErrorKind {
        ErrorKind::UnsupportedLayers(self.unsupported)
    }
}

fn elements(shape: &[usize]) -> u64 {
    let extents = shape.iter().map(|&extent| extent as u64);
    extents.fold(1, u64::saturating_mul)
}

/// Elements that a term keeps in memory.
fn held(term: &Term) -> u64 {
    match term {
        Term::Value(value) => value.count() as u64,
        _ => 0,
    }
}

fn laid_out(value: Value, layout: Layout) -> Result<Value, LayerProblem> {
    let misfit = || LayerProblem::Invalid(format!("its kernel has shape {:?}", value.shape()));
    if layout == Layout::Keras {
        return Ok(value);
    }
    match value.as_floats() {
        Some(array) => {
            let elements = array.iter().copied().collect();
            let laid_out = layout.convert(elements, value.shape());
            laid_out.map(Value::from).ok_or_else(misfit)
        }
        None => layout
            .shape(value.shape())
            .map(Value::unread)
            .ok_or_else(misfit),
    }
}

#[cfg(test)]
mod tests;
