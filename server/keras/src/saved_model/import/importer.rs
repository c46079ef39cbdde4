use std::collections::{HashMap, HashSet};

use localization::{Text, phrase, text};

use super::ImportOptions;
use super::augmentation::{self, Augmentation, Removed};
use super::folding;
use super::operand::Operand;
use super::operators::{self, Call};
use super::scopes::Scopes;
use super::tensors::Tensors;
use crate::draft::Draft;
use crate::error::{ErrorKind, UnsupportedLayer};
use crate::problem::{LayerProblem, unsupported};
use crate::saved_model::flat::{FlatGraph, Port, SignatureTensor, VARIABLE};
use crate::saved_model::variables::Variables;
use crate::summary::LayerSummary;

/// A flat graph and what is known of its nodes before the first one is read.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) flat: &'a FlatGraph<'a>,
    pub(super) variables: &'a Variables,
    pub(super) scopes: &'a Scopes,
    pub(super) augmentation: &'a Augmentation,
}

/// What came of reading the nodes.
pub(super) struct Read {
    pub(super) draft: Draft,
    /// The tensor that the nodes were read for.
    pub(super) output: Option<Operand>,
    /// Nodes that read variables first, and how many elements these have.
    pub(super) parameters: Vec<(usize, u64)>,
    pub(super) unsupported: Vec<UnsupportedLayer>,
    /// Layers of augmentation, and the nodes that made their outputs.
    pub(super) left_out: Vec<(usize, LayerSummary)>,
    /// Branches that have been reached, and whether their conditions hold.
    pub(super) branches: Vec<(usize, bool)>,
}

/// Goes through a flat graph node by node.
pub(super) struct Importer<'a> {
    source: Source<'a>,
    tensors: Tensors<'a>,
    /// For each node so far what its outputs are.
    operands: Vec<Vec<Operand>>,
    /// How many inputs read each output.
    readers: HashMap<Port, usize>,
    /// How many inputs still have to read each node.
    waiting: Vec<usize>,
    unsupported: Vec<UnsupportedLayer>,
    /// Layer and class of those.
    reported: HashSet<(String, String)>,
    left_out: Vec<(usize, LayerSummary)>,
    branches: Vec<(usize, bool)>,
    /// For each node whether it depends on pixels, once that has been asked for.
    dependent: Option<Vec<bool>>,
}

impl<'a> Importer<'a> {
    pub(super) fn new(source: Source<'a>, weights: bool) -> Self {
        let flat = source.flat;
        Self {
            source,
            tensors: Tensors::new(flat, source.scopes, source.variables, weights),
            operands: Vec::with_capacity(flat.nodes.len()),
            readers: HashMap::new(),
            waiting: vec![0; flat.nodes.len()],
            unsupported: Vec::new(),
            reported: HashSet::new(),
            left_out: Vec::new(),
            branches: Vec::new(),
            dependent: None,
        }
    }

    /// Goes through the nodes that are needed for `target`.
    pub(super) fn run(
        mut self,
        input: &SignatureTensor,
        options: &ImportOptions<'_>,
        needed: &[bool],
        target: Port,
    ) -> Result<Read, ErrorKind> {
        self.count_readers(needed, target);
        for (index, needed) in needed.iter().enumerate() {
            let operands = if index == input.port.node {
                vec![self.input(input, options)?]
            } else if *needed {
                self.node(index)?
            } else {
                Vec::new()
            };
            self.operands.push(operands);
            // Nodes of augmentation are not needed, but this one shows where it would be.
            for layer in self.source.augmentation.layers_at(index) {
                self.leave_out(layer);
            }
            if *needed {
                self.release(index);
            }
        }
        let output = self.operand(target);
        let (draft, parameters) = self.tensors.into_parts();
        Ok(Read {
            draft,
            output,
            parameters,
            unsupported: self.unsupported,
            left_out: self.left_out,
            branches: self.branches,
        })
    }

