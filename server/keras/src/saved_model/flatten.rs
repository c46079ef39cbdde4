//! From a signature to a flat graph: the nodes that its outputs need, in dependency order.

use std::collections::HashMap;

use localization::{phrase, text};

use super::attributes::Attributes;
use super::calls::{Calls, MAIN_FRAME, Place};
use super::damage::damaged;
use super::flat::{FlatGraph, FlatNode, Port, SignatureTensor, VARIABLE, is_branch};
use super::signature::{Signature, SignatureEntry};
use super::variables::VariableKeys;
use crate::error::ErrorKind;
use crate::limits;

/// Replaces all function calls below a signature by what they compute.
pub(super) fn flatten<'a>(
    calls: &mut Calls<'a>,
    signature: &Signature<'a>,
    keys: &VariableKeys<'a>,
) -> Result<FlatGraph<'a>, ErrorKind> {
    let mut flattener = Flattener {
        calls,
        keys,
        nodes: Vec::new(),
        states: HashMap::new(),
        expansion_left: limits::CONSTANT_EXPANSION,
    };
    let inputs = flattener.tensors(&signature.inputs)?;
    let outputs = flattener.tensors(&signature.outputs)?;
    Ok(FlatGraph {
        nodes: flattener.nodes,
        inputs,
        outputs,
    })
}

enum State {
    /// Its inputs are being visited.
    Open,
    /// It is the node of this number.
    Done(usize),
}

/// What is left to do, last first.
enum Step {
    Visit(Place),
    /// All inputs have been visited.
    Finish(Place, Vec<super::calls::Source>),
}

struct Flattener<'c, 'a> {
    calls: &'c mut Calls<'a>,
    keys: &'c VariableKeys<'a>,
    nodes: Vec<FlatNode<'a>>,
    states: HashMap<Place, State>,
    /// Bytes that constants may still take beyond those in the file.
    expansion_left: usize,
}

impl<'a> Flattener<'_, 'a> {
    fn tensors(
        &mut self,
        entries: &[SignatureEntry<'a>],
    ) -> Result<Vec<SignatureTensor>, ErrorKind> {
        entries
            .iter()
            .map(|entry| {
                let source = self.calls.resolve(MAIN_FRAME, entry.tensor)?;
                Ok(SignatureTensor {
                    name: entry.name.to_owned(),
                    port: Port {
                        node: self.visit(source.place)?,
                        output: source.output,
                    },
                    shape: entry.shape.clone(),
                    data_type: entry.data_type,
                })
            })
            .collect()
    }

    /// Adds a node behind all that it needs, and says which number it has.
    fn visit(&mut self, place: Place) -> Result<usize, ErrorKind> {
        let mut steps = vec![Step::Visit(place)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Visit(place) => match self.states.get(&place) {
                    Some(State::Done(_)) => {}
                    Some(State::Open) => {
                        let node = self.calls.node(place)?;
                        return Err(damaged(text!(
                            "node {name:?} needs its own output",
                            name = node.name
                        )));
                    }
                    None => {
                        self.states.insert(place, State::Open);
                        let sources = self.sources(place)?;
                        let places: Vec<Place> =
                            sources.iter().map(|source| source.place).collect();
                        steps.push(Step::Finish(place, sources));
                        steps.extend(places.into_iter().rev().map(Step::Visit));
                    }
                },
                Step::Finish(place, sources) => {
                    let inputs = sources
                        .iter()
                        .map(|source| {
                            Ok(Port {
                                node: self.number(source.place)?,
                                output: source.output,
                            })
                        })
                        .collect::<Result<_, ErrorKind>>()?;
                    let node = self.flat_node(place, inputs)?;
                    self.add(place, node)?;
                }
            }
        }
        self.number(place)
    }

    fn number(&self, place: Place) -> Result<usize, ErrorKind> {
        match self.states.get(&place) {
            Some(&State::Done(number)) => Ok(number),
            _ => Err(damaged(phrase!("a node comes before one that it needs"))),
        }
    }

    fn sources(&mut self, place: Place) -> Result<Vec<super::calls::Source>, ErrorKind> {
        let node = self.calls.node(place)?;
        let inputs = self.calls.inputs(node)?;
        let mut references: Vec<(usize, &str)> = Vec::with_capacity(inputs.len());
        if is_branch(node.op) {
            let condition = inputs.first().copied();
            references.extend(condition.map(|condition| (place.frame, condition)));
            references.extend(self.calls.branches(place)?.into_iter().flatten());
        } else {
            references.extend(inputs.into_iter().map(|input| (place.frame, input)));
        }
        let references = references.into_iter();
        references
            .map(|(frame, reference)| self.calls.resolve(frame, reference))
            .collect()
    }

    fn flat_node(&mut self, place: Place, inputs: Vec<Port>) -> Result<FlatNode<'a>, ErrorKind> {
        let node = self.calls.node(place)?;
        let name = self.calls.path(place)?;
        let (op, attributes) = match node.op {
            "VarHandleOp" => {
                let key = self.keys.key(place, node.name)?;
                (VARIABLE, Attributes::of_variable(node, key))
            }
            // Rows of a variable, which stands for its value here.
            "ResourceGather" => ("GatherV2", Attributes::of(node)),
            op => (op, Attributes::of(node)),
        };
        if op == "Const" {
            self.count_constant(&attributes)?;
        }
        Ok(FlatNode {
            name,
            op: op.to_owned(),
            inputs,
            attributes,
        })
    }

    /// A few bytes can stand for a large constant whose elements are all equal.
    fn count_constant(&mut self, attributes: &Attributes<'a>) -> Result<(), ErrorKind> {
        let Some(tensor) = attributes.tensor("value")? else {
            return Ok(());
        };
        if tensor.data_type().width().is_none() {
            return Ok(());
        }
        self.expansion_left = self
            .expansion_left
            .checked_sub(tensor.expansion()?)
            .ok_or_else(|| ErrorKind::Limit {
                what: text!("constants that are too large for its file"),
                limit: text!("{count} MB", count = limits::CONSTANT_EXPANSION >> 20),
            })?;
        Ok(())
    }

    fn add(&mut self, place: Place, node: FlatNode<'a>) -> Result<(), ErrorKind> {
        if self.nodes.len() >= limits::FLAT_NODES {
            return Err(ErrorKind::Limit {
                what: text!("too many operators"),
                limit: text!("{count} operators", count = limits::FLAT_NODES),
            });
        }
        self.nodes.push(node);
        self.states.insert(place, State::Done(self.nodes.len() - 1));
        Ok(())
    }
}
