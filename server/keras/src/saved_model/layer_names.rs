//! Names and classes of Keras layers, for reports.
//!
//! `model.save()` of Keras 2 describes its layers in `keras_metadata.pb`
//! (`keras/protobuf/saved_metadata.proto`), up to TensorFlow 2.4 in the objects of the graph. Other
//! SavedModels have only the scopes in the names of their nodes.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use super::flat::{FlatGraph, VARIABLE};
use super::wire::{Malformed, fields};
use crate::limits;
use crate::output_kind::loss;

/// What is known of the layers of a model.
#[derive(Debug, Default)]
pub(crate) struct LayerNames {
    keras_version: Option<String>,
    classes: HashMap<String, String>,
    loss: Option<String>,
}

/// The part of a layer's description that is of interest.
#[derive(Debug, Deserialize)]
struct Description {
    name: Option<String>,
    class_name: Option<String>,
    keras_version: Option<String>,
    training_config: Option<Value>,
}

impl LayerNames {
    /// Reads `keras_metadata.pb`. Nothing depends on it, so that damage ends the list of names.
    pub(super) fn of_metadata(metadata: &[u8]) -> Self {
        let mut names = Self::default();
        for layer in fields(metadata) {
            let Ok((1, layer)) = layer else { continue };
            if layer
                .bytes()
                .and_then(|layer| names.add(layer, 4, 5))
                .is_err()
            {
                break;
            }
        }
        names
    }

    /// Reads the objects of the graph, a `SavedObjectGraph`.
    pub(super) fn of_objects(graph: &[u8]) -> Self {
        let mut names = Self::default();
        for object in fields(graph) {
            let Ok((1, object)) = object else { continue };
            let Ok(object) = object.bytes() else { break };
            for kind in fields(object) {
                // A `SavedUserObject`.
                if let Ok((4, user)) = kind
                    && user.bytes().and_then(|user| names.add(user, 1, 3)).is_err()
                {
                    break;
                }
            }
        }
        names
    }

    /// Adds a layer whose message has the kind of object and its description, in JSON, in the given
    /// fields.
    fn add(&mut self, layer: &[u8], kind: u32, description: u32) -> Result<(), Malformed> {
        let (mut identifier, mut text) = ("", "");
        for field in fields(layer) {
            let (number, value) = field?;
            if number == kind {
                identifier = value.text()?;
            } else if number == description {
                text = value.text()?;
            }
        }
        if !identifier.starts_with("_tf_keras") || self.classes.len() >= limits::CALLS {
            return Ok(());
        }
        let Ok(description) = serde_json::from_str::<Description>(text) else {
            return Ok(());
        };
        if self.keras_version.is_none() {
            self.keras_version = description.keras_version;
        }
        if self.loss.is_none() {
            self.loss = description.training_config.as_ref().and_then(loss);
        }
        if let (Some(name), Some(class)) = (description.name, description.class_name) {
            self.classes.entry(name).or_insert(class);
        }
        Ok(())
    }

    /// Version of Keras that saved the model, when it says so.
    pub(crate) fn keras_version(&self) -> Option<&str> {
        self.keras_version.as_deref()
    }

    /// The loss that the model was trained with, when it says so.
    pub(crate) fn loss(&self) -> Option<&str> {
        self.loss.as_deref()
    }

    /// Class of the layer of a name, without the models around it. Registered classes have their
    /// package in front.
    pub(crate) fn class(&self, name: &str) -> Option<&str> {
        let class = self.classes.get(name)?;
        class.rsplit('>').next()
    }
}

/// Whether scopes have a number that is not part of the layer's name.
///
/// Keras 3 opens the scope of a layer a second time for the export, which TensorFlow answers with
/// another number: `dense_1/MatMul` reads `dense/kernel`.
pub(crate) fn scopes_are_numbered(graph: &FlatGraph<'_>) -> bool {
    let (mut numbered, mut plain) = (0usize, 0usize);
    for node in &graph.nodes {
        for input in &node.inputs {
            let Some(variable) = graph.nodes.get(input.node) else {
                continue;
            };
            if variable.op != VARIABLE {
                continue;
            }
            let Some((owner, _)) = variable.name.rsplit_once('/') else {
                continue;
            };
            let owner = owner.rsplit('/').next().unwrap_or(owner);
            for scope in node.name.split('/') {
                if scope == owner {
                    plain += 1;
                } else if without_number(scope) == Some(owner) {
                    numbered += 1;
                }
            }
        }
    }
    numbered > plain
}

/// A scope without the number at its end.
fn without_number(scope: &str) -> Option<&str> {
    let (name, number) = scope.rsplit_once('_')?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    digits.then_some(name)
}