    /// The image, as the network wants it.
    fn input(
        &mut self,
        input: &SignatureTensor,
        options: &ImportOptions<'_>,
    ) -> Result<Operand, ErrorKind> {
        let index = input.port.node;
        let draft = &mut self.tensors.draft;
        draft.set_origin(index);
        let image = draft.input("input", options.input_shape.to_vec());
        let image = image.and_then(|image| match options.channels_first {
            true => draft.transpose("", image, vec![0, 3, 1, 2]),
            false => Ok(image),
        });
        Ok(Operand::Computed {
            id: image.map_err(|problem| self.source.fatal(index, problem))?,
            integer: !input.data_type.is_float(),
        })
    }

    fn count_readers(&mut self, needed: &[bool], target: Port) {
        let nodes = self.source.flat.nodes.iter().zip(needed);
        let inputs = nodes
            .filter(|(_, needed)| **needed)
            .flat_map(|(node, _)| node.operands().iter().copied());
        for port in inputs.chain([target]) {
            let port = self.source.augmentation.source(port);
            *self.readers.entry(port).or_default() += 1;
            if let Some(count) = self.waiting.get_mut(port.node) {
                *count += 1;
            }
        }
    }

    /// Lists a layer that hands its input on, as the layers of other formats are.
    fn leave_out(&mut self, layer: &Removed) {
        let shape = self.operand(layer.input).map(|it| self.tensors.shape(&it));
        let name = self.source.scopes.layer(layer.output.node).to_owned();
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
        let inputs = self
            .source
            .flat
            .nodes
            .get(index)
            .map(|node| node.operands());
        for &port in inputs.unwrap_or(&[]) {
            let source = self.source.augmentation.source(port).node;
            let Some(count) = self.waiting.get_mut(source) else {
                continue;
            };
            *count = count.saturating_sub(1);
            if *count == 0
                && let Some(operands) = self.operands.get_mut(source)
            {
                let held: u64 = operands.iter().map(Operand::held).sum();
                self.tensors.memory.free(held);
                operands.clear();
            }
        }
    }

    /// What an output of an earlier node is.
    fn operand(&self, port: Port) -> Option<Operand> {
        let port = self.source.augmentation.source(port);
        let operands = self.operands.get(port.node)?;
        match (operands.get(port.output), operands.first()) {
            (Some(operand), _) => Some(operand.clone()),
            (None, Some(Operand::Unknown)) => Some(Operand::Unknown),
            _ => None,
        }
    }

    /// What the outputs of a node are.
    fn node(&mut self, index: usize) -> Result<Vec<Operand>, ErrorKind> {
        self.tensors.draft.set_origin(index);
        match self.convert(index) {
            Ok(operands) => {
                let held = operands.iter().map(Operand::held).sum();
                self.tensors.memory.hold(held)?;
                Ok(operands)
            }
            Err(LayerProblem::Unsupported(reason)) => {
                self.report(index, reason);
                Ok(vec![Operand::Unknown])
            }
            Err(problem) => Err(self.source.fatal(index, problem)),
        }
    }

    fn convert(&mut self, index: usize) -> operators::Outputs {
        let Some(node) = self.source.flat.nodes.get(index) else {
            return Ok(Vec::new());
        };
        let op = node.op.as_str();
        match op {
            VARIABLE => return Ok(vec![Operand::Variable(index)]),
            "Const" => return Ok(vec![self.tensors.stored(&node.attributes)?]),
            _ => {}
        }
        let mut inputs = Vec::with_capacity(node.operands().len());
        for &port in node.operands() {
            let Some(operand) = self.operand(port) else {
                return unsupported(text!(
                    "output {output} of an operator is used, which is not supported",
                    output = port.output
                ));
            };
            inputs.push(operand);
        }
        if node.is_branch() {
            return self.branch(index, &inputs);
        }
        let handler = operators::handler(op);
        if inputs.iter().any(|input| matches!(input, Operand::Unknown)) {
            return match handler.is_none() && !folding::is_known(op) {
                true => unsupported(operators::reason(op)),
                false => Ok(vec![Operand::Unknown]),
            };
        }
        if let ([input], true) = (inputs.as_slice(), folding::needs_only_shape(op)) {
            let shape = self.tensors.shape(input)?;
            if let Some(value) = folding::of_shape(op, &node.attributes, &shape)? {
                return Ok(vec![Operand::Known(value)]);
            }
        }
        let computed = |input: &Operand| matches!(input, Operand::Computed { .. });
        if !inputs.iter().any(computed)
            && let Some(operands) = self.fold(index, &inputs)?
        {
            return Ok(operands);
        }
        let Some(handler) = handler else {
            return unsupported(operators::reason(op));
        };
        if inputs.iter().any(Operand::is_integer) && !operators::takes_integers(op) {
            return unsupported(phrase!(
                "it computes with integers that depend on the image"
            ));
        }
        let sources = node.operands().iter().map(|&port| {
            let source = self.source.augmentation.source(port);
            (source, self.readers.get(&source) == Some(&1))
        });
        handler(&mut Call {
            sources: sources.collect(),
            tensors: &mut self.tensors,
            op,
            attributes: &node.attributes,
            inputs,
        })
    }

