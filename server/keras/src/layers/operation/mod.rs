//! Operations on tensors that are saved like layers: `TFOpLambda` of Keras 2, which names a
//! function of TensorFlow, and the classes of `keras.ops` in Keras 3.

mod arithmetic;
mod arrangement;
mod bound;
mod names;
mod node;

use std::sync::Arc;

use super::layer::Layer;
use crate::draft::{Draft, ValueId};
use crate::layers::scope::Scope;
use crate::problem::{LayerProblem, unsupported};
use crate::settings::{Arguments, Settings};
use bound::{BoundCall, input};
use localization::text;
use node::Node;

/// What adds the operators of a call, once its arguments have been read.
type Build = Box<dyn Fn(&mut Scope<'_>, &[ValueId]) -> Result<Vec<ValueId>, LayerProblem>>;

/// Reads the arguments of a call.
type Read = fn(&BoundCall) -> Result<Build, LayerProblem>;

/// An operation used as a layer.
pub(super) struct Operation {
    /// Its names for the parameters, in order.
    parameters: &'static [&'static str],
    read: names::Reader,
    settings: Settings,
    /// The node that the layer is, if it is one; it rearranges the arguments.
    node: Option<Node>,
}

impl Operation {
    /// Parses a layer of class `TFOpLambda` or `SlicingOpLambda`.
    pub(super) fn parse_function(settings: &Settings) -> Result<Self, LayerProblem> {
        let function = settings.text("function").unwrap_or("unnamed");
        let settings = Settings {
            values: serde_json::Map::new(),
            generation: settings.generation,
        };
        match names::find_function(function, settings.generation) {
            Some((parameters, read)) => Ok(Self {
                parameters,
                read,
                settings,
                node: None,
            }),
            None => unsupported(text!(
                "the TensorFlow operation {function} is not supported, use a Keras layer instead"
            )),
        }
    }

    /// Parses a class of `keras.ops`, whose settings are arguments too.
    pub(super) fn parse_class(class: &str, settings: &Settings) -> Result<Self, LayerProblem> {
        match names::find_class(class, settings.generation) {
            Some((parameters, read)) => Ok(Self {
                parameters,
                read,
                settings: Settings {
                    values: settings.values.clone(),
                    generation: settings.generation,
                },
                node: None,
            }),
            None => unsupported(text!(
                "the operation {class} of keras.ops is not supported, use a Keras layer instead"
            )),
        }
    }

    /// Parses a layer of class `TensorFlowOpLayer`.
    pub(super) fn parse_node(settings: &Settings) -> Result<Self, LayerProblem> {
        let node = Node::parse(settings)?;
        let (parameters, read) = node.signature(settings.generation)?;
        Ok(Self {
            parameters,
            read,
            settings: Settings {
                values: serde_json::Map::new(),
                generation: settings.generation,
            },
            node: Some(node),
        })
    }

    fn read(&self, arguments: &Arguments) -> Result<Build, LayerProblem> {
        let call = match &self.node {
            Some(node) => {
                let arguments = node.arguments(arguments);
                BoundCall::new(self.parameters, &self.settings, &arguments)?
            }
            None => BoundCall::new(self.parameters, &self.settings, arguments)?,
        };
        self.read.read(&call)
    }
}

impl Operation {
    /// The operation as a layer.
    pub(super) fn into_layer(self) -> Layer {
        let operation = Arc::new(self);
        let checked = Arc::clone(&operation);
        let build = move |scope: &mut Scope<'_>, inputs: &[ValueId]| {
            operation.read(scope.arguments())?(scope, inputs)
        };
        Layer::of_many(Vec::new(), build).checked_by(move |it| checked.read(it).map(|_| ()))
    }
}

/// Wraps what makes one output of the tensor `x`.
fn of_tensor(
    call: &BoundCall,
    build: impl Fn(&mut Draft, ValueId) -> Result<ValueId, LayerProblem> + 'static,
) -> Result<Build, LayerProblem> {
    let x = call.tensor("x")?;
    one_output(move |scope, inputs| build(scope.draft, input(inputs, x)?))
}

/// Wraps what makes one output.
fn one_output(
    build: impl Fn(&mut Scope<'_>, &[ValueId]) -> Result<ValueId, LayerProblem> + 'static,
) -> Result<Build, LayerProblem> {
    Ok(Box::new(move |scope, inputs| {
        Ok(vec![build(scope, inputs)?])
    }))
}
