//! What is known of a model once its shapes are, whatever format it came in.

use crate::computation::OperatorSummary;
use crate::error::{ErrorKind, UnsupportedLayer};
use crate::output_kind::Output;
use crate::summary::{InputNormalization, LayerSummary, OpenShape, Summary};

/// What is known of a model without its weights, for one size of its input.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// Shapes of the outputs, as far as they are known.
    pub(crate) output_shapes: Vec<Option<OpenShape>>,
    /// The first output, when it is known.
    pub(crate) output: Option<Output>,
    pub(crate) layers: Vec<LayerSummary>,
    /// Operators that depend on the image; none where the output is not known.
    pub(crate) operators: Vec<OperatorSummary>,
    /// Number of weights, when it is known of every layer.
    pub(crate) parameters: Option<u64>,
    pub(crate) unsupported: Vec<UnsupportedLayer>,
    pub(crate) input_normalizations: Vec<InputNormalization>,
}

/// Heights and widths that stand in for open ones when only the rest is asked for; multiples of all
/// usual strides. Extents that are the same for both do not depend on the size of the input.
const STAND_IN_SIZES: [usize; 2] = [224, 256];

impl Summary {
    /// Adds what a survey finds, given the shapes of the inputs as far as they are known.
    ///
    /// # Errors
    /// The error of the survey; [`ErrorKind::UnknownInputSize`] when that can be the reason for it.
    pub(crate) fn add_survey(
        &mut self,
        input_size: Option<[usize; 2]>,
        mut survey: impl FnMut(&[Option<Vec<usize>>]) -> Result<Survey, ErrorKind>,
    ) -> Result<(), ErrorKind> {
        let shapes = |size| -> Vec<Option<Vec<usize>>> {
            let inputs = self.inputs.iter();
            inputs
                .map(|input| fixed(input.shape.as_ref()?, size))
                .collect()
        };
        let known = shapes(input_size);
        let survey = if known.iter().all(Option::is_some) {
            survey(&known)?
        } else {
            match STAND_IN_SIZES.map(|size| survey(&shapes(Some([size; 2])))) {
                [Ok(first), Ok(second)] => first.common(&second),
                _ => return Err(self.unknown_size()),
            }
        };
        for (output, shape) in self.outputs.iter_mut().zip(survey.output_shapes) {
            output.shape = shape;
        }
        let loss = self.loss.as_deref();
        self.output_kind = survey.output.map(|output| output.kind(loss));
        if !survey.layers.is_empty() {
            self.macs = total(survey.layers.iter().map(|layer| layer.macs));
        }
        self.parameters = survey.parameters;
        self.operators = survey.operators;
        self.unsupported = survey.unsupported;
        self.input_normalizations = survey.input_normalizations;
        self.layers = survey.layers;
        Ok(())
    }

    /// The shape of the only input, for a model that can be converted.
    ///
    /// # Errors
    /// Why the model cannot be converted, or that its input size is open.
    pub(crate) fn input_shape(
        &self,
        input_size: Option<[usize; 2]>,
    ) -> Result<Vec<usize>, ErrorKind> {
        if let Some(kind) = self.refusal() {
            return Err(kind);
        }
        let input = self.inputs.first();
        input
            .and_then(|input| fixed(input.shape.as_ref()?, input_size))
            .ok_or_else(|| self.unknown_size())
    }

    fn unknown_size(&self) -> ErrorKind {
        let input = self.inputs.first();
        ErrorKind::UnknownInputSize {
            input: input.map_or_else(String::new, |input| input.name.clone()),
        }
    }
}

/// The shape with channels last, when an open height and width can be filled in.
fn fixed(shape: &OpenShape, size: Option<[usize; 2]>) -> Option<Vec<usize>> {
    let image = shape.len() == 4;
    shape
        .iter()
        .enumerate()
        .map(|(axis, &extent)| match extent {
            Some(extent) => Some(extent),
            None if image => {
                let [height, width] = size?;
                [None, Some(height), Some(width), None].get(axis).copied()?
            }
            None => None,
        })
        .collect()
}

/// The sum of numbers that are all known.
pub(crate) fn total(numbers: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    numbers
        .into_iter()
        .try_fold(0, |sum: u64, number| Some(sum.saturating_add(number?)))
}

impl Survey {
    /// What two surveys of the same model for different input sizes agree on.
    fn common(mut self, other: &Self) -> Self {
        for (layer, other) in self.layers.iter_mut().zip(&other.layers) {
            if layer.macs != other.macs {
                layer.macs = None;
            }
            if layer.parameters != other.parameters {
                layer.parameters = None;
            }
            keep_common(&mut layer.output_shape, other.output_shape.as_ref());
        }
        if self.parameters != other.parameters {
            self.parameters = None;
        }
        self.output = match (self.output, &other.output) {
            (Some(output), Some(other)) => output.common(other),
            _ => None,
        };
        for (shape, other) in self.output_shapes.iter_mut().zip(&other.output_shapes) {
            keep_common(shape, other.as_ref());
        }
        self
    }
}

fn keep_common(shape: &mut Option<OpenShape>, other: Option<&OpenShape>) {
    match (shape.as_mut(), other) {
        (Some(extents), Some(other)) if extents.len() == other.len() => {
            for (extent, other) in extents.iter_mut().zip(other) {
                if extent != other {
                    *extent = None;
                }
            }
        }
        _ => *shape = None,
    }
}
