//! Function calls: which tensor a reference means when calls are replaced by what they call.

use std::collections::HashMap;
use std::rc::Rc;

use localization::{phrase, text};

use super::damage::damaged;
use super::functions::{Library, MAIN};
use super::protocol::{NodeDef, decode};
use super::wire::fields;
use crate::error::ErrorKind;
use crate::limits;

/// A node in one call of its function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) frame: usize,
    pub(super) node: usize,
}

/// An output of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) place: Place,
    pub(super) output: usize,
}

/// One call of a function, or the main graph.
#[derive(Debug)]
struct Frame<'a> {
    body: usize,
    /// The calling frame and the arguments, as references in it.
    caller: Option<(usize, Vec<&'a str>)>,
    depth: usize,
    /// What goes before the names of nodes: empty, or a path that ends with a slash.
    scope: Rc<str>,
}

/// Follows references through calls and through operators that only hand on what they get.
///
/// There is no recursion, and every step is counted, so that no graph of calls keeps it busy.
#[derive(Debug)]
pub(super) struct Calls<'a> {
    pub(super) library: Library<'a>,
    frames: Vec<Frame<'a>>,
    /// Frames by the node that calls and the attribute that names the function.
    entered: HashMap<(Place, &'static str), usize>,
    steps_left: u64,
    references_left: usize,
}

/// Attribute that names the function of a call.
const CALLED: &str = "f";

/// The frame of the main graph.
pub(super) const MAIN_FRAME: usize = 0;

impl<'a> Calls<'a> {
    /// `length` is that of the file; the effort may grow with it.
    pub(super) fn new(library: Library<'a>, length: usize) -> Self {
        Self {
            library,
            frames: vec![Frame {
                body: MAIN,
                caller: None,
                depth: 0,
                scope: Rc::from(""),
            }],
            entered: HashMap::new(),
            steps_left: limits::REFERENCE_STEPS + length as u64 / 16,
            references_left: limits::REFERENCES,
        }
    }