    /// Notes which way a branch goes; what follows is known when the import begins again.
    fn branch(&mut self, index: usize, inputs: &[Operand]) -> Result<Vec<Operand>, LayerProblem> {
        match inputs {
            [Operand::Known(condition)] => match condition.as_integers() {
                Some(&[condition]) => self.branches.push((index, condition != 0)),
                _ => {
                    return Err(LayerProblem::Unsupported(text!(
                        "its condition is not a truth value"
                    )));
                }
            },
            [Operand::Unknown] if !self.depends_on_image(index) => {}
            _ => {
                return Err(LayerProblem::Unsupported(text!(
                    "which way it goes depends on the image"
                )));
            }
        }
        Ok(vec![Operand::Unknown])
    }

    /// Whether the condition of a branch depends on pixels and not only on shapes.
    fn depends_on_image(&mut self, branch: usize) -> bool {
        let flat = self.source.flat;
        let depends = self
            .dependent
            .get_or_insert_with(|| augmentation::depends_on_image(flat));
        let condition = flat.nodes.get(branch).and_then(|node| node.inputs.first());
        condition.is_some_and(|condition| depends.get(condition.node) == Some(&true))
    }

    /// Evaluates an operator on known tensors; `None` when this program does not know how.
    fn fold(
        &mut self,
        index: usize,
        inputs: &[Operand],
    ) -> Result<Option<Vec<Operand>>, LayerProblem> {
        let flat = self.source.flat;
        let Some(node) = flat.nodes.get(index) else {
            return Ok(None);
        };
        let casts_weights = node.op == "Cast" && folding::casts_to_float(&node.attributes)?;
        if let ([Operand::Variable(variable)], true) = (inputs, casts_weights) {
            // Mixed precision: the weight stays where it is until a layer reads it.
            return Ok(Some(vec![Operand::Variable(*variable)]));
        }
        let values = inputs
            .iter()
            .map(|input| self.tensors.read(input))
            .collect::<Result<Vec<_>, _>>()?;
        let Some(values) = folding::evaluate(&node.op, &node.attributes, &values)? else {
            return Ok(None);
        };
        let computed: u64 = values.iter().map(|value| value.count() as u64).sum();
        self.tensors.memory.compute(computed);
        Ok(Some(values.into_iter().map(Operand::Known).collect()))
    }

    fn report(&mut self, index: usize, reason: Text) {
        let layer = self.source.scopes.layer(index).to_owned();
        let class = self
            .source
            .flat
            .nodes
            .get(index)
            .map(|node| node.op.clone());
        let class = class.unwrap_or_default();
        if self.reported.insert((layer.clone(), class.clone())) {
            self.unsupported.push(UnsupportedLayer {
                layer,
                class,
                reason,
            });
        }
    }
}

impl Source<'_> {
    /// An error that ends the import.
    pub(super) fn fatal(&self, index: usize, problem: LayerProblem) -> ErrorKind {
        let layer = self.scopes.layer(index);
        let op = self.flat.nodes.get(index).map_or("", |node| &node.op);
        match problem {
            LayerProblem::Other(kind) => kind,
            LayerProblem::Invalid(problem) => ErrorKind::InvalidConfiguration {
                place: text!("layer \"{layer}\" ({class})", class = op),
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
}
