use std::collections::{HashMap, HashSet};

use localization::{Phrase, Text, phrase, text};
use serde_json::{Map, Value};

use super::calls::{NamedCall, NamedTensor, parse_calls, parse_tensors};
use super::{Call, Content, LayerDefinition, ModelDefinition, TensorReference};
use crate::error::{ErrorKind, UnsupportedLayer};
use crate::layers::{self, LayerId, Origin};
use crate::limits;
use crate::problem::LayerProblem;
use crate::settings::{Argument, Arguments, Generation, Settings, integer, sequence};
use crate::summary::OpenShape;

pub(super) fn parse(
    configuration: &str,
    keras_version: Option<&str>,
) -> Result<ModelDefinition, ErrorKind> {
    if configuration.len() > limits::CONFIGURATION_BYTES {
        return Err(ErrorKind::Limit {
            what: text!(
                "a configuration of {bytes} bytes",
                bytes = configuration.len()
            ),
            limit: text!("{count} bytes", count = limits::CONFIGURATION_BYTES),
        });
    }
    let value: Value = serde_json::from_str(configuration)
        .map_err(|error| invalid(phrase!("the JSON text"), Text::verbatim(error.to_string())))?;
    let Value::Object(entry) = value else {
        return Err(invalid(
            phrase!("the JSON text"),
            phrase!("it is not an object"),
        ));
    };
    let mut parser = Parser {
        generation: Generation::of(keras_version),
        layers: 0,
    };
    let class = class_name(&entry, phrase!("the model"))?;
    if !is_model(&class) {
        return Err(ErrorKind::UnsupportedLayers(vec![UnsupportedLayer {
            layer: "the model itself".to_owned(),
            class,
            reason: text!("only Functional and Sequential models can be converted"),
        }]));
    }
    parser.model(&class, entry, 0)
}

fn is_model(class: &str) -> bool {
    matches!(class, "Functional" | "Model" | "Sequential")
}

fn invalid(place: impl Into<Text>, problem: impl Into<Text>) -> ErrorKind {
    ErrorKind::InvalidConfiguration {
        place: place.into(),
        problem: problem.into(),
    }
}

fn class_name(entry: &Map<String, Value>, place: Phrase) -> Result<String, ErrorKind> {
    entry
        .get("class_name")
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| invalid(place, phrase!("\"class_name\" is missing")))
}

struct Parser {
    generation: Generation,
    /// Layers read so far, in the whole tree.
    layers: usize,
}

/// A layer whose calls still go by names.
struct NamedLayer {
    definition: LayerDefinition,
    calls: Vec<NamedCall>,
}

impl Parser {
    fn model(
        &mut self,
        class: &str,
        mut entry: Map<String, Value>,
        depth: usize,
    ) -> Result<ModelDefinition, ErrorKind> {
        if depth > limits::NESTING {
            return Err(ErrorKind::Limit {
                what: text!("models nested {depth} deep"),
                limit: Text::verbatim(limits::NESTING.to_string()),
            });
        }
        let mut config = match entry.remove("config") {
            Some(Value::Object(config)) => config,
            // Keras 2.0 to 2.2 wrote a Sequential model as the bare list of its layers.
            Some(list @ Value::Array(_)) if class == "Sequential" => {
                Map::from_iter([("layers".to_owned(), list)])
            }
            _ => {
                return Err(invalid(
                    Text::verbatim(class),
                    phrase!("\"config\" is missing"),
                ));
            }
        };
        let name = config
            .get("name")
            .or_else(|| entry.get("name"))
            .and_then(Value::as_str)
            .unwrap_or("model")
            .to_owned();
        let Some(Value::Array(entries)) = config.remove("layers") else {
            return Err(invalid(
                text!("model \"{name}\""),
                phrase!("\"layers\" is missing"),
            ));
        };
        if entries.is_empty() {
            return Err(invalid(
                text!("model \"{name}\""),
                phrase!("it has no layers"),
            ));
        }
        let first_input = first_input_shape(&entries);
        let layers = entries
            .into_iter()
            .map(|entry| self.layer(entry, depth))
            .collect::<Result<Vec<_>, _>>()?;
        let trainable = config.get("trainable").and_then(Value::as_bool);
        let mut model = ModelDefinition {
            name,
            generation: self.generation,
            trainable: trainable.unwrap_or(true),
            layers: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
        };
        if class == "Sequential" {
            let build_shape = config
                .get("build_input_shape")
                .filter(|shape| !shape.is_null())
                .or_else(|| config.get("batch_input_shape"))
                .or_else(|| entry.get("build_config")?.get("input_shape"))
                .and_then(parse_shape);
            self.chain(&mut model, layers, first_input.or(build_shape));
        } else {
            connect(&mut model, layers, &config)?;
        }
        check_names(&model)?;
        Ok(model)
    }

