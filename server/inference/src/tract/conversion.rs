//! An ONNX model that is made from a [`Graph`].
//!
//! ONNX's convolutions and pools want channels first, so every tensor with four axes is kept that
//! way, and axes are translated. Operators that mix axes get their operands back channels last.
//! Tensors of any other rank are as in the graph.

use graph::{Constant, Graph, Node, TensorId};
use localization::{Phrase, phrase, text};

use super::onnx::{OnnxModel, Value, integers};
use crate::InferenceError;

/// Position in `[n, c, h, w]` of each axis of `[n, h, w, c]`.
const CHANNELS_FIRST_POSITION: [usize; 4] = [0, 2, 3, 1];
/// `[n, c, h, w]` as a permutation of `[n, h, w, c]`.
const TO_CHANNELS_FIRST: [usize; 4] = [0, 3, 1, 2];
/// `[n, h, w, c]` as a permutation of `[n, c, h, w]`.
const TO_CHANNELS_LAST: [usize; 4] = [0, 2, 3, 1];

/// The ONNX model so far, and where the graph's tensors are in it.
pub(super) struct Conversion<'g> {
    pub(super) graph: &'g Graph,
    pub(super) onnx: OnnxModel,
    values: Vec<Option<Value>>,
}

impl<'g> Conversion<'g> {
    /// An empty model.
    pub(super) fn new(graph: &'g Graph) -> Self {
        Conversion {
            graph,
            onnx: OnnxModel::default(),
            values: vec![None; graph.tensors().count()],
        }
    }

    /// Says where a tensor is.
    pub(super) fn set(&mut self, id: TensorId, value: Value) {
        if let Some(slot) = self.values.get_mut(id.0 as usize) {
            *slot = Some(value);
        }
    }

    /// The value of a tensor, channels first if it has four axes.
    pub(super) fn operand(&mut self, id: TensorId) -> Result<Value, InferenceError> {
        if let Some(Some(value)) = self.values.get(id.0 as usize) {
            return Ok(value.clone());
        }
        let tensor = self.graph.tensor(id);
        let constant = tensor
            .constant
            .as_ref()
            .ok_or_else(|| refused(&tensor.name, phrase!("is used before it is computed")))?;
        let value = self.data_constant(&tensor.name, constant);
        self.set(id, value.clone());
        Ok(value)
    }

    /// The value of an input of a node, see [`Conversion::operand`].
    pub(super) fn input(&mut self, node: &Node, index: usize) -> Result<Value, InferenceError> {
        let id = node.inputs.get(index);
        let id = id.ok_or_else(|| refused(&node.name, phrase!("lacks an input")))?;
        self.operand(*id)
    }

    /// The value of an input of a node, in the axis order of the graph.
    pub(super) fn input_channels_last(
        &mut self,
        node: &Node,
        index: usize,
    ) -> Result<Value, InferenceError> {
        let value = self.input(node, index)?;
        let rank = self.input_shape(node, index).len();
        Ok(self.channels_last(&node.name, value, rank))
    }

    /// Shape of an input of a node, as in the graph; empty when there is no such input.
    pub(super) fn input_shape(&self, node: &Node, index: usize) -> &'g [usize] {
        node.inputs
            .get(index)
            .map_or(&[], |&id| self.graph.shape(id))
    }

    /// The constant that an input of a node is.
    pub(super) fn constant(
        &self,
        node: &Node,
        index: usize,
    ) -> Result<&'g Constant, InferenceError> {
        let constant = node
            .inputs
            .get(index)
            .and_then(|&id| self.graph.constant(id));
        constant.ok_or_else(|| refused(&node.name, phrase!("has weights that are not constant")))
    }

    /// Adds weights with their axes permuted.
    pub(super) fn weights(&mut self, label: &str, weights: &Constant, axes: &[usize]) -> Value {
        let permuted = weights.view().permuted_axes(axes);
        let shape = permuted.shape().to_vec();
        self.onnx.floats(label, &shape, permuted.iter().copied())
    }

    /// Adds a constant as a data operand: channels first if it has four axes.
    pub(super) fn data_constant(&mut self, label: &str, constant: &Constant) -> Value {
        match constant.ndim() {
            4 => self.weights(label, constant, &TO_CHANNELS_FIRST),
            rank => self.weights(label, constant, &(0..rank).collect::<Vec<_>>()),
        }
    }

    /// Brings a value of the graph's axis order to that of [`Conversion::operand`].
    pub(super) fn channels_first(&mut self, label: &str, value: Value, rank: usize) -> Value {
        self.transpose_if_feature_map(label, value, rank, TO_CHANNELS_FIRST)
    }

    /// The opposite of [`Conversion::channels_first`].
    pub(super) fn channels_last(&mut self, label: &str, value: Value, rank: usize) -> Value {
        self.transpose_if_feature_map(label, value, rank, TO_CHANNELS_LAST)
    }

    fn transpose_if_feature_map(
        &mut self,
        label: &str,
        value: Value,
        rank: usize,
        permutation: [usize; 4],
    ) -> Value {
        match rank {
            4 => self.transpose(label, &value, permutation),
            _ => value,
        }
    }

    /// Adds a transposition; output axis `i` is input axis `permutation[i]`.
    pub(super) fn transpose(
        &mut self,
        label: &str,
        value: &Value,
        permutation: impl IntoIterator<Item = usize>,
    ) -> Value {
        let attributes = vec![integers("perm", permutation)];
        self.onnx.node(label, "Transpose", &[value], attributes)
    }

    /// Adds a change of shape.
    pub(super) fn reshape(&mut self, label: &str, value: &Value, shape: &[usize]) -> Value {
        let shape = self.onnx.integers(label, shape.iter().copied());
        self.onnx.node(label, "Reshape", &[value, &shape], vec![])
    }
}

/// Where an axis of the graph is in a value of the given rank.
pub(super) fn onnx_axis(rank: usize, axis: usize) -> usize {
    match CHANNELS_FIRST_POSITION.get(axis) {
        Some(&position) if rank == 4 => position,
        _ => axis,
    }
}

/// One value for each axis of the graph, in the order of the axes of an ONNX value.
pub(super) fn onnx_order(of_axes: &[usize]) -> Vec<usize> {
    match of_axes {
        &[n, h, w, c] => vec![n, c, h, w],
        _ => of_axes.to_vec(),
    }
}

/// An error that names the layer.
pub(super) fn refused(layer: &str, problem: Phrase) -> InferenceError {
    InferenceError::Load {
        engine: super::DESCRIPTION.to_owned(),
        problem: text!("has a layer \"{layer}\" that {problem}"),
    }
}
