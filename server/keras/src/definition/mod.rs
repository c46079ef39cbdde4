//! What a model's configuration says, whatever file it came from.

mod calls;
mod model;
mod settings;

pub(crate) use settings::{Generation, Settings};

use crate::error::ErrorKind;
use crate::layers::{Layer, Variable};
use crate::summary::UnsupportedLayer;

/// Number of a layer, unique in the whole tree of models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct LayerId(pub(crate) usize);

/// A variable of a layer: the position in [`Layer::variables`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct VariableId {
    pub(crate) layer: LayerId,
    pub(crate) index: usize,
}

/// A Functional or Sequential model. A Sequential one has become a chain of calls that begins
/// with an input layer.
pub(crate) struct ModelDefinition {
    pub(crate) name: String,
    pub(crate) generation: Generation,
    pub(crate) trainable: bool,
    pub(crate) layers: Vec<LayerDefinition>,
    pub(crate) inputs: Vec<TensorReference>,
    pub(crate) outputs: Vec<TensorReference>,
}

/// A layer of a model and the places where it is called.
pub(crate) struct LayerDefinition {
    pub(crate) id: LayerId,
    pub(crate) name: String,
    pub(crate) class: String,
    pub(crate) trainable: bool,
    pub(crate) content: Content,
    pub(crate) calls: Vec<Call>,
}

pub(crate) enum Content {
    /// A placeholder for an input of the model; its shape when one is recorded.
    Input(Option<Vec<Option<usize>>>),
    /// A layer that can be converted.
    Layer(Box<dyn Layer>),
    /// A layer that cannot be converted, and why.
    Unsupported(String),
    /// A nested model.
    Model(Box<ModelDefinition>),
}

/// One call of a layer.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Call {
    pub(crate) inputs: Vec<TensorReference>,
    /// The call fixes `training=True`.
    pub(crate) training: bool,
    /// The call has arguments other than tensors.
    pub(crate) arguments: bool,
}

/// An output of a call of a layer of the same model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TensorReference {
    /// Index in [`ModelDefinition::layers`].
    pub(crate) layer: usize,
    /// Index in [`LayerDefinition::calls`].
    pub(crate) call: usize,
    /// Position among the outputs of a nested model; zero for other layers.
    pub(crate) output: usize,
}

impl LayerDefinition {
    /// Variables of the layer itself, not those of the layers in a nested model.
    pub(crate) fn variables(&self) -> &[Variable] {
        match &self.content {
            Content::Layer(layer) => layer.variables(),
            _ => &[],
        }
    }

    /// Whether `training=True` changes the result.
    fn depends_on_training(&self) -> bool {
        match &self.content {
            Content::Layer(layer) => layer.depends_on_training(),
            Content::Model(model) => model
                .layers
                .iter()
                .any(LayerDefinition::depends_on_training),
            Content::Input(_) | Content::Unsupported(_) => false,
        }
    }
}

impl ModelDefinition {
    /// Interprets a configuration as `model.to_json()` and `model.save()` write it.
    pub(crate) fn parse(
        configuration: &str,
        keras_version: Option<&str>,
    ) -> Result<Self, ErrorKind> {
        model::parse(configuration, keras_version)
    }

    /// Layers that cannot be converted, with those of nested models, in the order of the file.
    pub(crate) fn unsupported(&self) -> Vec<UnsupportedLayer> {
        let mut found = Vec::new();
        self.collect_unsupported("", &mut found);
        found
    }

    fn collect_unsupported(&self, prefix: &str, found: &mut Vec<UnsupportedLayer>) {
        for layer in &self.layers {
            let name = format!("{prefix}{}", layer.name);
            let reason = match &layer.content {
                Content::Unsupported(reason) => Some(reason.clone()),
                _ if layer.calls.iter().any(|call| call.training)
                    && layer.depends_on_training() =>
                {
                    Some("it is called with training=True, which is not inference".to_owned())
                }
                _ if layer.calls.iter().any(|call| call.arguments) => {
                    Some("it is called with arguments other than tensors".to_owned())
                }
                _ => None,
            };
            if let Some(reason) = reason {
                found.push(UnsupportedLayer {
                    layer: name,
                    class: layer.class.clone(),
                    reason,
                });
            } else if let Content::Model(model) = &layer.content {
                model.collect_unsupported(&format!("{name}/"), found);
            }
        }
    }
}