    fn layer(&mut self, entry: Value, depth: usize) -> Result<NamedLayer, ErrorKind> {
        let Value::Object(mut entry) = entry else {
            return Err(invalid(
                Text::verbatim("\"layers\""),
                phrase!("an entry is not an object"),
            ));
        };
        let class = class_name(&entry, phrase!("a layer"))?;
        // Calls go by the name beside the configuration; a few classes have another inside.
        let name = entry
            .get("name")
            .or_else(|| entry.get("config")?.get("name"))
            .and_then(Value::as_str)
            .unwrap_or(&class)
            .to_owned();
        let place = text!("layer \"{name}\" ({class})");
        let calls = match entry.get("inbound_nodes") {
            Some(nodes) => parse_calls(nodes, self.generation)
                .map_err(|problem| invalid(place.clone(), problem))?,
            None => Vec::new(),
        };
        let dtype = entry
            .get("config")
            .map_or_else(default_dtype, computation_dtype);
        let recorded_input = recorded_input(&entry);
        let id = self.next_id();
        let mut channels_first = None;
        let (trainable, content) = if is_model(&class) {
            let model = self.model(&class, entry, depth + 1)?;
            (model.trainable, Content::Model(Box::new(model)))
        } else {
            let origin = origin(&entry, self.generation, &class);
            let values = match entry.remove("config") {
                Some(Value::Object(values)) => values,
                None | Some(Value::Null) => Map::new(),
                Some(_) => return Err(invalid(place, phrase!("\"config\" is not an object"))),
            };
            let settings = Settings {
                values,
                generation: self.generation,
            };
            let trainable = settings.flag("trainable", true).unwrap_or(true);
            channels_first = settings
                .text("data_format")
                .map(|order| order == "channels_first");
            let content =
                interpret(&class, origin, &settings).map_err(|problem| problem.at(place))?;
            (trainable, content)
        };
        let definition = LayerDefinition {
            id,
            name,
            class,
            trainable,
            channels_first,
            dtype,
            recorded_input,
            content,
            calls: Vec::new(),
        };
        Ok(NamedLayer { definition, calls })
    }

    fn next_id(&mut self) -> LayerId {
        self.layers += 1;
        LayerId(self.layers - 1)
    }

    /// Makes a Sequential model's layers call each other in turn.
    fn chain(
        &mut self,
        model: &mut ModelDefinition,
        layers: Vec<NamedLayer>,
        shape: Option<OpenShape>,
    ) {
        let mut layers: Vec<_> = layers.into_iter().map(|layer| layer.definition).collect();
        match layers.first_mut().map(|first| &mut first.content) {
            Some(Content::Input(recorded)) => *recorded = recorded.take().or(shape),
            _ => {
                let first = layers.first().map_or("model", |layer| layer.name.as_str());
                let input = LayerDefinition {
                    id: self.next_id(),
                    name: format!("{first}_input"),
                    class: "InputLayer".to_owned(),
                    trainable: true,
                    channels_first: None,
                    dtype: default_dtype(),
                    recorded_input: None,
                    content: Content::Input(shape),
                    calls: Vec::new(),
                };
                layers.insert(0, input);
            }
        }
        let reference = |layer| TensorReference {
            layer,
            call: 0,
            output: 0,
        };
        for (index, layer) in layers.iter_mut().enumerate() {
            let inputs: Vec<_> = index.checked_sub(1).map(reference).into_iter().collect();
            let positional = inputs.iter().map(|_| Argument::Tensor(0)).collect();
            let arguments = Arguments {
                positional,
                ..Arguments::default()
            };
            layer.calls = vec![Call { inputs, arguments }];
        }
        model.inputs = vec![reference(0)];
        model.outputs = vec![reference(layers.len().saturating_sub(1))];
        model.layers = layers;
    }
}

