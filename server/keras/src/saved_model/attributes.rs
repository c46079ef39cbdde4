//! Attributes of nodes (`tensorflow.AttrValue`), each read when it is asked for.

use localization::{Phrase, phrase, text};

use super::damage::damaged;
use super::data_type::DataType;
use super::protocol::{NodeDef, TensorShape, decode};
use super::tensor::Tensor;
use super::variable_key::VariableKey;
use super::wire::{Malformed, Value, extend_integers, fields};
use crate::error::ErrorKind;

/// The attributes of a node.
///
/// Every accessor gives `None` when there is no such attribute, and an error when it has another
/// type.
#[derive(Debug)]
pub(crate) struct Attributes<'a> {
    node: NodeDef<'a>,
    variable: Option<VariableKey>,
}

impl<'a> Attributes<'a> {
    pub(super) fn of(node: NodeDef<'a>) -> Self {
        Self {
            node,
            variable: None,
        }
    }

    /// Those of a variable, whose value lies in the checkpoint.
    pub(super) fn of_variable(node: NodeDef<'a>, key: VariableKey) -> Self {
        Self {
            node,
            variable: Some(key),
        }
    }

    /// Where the value of a variable lies; `None` for all other nodes.
    pub(crate) fn variable(&self) -> Option<&VariableKey> {
        self.variable.as_ref()
    }

    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, ErrorKind> {
        self.find(name, |number, value| match number {
            3 => value.integer().map(Some),
            _ => Ok(None),
        })
    }

    pub(crate) fn float(&self, name: &str) -> Result<Option<f32>, ErrorKind> {
        self.find(name, |number, value| match number {
            4 => value.float().map(Some),
            _ => Ok(None),
        })
    }

    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, ErrorKind> {
        self.find(name, |number, value| match number {
            5 => value.boolean().map(Some),
            _ => Ok(None),
        })
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, ErrorKind> {
        self.find(name, |number, value| match number {
            2 => value.text().map(Some),
            _ => Ok(None),
        })
    }

    pub(crate) fn data_type(&self, name: &str) -> Result<Option<DataType>, ErrorKind> {
        self.find(name, |number, value| match number {
            6 => value.integer().map(DataType::of).map(Some),
            _ => Ok(None),
        })
    }

    /// A list of integers; empty when the list has elements of no type.
    pub(crate) fn integers(&self, name: &str) -> Result<Option<Vec<i64>>, ErrorKind> {
        self.find(name, |number, value| match number {
            1 => {
                let mut integers = Vec::new();
                for field in fields(value.bytes()?) {
                    if let (3, value) = field? {
                        extend_integers(&mut integers, value)?;
                    }
                }
                Ok(Some(integers))
            }
            _ => Ok(None),
        })
    }

    /// A shape: extents, `None` where one is open. A shape whose rank is open counts as none.
    pub(crate) fn shape(&self, name: &str) -> Result<Option<Vec<Option<usize>>>, ErrorKind> {
        let shape = self.find(name, |number, value| match number {
            7 => decode::<TensorShape>(value.bytes()?).map(Some),
            _ => Ok(None),
        })?;
        Ok(shape.and_then(|shape| shape.open()))
    }

    /// A constant.
    pub(crate) fn tensor(&self, name: &str) -> Result<Option<Tensor<'a>>, ErrorKind> {
        self.find(name, |number, value| match number {
            8 => decode(value.bytes()?).map(Some),
            _ => Ok(None),
        })
    }

    /// Gives the value of an attribute to `read`, by the number of its type in `AttrValue`.
    fn find<T>(
        &self,
        name: &str,
        read: impl Fn(u32, Value<'a>) -> Result<Option<T>, Malformed>,
    ) -> Result<Option<T>, ErrorKind> {
        let problem = |problem: Phrase| {
            damaged(text!(
                "attribute {name:?} of node {node:?}: {problem}",
                node = self.node.name
            ))
        };
        let Some(message) = self.node.attribute(name)? else {
            return Ok(None);
        };
        for field in fields(message) {
            let (number, value) = field?;
            if let Some(found) = read(number, value).map_err(|error| problem(error.0))? {
                return Ok(Some(found));
            }
        }
        Err(problem(phrase!("it has another type")))
    }
}
