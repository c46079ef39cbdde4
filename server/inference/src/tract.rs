//! A [`graph::Graph`] in tract, by way of an ONNX model in memory.

mod conversion;
mod elementwise;
mod model;
mod onnx;
mod shape;
mod window;

use graph::{Graph, TensorId};
use localization::{Text, text};
use tract_onnx::prelude::*;

use crate::{Elements, Engine, InferenceError, Model, Output};

/// Version of tract that runs Keras models, for problem reports.
pub const TRACT_VERSION: &str = "0.23.9";

const DESCRIPTION: &str = "tract";

/// The model graph as it was read, without any pass over it, ready to run.
pub struct TractModel {
    plan: Arc<TypedRunnableModel>,
    input_shape: Vec<usize>,
    output_shapes: Vec<Vec<usize>>,
}

impl TractModel {
    /// Prepares a graph to compute the given tensors, which are the outputs of its engines in the
    /// same order and with the shapes that the graph declares (channels last).
    ///
    /// # Errors
    /// [`InferenceError::InputCount`] when the graph does not have one input,
    /// [`InferenceError::Load`] when tract does not take it.
    pub fn new(graph: &Graph, outputs: &[TensorId]) -> Result<Self, InferenceError> {
        let &[input] = graph.inputs() else {
            return Err(InferenceError::InputCount {
                count: graph.inputs().len(),
            });
        };
        let model = model::convert(graph, input, outputs)?;
        let plan = tract_onnx::onnx()
            .model_for_proto_model(&model)
            .and_then(|model| model.into_optimized())
            .and_then(|model| model.into_runnable())
            .map_err(|error| InferenceError::Load {
                engine: DESCRIPTION.to_owned(),
                problem: text!("is refused: {reason}", reason = one_line(&error)),
            })?;
        Ok(Self {
            plan,
            input_shape: graph.shape(input).to_vec(),
            output_shapes: outputs.iter().map(|&id| graph.shape(id).to_vec()).collect(),
        })
    }
}

impl Model for TractModel {
    fn engine(&self) -> Result<Box<dyn Engine + '_>, InferenceError> {
        let state = self.plan.spawn().map_err(|error| run_error(&error))?;
        Ok(Box::new(TractEngine {
            model: self,
            state,
            outputs: TVec::new(),
        }))
    }

    fn description(&self) -> String {
        DESCRIPTION.to_owned()
    }
}

struct TractEngine<'a> {
    model: &'a TractModel,
    state: TypedSimpleState,
    outputs: TVec<TValue>,
}

impl Engine for TractEngine<'_> {
    fn input_shape(&self) -> &[usize] {
        &self.model.input_shape
    }

    fn output_shapes(&self) -> &[Vec<usize>] {
        &self.model.output_shapes
    }

    fn run(&mut self, input: &[f32]) -> Result<(), InferenceError> {
        let shape = &self.model.input_shape;
        let expected = shape.iter().product();
        if input.len() != expected {
            return Err(InferenceError::InputLength {
                given: input.len(),
                expected,
            });
        }
        self.outputs.clear();
        self.outputs = Tensor::from_shape(shape, input)
            .and_then(|tensor| self.state.run(tvec!(tensor.into_tvalue())))
            .map_err(|error| run_error(&error))?;
        Ok(())
    }

    fn output(&self, index: usize) -> Result<Output<'_>, InferenceError> {
        let tensor = self
            .outputs
            .get(index)
            .ok_or(InferenceError::NoOutput { index })?;
        let view = tensor.to_plain_array_view::<f32>();
        let view = view.map_err(|error| run_error(&error))?;
        view.to_slice()
            .map(|elements| Output(Elements::Slice(elements)))
            .ok_or(InferenceError::NoOutput { index })
    }
}

fn run_error(error: &TractError) -> InferenceError {
    InferenceError::Run {
        engine: DESCRIPTION.to_owned(),
        problem: Text::verbatim(one_line(error)),
    }
}

/// tract's error and its causes, outermost first.
fn one_line(error: &TractError) -> String {
    format!("{error:#}").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_locked_one() {
        let lock = include_str!("../../../Cargo.lock");
        let entry = format!("name = \"tract-onnx\"\nversion = \"{TRACT_VERSION}\"");
        assert!(lock.contains(&entry), "Cargo.lock has no {entry}");
    }
}
