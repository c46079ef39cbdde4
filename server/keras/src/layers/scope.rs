use std::collections::{HashMap, HashSet};

use graph::{Constant, Op};
use localization::{phrase, text};
use ndarray::{ArcArray, ArrayD, IxDyn};

use super::variable::{LayerId, Variable, VariableId, WeightProblem, WeightSource};
use crate::draft::{Draft, Layout, ValueId};
use crate::error::ErrorKind;
use crate::operations::shapes;
use crate::problem::{LayerProblem, invalid};
use crate::settings::Arguments;
use crate::summary::{InputNormalization, LayerSummary};

/// What the calls of a model's layers have made so far.
pub(crate) struct Progress {
    pub(crate) draft: Draft,
    pub(crate) layers: Vec<LayerSummary>,
    pub(crate) notes: Notes,
}

/// What layers leave to those behind them, beside values.
#[derive(Default)]
pub(crate) struct Notes {
    /// Constants of variables that are in use, so that calls of a shared layer share them.
    constants: HashMap<VariableId, ValueId>,
    /// Variables that have been counted.
    counted: HashSet<VariableId>,
    /// Values of integer tensors that are known while the model is put together.
    integers: HashMap<ValueId, Vec<i64>>,
    /// Values whose elements are pixels of the input, whatever their scale.
    pub(crate) pixels: HashSet<ValueId>,
    pub(crate) input_normalizations: Vec<InputNormalization>,
}

/// A layer as its calls see it.
#[derive(Clone, Copy)]
pub(crate) struct Called<'a> {
    pub(crate) id: LayerId,
    pub(crate) class: &'a str,
    pub(crate) variables: &'a [Variable],
    pub(crate) arguments: &'a Arguments,
}

