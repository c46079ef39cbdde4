use graph::{Constant, Op, TensorId};
use ndarray::{ArcArray, IxDyn};

use super::{Layout, Workspace};
use crate::container::{WeightProblem, WeightSource};
use crate::definition::{LayerDefinition, VariableId};
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
    name: String,
    parameters: u64,
    macs: u64,
}

impl<'a> Scope<'a> {
    pub(super) fn new(
        workspace: &'a mut Workspace,
        weights: Option<&'a dyn WeightSource>,
        definition: &'a LayerDefinition,
        name: String,
    ) -> Self {
        Self {
            workspace,
            weights,
            definition,
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
    pub(super) fn finish(self, output: TensorId) {
        let output_shape = self.workspace.canvas.shape(output).to_vec();
        self.workspace.parameters = self.workspace.parameters.saturating_add(self.parameters);
        self.workspace.layers.push(LayerSummary {
            name: self.name,
            class: self.definition.class.clone(),
            output_shape: Some(output_shape),
            parameters: self.parameters,
            macs: Some(self.macs),
        });
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
        let shapes: Vec<&[usize]> = inputs.iter().map(|&input| self.shape(input)).collect();
        let kernel_macs = macs_per_position(&op, &shapes);
        let by_input = matches!(op, Op::TransposeConv2d { .. });
        let input = inputs.first().copied();
        let output = self.workspace.canvas.node(name, op, inputs)?;
        let counted = if by_input {
            input.unwrap_or(output)
        } else {
            output
        };
        let positions = match self.shape(counted) {
            [positions @ .., _channels] => positions.iter().product::<usize>() as u64,
            [] => 1,
        };
        self.macs = self
            .macs
            .saturating_add(positions.saturating_mul(kernel_macs));
        Ok(output)
    }

    /// Adds an operator named like the layer that moves or blends pixels and keeps their scale.
    pub(crate) fn pixelwise_node(&mut self, op: Op, x: TensorId) -> Result<TensorId, LayerProblem> {
        let output = self.node("", op, &[x])?;
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
        let variable = VariableId {
            layer: self.definition.id,
            index,
        };
        // A shape that has been read and laid out once is right for the calls that follow, unless
        // their inputs ask for another.
        let shape = layout.shape(keras_shape).unwrap_or_default();
        if let Some(&constant) = self.workspace.constants.get(&variable) {
            if self.shape(constant) == shape {
                return Ok(constant);
            }
            return Err(LayerProblem::Invalid(
                "it is called with inputs of different channels".to_owned(),
            ));
        }
        let values = self.values(index, keras_shape)?;
        let name = self.full_name(self.variable_name(index));
        let name = self.workspace.unique_name(name);
        let constant = match values {
            None => self.workspace.canvas.shape_only(&name, shape)?,
            Some(values) => {
                let value = layout.convert(values, keras_shape).ok_or_else(|| {
                    LayerProblem::Invalid(format!("a weight of shape {keras_shape:?} is misplaced"))
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
        let name = self.full_name(part);
        let name = self.workspace.unique_name(name);
        let shape = IxDyn(&[values.len()]);
        let value: Constant = ArcArray::from_shape_vec(shape, values)
            .map_err(|error| LayerProblem::Invalid(error.to_string()))?;
        Ok(self.workspace.canvas.constant(name, value)?)
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

/// Multiply-accumulate operations for each position of the output, or of the input for a
/// transposed convolution.
pub(crate) fn macs_per_position(op: &Op, inputs: &[&[usize]]) -> u64 {
    let elements = |index: usize| {
        inputs
            .get(index)
            .map_or(0, |shape| shape.iter().product::<usize>() as u64)
    };
    match op {
        Op::Conv2d { .. }
        | Op::DepthwiseConv2d { .. }
        | Op::TransposeConv2d { .. }
        | Op::FullyConnected => elements(1),
        Op::SeparableConv2d { .. } => elements(1).saturating_add(elements(2)),
        _ => 0,
    }
}
