//! From a model's definition to operators, or to their shapes alone.

mod order;
mod survey;

use std::collections::HashMap;

use graph::Graph;
use localization::{Text, text};

pub(crate) use survey::survey;

use crate::definition::{Content, LayerDefinition, ModelDefinition, TensorReference};
use crate::draft::{Draft, ValueId};
use crate::error::{ErrorKind, UnsupportedLayer};
use crate::layers::{Called, Notes, Progress, Scope, WeightSource};
use crate::limits;
use crate::problem::LayerProblem;
use crate::recognition;
use crate::settings::Arguments;
use crate::summary::LayerSummary;

/// Builds the graph of a model with one input and one output. The shape of an input image has the
/// channels last, also where the model has them first.
pub(crate) fn assemble(
    model: &ModelDefinition,
    input_shape: &[usize],
    weights: &dyn WeightSource,
) -> Result<Graph, ErrorKind> {
    let mut assembler = Assembler::new(Some(weights));
    let outputs = assembler.build(model, &[Some(input_shape.to_vec())])?;
    let unsupported = |assembler: Assembler<'_>| {
        let mut unsupported = model.unsupported();
        unsupported.extend(assembler.unsupported);
        ErrorKind::UnsupportedLayers(unsupported)
    };
    match *outputs.as_slice() {
        [Some(output)] => {
            let output = assembler.recognize(&[output])?.first().copied();
            match output.filter(|_| assembler.unsupported.is_empty()) {
                Some(output) => {
                    let graph = assembler.progress.draft.into_graph(&model.name, output);
                    graph.map_err(|problem| problem.at(place_of(model)))
                }
                None => Err(unsupported(assembler)),
            }
        }
        [None] => Err(unsupported(assembler)),
        _ => {
            let names = (0..outputs.len()).map(|index| format!("output {index}"));
            Err(ErrorKind::OutputCount(names.collect()))
        }
    }
}

fn place_of(model: &ModelDefinition) -> Text {
    text!("model \"{name}\"", name = model.name)
}

/// Walks a model and its nested models.
struct Assembler<'a> {
    progress: Progress,
    /// Layers that turn out to be unsupported for the shapes they meet.
    unsupported: Vec<UnsupportedLayer>,
    weights: Option<&'a dyn WeightSource>,
    /// Layer calls and their inputs so far.
    work: usize,
}

/// A tensor; `None` when an unsupported layer makes it.
type Value = Option<ValueId>;

impl<'a> Assembler<'a> {
    fn new(weights: Option<&'a dyn WeightSource>) -> Self {
        Self {
            progress: Progress {
                draft: Draft::with_names(weights.is_some()),
                layers: Vec::new(),
                notes: Notes::default(),
            },
            unsupported: Vec::new(),
            weights,
            work: 0,
        }
    }

    fn note_unsupported(&mut self, layer: &str, class: &str, reason: Text) {
        self.unsupported.push(UnsupportedLayer {
            layer: layer.to_owned(),
            class: class.to_owned(),
            reason,
        });
    }

    /// Records a call of which nothing but the layer is known.
    fn note_unknown(&mut self, layer: &LayerDefinition, name: String) {
        self.progress.layers.push(LayerSummary {
            name,
            class: layer.class.clone(),
            output_shape: None,
            parameters: None,
            macs: None,
        });
    }

    /// Joins steps that only mean something together, and returns where the outputs are then.
    /// Steps that stand alone are noted as unsupported.
    fn recognize(&mut self, outputs: &[ValueId]) -> Result<Vec<ValueId>, ErrorKind> {
        let Progress { draft, layers, .. } = &mut self.progress;
        if draft.left_over(outputs).next().is_none() {
            return Ok(outputs.to_vec());
        }
        // Origins are positions of the calls.
        let layer = |origin: usize| {
            let layer = layers.get(origin);
            layer.map_or(("", ""), |layer| (&layer.name, &layer.class))
        };
        let found = recognition::recognize(draft, outputs).map_err(|(origin, problem)| {
            let (name, class) = layer(origin);
            problem.at(text!("layer \"{name}\" ({class})"))
        })?;
        *draft = found.draft;
        for (entry, pending) in draft.left_over(&found.outputs) {
            let (name, class) = layer(entry.origin);
            self.unsupported.push(UnsupportedLayer {
                layer: name.to_owned(),
                class: class.to_owned(),
                reason: pending.describe().1.into(),
            });
        }
        Ok(found.outputs)
    }