/// One call of a layer, which adds its operators to the draft.
pub(crate) struct Scope<'a> {
    pub(crate) draft: &'a mut Draft,
    notes: &'a mut Notes,
    weights: Option<&'a dyn WeightSource>,
    layer: Called<'a>,
    name: &'a str,
    parameters: u64,
    /// Number of the first value that it adds.
    first: usize,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(
        draft: &'a mut Draft,
        notes: &'a mut Notes,
        weights: Option<&'a dyn WeightSource>,
        layer: Called<'a>,
        name: &'a str,
    ) -> Self {
        draft.enter(name);
        let first = draft.entries().len();
        Self {
            draft,
            notes,
            weights,
            layer,
            name,
            parameters: 0,
            first,
        }
    }

    /// Sums the call up after its operators have been added.
    pub(crate) fn finish(self, outputs: &[ValueId]) -> LayerSummary {
        let shape = outputs.first().map(|&output| self.draft.shape(output));
        let added = self.draft.numbered().skip(self.first);
        let macs = added.map(|(id, _)| self.draft.multiply_accumulates(id));
        LayerSummary {
            name: self.name.to_owned(),
            class: self.layer.class.to_owned(),
            output_shape: shape.map(|shape| shape.iter().copied().map(Some).collect()),
            parameters: Some(self.parameters),
            macs: Some(macs.fold(0, u64::saturating_add)),
        }
    }

    /// What the layer is called with; tensors are positions among the inputs.
    pub(crate) fn arguments(&self) -> &'a Arguments {
        self.layer.arguments
    }

    /// Position of an axis of a tensor; negative axes count from the end.
    pub(crate) fn axis(&self, x: ValueId, axis: i64) -> Result<usize, LayerProblem> {
        shapes::axis(axis, self.draft.rank(x))
    }

    /// Adds an operator that moves or blends pixels and keeps their scale.
    pub(crate) fn pixelwise_node(
        &mut self,
        part: &str,
        op: Op,
        x: ValueId,
    ) -> Result<ValueId, LayerProblem> {
        let output = self.draft.node(part, op, &[x])?;
        if self.notes.pixels.contains(&x) {
            self.notes.pixels.insert(output);
        }
        Ok(output)
    }

    /// Notes that the layer maps pixel values to `scale * x + offset`, if it sees the image.
    /// The numbers are `None` when they are unknown or differ between channels.
    pub(crate) fn note_normalization(
        &mut self,
        x: ValueId,
        output: ValueId,
        scale: Option<f32>,
        offset: Option<f32>,
    ) {
        if self.notes.pixels.contains(&x) {
            self.notes.pixels.insert(output);
            self.notes.input_normalizations.push(InputNormalization {
                layer: self.name.to_owned(),
                class: self.layer.class.to_owned(),
                scale,
                offset,
            });
        }
    }

    /// The constant of a variable whose Keras shape is given.
    pub(crate) fn weight(
        &mut self,
        index: usize,
        keras_shape: &[usize],
        layout: Layout,
    ) -> Result<ValueId, LayerProblem> {
        self.reshaped_weight(index, keras_shape, keras_shape, layout)
    }

    /// The constant of a variable that is stored in one shape and laid out as if it had another.
    pub(crate) fn reshaped_weight(
        &mut self,
        index: usize,
        stored_shape: &[usize],
        keras_shape: &[usize],
        layout: Layout,
    ) -> Result<ValueId, LayerProblem> {
        let Some(shape) = layout.shape(keras_shape) else {
            return invalid(text!("a weight of shape {keras_shape:?} is misplaced"));
        };
        self.converted_weight(index, stored_shape, shape, |values| {
            layout.convert(values, keras_shape)
        })
    }

    /// The constant of a variable whose axes are permuted and joined.
    pub(crate) fn permuted_weight(
        &mut self,
        index: usize,
        stored_shape: &[usize],
        permutation: &[usize],
        shape: &[usize],
    ) -> Result<ValueId, LayerProblem> {
        self.converted_weight(index, stored_shape, shape.to_vec(), |values| {
            let stored = ArrayD::from_shape_vec(IxDyn(stored_shape), values).ok()?;
            let permuted = stored.permuted_axes(IxDyn(permutation));
            let values = permuted.iter().copied().collect();
            ArcArray::from_shape_vec(IxDyn(shape), values).ok()
        })
    }

    fn converted_weight(
        &mut self,
        index: usize,
        stored_shape: &[usize],
        shape: Vec<usize>,
        convert: impl FnOnce(Vec<f32>) -> Option<Constant>,
    ) -> Result<ValueId, LayerProblem> {
        let variable = self.variable(index);
        // A shape that has been read and laid out once is right for the calls that follow, unless
        // their inputs ask for another.
        if let Some(&constant) = self.notes.constants.get(&variable) {
            return match self.draft.shape(constant) == shape {
                true => Ok(constant),
                false => invalid(phrase!("it is called with inputs of different channels")),
            };
        }
        let value = match self.values(index, stored_shape)? {
            None => None,
            Some(values) => match convert(values) {
                None => {
                    return invalid(text!("a weight of shape {stored_shape:?} is misplaced"));
                }
                value => value,
            },
        };
        let constant = self.draft.weight(self.variable_name(index), shape, value)?;
        self.notes.constants.insert(variable, constant);
        Ok(constant)
    }

    /// The values of a variable in row-major order; `None` when only shapes are wanted.
    pub(crate) fn values(
        &mut self,
        index: usize,
        keras_shape: &[usize],
    ) -> Result<Option<Vec<f32>>, LayerProblem> {
        let variable = self.variable(index);
        let elements = keras_shape
            .iter()
            .try_fold(1u64, |product, &extent| product.checked_mul(extent as u64));
        let Some(elements) = elements else {
            return invalid(text!("a weight would have shape {keras_shape:?}"));
        };
        if self.notes.counted.insert(variable) {
            self.parameters = self.parameters.saturating_add(elements);
        }
        let Some(weights) = self.weights else {
            return Ok(None);
        };
        let (layer, weight) = (self.name.to_owned(), self.variable_name(index).to_owned());
        let values = match weights.read(variable, keras_shape) {
            Ok(values) => values,
            Err(WeightProblem::Fatal(kind)) => return Err(kind.into()),
            Err(WeightProblem::Described(problem)) => {
                return Err(LayerProblem::Other(ErrorKind::Weight {
                    layer,
                    weight,
                    problem,
                }));
            }
        };
        match values.iter().find(|value| !value.is_finite()) {
            None => Ok(Some(values)),
            Some(&value) => Err(LayerProblem::Other(ErrorKind::NotFinite {
                layer,
                weight,
                value,
            })),
        }
    }

    /// A constant of integers that the model computes with while it is put together, such as the
    /// shape of a tensor.
    pub(crate) fn integers(&mut self, values: Vec<i64>) -> Result<ValueId, LayerProblem> {
        let numbers = values.iter().map(|&value| value as f32).collect();
        let tensor = self.draft.vector("", numbers)?;
        self.notes.integers.insert(tensor, values);
        Ok(tensor)
    }

    /// The values of a tensor that [`integers`](Self::integers) has made.
    pub(crate) fn known_integers(&self, tensor: ValueId) -> Option<&[i64]> {
        self.notes.integers.get(&tensor).map(Vec::as_slice)
    }

    fn variable(&self, index: usize) -> VariableId {
        VariableId {
            layer: self.layer.id,
            index,
        }
    }

    fn variable_name(&self, index: usize) -> &'a str {
        let variable = self.layer.variables.get(index);
        variable.map_or("weight", |variable| variable.name())
    }
}

impl AsMut<Draft> for Scope<'_> {
    fn as_mut(&mut self) -> &mut Draft {
        self.draft
    }
}
