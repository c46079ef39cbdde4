//! What a model's configuration says, whatever file it came from.

mod calls;
mod model;

use std::collections::{HashMap, VecDeque};

use localization::{Text, phrase, text};

use crate::error::{ErrorKind, UnsupportedLayer};
use crate::layers::{Layer, LayerId, Variable};
use crate::problem::LayerProblem;
use crate::settings::{Arguments, Generation};
use crate::summary::OpenShape;

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
    /// Whether it says that channels are the first axis of an image, when it says which they are.
    pub(crate) channels_first: Option<bool>,
    /// Type that the layer computes in, such as `float32`.
    pub(crate) dtype: String,
    /// Input shape that the file notes beside the layer, if it does.
    pub(crate) recorded_input: Option<OpenShape>,
    pub(crate) content: Content,
    pub(crate) calls: Vec<Call>,
}

pub(crate) enum Content {
    /// A placeholder for an input of the model; its shape when one is recorded.
    Input(Option<OpenShape>),
    /// A layer that can be converted.
    Layer(Layer),
    /// A layer that cannot be converted, and why.
    Unsupported(Text),
    /// A nested model.
    Model(Box<ModelDefinition>),
}

/// One call of a layer.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Call {
    pub(crate) inputs: Vec<TensorReference>,
    /// What the layer is called with; tensors are positions in `inputs`.
    pub(crate) arguments: Arguments,
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

    /// Everything that is known to keep the layer from being converted before shapes are.
    fn refusals(&self) -> Vec<Text> {
        let mut reasons = Vec::new();
        if let Content::Unsupported(reason) = &self.content {
            reasons.push(reason.clone());
        }
        let training = self.calls.iter().any(|call| call.arguments.training());
        if training && self.depends_on_training() {
            reasons.push(text!(
                "it is called with training=True, which is not inference"
            ));
        }
        let refused = self.calls.iter().find_map(|call| match &self.content {
            Content::Layer(layer) => match layer.check_call(&call.arguments) {
                Err(LayerProblem::Unsupported(problem) | LayerProblem::Invalid(problem)) => {
                    Some(problem)
                }
                _ => None,
            },
            Content::Model(_) if call.arguments.has_constants() => {
                Some(text!("it is called with arguments other than tensors"))
            }
            _ => None,
        });
        reasons.extend(refused);
        reasons
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

    /// Whether images enter the model with their channels first: the first layer that says
    /// anything about it decides.
    pub(crate) fn takes_channels_first(&self) -> bool {
        let input = self.inputs.first().map(|input| input.layer);
        let shape = match input.and_then(|input| self.layers.get(input)) {
            Some(LayerDefinition {
                content: Content::Input(Some(shape)),
                ..
            }) => shape,
            _ => return false,
        };
        shape.len() == 4 && self.first_order() == Some(true)
    }

    /// The order of axes that the first layer behind the input asks for; none where a layer in
    /// front of it moves axes itself.
    fn first_order(&self) -> Option<bool> {
        let start = self.inputs.first()?.layer;
        let mut readers: HashMap<usize, Vec<usize>> = HashMap::new();
        for (reader, layer) in self.layers.iter().enumerate() {
            for input in layer.calls.iter().flat_map(|call| &call.inputs) {
                readers.entry(input.layer).or_default().push(reader);
            }
        }
        let mut reached: VecDeque<usize> = VecDeque::from([start]);
        while let Some(index) = reached.pop_front() {
            // A layer whose readers are gone has been here before.
            let next = readers.remove(&index).unwrap_or_default();
            let layer = self.layers.get(index)?;
            if layer.channels_first.is_some() {
                return layer.channels_first;
            }
            match &layer.content {
                Content::Model(inner) => {
                    if let Some(order) = inner.first_order() {
                        return Some(order);
                    }
                }
                _ if matches!(layer.class.as_str(), "Permute" | "Reshape" | "Flatten") => {
                    return None;
                }
                _ => {}
            }
            reached.extend(next);
        }
        None
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
            let reasons = layer.refusals();
            if !reasons.is_empty() {
                found.push(UnsupportedLayer {
                    layer: name.clone(),
                    class: layer.class.clone(),
                    reason: Text::list(phrase!(", and "), reasons),
                });
            }
            if let Content::Model(model) = &layer.content {
                model.collect_unsupported(&format!("{name}/"), found);
            }
        }
    }
}