    /// Builds a model from its inputs on.
    fn build(
        &mut self,
        model: &ModelDefinition,
        input_shapes: &[Option<Vec<usize>>],
    ) -> Result<Vec<Value>, ErrorKind> {
        let mut inputs = Vec::with_capacity(input_shapes.len());
        for (reference, shape) in model.inputs.iter().zip(input_shapes) {
            let Some(shape) = shape else {
                inputs.push(None);
                continue;
            };
            let layer = model.layers.get(reference.layer);
            let name = layer.map_or("input", |layer| layer.name.as_str());
            let invalid = |problem: LayerProblem| problem.at(place_of(model));
            let draft = &mut self.progress.draft;
            let mut start = draft.input(name, shape.clone()).map_err(invalid)?;
            self.progress.notes.pixels.insert(start);
            if shape.len() == 4 && model.takes_channels_first() {
                draft.enter(name);
                let moved = draft.transpose("channels_first", start, vec![0, 3, 1, 2]);
                start = moved.map_err(invalid)?;
                self.progress.notes.pixels.insert(start);
            }
            inputs.push(Some(start));
        }
        self.build_model(model, "", &inputs)
    }

    /// Builds one call of a model whose layers' names begin with `prefix`.
    fn build_model(
        &mut self,
        model: &ModelDefinition,
        prefix: &str,
        inputs: &[Value],
    ) -> Result<Vec<Value>, ErrorKind> {
        let place = || match prefix {
            "" => place_of(model),
            prefix => text!("model \"{name}\"", name = prefix.trim_end_matches('/')),
        };
        let invalid = |problem: Text| ErrorKind::InvalidConfiguration {
            place: place(),
            problem,
        };
        self.count_work(model)?;
        if inputs.len() != model.inputs.len() {
            return Err(invalid(text!(
                "it is called with {given} inputs but has {expected}",
                given = inputs.len(),
                expected = model.inputs.len()
            )));
        }
        let mut values: HashMap<(usize, usize), Vec<Value>> = HashMap::new();
        for (reference, &input) in model.inputs.iter().zip(inputs) {
            values.insert((reference.layer, reference.call), vec![input]);
        }
        let find = |values: &HashMap<(usize, usize), Vec<Value>>,
                    references: &[TensorReference]| {
            references
                .iter()
                .map(|reference| {
                    let outputs = values.get(&(reference.layer, reference.call))?;
                    match outputs.as_slice() {
                        // Nobody knows how many outputs an unsupported layer has.
                        [None] => Some(None),
                        outputs => outputs.get(reference.output).copied(),
                    }
                })
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| invalid(text!("a call uses an output that does not exist")))
        };
        let order = order::execution_order(&model.layers)
            .ok_or_else(|| invalid(text!("its layers call each other in a circle")))?;
        for (layer_index, call_index) in order {
            let Some(layer) = model.layers.get(layer_index) else {
                continue;
            };
            let Some(call) = layer.calls.get(call_index) else {
                continue;
            };
            if let Content::Input(_) = layer.content {
                continue;
            }
            let inputs = find(&values, &call.inputs)?;
            let name = match call_index {
                0 => format!("{prefix}{}", layer.name),
                index => format!("{prefix}{}:{index}", layer.name),
            };
            let outputs = match &layer.content {
                Content::Model(inner) => self.build_model(inner, &format!("{name}/"), &inputs)?,
                _ => self.build_layer(layer, &call.arguments, name, &inputs)?,
            };
            values.insert((layer_index, call_index), outputs);
        }
        find(&values, &model.outputs)
    }

    /// Builds a call of a layer. Its output is unknown when the layer is unsupported, or when its
    /// inputs are unknown and the file does not note their shape.
    fn build_layer(
        &mut self,
        definition: &LayerDefinition,
        arguments: &Arguments,
        name: String,
        inputs: &[Value],
    ) -> Result<Vec<Value>, ErrorKind> {
        let invalid = |name: &str, problem: Text| ErrorKind::InvalidConfiguration {
            place: text!("layer \"{name}\" ({class})", class = definition.class),
            problem,
        };
        let layer = match &definition.content {
            Content::Layer(layer) if !inputs.is_empty() => layer,
            Content::Unsupported(_) => {
                self.note_unknown(definition, name);
                return Ok(vec![None]);
            }
            _ => return Err(invalid(&name, text!("it has no inputs"))),
        };
        let known: Option<Vec<ValueId>> = inputs.iter().copied().collect();
        let Some(inputs) = known.or_else(|| self.recorded_input(definition, inputs)) else {
            self.note_unknown(definition, name);
            return Ok(vec![None]);
        };
        let called = Called {
            id: definition.id,
            class: &definition.class,
            variables: layer.variables(),
            arguments,
        };
        let Progress {
            draft,
            layers,
            notes,
        } = &mut self.progress;
        draft.set_origin(layers.len());
        let mut scope = Scope::new(draft, notes, self.weights, called, &name);
        match layer.build(&mut scope, &inputs) {
            Ok(outputs) => {
                layers.push(scope.finish(&outputs));
                Ok(outputs.into_iter().map(Some).collect())
            }
            Err(LayerProblem::Unsupported(reason)) => {
                self.note_unsupported(&name, &definition.class, reason);
                self.note_unknown(definition, name);
                Ok(vec![None])
            }
            Err(LayerProblem::Invalid(problem)) => Err(invalid(&name, problem)),
            Err(LayerProblem::Other(kind)) => Err(kind),
        }
    }

    /// The only input of a layer behind an unsupported one, when the file notes its shape.
    fn recorded_input(
        &mut self,
        definition: &LayerDefinition,
        inputs: &[Value],
    ) -> Option<Vec<ValueId>> {
        let (Some(shape), [None]) = (&definition.recorded_input, inputs) else {
            return None;
        };
        let shape = shape.iter().copied().collect::<Option<Vec<usize>>>()?;
        if self.weights.is_some() {
            return None;
        }
        let tensor = self.progress.draft.placeholder(shape).ok()?;
        Some(vec![tensor])
    }

    /// Counts the layers and calls of a model, which may be called many times in another.
    fn count_work(&mut self, model: &ModelDefinition) -> Result<(), ErrorKind> {
        let calls = model.layers.iter().flat_map(|layer| &layer.calls);
        let inputs: usize = calls.map(|call| 1 + call.inputs.len() / 2).sum();
        let work = model.layers.len().max(inputs);
        self.work = self.work.saturating_add(work);
        if self.work > limits::CALLS {
            return Err(ErrorKind::Limit {
                what: text!("a great many layer calls"),
                limit: Text::verbatim(limits::CALLS.to_string()),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::layers::{VariableId, WeightProblem};

    /// Models without variables need none.
    struct NoWeights;

    impl WeightSource for NoWeights {
        fn read(&self, _: VariableId, _: &[usize]) -> Result<Vec<f32>, WeightProblem> {
            Err(WeightProblem::Described(text!("is missing")))
        }
    }

    /// A model of functions of TensorFlow, each with its positional arguments behind the first, which
    /// is the function in front of it, and its named ones. `"image"` among them is the input.
    fn assembled(functions: &[(&str, Json, Json)]) -> Result<Graph, ErrorKind> {
        let mut layers = vec![
            json!({"class_name": "InputLayer", "name": "image", "inbound_nodes": [],
            "config": {"name": "image", "batch_input_shape": [null, 4, 4, 2]}}),
        ];
        let mut last = "image".to_owned();
        for (index, (function, positional, named)) in functions.iter().enumerate() {
            let name = format!("f{index}");
            let mut arguments = named.clone();
            let keys = arguments
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<Vec<_>>();
            for key in keys {
                if arguments[&key] == json!("image") {
                    arguments[&key] = json!(["image", 0, 0]);
                }
            }
            for (key, value) in positional.as_object().unwrap() {
                arguments[key] = value.clone();
            }
            layers.push(json!({"class_name": "TFOpLambda", "name": name,
                "config": {"name": name, "function": function},
                "inbound_nodes": [[last, 0, 0, arguments]]}));
            last = name;
        }
        let configuration = json!({"class_name": "Functional", "config": {"name": "model",
            "layers": layers, "input_layers": [["image", 0, 0]], "output_layers": [[last, 0, 0]]}});
        let model = ModelDefinition::parse(&configuration.to_string(), Some("2.15.0"))?;
        assemble(&model, &[1, 4, 4, 2], &NoWeights)
    }

    fn operators(graph: &Graph) -> Vec<&'static str> {
        graph.nodes().iter().map(|node| node.op.name()).collect()
    }

    #[test]
    fn borders_are_mirrored() {
        let check = |mode: &str, extents: Option<&[usize]>| {
            let paddings = json!({"paddings": [[0, 0], [1, 2], [0, 3], [0, 0]], "mode": mode});
            let graph = assembled(&[("pad", paddings, json!({}))]);
            let shape = graph
                .ok()
                .map(|graph| graph.shape(graph.outputs()[0]).to_vec());
            assert_eq!(shape.as_deref(), extents, "{mode}");
        };
        check("REFLECT", Some(&[1, 7, 7, 2]));
        check("SYMMETRIC", Some(&[1, 7, 7, 2]));
        check("WRAP", None);
    }

    /// `x * (1 + erf(x / sqrt(2)))` with the half of it in front or behind.
    #[test]
    fn a_gelu_is_recognized_and_an_error_function_alone_refused() {
        let number = |number: f64| json!({"y": number});
        let steps = [
            (
                "math.multiply",
                number(std::f64::consts::FRAC_1_SQRT_2),
                json!({}),
            ),
            ("math.erf", json!({}), json!({})),
            ("math.add", number(1.0), json!({})),
            ("math.multiply", json!({}), json!({"y": "image"})),
            ("math.multiply", number(0.5), json!({})),
        ];
        let graph = assembled(&steps).unwrap();
        assert_eq!(operators(&graph), ["Gelu"]);
        assert_eq!(graph.nodes()[0].name, "f4");
        let Err(ErrorKind::UnsupportedLayers(layers)) = assembled(&steps[..3]) else {
            panic!("an error function alone is not refused");
        };
        assert_eq!((layers.len(), layers[0].layer.as_str()), (1, "f1"));
    }
}
