//! From a model's definition to operators, or to their shapes alone.

mod canvas;
mod layout;
mod order;
mod scope;

use std::collections::{HashMap, HashSet};

use graph::{Graph, Op, TensorId};

use canvas::Canvas;
pub(crate) use layout::Layout;
pub(crate) use scope::{Scope, macs_per_position};

use crate::container::WeightSource;
use crate::definition::{
    Arguments, Content, LayerDefinition, ModelDefinition, TensorReference, VariableId,
};
use crate::error::ErrorKind;
use crate::layers::LayerProblem;
use crate::limits;
use crate::summary::{InputNormalization, LayerSummary, UnsupportedLayer};

/// What is known of a model once it has been put together.
pub(crate) struct Assembly {
    pub(crate) output_shape: Vec<usize>,
    pub(crate) layers: Vec<LayerSummary>,
    pub(crate) parameters: u64,
    pub(crate) input_normalizations: Vec<InputNormalization>,
}

/// Computes the shapes of a model without reading weights. The shape of an input image has the
/// channels last, also where the model has them first.
pub(crate) fn assemble_shapes(
    model: &ModelDefinition,
    input_shape: &[usize],
) -> Result<Assembly, ErrorKind> {
    let assembler = Assembler::new(Canvas::Shapes(Vec::new()), None);
    let (_, assembly) = assembler.assemble(model, input_shape)?;
    Ok(assembly)
}

/// Builds the graph of a model.
pub(crate) fn assemble_graph(
    model: &ModelDefinition,
    input_shape: &[usize],
    weights: &dyn WeightSource,
) -> Result<(Graph, Assembly), ErrorKind> {
    let canvas = Canvas::Graph(Graph::new(model.name.clone()));
    Assembler::new(canvas, Some(weights)).assemble(model, input_shape)
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
    parameters: u64,
    /// Tensors whose elements are pixels of the input, whatever their scale.
    pixels: HashSet<TensorId>,
    input_normalizations: Vec<InputNormalization>,
}

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
            parameters: 0,
            pixels: HashSet::new(),
            input_normalizations: Vec::new(),
        };
        Self {
            workspace,
            weights,
            work: 0,
        }
    }

    fn assemble(
        mut self,
        model: &ModelDefinition,
        input_shape: &[usize],
    ) -> Result<(Graph, Assembly), ErrorKind> {
        let name = model
            .inputs
            .first()
            .and_then(|input| model.layers.get(input.layer))
            .map_or("input", |layer| layer.name.as_str());
        let input = self.workspace.canvas.input(name, input_shape)?;
        self.workspace.names.insert(name.to_owned());
        self.workspace.pixels.insert(input);
        let mut start = input;
        if model.takes_channels_first() {
            let name = self.workspace.unique_name(format!("{name}/channels_first"));
            let permutation = vec![0, 3, 1, 2];
            let op = Op::Transpose { permutation };
            start = self.workspace.canvas.node(name, op, &[input])?;
            self.workspace.pixels.insert(start);
        }
        let outputs = self.build_model(model, "", &[start])?;
        let &[output] = outputs.as_slice() else {
            return Err(ErrorKind::OutputCount(
                (0..outputs.len())
                    .map(|index| format!("output {index}"))
                    .collect(),
            ));
        };
        let mut workspace = self.workspace;
        workspace.canvas.set_output(output);
        let assembly = Assembly {
            output_shape: workspace.canvas.shape(output).to_vec(),
            layers: workspace.layers,
            parameters: workspace.parameters,
            input_normalizations: workspace.input_normalizations,
        };
        Ok((workspace.canvas.into_graph(), assembly))
    }

    /// Builds one call of a model whose layers' names begin with `prefix`.
    fn build_model(
        &mut self,
        model: &ModelDefinition,
        prefix: &str,
        inputs: &[TensorId],
    ) -> Result<Vec<TensorId>, ErrorKind> {
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
        let mut values: HashMap<(usize, usize), Vec<TensorId>> = HashMap::new();
        for (reference, &input) in model.inputs.iter().zip(inputs) {
            values.insert((reference.layer, reference.call), vec![input]);
        }
        let find = |values: &HashMap<(usize, usize), Vec<TensorId>>,
                    references: &[TensorReference]| {
            references
                .iter()
                .map(|reference| {
                    values
                        .get(&(reference.layer, reference.call))
                        .and_then(|outputs| outputs.get(reference.output))
                        .copied()
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

    fn build_layer(
        &mut self,
        definition: &LayerDefinition,
        arguments: &Arguments,
        name: String,
        inputs: &[TensorId],
    ) -> Result<Vec<TensorId>, ErrorKind> {
        let problem = |name: String, problem: LayerProblem| match problem {
            LayerProblem::Other(kind) => kind,
            LayerProblem::Unsupported(reason) => {
                ErrorKind::UnsupportedLayers(vec![UnsupportedLayer {
                    layer: name,
                    class: definition.class.clone(),
                    reason,
                }])
            }
            LayerProblem::Invalid(problem) => ErrorKind::InvalidConfiguration {
                place: format!("layer \"{name}\" ({})", definition.class),
                problem,
            },
        };
        let layer = match &definition.content {
            Content::Layer(layer) if !inputs.is_empty() => layer,
            Content::Unsupported(reason) => {
                return Err(problem(name, LayerProblem::Unsupported(reason.clone())));
            }
            _ => {
                return Err(problem(
                    name,
                    LayerProblem::Invalid("it has no inputs".to_owned()),
                ));
            }
        };
        let workspace = &mut self.workspace;
        let mut scope = Scope::new(workspace, self.weights, definition, arguments, name);
        match layer.build_outputs(&mut scope, inputs) {
            Ok(outputs) => {
                scope.finish(&outputs);
                Ok(outputs)
            }
            Err(error) => Err(problem(scope.into_name(), error)),
        }
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
