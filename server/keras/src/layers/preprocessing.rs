use graph::{BinaryOp, Op};

use super::{Layer, Variable};
use crate::draft::ValueId;
use crate::layers::scope::Scope;
use crate::problem::{LayerProblem, invalid, unsupported};
use crate::settings::Settings;

/// Adds `scale * x + offset`, each one number or one for each channel, and notes that the layer
/// maps pixel values.
fn build_affine(
    scope: &mut Scope<'_>,
    x: ValueId,
    scale: Vec<f32>,
    offset: Vec<f32>,
    known: bool,
) -> Result<ValueId, LayerProblem> {
    let channels = scope.draft.shape(x).last().copied();
    for coefficients in [&scale, &offset] {
        if coefficients.len() != 1 && Some(coefficients.len()) != channels {
            return invalid(format!(
                "it has {} coefficients for an input of shape {:?}",
                coefficients.len(),
                scope.draft.shape(x)
            ));
        }
        if coefficients.iter().any(|number| !number.is_finite()) {
            return invalid("its coefficients are not finite");
        }
    }
    let uniform = |coefficients: &[f32]| match coefficients {
        [first, rest @ ..] if known && rest.iter().all(|other| other == first) => Some(*first),
        _ => None,
    };
    let (factor, summand) = (uniform(&scale), uniform(&offset));
    let shifted = summand != Some(0.0);
    let mut output = x;
    if factor != Some(1.0) {
        let scale = scope.draft.vector("scale", scale)?;
        let part = if shifted { "scaled" } else { "" };
        output = scope
            .draft
            .node(part, Op::Binary(BinaryOp::Multiply), &[x, scale])?;
    }
    if shifted {
        let offset = scope.draft.vector("offset", offset)?;
        output = scope
            .draft
            .node("", Op::Binary(BinaryOp::Add), &[output, offset])?;
    }
    scope.note_normalization(x, output, factor, summand);
    Ok(output)
}

/// Multiplies pixel values and adds to them.
pub(super) struct Rescaling {
    scale: Vec<f32>,
    offset: Vec<f32>,
}

impl Rescaling {
    pub(super) fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        let Some(scale) = settings.numbers("scale")? else {
            return invalid("\"scale\" is missing");
        };
        let offset = settings.numbers("offset")?.unwrap_or_else(|| vec![0.0]);
        Ok(Self { scale, offset })
    }
}

impl Layer for Rescaling {
    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let x = scope.only(inputs)?;
        build_affine(scope, x, self.scale.clone(), self.offset.clone(), true)
    }
}

/// Shifts and scales to given or learnt mean and variance.
pub(super) struct Normalization {
    /// Axes with statistics of their own; empty when one mean holds for all.
    axes: Vec<i64>,
    /// Mean and variance from the settings; otherwise they are weights.
    given: Option<(Vec<f32>, Vec<f32>)>,
    invert: bool,
}

/// Weights that `adapt` computes; the count of seen samples plays no part at inference.
const ADAPTED: &[Variable] = &[
    Variable::fixed(&["mean"]),
    Variable::fixed(&["variance"]),
    Variable::fixed(&["count"]),
];

/// Smallest standard deviation that Keras divides by, `keras.backend.epsilon()`.
const MIN_DEVIATION: f32 = 1e-7;

impl Normalization {
    pub(super) fn parse(settings: &Settings) -> Result<Self, LayerProblem> {
        let given = match (settings.numbers("mean")?, settings.numbers("variance")?) {
            (Some(mean), Some(variance)) => Some((mean, variance)),
            (None, None) => None,
            _ => return invalid("it has only one of \"mean\" and \"variance\""),
        };
        // A present null stands for "no axis", an absent key for the default.
        let axes = match settings.values.get("axis") {
            None => vec![-1],
            Some(_) => settings.integers("axis")?.unwrap_or_default(),
        };
        Ok(Self {
            axes,
            given,
            invert: settings.flag("invert", false)?,
        })
    }

    /// Checks that statistics are for the last axis or for none, and returns their shape.
    fn statistics_shape(&self, scope: &Scope<'_>, x: ValueId) -> Result<Vec<usize>, LayerProblem> {
        let last = scope.draft.shape(x).len().saturating_sub(1);
        match *self.axes.as_slice() {
            [] => Ok(Vec::new()),
            [axis] if scope.axis(x, axis)? == last && last > 0 => {
                Ok(scope.draft.shape(x).last().copied().into_iter().collect())
            }
            _ => unsupported(format!(
                "it normalizes axes {:?}, only the last is supported",
                self.axes
            )),
        }
    }
}

impl Layer for Normalization {
    fn variables(&self) -> &[Variable] {
        if self.given.is_some() { &[] } else { ADAPTED }
    }

    fn build(&self, scope: &mut Scope<'_>, inputs: &[ValueId]) -> Result<ValueId, LayerProblem> {
        let x = scope.only(inputs)?;
        let shape = self.statistics_shape(scope, x)?;
        let statistics = match &self.given {
            Some(given) => Some(given.clone()),
            None => scope.values(0, &shape)?.zip(scope.values(1, &shape)?),
        };
        let known = statistics.is_some();
        let (mean, variance) = statistics.unwrap_or_else(|| (vec![0.0], vec![1.0]));
        if variance.iter().any(|&variance| variance < 0.0) {
            return invalid("its variance is negative");
        }
        let deviation: Vec<f32> = variance
            .iter()
            .map(|variance| variance.sqrt().max(MIN_DEVIATION))
            .collect();
        if self.invert {
            return build_affine(scope, x, deviation, mean, known);
        }
        let scale: Vec<f32> = deviation
            .iter()
            .map(|deviation| deviation.recip())
            .collect();
        // Lists from the settings may have one number beside one for each channel.
        let count = mean.len().max(scale.len());
        let offset = mean
            .iter()
            .cycle()
            .zip(deviation.iter().cycle())
            .take(count)
            .map(|(mean, deviation)| -mean / deviation)
            .collect();
        build_affine(scope, x, scale, offset, known)
    }
}
