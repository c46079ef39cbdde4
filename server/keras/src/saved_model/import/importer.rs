use std::collections::{HashMap, HashSet};

use super::ImportOptions;
use super::augmentation::{self, Augmentation, Removed};
use super::drawing::{Content, Drawing, Drawn, Step};
use super::folding;
use super::operators::{self, Call};
use super::scopes::Scopes;
use super::term::Term;
use super::weights::{Memory, Origin};
use crate::assembly::Layout;
use crate::error::ErrorKind;
use crate::layers::LayerProblem;
use crate::saved_model::flat::{FlatGraph, Port, SignatureTensor, VARIABLE};
use crate::saved_model::variables::{VariableKey, Variables};
use crate::summary::{LayerSummary, UnsupportedLayer};

/// Goes through a flat graph node by node.
pub(super) struct Importer<'a, 'g> {
    pub(super) flat: &'a FlatGraph<'g>,
    pub(super) variables: &'a Variables,
    pub(super) scopes: &'a Scopes,
    pub(super) augmentation: &'a Augmentation,
    pub(super) weights: bool,
    pub(super) drawing: Drawing,
    /// For each node so far what its outputs are.
    pub(super) terms: Vec<Vec<Term>>,
    /// How many inputs read each output.
    pub(super) readers: HashMap<Port, usize>,
    /// How many inputs still have to read each node.
    pub(super) waiting: Vec<usize>,
    /// Weights that have been laid out, so that shared layers share them.
    pub(super) constants: HashMap<(Origin, Layout), Drawn>,
    pub(super) counted: HashSet<VariableKey>,
    /// Nodes that read variables first, and how many elements these have.
    pub(super) parameters: Vec<(usize, u64)>,
    pub(super) unsupported: Vec<UnsupportedLayer>,
    /// Layer and class of those.
    pub(super) reported: HashSet<(String, String)>,
    /// Layers of augmentation, and the nodes that made their outputs.
    pub(super) left_out: Vec<(usize, LayerSummary)>,
    pub(super) memory: Memory,
    /// Branches that have been reached, and whether their conditions hold.
    pub(super) branches: Vec<(usize, bool)>,
    /// For each node whether it depends on pixels, once that has been asked for.
    dependent: Option<Vec<bool>>,
}

impl<'a, 'g> Importer<'a, 'g> {
    pub(super) fn new(
        flat: &'a FlatGraph<'g>,
        variables: &'a Variables,
        scopes: &'a Scopes,
        augmentation: &'a Augmentation,
        weights: bool,
    ) -> Self {
        Self {
            flat,
            variables,
            scopes,
            augmentation,
            weights,
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
            branches: Vec::new(),
            dependent: None,
        }
    }

    /// Goes through the nodes that are needed for `target`.
    pub(super) fn run(
        &mut self,
        input: &SignatureTensor,
        options: &ImportOptions<'_>,
        needed: &[bool],
        target: Port,
    ) -> Result<(), ErrorKind> {
        self.count_readers(needed, target);
        for (index, needed) in needed.iter().enumerate() {
            let terms = if index == input.port.node {
                vec![self.input(input, options)?]
            } else if *needed {
                self.node(index)?
            } else {
                Vec::new()
            };
            self.terms.push(terms);
            // Nodes of augmentation are not needed, but this one shows where it would be.
            for layer in self.augmentation.layers_at(index) {
                self.leave_out(layer);
            }
            if *needed {
                self.release(index);
            }
        }
        Ok(())
    }

    /// The image, as the network wants it.
    fn input(
        &mut self,
        input: &SignatureTensor,
        options: &ImportOptions<'_>,
    ) -> Result<Term, ErrorKind> {
        let index = input.port.node;
        self.drawing.set_origin(index);
        let image = self.drawing.input(options.input_shape.to_vec());
        let image = image.and_then(|image| match options.channels_first {
            true => self.drawing.transpose(image, vec![0, 3, 1, 2]),
            false => Ok(image),
        });
        Ok(Term::Drawn {
            id: image.map_err(|problem| self.fatal(index, problem))?,
            integer: !input.data_type.is_float(),
        })
    }

    fn count_readers(&mut self, needed: &[bool], target: Port) {
        let nodes = self.flat.nodes.iter().zip(needed);
        let inputs = nodes
            .filter(|(_, needed)| **needed)
            .flat_map(|(node, _)| node.operands().iter().copied());
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
            output_shape: shape
                .and_then(Result::ok)
                .map(|shape| shape.into_iter().map(Some).collect()),
            parameters: Some(0),
            macs: Some(0),
        };
        self.left_out.push((layer.output.node, summary));
    }

    /// Forgets what only the node at `index` still had to read.
    fn release(&mut self, index: usize) {
        let inputs = self.flat.nodes.get(index).map(|node| node.operands());
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
                self.memory.free(held);
                terms.clear();
            }
        }
    }

    /// What an output of an earlier node is.
    pub(super) fn term(&self, port: Port) -> Option<Term> {
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
                self.memory.hold(terms.iter().map(held).sum())?;
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
        let mut inputs = Vec::with_capacity(node.operands().len());
        for &port in node.operands() {
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
        if node.is_branch() {
            return self.branch(index, &inputs);
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

    /// Notes which way a branch goes; what follows is known when the import begins again.
    fn branch(&mut self, index: usize, inputs: &[Term]) -> Result<Vec<Term>, LayerProblem> {
        match inputs {
            [Term::Value(condition)] => match condition.as_integers() {
                Some(&[condition]) => self.branches.push((index, condition != 0)),
                _ => {
                    return Err(LayerProblem::Unsupported(
                        "its condition is not a truth value".to_owned(),
                    ));
                }
            },
            [Term::Unknown] if !self.depends_on_image(index) => {}
            _ => {
                return Err(LayerProblem::Unsupported(
                    "which way it goes depends on the image".to_owned(),
                ));
            }
        }
        Ok(vec![Term::Unknown])
    }

    /// Whether the condition of a branch depends on pixels and not only on shapes.
    fn depends_on_image(&mut self, branch: usize) -> bool {
        let flat = self.flat;
        let depends = self
            .dependent
            .get_or_insert_with(|| augmentation::depends_on_image(flat));
        let condition = flat.nodes.get(branch).and_then(|node| node.inputs.first());
        condition.is_some_and(|condition| depends.get(condition.node) == Some(&true))
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
        self.memory.compute(computed);
        Ok(Some(values.into_iter().map(Term::Value).collect()))
    }

    /// Whether an input of a node is the only one that reads its tensor.
    pub(super) fn has_one_reader(&self, node: usize, input: usize) -> bool {
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
    pub(super) fn fatal(&self, index: usize, problem: LayerProblem) -> ErrorKind {
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
    pub(super) fn pending(&self, output: Drawn) -> Vec<UnsupportedLayer> {
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

    pub(super) fn into_unsupported(self) -> ErrorKind {
        ErrorKind::UnsupportedLayers(self.unsupported)
    }
}

/// Elements that a term keeps in memory.
fn held(term: &Term) -> u64 {
    match term {
        Term::Value(value) => value.count() as u64,
        _ => 0,
    }
}
