use std::path::PathBuf;

use evaluation::Accuracy;
use serde::Serialize;

/// `results.json` (`schemas/results.schema.json`).
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Results {
    /// Fraction in [0, 1], as in the replaced tool.
    pub(crate) top_1_accuracy_keras: f64,
    /// Fraction in [0, 1], as in the replaced tool.
    pub(crate) top_1_accuracy_tflite: f64,
    /// Fraction in [0, 1], as in the replaced tool.
    pub(crate) top_1_accuracy_tflite_quantized: f64,
    /// Number of images evaluated.
    pub(crate) images: usize,
    /// Class names by id.
    pub(crate) classes: Vec<String>,
    /// Keras, TFLite, TFLite int8.
    pub(crate) models: Vec<ModelResults>,
    /// Images that could not be read and count nowhere above.
    pub(crate) unreadable_images: Vec<UnreadableImage>,
    /// Anything else that the user should know.
    pub(crate) warnings: Vec<String>,
    /// Program and version that made the file.
    pub(crate) generator: &'static str,
}

/// Figures of one model.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ModelResults {
    pub(crate) name: &'static str,
    pub(crate) path: PathBuf,
    pub(crate) file_bytes: u64,
    pub(crate) engine: String,
    pub(crate) top_1_accuracy: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top_5_accuracy: Option<f64>,
    /// Fraction of images on which the model names the same class as the Keras model, in [0, 1].
    pub(crate) agreement_with_keras: f64,
    /// Median time of one inference on one thread; the only figure that varies between runs.
    pub(crate) milliseconds_per_image: f64,
    pub(crate) per_class: Vec<ClassResults>,
    /// `counts[actual][predicted]`.
    pub(crate) confusion: Vec<Vec<usize>>,
}

/// Figures of one model on one class.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ClassResults {
    pub(crate) class: String,
    pub(crate) images: usize,
    pub(crate) correct: usize,
    /// `null` for a class without images.
    pub(crate) top_1_accuracy: Option<f64>,
}

/// A picture that could not be used.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct UnreadableImage {
    pub(crate) path: PathBuf,
    pub(crate) reason: String,
}

impl ModelResults {
    pub(crate) fn per_class(accuracy: &Accuracy, classes: &[String]) -> Vec<ClassResults> {
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
