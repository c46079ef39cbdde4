use graph::{Activation, BinaryOp, Constant, Op, TensorId, operator_multiply_accumulates};
use ndarray::{ArcArray, ArrayD, IxDyn};

use super::{Layout, Workspace};
use crate::container::{WeightProblem, WeightSource};
use crate::definition::{Arguments, LayerDefinition, VariableId};
use crate::error::ErrorKind;
use crate::layers::LayerProblem;
use crate::summary::{InputNormalization, LayerSummary};

/// One call of a layer, through which it adds operators.
///
/// Operators and constants get the name of the layer and, after a slash, of the part of it that
/// they are; the empty part is the layer itself.
pub(crate) struct Scope<'a> {
    workspace: &'a mut Workspace,
    weights: Option<&'a dyn WeightSource>,
    definition: &'a LayerDefinition,
    arguments: &'a Arguments,
    name: String,
    parameters: u64,
    macs: u64,
}

impl<'a> Scope<'a> {
    pub(super) fn new(
        workspace: &'a mut Workspace,
        weights: Option<&'a dyn WeightSource>,
        definition: &'a LayerDefinition,
        arguments: &'a Arguments,
        name: String,
    ) -> Self {
        Self {
            workspace,
            weights,
            definition,
            arguments,
            name,
            parameters: 0,
            macs: 0,
        }
    }

    /// Name of the call.
    pub(super) fn into_name(self) -> String {
        self.name
    }

    /// Records the call after its operators have been added.
    pub(super) fn finish(self, outputs: &[TensorId]) {
        let output_shape = outputs
            .first()
            .map(|&output| self.workspace.canvas.open_shape(output));
        self.workspace.layers.push(LayerSummary {
            name: self.name,
            class: self.definition.class.clone(),
            output_shape,
            parameters: Some(self.parameters),
            macs: Some(self.macs),
        });
    }

