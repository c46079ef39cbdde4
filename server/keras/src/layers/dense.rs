use graph::Op;
use localization::text;

use super::activation::parse_function;
use super::layer::{Layer, Parsed};
use super::variable::Variable;
use crate::draft::Layout;
use crate::problem::invalid;
use crate::settings::Settings;

/// Fully connected layer over the last axis.
pub(super) fn dense(settings: &Settings) -> Parsed {
    let bias = settings.flag("use_bias", true)?;
    let units = settings.count("units")?;
    let activation = parse_function(settings, "activation")?;
    let mut variables = vec![Variable::trained(&["kernel"])];
    variables.extend(bias.then_some(Variable::trained(&["bias"])));
    Ok(Layer::of_one(variables, move |scope, x| {
        let &[_, .., features] = scope.draft.shape(x) else {
            let shape = scope.draft.shape(x);
            return invalid(text!("its input has shape {shape:?}, without features"));
        };
        let kernel = scope.weight(0, &[features, units], Layout::Transposed)?;
        let mut operands = vec![x, kernel];
        if bias {
            operands.push(scope.weight(1, &[units], Layout::Keras)?);
        }
        let output = scope.draft.node("", Op::FullyConnected, &operands)?;
        activation.build(scope.draft, "activation", output)
    }))
}
