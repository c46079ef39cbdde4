//! The main graph and the functions of a SavedModel, with their nodes by name.

use std::collections::HashMap;

use localization::{phrase, text};

use super::damage::damaged;
use super::protocol::{FunctionDef, GraphDef, NodeDef, decode, function_name, library_functions};
use crate::error::ErrorKind;
use crate::limits;

/// Nodes of the main graph or of a function.
#[derive(Debug)]
pub(super) struct Body<'a> {
    /// Name of the function; `None` for the main graph.
    pub(super) function: Option<&'a str>,
    pub(super) nodes: Vec<NodeDef<'a>>,
    positions: HashMap<&'a str, usize>,
    parameters: HashMap<&'a str, usize>,
    /// The tensors that are returned, in the order of the results.
    pub(super) returned: Vec<&'a str>,
}

impl<'a> Body<'a> {
    fn of_graph(nodes: Vec<NodeDef<'a>>) -> Result<Self, ErrorKind> {
        Ok(Self {
            function: None,
            positions: positions(nodes.iter().map(|node| node.name))?,
            nodes,
            parameters: HashMap::new(),
            returned: Vec::new(),
        })
    }

    fn of_function(name: &'a str, message: &'a [u8]) -> Result<Self, ErrorKind> {
        let function: FunctionDef<'a> = decode(message)?;
        let tensors: HashMap<&str, &'a str> = function.returned.iter().copied().collect();
        let returned: Option<Vec<&str>> = function
            .results
            .iter()
            .map(|result| tensors.get(result).copied())
            .collect();
        let returned = returned
            .ok_or_else(|| damaged(text!("function {name:?} does not return all its results")))?;
        Ok(Self {
            function: Some(name),
            positions: positions(function.nodes.iter().map(|node| node.name))?,
            parameters: positions(function.parameters.into_iter())?,
            nodes: function.nodes,
            returned,
        })
    }

    /// The node of a name.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.positions.get(name).copied()
    }

    /// Which argument of a call a name stands for.
    pub(super) fn parameter(&self, name: &str) -> Option<usize> {
        self.parameters.get(name).copied()
    }
}

fn positions<'a>(
    names: impl Iterator<Item = &'a str>,
) -> Result<HashMap<&'a str, usize>, ErrorKind> {
    let mut positions = HashMap::new();
    for (position, name) in names.enumerate() {
        if positions.insert(name, position).is_some() {
            return Err(damaged(text!("two nodes have the name {name:?}")));
        }
    }
    Ok(positions)
}

/// Position of the main graph among the bodies.
pub(super) const MAIN: usize = 0;

/// All functions, of which those that are called have been looked into.
#[derive(Debug)]
pub(super) struct Library<'a> {
    messages: HashMap<&'a str, &'a [u8]>,
    bodies: Vec<Body<'a>>,
    opened: HashMap<&'a str, usize>,
    /// Nodes that functions may still have.
    nodes_left: usize,
}

impl<'a> Library<'a> {
    pub(super) fn of(graph: GraphDef<'a>) -> Result<Self, ErrorKind> {
        let mut messages = HashMap::new();
        for message in library_functions(graph.library) {
            let message = message?;
            let name = function_name(message)?;
            if messages.insert(name, message).is_some() {
                return Err(damaged(text!("two functions have the name {name:?}")));
            }
            if messages.len() > limits::FUNCTIONS {
                return Err(ErrorKind::Limit {
                    what: text!("too many functions"),
                    limit: text!("{count} functions", count = limits::FUNCTIONS),
                });
            }
        }
        let main = Body::of_graph(graph.nodes)?;
        Ok(Self {
            messages,
            nodes_left: limits::FUNCTION_NODES.saturating_sub(main.nodes.len()),
            bodies: vec![main],
            opened: HashMap::new(),
        })
    }

    pub(super) fn body(&self, position: usize) -> Result<&Body<'a>, ErrorKind> {
        let body = self.bodies.get(position);
        body.ok_or_else(|| damaged(phrase!("a function is missing")))
    }

    pub(super) fn contains(&self, function: &str) -> bool {
        self.messages.contains_key(function)
    }

    /// Position of the body of a function.
    pub(super) fn open(&mut self, function: &str) -> Result<usize, ErrorKind> {
        if let Some(&position) = self.opened.get(function) {
            return Ok(position);
        }
        let (&name, &message) = self
            .messages
            .get_key_value(function)
            .ok_or_else(|| damaged(text!("function {function:?} is missing")))?;
        let body = Body::of_function(name, message)?;
        self.nodes_left = self
            .nodes_left
            .checked_sub(body.nodes.len())
            .ok_or_else(|| ErrorKind::Limit {
                what: text!("functions with too many nodes"),
                limit: text!("{count} nodes", count = limits::FUNCTION_NODES),
            })?;
        self.bodies.push(body);
        let position = self.bodies.len() - 1;
        self.opened.insert(name, position);
        Ok(position)
    }
}
