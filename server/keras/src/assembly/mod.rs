//! From a model's definition to operators, or to their shapes alone.

mod canvas;
mod layout;
mod order;
mod scope;
mod survey;

use std::collections::{HashMap, HashSet};

use graph::{Graph, Op, TensorId};

use canvas::Canvas;
pub(crate) use layout::Layout;
pub(crate) use scope::Scope;
pub(crate) use survey::survey;

use crate::container::WeightSource;
use crate::definition::{
    Arguments, Content, LayerDefinition, ModelDefinition, TensorReference, VariableId,
};
use crate::error::ErrorKind;
use crate::layers::LayerProblem;
use crate::limits;
use crate::summary::{InputNormalization, LayerSummary, UnsupportedLayer};

/// Builds the graph of a model with one input and one output. The shape of an input image has the
/// channels last, also where the model has them first.
pub(crate) fn assemble(
    model: &ModelDefinition,
    input_shape: &[usize],
    weights: &dyn WeightSource,
) -> Result<Graph, ErrorKind> {
    let canvas = Canvas::Graph(Graph::new(model.name.clone()));
    let mut assembler = Assembler::new(canvas, Some(weights));
    let outputs = assembler.build(model, &[Some(input_shape.to_vec())])?;
    let mut canvas = assembler.workspace.canvas;
    match *outputs.as_slice() {
        [Some(output)] => canvas.set_output(output),
        [None] => {
            let mut unsupported = model.unsupported();
            unsupported.append(&mut assembler.workspace.unsupported);
            return Err(ErrorKind::UnsupportedLayers(unsupported));
        }
        _ => {
            let names = (0..outputs.len()).map(|index| format!("output {index}"));
            return Err(ErrorKind::OutputCount(names.collect()));
        }
    }
    Ok(canvas.into_graph())
}

/// Walks a model and its nested models.
struct Assembler<'a> {
    workspace: Workspace,
    weights: Option<&'a dyn WeightSource>,
    /// Layer calls and their inputs so far.
    work: usize,
}

/// What an assembly has made so far.
struct Workspace {
    canvas: Canvas,
    /// Names of tensors that are taken.
    names: HashSet<String>,
    /// Constants of variables that are in use, so that calls of a shared layer share them.
    constants: HashMap<VariableId, TensorId>,
    /// Variables that have been counted.
    counted: HashSet<VariableId>,
    /// Values of integer tensors that are known while the model is put together.
    integers: HashMap<TensorId, Vec<i64>>,
    layers: Vec<LayerSummary>,
    /// Layers that turn out to be unsupported for the shapes they meet.
    unsupported: Vec<UnsupportedLayer>,
    /// Tensors whose elements are pixels of the input, whatever their scale.
    pixels: HashSet<TensorId>,
    input_normalizations: Vec<InputNormalization>,
}

/// A tensor; `None` when an unsupported layer makes it.
type Value = Option<TensorId>;

impl Workspace {
    /// A tensor name that is not taken yet.
    fn unique_name(&mut self, name: String) -> String {
        if self.names.insert(name.clone()) {
            return name;
        }
        let mut number = 1usize;
        loop {
            let candidate = format!("{name}_{number}");
            if self.names.insert(candidate.clone()) {
                return candidate;
            }
            number += 1;
        }
    }

    fn note_unsupported(&mut self, layer: &LayerDefinition, name: &str, reason: String) {
        self.unsupported.push(UnsupportedLayer {
            layer: name.to_owned(),
            class: layer.class.clone(),
            reason,
        });
    }

    /// Records a call of which nothing but the layer is known.
    fn note_unknown(&mut self, layer: &LayerDefinition, name: String) {
        self.layers.push(LayerSummary {
            name,
            class: layer.class.clone(),
            output_shape: None,
            parameters: None,
            macs: None,
        });
    }
}

impl<'a> Assembler<'a> {
    fn new(canvas: Canvas, weights: Option<&'a dyn WeightSource>) -> Self {
        let workspace = Workspace {
            canvas,
            names: HashSet::new(),
            constants: HashMap::new(),
            counted: HashSet::new(),
            integers: HashMap::new(),
            layers: Vec::new(),
            unsupported: Vec::new(),
            pixels: HashSet::new(),
            input_normalizations: Vec::new(),
        };
        Self {
            workspace,
            weights,
            work: 0,
        }
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
            let input = self.workspace.canvas.input(name, shape)?;
            self.workspace.names.insert(name.to_owned());
            self.workspace.pixels.insert(input);
            let mut start = input;
            if shape.len() == 4 && model.takes_channels_first() {
                let name = self.workspace.unique_name(format!("{name}/channels_first"));
                let permutation = vec![0, 3, 1, 2];
                let op = Op::Transpose { permutation };
                start = self.workspace.canvas.node(name, op, &[input])?;
                self.workspace.pixels.insert(start);
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
            "" => format!("model \"{}\"", model.name),
            prefix => format!("model \"{}\"", prefix.trim_end_matches('/')),
        };
        let invalid = |problem: String| ErrorKind::InvalidConfiguration {
            place: place(),
            problem,
        };
        self.count_work(model)?;
        if inputs.len() != model.inputs.len() {
            return Err(invalid(format!(
                "it is called with {} inputs but has {}",
                inputs.len(),
                model.inputs.len()
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
                .ok_or_else(|| invalid("a call uses an output that does not exist".to_owned()))
        };
        let order = order::execution_order(&model.layers)
            .ok_or_else(|| invalid("its layers call each other in a circle".to_owned()))?;
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
        let invalid = |name: &str, problem: String| ErrorKind::InvalidConfiguration {
            place: format!("layer \"{name}\" ({})", definition.class),
            problem,
        };
        let layer = match &definition.content {
            Content::Layer(layer) if !inputs.is_empty() => layer,
            Content::Unsupported(_) => {
                self.workspace.note_unknown(definition, name);
                return Ok(vec![None]);
            }
            _ => return Err(invalid(&name, "it has no inputs".to_owned())),
        };
        let known: Option<Vec<TensorId>> = inputs.iter().copied().collect();
        let Some(inputs) = known.or_else(|| self.recorded_input(definition, inputs)) else {
            self.workspace.note_unknown(definition, name);
            return Ok(vec![None]);
        };
        let workspace = &mut self.workspace;
        let mut scope = Scope::new(workspace, self.weights, definition, arguments, name);
        let problem = match layer.build_outputs(&mut scope, &inputs) {
            Ok(outputs) => {
                scope.finish(&outputs);
                return Ok(outputs.into_iter().map(Some).collect());
            }
            Err(problem) => problem,
        };
        let name = scope.into_name();
        match problem {
            LayerProblem::Unsupported(reason) => {
                let workspace = &mut self.workspace;
                workspace.note_unsupported(definition, &name, reason);
                workspace.note_unknown(definition, name);
                Ok(vec![None])
            }
            LayerProblem::Invalid(problem) => Err(invalid(&name, problem)),
            LayerProblem::Other(kind) => Err(kind),
        }
    }

    /// The only input of a layer behind an unsupported one, when the file notes its shape.
    fn recorded_input(
        &mut self,
        definition: &LayerDefinition,
        inputs: &[Value],
    ) -> Option<Vec<TensorId>> {
        let (Some(shape), [None]) = (&definition.recorded_input, inputs) else {
            return None;
        };
        let shape = shape.iter().copied().collect::<Option<Vec<usize>>>()?;
        let tensor = self.workspace.canvas.recorded(&definition.name, shape)?;
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
                what: "a great many layer calls".to_owned(),
                limit: limits::CALLS.to_string(),
            });
        }
        Ok(())
    }
}
