use std::path::PathBuf;

use evaluation::Accuracy;
use serde::Serialize;

use crate::event::ModelLine;

/// `results.json` (`schemas/results.schema.json`).
#[derive(Debug, Clone, Serialize)]
pub(super) struct Results {
    /// Fraction in [0, 1], as in the replaced tool.
    pub(super) top_1_accuracy_keras: f64,
    /// Fraction in [0, 1], as in the replaced tool.
    pub(super) top_1_accuracy_tflite: f64,
    /// Fraction in [0, 1], as in the replaced tool.
    pub(super) top_1_accuracy_tflite_quantized: f64,
    /// Number of images evaluated.
    pub(super) images: usize,
    /// How classes lie in the output of the models.
    pub(super) output_kind: &'static str,
    /// Class names by id.
    pub(super) classes: Vec<String>,
    /// Keras, TFLite, TFLite int8.
    pub(super) models: Vec<ModelResults>,
    /// Images that could not be read and count nowhere above.
    pub(super) unreadable_images: Vec<UnreadableImage>,
    /// Anything else that the user should know.
    pub(super) warnings: Vec<String>,
    /// Program and version that made the file.
    pub(super) generator: &'static str,
}

/// Figures of one model.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ModelResults {
    pub(super) name: &'static str,
    pub(super) path: PathBuf,
    pub(super) file_bytes: u64,
    pub(super) engine: String,
    pub(super) top_1_accuracy: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) top_5_accuracy: Option<f64>,
    /// Fraction of images on which the model names the same class as the Keras model, in [0, 1].
    pub(super) agreement_with_keras: f64,
    /// Median time of one inference on one thread; the only figure that varies between runs.
    pub(super) milliseconds_per_image: f64,
    pub(super) per_class: Vec<ClassResults>,
    /// `counts[actual][predicted]`.
    pub(super) confusion: Vec<Vec<usize>>,
}

/// Figures of one model on one class.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ClassResults {
    pub(super) class: String,
    pub(super) images: usize,
    pub(super) correct: usize,
    /// `null` for a class without images.
    pub(super) top_1_accuracy: Option<f64>,
}

/// A picture that could not be used.
#[derive(Debug, Clone, Serialize)]
pub(super) struct UnreadableImage {
    pub(super) path: PathBuf,
    pub(super) reason: String,
}

impl ModelResults {
    /// The row of the accuracy table.
    pub(super) fn line(&self) -> ModelLine {
        ModelLine {
            name: self.name,
            engine: self.engine.clone(),
            top_1_accuracy: self.top_1_accuracy,
            top_5_accuracy: self.top_5_accuracy,
            agreement_with_keras: self.agreement_with_keras,
            milliseconds_per_image: self.milliseconds_per_image,
            file_bytes: self.file_bytes,
        }
    }

    pub(super) fn per_class(accuracy: &Accuracy, classes: &[String]) -> Vec<ClassResults> {
        classes
            .iter()
            .zip(&accuracy.classes)
            .map(|(class, accuracy)| ClassResults {
                class: class.clone(),
                images: accuracy.images,
                correct: accuracy.correct,
                top_1_accuracy: (accuracy.images > 0).then_some(accuracy.top_1),
            })
            .collect()
    }
}
