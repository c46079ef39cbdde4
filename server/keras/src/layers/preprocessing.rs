use graph::{BinaryOp, Op};
use localization::{phrase, text};

use super::layer::{Layer, Parsed};
use super::variable::Variable;
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
            return invalid(text!(
                "it has {count} coefficients for an input of shape {shape:?}",
                count = coefficients.len(),
                shape = scope.draft.shape(x)
            ));
        }
        if coefficients.iter().any(|number| !number.is_finite()) {
            return invalid(phrase!("its coefficients are not finite"));
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
pub(super) fn rescaling(settings: &Settings) -> Parsed {
    let Some(scale) = settings.numbers("scale")? else {
        return invalid(phrase!("\"scale\" is missing"));
    };
    let offset = settings.numbers("offset")?.unwrap_or_else(|| vec![0.0]);
    Ok(Layer::of_one(Vec::new(), move |scope, x| {
        build_affine(scope, x, scale.clone(), offset.clone(), true)
    }))
}

/// Weights that `adapt` computes; the count of seen samples plays no part at inference.
const ADAPTED: [Variable; 3] = [
    Variable::fixed(&["mean"]),
    Variable::fixed(&["variance"]),
    Variable::fixed(&["count"]),
];

/// Smallest standard deviation that Keras divides by, `keras.backend.epsilon()`.
const MIN_DEVIATION: f32 = 1e-7;

/// Shifts and scales to given or learnt mean and variance.
pub(super) fn normalization(settings: &Settings) -> Parsed {
    let given = match (settings.numbers("mean")?, settings.numbers("variance")?) {
        (Some(mean), Some(variance)) => Some((mean, variance)),
        (None, None) => None,
        _ => return invalid(phrase!("it has only one of \"mean\" and \"variance\"")),
    };
    // A present null stands for "no axis", an absent key for the default.
    let axes = match settings.values.get("axis") {
        None => vec![-1],
        Some(_) => settings.integers("axis")?.unwrap_or_default(),
    };
    let invert = settings.flag("invert", false)?;
    let variables = match given {
        Some(_) => Vec::new(),
        None => ADAPTED.to_vec(),
    };
    Ok(Layer::of_one(variables, move |scope, x| {
        let shape = statistics_shape(scope, x, &axes)?;
        let statistics = match &given {
            Some(given) => Some(given.clone()),
            None => scope.values(0, &shape)?.zip(scope.values(1, &shape)?),
        };
        let known = statistics.is_some();
        let (mean, variance) = statistics.unwrap_or_else(|| (vec![0.0], vec![1.0]));
        if variance.iter().any(|&variance| variance < 0.0) {
            return invalid(phrase!("its variance is negative"));
        }
        let deviation: Vec<f32> = variance
            .iter()
            .map(|variance| variance.sqrt().max(MIN_DEVIATION))
            .collect();
        if invert {
            return build_affine(scope, x, deviation, mean, known);
        }
        let scale: Vec<f32> = deviation.iter().map(|it| it.recip()).collect();
        // Lists from the settings may have one number beside one for each channel.
        let count = mean.len().max(scale.len());
        let pairs = mean.iter().cycle().zip(deviation.iter().cycle());
        let offset = pairs.take(count).map(|(mean, deviation)| -mean / deviation);
        build_affine(scope, x, scale, offset.collect(), known)
    }))
}

/// Checks that statistics are for the last axis or for none, and returns their shape.
fn statistics_shape(
    scope: &Scope<'_>,
    x: ValueId,
    axes: &[i64],
) -> Result<Vec<usize>, LayerProblem> {
    match axes {
        [] => Ok(Vec::new()),
        &[axis] if scope.axis(x, axis)? + 1 == scope.draft.rank(x) && scope.draft.rank(x) > 1 => {
            Ok(vec![scope.draft.channels(x)?])
        }
        _ => unsupported(text!(
            "it normalizes axes {axes:?}, only the last is supported"
        )),
    }
}
