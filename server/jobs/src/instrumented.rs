//! TFLite files that tell what some tensors of a model hold.

use graph::{Graph, TensorId};
use inference::{Engine, InferenceError, Kernels, Output, TfliteModel};
use tflite::{Encodings, WriteOptions};

use crate::error::JobError;

/// What a model has to give to tell some tensors.
pub(crate) struct Outputs {
    /// All of its outputs, its own ones first.
    pub(crate) all: Vec<TensorId>,
    /// Those that it does not have by itself.
    extra: Vec<TensorId>,
    /// Where each of the tensors is found.
    places: Vec<Place>,
}

/// Where a tensor is found after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Input,
    Output(usize),
}

/// Values of a tensor after a run.
pub(crate) enum Values<'a> {
    Input(&'a [f32]),
    Output(Output<'a>),
}

impl std::ops::Deref for Values<'_> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match self {
            Self::Input(values) => values,
            Self::Output(values) => values,
        }
    }
}

impl Outputs {
    pub(crate) fn telling(graph: &Graph, tensors: &[TensorId]) -> Self {
        let outside = [graph.inputs(), graph.outputs()].concat();
        let mut extra: Vec<TensorId> = Vec::new();
        for tensor in tensors {
            if !outside.contains(tensor) && !extra.contains(tensor) {
                extra.push(*tensor);
            }
        }
        let all = [graph.outputs(), &extra].concat();
        let place = |tensor: &TensorId| {
            let position = all.iter().position(|output| output == tensor);
            position.map_or(Place::Input, Place::Output)
        };
        Self {
            places: tensors.iter().map(place).collect(),
            all,
            extra,
        }
    }

    /// The file of a model with these outputs.
    pub(crate) fn file(
        &self,
        graph: &Graph,
        encodings: &Encodings,
        description: &str,
    ) -> Result<Vec<u8>, JobError> {
        let options = WriteOptions {
            extra_outputs: &self.extra,
            description,
        };
        Ok(tflite::write(graph, encodings, &options)?)
    }

    /// Number of tensors that are told.
    pub(crate) fn tensors(&self) -> usize {
        self.places.len()
    }

    /// A tensor after an engine has run on `input`.
    pub(crate) fn tensor<'a>(
        &self,
        position: usize,
        engine: &'a dyn Engine,
        input: &'a [f32],
    ) -> Result<Values<'a>, InferenceError> {
        match self.places.get(position) {
            Some(Place::Input) => Ok(Values::Input(input)),
            Some(&Place::Output(index)) => engine.output(index).map(Values::Output),
            None => Err(InferenceError::NoOutput { index: position }),
        }
    }
}

/// A model that tells some of its tensors.
pub(crate) struct InstrumentedModel {
    file: Vec<u8>,
    pub(crate) outputs: Outputs,
}

impl InstrumentedModel {
    /// A model that tells `tensors`, whose file says what it is for.
    pub(crate) fn new(
        graph: &Graph,
        encodings: &Encodings,
        tensors: &[TensorId],
        description: &str,
    ) -> Result<Self, JobError> {
        let outputs = Outputs::telling(graph, tensors);
        let file = outputs.file(graph, encodings, description)?;
        Ok(Self { file, outputs })
    }

    pub(crate) fn is_same_file(&self, other: &Self) -> bool {
        self.file == other.file
    }

    pub(crate) fn load(&self, kernels: Kernels) -> Result<TfliteModel<'_>, JobError> {
        TfliteModel::from_bytes(&self.file, kernels).map_err(JobError::Unusable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use graph::{Activation, Op};

    #[test]
    fn each_tensor_has_its_place_once() {
        let mut graph = Graph::new("test");
        let input = graph.add_input("input", &[1, 4]).unwrap();
        let tanh = Op::Activation(Activation::Tanh);
        let hidden = graph.add_node("hidden", tanh.clone(), &[input]).unwrap();
        let output = graph.add_node("output", tanh, &[hidden]).unwrap();
        graph.set_outputs(&[output]);
        let outputs = Outputs::telling(&graph, &[hidden, input, output, hidden]);
        assert_eq!(outputs.all, [output, hidden]);
        let (first, second) = (Place::Output(0), Place::Output(1));
        assert_eq!(outputs.places, [second, Place::Input, first, second]);
    }
}
