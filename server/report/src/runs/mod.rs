//! Runs of the jobs side by side.

mod page;

use serde::Serialize;

/// What is the same and what differs between runs (`schemas/comparison.schema.json`), and the page
/// that shows it. Wherever there is a figure for each run, they are in the order of `runs`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunComparison {
    /// The runs, in the order in which they were given; the first is what the others are compared
    /// with.
    pub runs: Vec<ComparedRun>,
    /// Settings that are not the same in all runs.
    pub settings: Vec<DifferentSetting>,
    /// Number of settings that are the same in all runs.
    pub same_settings: usize,
    /// Layers of all runs that have a quantization report, in the order of execution.
    pub layers: Vec<ComparedLayer>,
    /// Classes of all runs that have an evaluation report.
    pub classes: Vec<ComparedClass>,
    /// Program and version.
    pub generator: String,
}

/// A run, joined with the run of the other job on the same int8 model where there is one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedRun {
    /// Name of its folder.
    pub name: String,
    /// Its folder.
    pub path: String,
    /// When it ended, RFC 3339.
    pub time: String,
    /// File name of the Keras model.
    pub model: String,
    /// SHA-256 of the Keras model.
    pub keras_sha256: Option<String>,
    /// SHA-256 of the int8 model.
    pub quantized_sha256: Option<String>,
    /// Size of the float model in bytes.
    pub float_bytes: Option<u64>,
    /// Size of the int8 model in bytes.
    pub quantized_bytes: Option<u64>,
    /// What Quantize says.
    pub quantization: Option<ComparedQuantization>,
    /// What Evaluate says.
    pub evaluation: Option<ComparedEvaluation>,
}

/// What Quantize says of a run's int8 model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedQuantization {
    /// Name of the run that says it.
    pub run: String,
    /// Signal to quantization noise ratio before the final softmax or sigmoid in decibels.
    pub logits_sqnr_db: Option<f64>,
    /// Fraction of the compared calibration images that get the same class from both models.
    pub top_1_agreement: Option<f64>,
    /// Distinct images that calibration read.
    pub calibration_images: u64,
}

/// What Evaluate says of a run's int8 model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedEvaluation {
    /// Name of the run that says it.
    pub run: String,
    /// Images evaluated.
    pub images: u64,
    /// Top-1 accuracy of the Keras, the float and the int8 model.
    pub top_1_accuracy: [f64; 3],
    /// Top-5 accuracy of the int8 model; only for more than ten classes.
    pub top_5_accuracy: Option<f64>,
    /// Fraction of images that get the Keras model's class from the int8 model.
    pub agreement_with_keras: f64,
    /// Median time of one inference of the int8 model.
    pub milliseconds_per_image: Option<f64>,
}

/// A setting and its value in each run, as JSON text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DifferentSetting {
    /// Keys from the outermost on, with dots between them.
    pub key: String,
    /// The value for each run; `None` where there is neither one nor a default.
    pub values: Vec<Option<SettingValue>>,
}

/// A value of a setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingValue {
    /// JSON text.
    pub value: String,
    /// Whether the configuration leaves it to the default.
    pub default: bool,
}

/// A layer in each run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedLayer {
    /// Name of the layer.
    pub name: String,
    /// Operator of the converted model.
    pub operator: String,
    /// Figures for each run; `None` in runs without this layer or without a report.
    pub runs: Vec<Option<LayerFigures>>,
}

/// What quantization did to a layer in one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayerFigures {
    /// Signal to quantization noise ratio of the output in decibels.
    pub sqnr_db: Option<f64>,
    /// Cosine similarity of float and int8 output.
    pub cosine_similarity: Option<f64>,
    /// Bits of an element of the output; `None` in float.
    pub activation_bits: Option<u64>,
    /// Smallest and largest value that the output can represent.
    pub range: Option<[f64; 2]>,
    /// Bits of an element of the kernel; `None` without kernel or in float.
    pub weights_bits: Option<u64>,
}

/// A class in each run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedClass {
    /// Name in the label file.
    pub name: String,
    /// Top-1 accuracy of the int8 model for each run; `None` in runs without such images.
    pub top_1_accuracy: Vec<Option<f64>>,
}

impl RunComparison {
    /// The most runs that are compared at once.
    pub const MOST: usize = 8;

    /// The comparison as a page.
    pub fn to_html(&self) -> String {
        page::page(self)
    }
}

/// How far the largest of some numbers is from the smallest; zero where there are fewer than two.
fn spread(values: impl Iterator<Item = Option<f64>>) -> f64 {
    let known: Vec<f64> = values.flatten().collect();
    let largest = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let smallest = known.iter().copied().fold(f64::INFINITY, f64::min);
    (largest - smallest).max(0.0)
}