    pub(super) fn node(&self, place: Place) -> Result<NodeDef<'a>, ErrorKind> {
        let body = self.library.body(self.frame(place.frame)?.body)?;
        let node = body.nodes.get(place.node).copied();
        node.ok_or_else(|| damaged(phrase!("a node is missing")))
    }

    /// A node of the main graph, by a reference to it.
    pub(super) fn main_node(&self, reference: &str) -> Result<Option<Place>, ErrorKind> {
        let name = reference.split(':').next().unwrap_or_default();
        let node = self.library.body(MAIN)?.position(name);
        Ok(node.map(|node| Place {
            frame: MAIN_FRAME,
            node,
        }))
    }

    /// The nodes of the function that runs in a frame.
    pub(super) fn places(
        &self,
        frame: usize,
    ) -> Result<impl Iterator<Item = Place> + use<'a>, ErrorKind> {
        let body = self.library.body(self.frame(frame)?.body)?;
        Ok((0..body.nodes.len()).map(move |node| Place { frame, node }))
    }

    /// Path of a node for people: its name behind those of the calls around it.
    pub(super) fn path(&self, place: Place) -> Result<String, ErrorKind> {
        let scope = &self.frame(place.frame)?.scope;
        Ok(format!("{scope}{}", self.node(place)?.name))
    }

    fn frame(&self, frame: usize) -> Result<&Frame<'a>, ErrorKind> {
        let frame = self.frames.get(frame);
        frame.ok_or_else(|| damaged(phrase!("a function call is missing")))
    }

    /// Counts effort; an error when there was too much.
    fn spend(&mut self, steps: u64) -> Result<(), ErrorKind> {
        self.steps_left = self.steps_left.checked_sub(steps).ok_or_else(|| {
            damaged(phrase!(
                "its functions and references are entangled beyond what a model needs"
            ))
        })?;
        Ok(())
    }

    /// Inputs of a node, counted.
    pub(super) fn inputs(&mut self, node: NodeDef<'a>) -> Result<Vec<&'a str>, ErrorKind> {
        self.spend(node.length() as u64 / 64)?;
        let inputs = node.inputs()?;
        self.references_left = self
            .references_left
            .checked_sub(inputs.len())
            .ok_or_else(|| ErrorKind::Limit {
                what: text!("too many connections between nodes"),
                limit: text!("{count} connections", count = limits::REFERENCES),
            })?;
        Ok(inputs)
    }

    /// The function that a node calls, if it is a call.
    pub(super) fn called(&self, node: NodeDef<'a>) -> Result<Option<&'a str>, ErrorKind> {
        if !matches!(node.op, "PartitionedCall" | "StatefulPartitionedCall") {
            // In early graphs the name of a function serves as an operator.
            return Ok(self.library.contains(node.op).then_some(node.op));
        }
        let name = match node.attribute(CALLED)? {
            Some(value) => called_function(value)?,
            None => None,
        };
        name.map(Some).ok_or_else(|| {
            damaged(text!(
                "the call {name:?} names no function",
                name = node.name
            ))
        })
    }

    /// The frame of a call; `None` for nodes that are not calls.
    pub(super) fn enter(&mut self, place: Place) -> Result<Option<usize>, ErrorKind> {
        if let Some(&frame) = self.entered.get(&(place, CALLED)) {
            return Ok(Some(frame));
        }
        let call = self.node(place)?;
        let Some(function) = self.called(call)? else {
            return Ok(None);
        };
        let arguments = self.inputs(call)?;
        self.open(place, CALLED, function, arguments).map(Some)
    }

    /// What a node that chooses between two functions can give: the results of the first and those
    /// of the second, each with the frame that it is a reference in.
    pub(super) fn branches(
        &mut self,
        place: Place,
    ) -> Result<[Vec<(usize, &'a str)>; 2], ErrorKind> {
        let mut results = [Vec::new(), Vec::new()];
        for (results, branch) in results.iter_mut().zip(["then_branch", "else_branch"]) {
            let node = self.node(place)?;
            let frame = match self.entered.get(&(place, branch)) {
                Some(&frame) => frame,
                None => {
                    let function = node.attribute(branch)?.map(called_function);
                    let function = function.transpose()?.flatten().ok_or_else(|| {
                        damaged(text!("{name:?} names no {branch}", name = node.name))
                    })?;
                    let mut arguments = self.inputs(node)?;
                    if arguments.is_empty() {
                        return Err(damaged(text!(
                            "{name:?} has no condition",
                            name = node.name
                        )));
                    }
                    arguments.remove(0);
                    self.open(place, branch, function, arguments)?
                }
            };
            let body = self.library.body(self.frame(frame)?.body)?;
            results.extend(body.returned.iter().map(|&returned| (frame, returned)));
        }
        let [first, second] = &results;
        match first.len() == second.len() {
            true => Ok(results),
            false => Err(damaged(phrase!(
                "the branches of a condition differ in their results"
            ))),
        }
    }

    /// Opens the frame of a function that a node calls.
    fn open(
        &mut self,
        place: Place,
        attribute: &'static str,
        function: &str,
        arguments: Vec<&'a str>,
    ) -> Result<usize, ErrorKind> {
        let call = self.node(place)?;
        let caller = self.frame(place.frame)?;
        let depth = caller.depth + 1;
        if depth > limits::CALL_DEPTH {
            return Err(ErrorKind::Limit {
                what: text!("function calls inside each other at {function:?}"),
                limit: text!("{count} levels", count = limits::CALL_DEPTH),
            });
        }
        if self.frames.len() > limits::CALLS {
            return Err(ErrorKind::Limit {
                what: text!("too many function calls"),
                limit: text!("{count} calls", count = limits::CALLS),
            });
        }
        let scope = inner_scope(&caller.scope, call.name);
        if scope.len() > limits::NAME_BYTES {
            return Err(ErrorKind::Limit {
                what: text!("a function call with a name that is too long"),
                limit: text!("{count} bytes", count = limits::NAME_BYTES),
            });
        }
        let body = self.library.open(function)?;
        self.frames.push(Frame {
            body,
            caller: Some((place.frame, arguments)),
            depth,
            scope: Rc::from(scope),
        });
        let frame = self.frames.len() - 1;
        self.entered.insert((place, attribute), frame);
        Ok(frame)
    }

    /// The output of a proper operator that a reference in a frame leads to.
    pub(super) fn resolve(
        &mut self,
        mut frame: usize,
        mut reference: &'a str,
    ) -> Result<Source, ErrorKind> {
        loop {
            self.spend(1)?;
            let current = self.frame(frame)?;
            let body = self.library.body(current.body)?;
            let mut parts = reference.split(':');
            let name = parts.next().unwrap_or_default();
            if let Some(parameter) = body.parameter(name)
                && let Some((caller, arguments)) = &current.caller
            {
                reference = arguments
                    .get(parameter)
                    .copied()
                    .ok_or_else(|| damaged(text!("a call hands over no argument for {name:?}")))?;
                frame = *caller;
                continue;
            }
            let position = body
                .position(name)
                .ok_or_else(|| damaged(text!("{reference:?} refers to a node that is missing")))?;
            let place = Place {
                frame,
                node: position,
            };
            let node = self.node(place)?;
            let output = match body.function {
                None => parse_index(parts.next())?,
                Some(_) => {
                    let result = parts.next().unwrap_or_default();
                    output_position(node.op, result, parse_index(parts.next())?)
                }
            };
            if let Some(inner) = self.enter(place)? {
                let body = self.library.body(self.frame(inner)?.body)?;
                reference = body.returned.get(output).copied().ok_or_else(|| {
                    damaged(text!("{reference:?} is a result that is not returned"))
                })?;
                frame = inner;
                continue;
            }
            match handed_on(node.op, output) {
                Some(input) => {
                    // Inputs are counted from the first one each time.
                    self.spend(node.length() as u64 / 64)?;
                    reference = node.input(input)?.ok_or_else(|| {
                        damaged(text!("node {name:?} has too few inputs", name = node.name))
                    })?;
                }
                None => return Ok(Source { place, output }),
            }
        }
    }
}

/// The input that an output equals, for operators that change nothing when a model is applied.
///
/// A variable stands for its value, so reading it is one of them.
fn handed_on(op: &str, output: usize) -> Option<usize> {
    match op {
        "Identity"
        | "StopGradient"
        | "PreventGradient"
        | "EnsureShape"
        | "CheckNumerics"
        | "Snapshot"
        | "PlaceholderWithDefault"
        | "ReadVariableOp" => Some(0),
        "IdentityN" => Some(output),
        _ => None,
    }
}

/// Number of an output among all of a node, from its name and its number under that name.
///
/// Operators with several names for outputs are rare; other operators of that kind are not
/// converted, so that it does not matter which output is meant.
fn output_position(op: &str, name: &str, index: usize) -> usize {
    match (op, name) {
        ("FusedBatchNorm" | "FusedBatchNormV2" | "FusedBatchNormV3", "batch_mean") => 1,
        ("FusedBatchNorm" | "FusedBatchNormV2" | "FusedBatchNormV3", "batch_variance") => 2,
        ("FusedBatchNorm" | "FusedBatchNormV2" | "FusedBatchNormV3", "reserve_space_1") => 3,
        ("FusedBatchNorm" | "FusedBatchNormV2" | "FusedBatchNormV3", "reserve_space_2") => 4,
        ("FusedBatchNormV3", "reserve_space_3") => 5,
        ("TopK" | "TopKV2", "indices") => 1,
        ("MaxPoolWithArgmax", "argmax") => 1,
        ("Unique" | "UniqueV2", "idx") => 1,
        ("StatelessRandomGetKeyCounter", "counter") => 1,
        _ => index,
    }
}

fn parse_index(text: Option<&str>) -> Result<usize, ErrorKind> {
    let Some(text) = text else { return Ok(0) };
    let index: Option<u16> = text.parse().ok();
    index
        .map(usize::from)
        .ok_or_else(|| damaged(text!("{text:?} is no number of an output")))
}

/// Name of the function in the value of an attribute.
fn called_function(value: &[u8]) -> Result<Option<&str>, ErrorKind> {
    for field in fields(value) {
        if let (10, function) = field? {
            let function: NameAttrList<'_> = decode(function.bytes()?)?;
            return Ok(Some(function.name));
        }
    }
    Ok(None)
}

/// `tensorflow.NameAttrList`.
#[derive(Debug, Default)]
struct NameAttrList<'a> {
    name: &'a str,
}

impl<'a> super::protocol::Message<'a> for NameAttrList<'a> {
    fn field(
        &mut self,
        number: u32,
        value: super::wire::Value<'a>,
    ) -> Result<(), super::wire::Malformed> {
        if number == 1 {
            self.name = value.text()?;
        }
        Ok(())
    }
}

