//! The three models that are compared.

use std::path::{Path, PathBuf};

use configuration::Settings;
use inference::{InferenceError, Kernels, Model, TfliteModel, TractModel};
use localization::{Phrase, Text, phrase, text};

use crate::classifier::Classifier;
use crate::error::JobError;
use crate::event::Stage;
use crate::result_files::model_paths;

/// One of the three models.
pub(super) struct Candidate<'a> {
    pub(super) name: &'static str,
    pub(super) stage: Stage,
    pub(super) title: Phrase,
    pub(super) path: PathBuf,
    pub(super) model: Box<dyn Model + 'a>,
    pub(super) file_bytes: u64,
}

pub(super) fn read_model(path: &Path) -> Result<Vec<u8>, JobError> {
    let missing = std::fs::symlink_metadata(path)
        .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
    if missing {
        return Err(JobError::NotQuantized {
            path: path.to_path_buf(),
        });
    }
    Ok(tflite::load(path)?)
}

pub(super) fn load_models<'a>(
    settings: &Settings,
    classifier: &Classifier,
    [float, quantized]: &'a [Vec<u8>; 2],
) -> Result<Vec<Candidate<'a>>, JobError> {
    let [float_path, quantized_path] = model_paths(&settings.output_dir);
    let keras_bytes = crate::digest::size(&settings.source_keras_model);
    let outputs = classifier.graph.outputs();
    Ok(vec![
        Candidate {
            name: "Keras",
            stage: Stage::EvaluateKeras,
            title: phrase!("evaluating the Keras model"),
            path: settings.source_keras_model.clone(),
            model: Box::new(TractModel::new(&classifier.graph, outputs)?),
            file_bytes: keras_bytes,
        },
        Candidate {
            name: "TFLite",
            stage: Stage::EvaluateTflite,
            title: phrase!("evaluating the TFLite model"),
            model: Box::new(tflite_model(float, &float_path)?),
            path: float_path,
            file_bytes: float.len() as u64,
        },
        Candidate {
            name: "TFLite int8",
            stage: Stage::EvaluateTfliteQuantized,
            title: phrase!("evaluating the quantized TFLite model"),
            model: Box::new(tflite_model(quantized, &quantized_path)?),
            path: quantized_path,
            file_bytes: quantized.len() as u64,
        },
    ])
}

fn tflite_model<'a>(bytes: &'a [u8], path: &Path) -> Result<TfliteModel<'a>, JobError> {
    TfliteModel::from_bytes(bytes, Kernels::Xnnpack).map_err(|source| match source {
        // Not the file's fault.
        InferenceError::RuntimeAbsent => source.into(),
        source => JobError::Unloadable {
            path: path.to_path_buf(),
            source,
        },
    })
}

/// Says when a TFLite model is older than the Keras model it should have been made from.
pub(super) fn stale_models(settings: &Settings) -> Option<Text> {
    let modified = |path: &Path| std::fs::metadata(path).and_then(|m| m.modified()).ok();
    let source = modified(&settings.source_keras_model)?;
    let stale = model_paths(&settings.output_dir)
        .into_iter()
        .find(|path| modified(path).is_some_and(|time| time < source))?;
    Some(text!(
        "\"{stale}\" is older than the Keras model; run Quantize again to evaluate the present one",
        stale = stale.display()
    ))
}
