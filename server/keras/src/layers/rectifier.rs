use graph::{Activation as Elementwise, Op};
use localization::{phrase, text};

use super::layer::{Layer, Parsed};
use super::variable::Variable;
use crate::draft::Layout;
use crate::operations::function::Function;
use crate::problem::{LayerProblem, invalid, unsupported};
use crate::settings::Settings;

/// Default slopes and factors of Keras' layers.
const LEAKY_RELU_ALPHA: f32 = 0.3;
const ELU_ALPHA: f32 = 1.0;
const THRESHOLD: f32 = 1.0;

/// Reads `ReLU(max_value, negative_slope, threshold)`.
pub(super) fn relu_function(settings: &Settings) -> Result<Function, LayerProblem> {
    // Below a threshold other than zero the function jumps, which no chain of operators computes.
    if settings.number("threshold")?.unwrap_or(0.0) != 0.0 {
        return unsupported(phrase!("it has a threshold other than 0"));
    }
    let slope = settings.number("negative_slope")?.unwrap_or(0.0);
    let maximum = settings.number("max_value")?.unwrap_or(f32::INFINITY);
    if maximum < 0.0 {
        return invalid(phrase!("\"max_value\" is negative"));
    }
    Ok(match (slope, maximum) {
        (0.0, 6.0) => Function::Elementwise(Elementwise::Relu6),
        (0.0, f32::INFINITY) => Function::Elementwise(Elementwise::Relu),
        (alpha, f32::INFINITY) => Function::Elementwise(Elementwise::LeakyRelu { alpha }),
        (slope, maximum) => Function::Clipped { slope, maximum },
    })
}

/// Reads `LeakyReLU`; the slope is `alpha` in Keras 2 and `negative_slope` in Keras 3.
pub(super) fn leaky_relu_function(settings: &Settings) -> Result<Function, LayerProblem> {
    let alpha = match settings.number("negative_slope")? {
        Some(slope) => slope,
        None => settings.number("alpha")?.unwrap_or(LEAKY_RELU_ALPHA),
    };
    Ok(Function::Elementwise(Elementwise::LeakyRelu { alpha }))
}

/// Reads `ELU(alpha)`.
pub(super) fn elu_function(settings: &Settings) -> Result<Function, LayerProblem> {
    let alpha = settings.number("alpha")?.unwrap_or(ELU_ALPHA);
    if alpha == ELU_ALPHA {
        return Ok(Function::Elementwise(Elementwise::Elu));
    }
    Ok(Function::ScaledElu { scale: 1.0, alpha })
}

/// Reads `ThresholdedReLU(theta)`, which is the plain rectifier at 0 and jumps elsewhere.
pub(super) fn thresholded_relu_function(settings: &Settings) -> Result<Function, LayerProblem> {
    match settings.number("theta")?.unwrap_or(THRESHOLD) {
        0.0 => Ok(Function::Elementwise(Elementwise::Relu)),
        theta => unsupported(text!("its theta is {theta}, where the function jumps")),
    }
}

/// Rectifier with a trained slope for each element, or one along shared axes, which are counted
/// from 1 as the batch is axis 0.
pub(super) fn prelu(settings: &Settings) -> Parsed {
    let shared = settings.integers("shared_axes")?.unwrap_or_default();
    let variables = vec![Variable::trained(&["alpha"])];
    Ok(Layer::of_one(variables, move |scope, x| {
        let mut shape: Vec<usize> = scope.draft.shape(x).iter().skip(1).copied().collect();
        for &axis in &shared {
            let axis = scope.axis(x, axis)?;
            match axis.checked_sub(1).and_then(|axis| shape.get_mut(axis)) {
                Some(extent) => *extent = 1,
                None => return invalid(text!("\"shared_axes\" names axis {axis}")),
            }
        }
        let alpha = scope.weight(0, &shape, Layout::Keras)?;
        scope.draft.node("", Op::PRelu, &[x, alpha])
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Generation;

    #[test]
    fn rectifiers_become_the_plainest_function() {
        let check = |parse: fn(&Settings) -> Result<Function, LayerProblem>, text, expected| {
            let values = serde_json::from_str(text).unwrap();
            let settings = Settings {
                values,
                generation: Generation::Keras2,
            };
            assert_eq!(parse(&settings).ok(), expected, "{text}");
        };
        let leaky = |alpha| Some(Function::Elementwise(Elementwise::LeakyRelu { alpha }));
        let relu = Some(Function::Elementwise(Elementwise::Relu));
        check(relu_function, "{}", relu);
        check(
            relu_function,
            r#"{"max_value": null, "threshold": 0.0}"#,
            relu,
        );
        check(
            relu_function,
            r#"{"max_value": 6.0}"#,
            Some(Function::Elementwise(Elementwise::Relu6)),
        );
        check(relu_function, r#"{"negative_slope": 0.5}"#, leaky(0.5));
        check(
            relu_function,
            r#"{"max_value": 3, "negative_slope": 0.5}"#,
            Some(Function::Clipped {
                slope: 0.5,
                maximum: 3.0,
            }),
        );
        check(relu_function, r#"{"threshold": 1.0}"#, None);
        check(relu_function, r#"{"max_value": -1.0}"#, None);
        check(leaky_relu_function, "{}", leaky(0.3));
        check(leaky_relu_function, r#"{"alpha": 0.1}"#, leaky(0.1));
        check(
            leaky_relu_function,
            r#"{"negative_slope": 0.1}"#,
            leaky(0.1),
        );
        check(
            elu_function,
            r#"{"alpha": 1.0}"#,
            Some(Function::Elementwise(Elementwise::Elu)),
        );
    }
}
