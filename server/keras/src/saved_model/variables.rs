//! The values of variables: which tensor of the checkpoint belongs to which variable.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use localization::text;

use super::calls::{Calls, MAIN_FRAME, Place};
use super::checkpoint::Checkpoint;
use super::damage::damaged;
use super::data_type::DataType;
use super::flat::FlatNode;
use super::object_graph::ObjectGraph;
use super::signature::Signature;
use super::tensor::Tensor;
use super::variable_key::VariableKey;
use crate::error::ErrorKind;

/// The keys of all variables of the main graph.
#[derive(Debug, Default)]
pub(super) struct VariableKeys<'a> {
    keys: HashMap<&'a str, VariableKey>,
}

impl<'a> VariableKeys<'a> {
    /// Follows the function that restores the variables from a checkpoint.
    ///
    /// It assigns outputs of one or more `RestoreV2` operators, which are given the keys as a
    /// constant. Names of variables say nothing: Keras 3 exports each twice.
    pub(super) fn of(calls: &mut Calls<'a>, restore: &'a str) -> Result<Self, ErrorKind> {
        let mut keys = HashMap::new();
        let mut lists: HashMap<Place, Vec<String>> = HashMap::new();
        let Some(place) = calls.main_node(restore)? else {
            return Ok(Self { keys });
        };
        let Some(frame) = calls.enter(place)? else {
            return Ok(Self { keys });
        };
        for place in calls.places(frame)? {
            let node = calls.node(place)?;
            if node.op != "AssignVariableOp" {
                continue;
            }
            let inputs = calls.inputs(node)?;
            let &[variable, value] = inputs.as_slice() else {
                return Err(damaged(text!(
                    "{name:?} assigns no value",
                    name = node.name
                )));
            };
            let variable = calls.resolve(frame, variable)?;
            let value = calls.resolve(frame, value)?;
            let handle = calls.node(variable.place)?;
            let restored = calls.node(value.place)?;
            if handle.op != "VarHandleOp"
                || variable.place.frame != MAIN_FRAME
                || restored.op != "RestoreV2"
            {
                continue;
            }
            if let Entry::Vacant(entry) = lists.entry(value.place) {
                entry.insert(restored_names(calls, value.place)?);
            }
            let key = lists
                .get(&value.place)
                .and_then(|names| names.get(value.output))
                .ok_or_else(|| {
                    damaged(text!(
                        "{name:?} restores too few tensors",
                        name = restored.name
                    ))
                })?;
            keys.insert(handle.name, VariableKey(key.clone()));
        }
        Ok(Self { keys })
    }

    /// Compares the keys with those that the objects of the model have, and adds missing ones.
    ///
    /// A call of a function hands over its own arguments and then what the function has bound, in
    /// the order of a list of objects. Keras 3 exports each variable as two objects with the same
    /// value, one of which is bound and the other restored.
    pub(super) fn compare(
        &mut self,
        calls: &mut Calls<'a>,
        signature: &Signature<'a>,
        objects: &ObjectGraph<'_>,
        checkpoint: &Checkpoint,
    ) -> Result<(), ErrorKind> {
        let mut compared = Vec::new();
        for output in &signature.outputs {
            let Some(place) = calls.main_node(output.tensor)? else {
                continue;
            };
            let call = calls.node(place)?;
            let Some(function) = calls.called(call)? else {
                continue;
            };
            if compared.contains(&place) {
                continue;
            }
            compared.push(place);
            let Some(bound) = objects.bound_keys(function)? else {
                continue;
            };
            let arguments = calls.inputs(call)?;
            let first = arguments.len().saturating_sub(bound.len());
            for (argument, key) in arguments.into_iter().skip(first).zip(bound) {
                let Some(key) = key else { continue };
                let source = calls.resolve(MAIN_FRAME, argument)?;
                let handle = calls.node(source.place)?;
                if handle.op != "VarHandleOp" || source.place.frame != MAIN_FRAME {
                    continue;
                }
                match self.keys.entry(handle.name) {
                    Entry::Vacant(entry) => {
                        entry.insert(VariableKey(key.to_owned()));
                    }
                    Entry::Occupied(entry) if checkpoint.are_equal(&entry.get().0, key) => {}
                    Entry::Occupied(entry) => {
                        return Err(damaged(text!(
                            "the variable {name:?} is restored from {from:?}, but its object from {key:?}",
                            name = handle.name,
                            from = entry.get().0
                        )));
                    }
                }
            }
        }
        Ok(())
    }

    /// The key of a variable; an error when nothing restores it.
    pub(super) fn key(&self, place: Place, name: &str) -> Result<VariableKey, ErrorKind> {
        let key = (place.frame == MAIN_FRAME).then(|| self.keys.get(name));
        key.flatten()
            .cloned()
            .ok_or_else(|| damaged(text!("nothing restores the variable {name:?}")))
    }
}

/// Keys of the tensors that a `RestoreV2` reads.
fn restored_names(calls: &mut Calls<'_>, place: Place) -> Result<Vec<String>, ErrorKind> {
    let node = calls.node(place)?;
    let names = node
        .input(1)?
        .ok_or_else(|| damaged(text!("{name:?} names no tensors", name = node.name)))?;
    let names = calls.resolve(place.frame, names)?;
    let constant = calls.node(names.place)?;
    let tensor: Tensor<'_> = super::attributes::Attributes::of(constant)
        .tensor("value")?
        .ok_or_else(|| damaged(text!("{name:?} is not a constant", name = constant.name)))?;
    Ok(tensor.texts()?.into_iter().map(str::to_owned).collect())
}

/// The values of variables, read when they are asked for.
#[derive(Debug)]
pub(crate) struct Variables {
    checkpoint: Checkpoint,
}

impl Variables {
    pub(super) fn new(checkpoint: Checkpoint) -> Self {
        Self { checkpoint }
    }

    /// Compares what the graph says of a variable with what is stored.
    pub(super) fn check(&self, variable: &FlatNode<'_>) -> Result<(), ErrorKind> {
        let Some(key) = variable.attributes.variable() else {
            return Ok(());
        };
        let (stored, data_type) = (self.shape(key)?, self.data_type(key)?);
        let declared = variable.attributes.shape("shape")?;
        let shape_fits = declared.is_none_or(|declared| {
            declared.len() == stored.len()
                && declared
                    .iter()
                    .zip(stored)
                    .all(|(declared, stored)| declared.is_none_or(|declared| declared == *stored))
        });
        let type_fits = variable
            .attributes
            .data_type("dtype")?
            .is_none_or(|declared| declared == data_type);
        if shape_fits && type_fits {
            return Ok(());
        }
        Err(damaged(text!(
            "the variable {name:?} is stored as {data_type} of shape {stored:?}, which it is not",
            name = variable.name
        )))
    }

    /// Extents of a variable.
    pub(crate) fn shape(&self, key: &VariableKey) -> Result<&[usize], ErrorKind> {
        self.checkpoint.shape(&key.0)
    }

    /// Type of its elements as they are stored.
    pub(crate) fn data_type(&self, key: &VariableKey) -> Result<DataType, ErrorKind> {
        self.checkpoint.data_type(&key.0)
    }

    /// Its elements in row-major order; fractions of any precision.
    pub(crate) fn read(&self, key: &VariableKey) -> Result<Vec<f32>, ErrorKind> {
        self.checkpoint.floats(&key.0)
    }

    /// Its elements in row-major order, for 32-bit and 64-bit integers.
    pub(crate) fn read_integers(&self, key: &VariableKey) -> Result<Vec<i64>, ErrorKind> {
        self.checkpoint.integers(&key.0)
    }
}
