//! Facts about a model, from the Keras reader.

use crate::facts::ModelFacts;
use keras::{ErrorKind, InputNormalization, ReadOptions, inspect};
use std::path::Path;

/// Inspects a model file. `input_size` stands in for a height and width that the model leaves
/// open.
pub(crate) fn facts(file: &Path, input_size: Option<usize>) -> Result<ModelFacts, String> {
    let summary = inspect(file, &ReadOptions { input_size }).map_err(|error| error.to_string())?;
    let refused = |reason: String| Err(format!("{}: {reason}", file.display()));
    if !summary.unsupported.is_empty() {
        return refused(ErrorKind::UnsupportedLayers(summary.unsupported).to_string());
    }
    let &[_, input_height, input_width, channels] = summary.input_shape.as_slice() else {
        let axes = summary.input_shape.len().saturating_sub(1);
        return refused(format!(
            "the model's input has {axes} axes besides the batch, but an image has height, width and channels; use a model for images"
        ));
    };
    let changes =
        |layer: &InputNormalization| layer.scale != Some(1.0) || layer.offset != Some(0.0);
    Ok(ModelFacts {
        input_height,
        input_width,
        channels,
        classes: summary.classes,
        normalization_layers: summary
            .input_normalizations
            .into_iter()
            .filter(changes)
            .map(|layer| layer.layer)
            .collect(),
    })
}