/// Resolves the names in a Functional model's calls.
fn connect(
    model: &mut ModelDefinition,
    mut layers: Vec<NamedLayer>,
    config: &Map<String, Value>,
) -> Result<(), ErrorKind> {
    let ends = |key: &str| {
        config
            .get(key)
            .ok_or_else(|| text!("it is missing"))
            .and_then(parse_tensors)
            .map_err(|problem| invalid(Text::verbatim(format!("\"{key}\"")), problem))
    };
    let inputs = ends("input_layers")?;
    let outputs = ends("output_layers")?;
    for layer in &mut layers {
        if matches!(layer.definition.content, Content::Input(_)) && layer.calls.is_empty() {
            layer.calls.push(NamedCall::default());
        }
    }
    let references = layers
        .iter()
        .flat_map(|layer| layer.calls.iter().flat_map(|call| &call.inputs))
        .chain(&outputs);
    let numbering = Numbering::new(&layers, references, model.generation);
    let resolve = |tensors: &[NamedTensor], place: &str| {
        tensors
            .iter()
            .map(|tensor| {
                numbering.resolve(tensor).ok_or_else(|| {
                    invalid(
                        Text::verbatim(place),
                        text!(
                            "call {node} of layer \"{layer}\" does not exist",
                            node = tensor.node,
                            layer = tensor.layer
                        ),
                    )
                })
            })
            .collect::<Result<Vec<_>, _>>()
    };
    model.inputs = resolve(&inputs, "\"input_layers\"")?;
    model.outputs = resolve(&outputs, "\"output_layers\"")?;
    let mut resolved = Vec::with_capacity(layers.len());
    for layer in &layers {
        let place = format!("layer \"{}\"", layer.definition.name);
        let calls = layer
            .calls
            .iter()
            .map(|call| {
                Ok(Call {
                    inputs: resolve(&call.inputs, &place)?,
                    arguments: call.arguments.clone(),
                })
            })
            .collect::<Result<Vec<_>, ErrorKind>>()?;
        resolved.push(calls);
    }
    model.layers = layers.into_iter().map(|layer| layer.definition).collect();
    for (layer, calls) in model.layers.iter_mut().zip(resolved) {
        layer.calls = calls;
    }
    for input in &model.inputs {
        let layer = model.layers.get(input.layer);
        if !layer.is_some_and(|layer| matches!(layer.content, Content::Input(_))) {
            return Err(invalid(
                Text::verbatim("\"input_layers\""),
                phrase!("it names a layer that is not an InputLayer"),
            ));
        }
    }
    Ok(())
}

/// Position, number of calls, and number of the first call of each layer by name.
struct Numbering {
    layers: HashMap<String, (usize, usize, usize)>,
}

impl Numbering {
    /// In Keras 2 a nested model that was built from an input has a call of its own, number 0, so
    /// that the calls in the model around it count from 1. Every call is used somewhere, so the
    /// numbers in use tell which case it is.
    fn new<'a>(
        layers: &[NamedLayer],
        references: impl Iterator<Item = &'a NamedTensor>,
        generation: Generation,
    ) -> Self {
        let mut zero_is_used: HashMap<&str, bool> = HashMap::new();
        for tensor in references {
            *zero_is_used.entry(&tensor.layer).or_default() |= tensor.node == 0;
        }
        let layers = layers
            .iter()
            .enumerate()
            .map(|(index, layer)| {
                let name = &layer.definition.name;
                let nested = matches!(layer.definition.content, Content::Model(_));
                let starts_at_one = nested
                    && generation == Generation::Keras2
                    && zero_is_used.get(name.as_str()) == Some(&false);
                let first = usize::from(starts_at_one);
                (name.clone(), (index, layer.calls.len(), first))
            })
            .collect();
        Self { layers }
    }

    fn resolve(&self, tensor: &NamedTensor) -> Option<TensorReference> {
        let &(layer, calls, first) = self.layers.get(&tensor.layer)?;
        let call = tensor.node.checked_sub(first)?;
        (call < calls).then_some(TensorReference {
            layer,
            call,
            output: tensor.output,
        })
    }
}

fn check_names(model: &ModelDefinition) -> Result<(), ErrorKind> {
    let mut seen = HashSet::new();
    for layer in &model.layers {
        if layer.name.is_empty() || layer.name.len() > limits::NAME_BYTES {
            return Err(invalid(
                text!("model \"{model}\"", model = model.name),
                text!(
                    "a layer has a name of {bytes} bytes",
                    bytes = layer.name.len()
                ),
            ));
        }
        if !seen.insert(layer.name.as_str()) {
            return Err(invalid(
                text!("model \"{model}\"", model = model.name),
                text!("two layers are named \"{name}\"", name = layer.name),
            ));
        }
    }
    Ok(())
}

