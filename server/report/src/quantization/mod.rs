//! What quantization did to every layer of a model.

mod page;

use crate::output::Output;
use serde::Serialize;
use serde_json::Value;

/// `quantization_report.json` (`schemas/quantization_report.schema.json`), and the page that shows
/// it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QuantizationReport {
    /// File name of the Keras model.
    pub model: String,
    /// What the output of the model means.
    pub output: Output,
    /// The members of the configuration that decided the result, as they were written.
    pub configuration: Value,
    /// What calibration saw.
    pub calibration: Calibration,
    /// The two models side by side; absent from builds without the TFLite runtime.
    pub comparison: Option<Comparison>,
    /// What was tried to make the model better; absent where nothing was.
    pub search: Option<Search>,
    /// How the accuracy budget was met; absent where there is none.
    pub accuracy_budget: Option<AccuracyBudget>,
    /// What was written.
    pub files: Files,
    /// What may spoil the accuracy, and the setting that would help.
    pub advice: Vec<Advice>,
    /// Layers, those with the most noise first.
    pub layers: Vec<Layer>,
    /// Program and version.
    pub generator: String,
}

/// Images that chose the scales.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Calibration {
    /// Distinct images.
    pub images: usize,
    /// Samples that they stand for.
    pub samples: usize,
}

/// Outputs of the float and the int8 model on images.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Number of images.
    pub images: usize,
    /// Whether they are evaluation images, which calibration has not seen.
    pub from_evaluation: bool,
    /// Signal to quantization noise ratio of what goes into the final softmax or sigmoid, or of the output
    /// where there is none, in decibels; `None` when there is no noise at all.
    pub logits_sqnr_db: Option<f64>,
    /// Half the width of the 95 % interval of that ratio, in decibels; `None` when it is not known.
    pub logits_sqnr_interval_db: Option<f64>,
    /// The ratio that 5 % of the images are below; `None` when one has no noise.
    pub logits_sqnr_5th_percentile_db: Option<f64>,
    /// Fraction of images on which both models name the same class, in [0, 1]; `None` where the
    /// output tells no classes apart.
    pub top_1_agreement: Option<f64>,
    /// What ran them.
    pub engine: String,
}

/// What was tried on calibration images, and kept where it made the model better.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Search {
    /// Number of images that judged.
    pub images: usize,
    /// Whether they had no part in what they judged.
    pub held_out: bool,
    /// Signal to quantization noise ratio of the logits before, in decibels; `None` without noise.
    pub before_sqnr_db: Option<f64>,
    /// The same with what was kept.
    pub after_sqnr_db: Option<f64>,
    /// In the order in which they were tried.
    pub trials: Vec<Trial>,
}

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trial {
    /// What it was.
    pub what: String,
    /// What it won over what had been kept until then, in decibels of the logits' signal to
    /// quantization noise ratio.
    pub gain_db: Option<f64>,
    /// Whether it was kept.
    pub kept: bool,
}

/// Layers that keep more bits so that the model is accurate enough.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AccuracyBudget {
    /// Top-1 accuracy that quantization may cost, in percentage points.
    pub budget: f64,
    /// Whether it costs no more.
    pub verdict: BudgetVerdict,
    /// Labelled images that decided.
    pub images: usize,
    /// Mixtures that were measured.
    pub trials: usize,
    /// Fraction of the images that the float model names right, in [0, 1].
    pub float_top_1_accuracy: f64,
    /// The same in 8 bits throughout, or as the overrides say.
    pub int8_top_1_accuracy: f64,
    /// The same of the written model.
    pub top_1_accuracy: f64,
    /// What the written model costs on other images of the kind, in percentage points: the ends of the
    /// 95 % interval.
    pub loss_interval: [f64; 2],
    /// Layers that do not compute in 8 bits.
    pub layers: Vec<String>,
}

/// Whether quantization costs no more accuracy than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetVerdict {
    /// The whole 95 % interval of the loss lies within the budget.
    Met,
    /// The images lose no more than the budget, and are too few to show it of others.
    WithinChance,
    /// The images lose more.
    NotMet,
}

/// Sizes of the written models in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Files {
    /// The float model.
    pub float_bytes: u64,
    /// The int8 model.
    pub quantized_bytes: u64,
}

/// A likely cause of lost accuracy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Advice {
    /// Stable name of the kind of problem.
    pub code: &'static str,
    /// The layers concerned, the worst first; empty where it is about the images.
    pub layers: Vec<String>,
    /// The key of the configuration that is concerned, members of members behind dots.
    pub key: String,
    /// The value of the key that would help; `None` where that is for the user to judge.
    pub value: Option<Value>,
    /// What was seen, with figures, and what to do; one sentence without a final full stop; written
    /// in English as `message`, and as data as `text`.
    #[serde(flatten, serialize_with = "localization::message_and_text")]
    pub message: localization::Text,
}

/// One operator of the converted model and its output.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Layer {
    /// Name of the layer, `layer/part` where it needs several operators.
    pub name: String,
    /// Operator of the converted model.
    pub operator: String,
    /// Position in the order of execution, from 0.
    pub position: usize,
    /// Shape of the output with the batch axis.
    pub output_shape: Vec<usize>,
    /// Signal to quantization noise ratio of the output in decibels, all noise from the input of
    /// the model on included; `None` where there is no noise, or nothing was compared.
    pub sqnr_db: Option<f64>,
    /// Decibels lost against the noisiest operand.
    pub sqnr_loss_db: Option<f64>,
    /// Cosine of the angle between float and int8 output, in [-1, 1].
    pub cosine_similarity: Option<f64>,
    /// How the output is stored.
    pub activation: Option<Activation>,
    /// How kernel and bias are stored.
    pub weights: Option<Weights>,
    /// Multiply-accumulate operations for one image.
    pub macs: u64,
}

/// Quantization of an activation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Activation {
    /// Bits of an element.
    pub bits: u8,
    /// Step between neighbouring values.
    pub scale: f64,
    /// Quantized value of zero.
    pub zero_point: i32,
    /// Smallest and largest value that can be represented.
    pub range: [f64; 2],
    /// Smallest and largest value that calibration saw, where it looked.
    pub data_range: Option<[f64; 2]>,
    /// How the values are distributed over `data_range`.
    pub histogram: Option<Histogram>,
}

/// Counts over equal bins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Histogram {
    /// Number of values in each bin.
    pub counts: Vec<u64>,
}

/// Quantization of a kernel and its bias.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Weights {
    /// Bits of an element of the kernel; 32 in a layer that is kept in float.
    pub bits: u8,
    /// Elements of kernel and bias.
    pub parameters: u64,
    /// Bytes in the float model.
    pub float_bytes: u64,
    /// Bytes in the int8 model, without scales.
    pub quantized_bytes: u64,
    /// Signal to quantization noise ratio of the kernel in decibels; `None` when it is exact.
    pub sqnr_db: Option<f64>,
}

impl QuantizationReport {
    /// The report as a page.
    pub fn to_html(&self) -> String {
        page::page(self)
    }
}
