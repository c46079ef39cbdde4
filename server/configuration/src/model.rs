//! Facts about a model, from the Keras reader.

use crate::facts::{ModelFacts, ModelProblem, ModelProblemKind};
use crate::integer::FloatLayer;
use keras::{ErrorKind, InputNormalization, NoScore, ReadOptions, UnsupportedLayer, inspect};
use localization::{Message, Text, text};
use std::fmt;
use std::path::Path;

/// That a model tells no classes apart, which accuracy needs.
#[derive(Debug, Clone, Copy)]
pub struct NoClasses<'a>(pub &'a NoScore);

impl Message for NoClasses<'_> {
    fn text(&self) -> Text {
        text!("the model's single output {reason}", reason = self.0)
    }
}

impl fmt::Display for NoClasses<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(formatter)
    }
}

/// Inspects a model. `input_size` stands in for a height and width that the model leaves open.
pub(crate) fn facts(
    path: &Path,
    input_size: Option<[usize; 2]>,
) -> Result<ModelFacts, ModelProblem> {
    let refused = |kind: &ErrorKind| ModelProblem {
        kind: problem_kind(kind),
        message: text!("{path}: {kind}", path = path.display()),
        layers: match kind {
            ErrorKind::UnsupportedLayers(layers) => layers.iter().map(describe).collect(),
            _ => Vec::new(),
        },
    };
    let summary =
        inspect(path, &ReadOptions { input_size }).map_err(|error| refused(&error.kind))?;
    if let Some(kind) = summary.classifier_refusal() {
        return Err(refused(&kind));
    }
    let float_layers = FloatLayer::all(&summary);
    let input = summary.inputs.into_iter().next();
    let (input_name, shape) = match input {
        Some(input) => (input.name, input.shape.unwrap_or_default()),
        None => (String::new(), Vec::new()),
    };
    let &[_, input_height, input_width, channels] = shape.as_slice() else {
        let axes = shape.len().saturating_sub(1);
        return Err(ModelProblem {
            kind: ModelProblemKind::Unsupported,
            message: text!(
                "{path}: the model's input has {axes} axes besides the batch, but an image has height, width and channels; use a model for images",
                path = path.display()
            ),
            layers: Vec::new(),
        });
    };
    let changes =
        |layer: &InputNormalization| layer.scale != Some(1.0) || layer.offset != Some(0.0);
    Ok(ModelFacts {
        format: summary.format.to_owned(),
        keras_version: summary.keras_version,
        input_name,
        input_height,
        input_width,
        channels,
        output: summary.output_kind,
        float_layers,
        layers: summary.layers.len(),
        layer_names: summary.layers.into_iter().map(|layer| layer.name).collect(),
        parameters: summary.parameters.unwrap_or_default(),
        normalization_layers: summary
            .input_normalizations
            .into_iter()
            .filter(changes)
            .map(|layer| layer.layer)
            .collect(),
    })
}

fn problem_kind(kind: &ErrorKind) -> ModelProblemKind {
    match kind {
        ErrorKind::WeightsOnly => ModelProblemKind::WeightsOnly,
        ErrorKind::UnsupportedLayers(_)
        | ErrorKind::InputCount(_)
        | ErrorKind::OutputCount(_)
        | ErrorKind::OutputShape { .. }
        | ErrorKind::Activations { .. }
        | ErrorKind::UnknownInputSize { .. }
        | ErrorKind::UnknownInputShape { .. } => ModelProblemKind::Unsupported,
        _ => ModelProblemKind::Unreadable,
    }
}

fn describe(layer: &UnsupportedLayer) -> String {
    format!("{} ({}): {}", layer.layer, layer.class, layer.reason)
}