/// The scope of a called function: that of the call, without the name that TensorFlow gives calls.
fn inner_scope(outer: &str, call: &str) -> String {
    let (scope, last) = match call.rsplit_once('/') {
        Some((scope, last)) => (scope, last),
        None => ("", call),
    };
    let generic =
        last.starts_with("StatefulPartitionedCall") || last.starts_with("PartitionedCall");
    match (scope, generic) {
        ("", true) => outer.to_owned(),
        (_, true) => format!("{outer}{scope}/"),
        (_, false) => format!("{outer}{call}/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_leave_out_the_names_of_calls() {
        let check = |outer, call, expected: &str| assert_eq!(inner_scope(outer, call), expected);
        check("", "StatefulPartitionedCall_1", "");
        check("a/", "PartitionedCall", "a/");
        check("", "model/block/StatefulPartitionedCall", "model/block/");
        check("a/", "b/my_function", "a/b/my_function/");
    }

    #[test]
    fn outputs_are_numbered_across_their_names() {
        let check = |op, name, index, expected| {
            assert_eq!(output_position(op, name, index), expected, "{op} {name}");
        };
        check("Split", "output", 2, 2);
        check("FusedBatchNormV3", "y", 0, 0);
        check("FusedBatchNormV3", "batch_variance", 0, 2);
        check("TopKV2", "indices", 0, 1);
    }
}