fn interpret(class: &str, origin: Origin, settings: &Settings) -> Result<Content, LayerProblem> {
    if class == "InputLayer" && origin == Origin::Keras {
        let shape = settings
            .get("batch_input_shape")
            .or_else(|| settings.get("batch_shape"));
        return Ok(Content::Input(shape.and_then(parse_shape)));
    }
    match layers::parse(class, origin, settings) {
        Ok(layer) => Ok(Content::Layer(layer)),
        Err(LayerProblem::Unsupported(reason)) => Ok(Content::Unsupported(reason)),
        Err(problem) => Err(problem),
    }
}

/// Tells a layer of Keras from a user's class and from an operation on tensors, which Keras 3
/// saves under the same class names (`Add`, `Multiply`, `Concatenate`).
fn origin(entry: &Map<String, Value>, generation: Generation, class: &str) -> Origin {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or("");
    let module = text("module");
    // A class of keras.applications that is registered like a user's.
    const APPLICATION: &str = "Custom>CustomScaleLayer";
    if text("registered_name") == APPLICATION || class == APPLICATION {
        return Origin::Keras;
    }
    // Registered classes are saved as "package>Class".
    if text("registered_name").contains('>') || class.contains('>') {
        return Origin::Custom;
    }
    let built_in = ["keras", "tf_keras", "tensorflow"];
    if !module.is_empty() && !built_in.contains(&module.split('.').next().unwrap_or(module)) {
        return Origin::Custom;
    }
    // Files in the .h5 format leave the module out; a layer has a dtype there, and an operation
    // has none unless it is a cast.
    let is_layer = entry.get("config").is_some_and(|config| {
        config.get("trainable").is_some()
            || (class != "Cast" && config.get("dtype").is_some_and(|dtype| !dtype.is_null()))
    });
    let untold = module.is_empty() && generation == Generation::Keras3 && class != "InputLayer";
    if module.contains(".ops.") || (untold && !is_layer) {
        return Origin::Operation;
    }
    Origin::Keras
}

/// Input shape that the first layer of a Sequential model records.
fn first_input_shape(entries: &[Value]) -> Option<OpenShape> {
    let first = entries.first()?;
    let config = first.get("config")?;
    let recorded = ["batch_input_shape", "batch_shape", "build_input_shape"]
        .iter()
        .filter_map(|key| config.get(key))
        .chain(
            first
                .get("build_config")
                .and_then(|build| build.get("input_shape")),
        )
        .find_map(parse_shape);
    let nested = || {
        let layers = config.get("layers").unwrap_or(config).as_array()?;
        first_input_shape(layers)
    };
    recorded.or_else(nested)
}

/// Input shape that Keras 2.12 and later note when a layer is built, or that Keras 3 notes with the
/// tensors of a call.
fn recorded_input(entry: &Map<String, Value>) -> Option<OpenShape> {
    let built = || entry.get("build_config")?.get("input_shape");
    let called = || {
        let arguments = entry.get("inbound_nodes")?.get(0)?.get("args")?;
        arguments.get(0)?.get("config")?.get("shape")
    };
    let mut shape = built().or_else(called).and_then(parse_shape)?;
    *shape.first_mut()? = Some(1);
    Some(shape)
}

fn default_dtype() -> String {
    "float32".to_owned()
}

/// The type that a layer computes in, from its `dtype`: a name or a policy.
fn computation_dtype(config: &Value) -> String {
    let policy = config.get("dtype").unwrap_or(&Value::Null);
    let name = policy
        .get("config")
        .and_then(|policy| policy.get("name"))
        .unwrap_or(policy);
    name.as_str().map_or_else(default_dtype, |name| {
        let name = name.strip_prefix("mixed_").unwrap_or(name);
        name.chars().take(limits::NAME_BYTES).collect()
    })
}

fn parse_shape(value: &Value) -> Option<OpenShape> {
    let extents = sequence(value)?;
    extents
        .iter()
        .map(|extent| match extent {
            Value::Null => Some(None),
            extent => integer(extent).map(Some),
        })
        .collect()
}
