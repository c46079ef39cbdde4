use report::QuantizationReport;
use serde::{Deserialize, Serialize};

/// `run.json` (`schemas/runs.schema.json`): what a job was given and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Which job, and its figures.
    #[serde(flatten)]
    pub summary: Summary,
    /// When the job ended, in UTC to the millisecond (RFC 3339).
    pub time: String,
    /// How long the job took.
    pub seconds: f64,
    /// Worker threads.
    pub threads: usize,
    /// Where the configuration was read.
    pub configuration: String,
    /// The seed that drew the calibration images, whoever chose it.
    pub seed: u64,
    /// The Keras model, the float and the int8 TFLite model.
    pub models: Vec<ModelRecord>,
    /// Program and version.
    pub generator: String,
}

/// A model file, which is not kept itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRecord {
    /// Which one.
    pub role: ModelRole,
    /// Where it was.
    pub path: String,
    /// Size in bytes; 0 where it could not be read any more.
    pub bytes: u64,
    /// SHA-256 in hexadecimal, of a folder over names and contents of its files; `None` where it
    /// could not be read any more.
    pub sha256: Option<String>,
}

/// The part of a model in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelRole {
    /// The trained model.
    Keras,
    /// The float TFLite model.
    Float,
    /// The int8 TFLite model.
    Quantized,
}

/// What a job found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "job", content = "result", rename_all = "snake_case")]
pub enum Summary {
    /// Of Quantize.
    Quantize(QuantizeSummary),
    /// Of Evaluate.
    Evaluate(EvaluateSummary),
}

/// Figures of Quantize.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuantizeSummary {
    /// Signal to quantization noise ratio before the final softmax or sigmoid in decibels; `None` when nothing
    /// was compared, or nothing differs.
    pub logits_sqnr_db: Option<f64>,
    /// Fraction of the compared calibration images that get the same class from both models.
    pub top_1_agreement: Option<f64>,
    /// Distinct images that calibration read.
    pub calibration_images: usize,
}

/// Figures of Evaluate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluateSummary {
    /// Images evaluated.
    pub images: usize,
    /// Fraction of images, in [0, 1].
    pub top_1_accuracy_keras: f64,
    /// Fraction of images, in [0, 1].
    pub top_1_accuracy_tflite: f64,
    /// Fraction of images, in [0, 1].
    pub top_1_accuracy_tflite_quantized: f64,
    /// Fraction of images that get the Keras model's class from the int8 model.
    pub agreement_with_keras: f64,
}

impl QuantizeSummary {
    pub(crate) fn new(report: &QuantizationReport) -> Self {
        let comparison = report.comparison.as_ref();
        Self {
            logits_sqnr_db: comparison.and_then(|compared| compared.logits_sqnr_db),
            top_1_agreement: comparison.and_then(|compared| compared.top_1_agreement),
            calibration_images: report.calibration.images,
        }
    }
}

impl Summary {
    /// Name of the job.
    pub fn job(&self) -> &'static str {
        match self {
            Self::Quantize(_) => "quantize",
            Self::Evaluate(_) => "evaluate",
        }
    }
}

impl RunRecord {
    /// The record of a model.
    pub fn model(&self, role: ModelRole) -> Option<&ModelRecord> {
        self.models.iter().find(|model| model.role == role)
    }
}