    /// What the layer is called with; tensors are positions among the inputs.
    pub(crate) fn arguments(&self) -> &'a Arguments {
        self.arguments
    }

    /// Shape of a tensor.
    pub(crate) fn shape(&self, tensor: TensorId) -> &[usize] {
        self.workspace.canvas.shape(tensor)
    }

    /// The input of a layer that takes one.
    pub(crate) fn only(&self, inputs: &[TensorId]) -> Result<TensorId, LayerProblem> {
        match inputs {
            &[input] => Ok(input),
            _ => Err(LayerProblem::Invalid(format!(
                "it has {} inputs instead of one",
                inputs.len()
            ))),
        }
    }

    /// Position of an axis of a tensor; negative axes count from the end.
    pub(crate) fn axis(&self, tensor: TensorId, axis: i64) -> Result<usize, LayerProblem> {
        let rank = self.shape(tensor).len();
        let position = if axis < 0 {
            usize::try_from(axis.unsigned_abs())
                .ok()
                .and_then(|back| rank.checked_sub(back))
        } else {
            usize::try_from(axis).ok().filter(|&axis| axis < rank)
        };
        position.ok_or_else(|| {
            LayerProblem::Invalid(format!("its input has {rank} axes, not axis {axis}"))
        })
    }

    /// Adds an operator.
    pub(crate) fn node(
        &mut self,
        part: &str,
        op: Op,
        inputs: &[TensorId],
    ) -> Result<TensorId, LayerProblem> {
        let name = self.full_name(part);
        let name = self.workspace.unique_name(name);
        let output = self.workspace.canvas.node(name, op.clone(), inputs)?;
        let shapes: Vec<&[usize]> = inputs.iter().map(|&input| self.shape(input)).collect();
        let macs = operator_multiply_accumulates(&op, &shapes, self.shape(output));
        self.macs = self.macs.saturating_add(macs);
        Ok(output)
    }

    /// Adds a function of one tensor.
    pub(crate) fn unary(
        &mut self,
        part: &str,
        function: Activation,
        x: TensorId,
    ) -> Result<TensorId, LayerProblem> {
        self.node(part, Op::Activation(function), &[x])
    }

    /// Adds a function of two tensors.
    pub(crate) fn binary(
        &mut self,
        part: &str,
        op: BinaryOp,
        a: TensorId,
        b: TensorId,
    ) -> Result<TensorId, LayerProblem> {
        self.node(part, Op::Binary(op), &[a, b])
    }

    /// Adds a function of a tensor and a number.
    pub(crate) fn with_number(
        &mut self,
        part: &str,
        op: BinaryOp,
        x: TensorId,
        number: f32,
    ) -> Result<TensorId, LayerProblem> {
        let name = match part {
            "" => "number".to_owned(),
            part => format!("{part}/number"),
        };
        let number = self.scalar(&name, number)?;
        self.binary(part, op, x, number)
    }

    /// Adds an operator that moves or blends pixels and keeps their scale.
    pub(crate) fn pixelwise_node(
        &mut self,
        part: &str,
        op: Op,
        x: TensorId,
    ) -> Result<TensorId, LayerProblem> {
        let output = self.node(part, op, &[x])?;
        if self.workspace.pixels.contains(&x) {
            self.workspace.pixels.insert(output);
        }
        Ok(output)
    }

    /// Notes that the layer maps pixel values to `scale * x + offset`, if it sees the image.
    /// The numbers are `None` when they are unknown or differ between channels.
    pub(crate) fn note_normalization(
        &mut self,
        x: TensorId,
        output: TensorId,
        scale: Option<f32>,
        offset: Option<f32>,
    ) {
        if self.workspace.pixels.contains(&x) {
            self.workspace.pixels.insert(output);
            self.workspace
                .input_normalizations
                .push(InputNormalization {
                    layer: self.name.clone(),
                    class: self.definition.class.clone(),
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
    ) -> Result<TensorId, LayerProblem> {
        self.reshaped_weight(index, keras_shape, keras_shape, layout)
    }

    /// The constant of a variable that is stored in one shape and laid out as if it had another.
    pub(crate) fn reshaped_weight(
        &mut self,
        index: usize,
        stored_shape: &[usize],
        keras_shape: &[usize],
        layout: Layout,
    ) -> Result<TensorId, LayerProblem> {
        let shape = layout.shape(keras_shape).unwrap_or_default();
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
    ) -> Result<TensorId, LayerProblem> {
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
    ) -> Result<TensorId, LayerProblem> {
        let variable = VariableId {
            layer: self.definition.id,
            index,
        };
        // A shape that has been read and laid out once is right for the calls that follow, unless
        // their inputs ask for another.
        if let Some(&constant) = self.workspace.constants.get(&variable) {
            if self.shape(constant) == shape {
                return Ok(constant);
            }
            return Err(LayerProblem::Invalid(
                "it is called with inputs of different channels".to_owned(),
            ));
        }
        let values = self.values(index, stored_shape)?;
        let name = self.full_name(self.variable_name(index));
        let name = self.workspace.unique_name(name);
        let constant = match values {
            None => self.workspace.canvas.shape_only(&name, shape)?,
            Some(values) => {
                let value = convert(values).ok_or_else(|| {
                    LayerProblem::Invalid(format!(
                        "a weight of shape {stored_shape:?} is misplaced"
                    ))
                })?;
                self.workspace.canvas.constant(name, value)?
            }
        };
        self.workspace.constants.insert(variable, constant);
        Ok(constant)
    }

    /// The values of a variable in row-major order; `None` when only shapes are wanted.
    pub(crate) fn values(
        &mut self,
        index: usize,
        keras_shape: &[usize],
    ) -> Result<Option<Vec<f32>>, LayerProblem> {
        let variable = VariableId {
            layer: self.definition.id,
            index,
        };
        let elements = keras_shape
            .iter()
            .try_fold(1u64, |product, &extent| product.checked_mul(extent as u64))
            .ok_or_else(|| {
                LayerProblem::Invalid(format!("a weight would have shape {keras_shape:?}"))
            })?;
        if self.workspace.counted.insert(variable) {
            self.parameters = self.parameters.saturating_add(elements);
        }
        let Some(weights) = self.weights else {
            return Ok(None);
        };
        let weight = self.variable_name(index);
        let values = weights.read(variable, keras_shape).map_err(|problem| {
            LayerProblem::Other(match problem {
                WeightProblem::Fatal(kind) => kind,
                WeightProblem::Described(problem) => ErrorKind::Weight {
                    layer: self.name.clone(),
                    weight: weight.to_owned(),
                    problem,
                },
            })
        })?;
        match values.iter().find(|value| !value.is_finite()) {
            None => Ok(Some(values)),
            Some(&value) => Err(LayerProblem::Other(ErrorKind::NotFinite {
                layer: self.name.clone(),
                weight: weight.to_owned(),
                value,
            })),
        }
    }

    /// A constant with one element.
    pub(crate) fn scalar(&mut self, part: &str, value: f32) -> Result<TensorId, LayerProblem> {
        self.vector(part, vec![value])
    }

    /// A constant with the same value for each of `count` channels.
    pub(crate) fn filled(
        &mut self,
        part: &str,
        value: f32,
        count: usize,
    ) -> Result<TensorId, LayerProblem> {
        if self.weights.is_some() {
            return self.vector(part, vec![value; count]);
        }
        let name = self.full_name(part);
        let name = self.workspace.unique_name(name);
        Ok(self.workspace.canvas.shape_only(&name, vec![count])?)
    }

    /// A constant of rank 1.
    pub(crate) fn vector(
        &mut self,
        part: &str,
        values: Vec<f32>,
    ) -> Result<TensorId, LayerProblem> {
        self.constant(part, &[values.len()], values)
    }

    /// A constant whose values are in row-major order.
    pub(crate) fn constant(
        &mut self,
        part: &str,
        shape: &[usize],
        values: Vec<f32>,
    ) -> Result<TensorId, LayerProblem> {
        let name = self.full_name(part);
        let name = self.workspace.unique_name(name);
        let value: Constant = ArcArray::from_shape_vec(IxDyn(shape), values)
            .map_err(|error| LayerProblem::Invalid(error.to_string()))?;
        Ok(self.workspace.canvas.constant(name, value)?)
    }

    /// A constant of integers that the model computes with while it is put together, such as the
    /// shape of a tensor.
    pub(crate) fn integers(
        &mut self,
        part: &str,
        values: Vec<i64>,
    ) -> Result<TensorId, LayerProblem> {
        let tensor = self.vector(part, values.iter().map(|&value| value as f32).collect())?;
        self.workspace.integers.insert(tensor, values);
        Ok(tensor)
    }

    /// The values of a tensor that [`integers`](Self::integers) has made.
    pub(crate) fn known_integers(&self, tensor: TensorId) -> Option<&[i64]> {
        self.workspace.integers.get(&tensor).map(Vec::as_slice)
    }

    fn variable_name(&self, index: usize) -> &'static str {
        self.definition
            .variables()
            .get(index)
            .map_or("weight", |variable| variable.name())
    }

    fn full_name(&self, part: &str) -> String {
        match part {
            "" => self.name.clone(),
            part => format!("{}/{part}", self.name),
        }
    }
}
