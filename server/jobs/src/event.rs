use std::path::PathBuf;

use localization::{Phrase, Structured, Text};
use serde::{Serialize, Serializer};
use serde_json::Value;

/// What a job tells while it runs. Printed as one JSON object a line
/// (`schemas/events.schema.json`) or drawn as progress bars.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A new stage begins.
    Stage {
        /// Which one.
        stage: Stage,
        /// What it does, for people.
        title: Text,
        /// Steps in all; 0 when it is one step of unknown length.
        total: u64,
        /// What a step is, in the plural.
        unit: Phrase,
    },
    /// The stage is getting on.
    Progress {
        /// Which stage.
        stage: Stage,
        /// Steps done.
        done: u64,
        /// Steps in all.
        total: u64,
        /// What a step is, in the plural.
        unit: Phrase,
    },
    /// Something the user should know.
    Log {
        /// How serious it is.
        level: Level,
        /// One sentence.
        message: Text,
    },
    /// The job is done. Always the last event of a job that succeeds.
    Result(Outcome),
    /// The job failed or was cancelled. Always the last event of a job that does not succeed.
    Error {
        /// Whether the user asked for it.
        cancelled: bool,
        /// One sentence: what, where, what to do.
        message: Text,
        /// The key of the configuration at whose value the user has to look.
        key: Option<String>,
    },
}

/// Parts of a job, in the order they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Reading the Keras model.
    Read,
    /// Graph passes and the float model.
    Convert,
    /// Running the float model on calibration images.
    Calibrate,
    /// Trying what may make the quantized model better.
    Search,
    /// Choosing scales and rounding weights.
    Quantize,
    /// Choosing for each weight whether it is rounded up or down.
    Round,
    /// Comparing the moments of each layer's output with rounded weights.
    Correct,
    /// Looking for layers to keep in more bits.
    Budget,
    /// Running the quantized model once.
    Verify,
    /// Running the float and the quantized model on some of the images.
    Compare,
    /// Writing the files.
    Write,
    /// Running the original Keras model on labelled images.
    EvaluateKeras,
    /// Running the float TFLite model on labelled images.
    EvaluateTflite,
    /// Running the quantized TFLite model on labelled images.
    EvaluateTfliteQuantized,
}

/// How serious a log message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Something to know.
    Info,
    /// Something that may spoil the result.
    Warning,
}

/// What a job has made.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum Outcome {
    /// Two models.
    Quantize(QuantizeOutcome),
    /// Accuracy figures.
    Evaluate(EvaluateOutcome),
}

/// What Quantize has made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QuantizeOutcome {
    /// The float model.
    pub model: WrittenFile,
    /// The int8 model.
    pub quantized_model: WrittenFile,
    /// The page about every layer.
    pub report: WrittenFile,
    /// Folder of the run that was kept; `None` where none was.
    pub run: Option<PathBuf>,
    /// Signal to quantization noise ratio before the final softmax or sigmoid, in decibels; `None` when
    /// nothing was compared.
    pub logits_sqnr_db: Option<f64>,
    /// Distinct images that calibration ran.
    pub calibration_images: usize,
    /// Samples that they stand for: `batch_size * iteration_count`.
    pub calibration_samples: usize,
    /// What may spoil the accuracy, and the setting that would help.
    #[serde(serialize_with = "in_english")]
    pub advice: Vec<report::Advice>,
    /// What the user should look at.
    pub warnings: Vec<Text>,
    /// How long each stage took.
    pub timings: Vec<Timing>,
}

/// What Evaluate has found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvaluateOutcome {
    /// Where `results.json` is.
    pub results: WrittenFile,
    /// The page about accuracy, classes and images.
    pub report: WrittenFile,
    /// Folder of the run that was kept; `None` where none was.
    pub run: Option<PathBuf>,
    /// One line for each model: its file, what ran it, and its accuracy.
    pub models: Vec<ModelLine>,
    /// Number of images evaluated.
    pub images: usize,
    /// Number of images that could not be read and were left out.
    pub unreadable_images: usize,
    /// What the user should look at.
    pub warnings: Vec<Text>,
    /// How long each stage took.
    pub timings: Vec<Timing>,
}

/// A file that a job has written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WrittenFile {
    /// Absolute path.
    pub path: PathBuf,
    /// Size in bytes.
    pub bytes: u64,
}

/// One row of the accuracy table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelLine {
    /// `Keras`, `TFLite` or `TFLite int8`.
    pub name: &'static str,
    /// What ran it.
    pub engine: String,
    /// Fraction of images, in [0, 1].
    pub top_1_accuracy: f64,
    /// Fraction of images, in [0, 1], for more than ten classes.
    pub top_5_accuracy: Option<f64>,
    /// Fraction of images on which it names the same class as the Keras model, in [0, 1].
    pub agreement_with_keras: f64,
    /// Median time of one inference.
    pub milliseconds_per_image: f64,
    /// Size of the file in bytes.
    pub file_bytes: u64,
}

/// Time that a stage took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Timing {
    /// Which stage.
    pub stage: Stage,
    /// How long.
    pub seconds: f64,
}

/// Advice without what only the report has of its messages.
fn in_english<S: Serializer>(advice: &[report::Advice], to: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct English<'a> {
        code: &'a str,
        layers: &'a [String],
        key: &'a str,
        value: &'a Option<Value>,
        message: &'a Text,
    }
    to.collect_seq(advice.iter().map(|advice| English {
        code: advice.code,
        layers: &advice.layers,
        key: &advice.key,
        value: &advice.value,
        message: &advice.message,
    }))
}

impl Event {
    /// What the event says to people, as data: the language server shows it in the language of the
    /// editor.
    pub fn texts(&self) -> Texts {
        match self {
            Self::Stage { title, unit, .. } => Texts {
                title: Some(title.into()),
                unit: Some(unit.into()),
                ..Texts::default()
            },
            Self::Progress { unit, .. } => Texts {
                unit: Some(unit.into()),
                ..Texts::default()
            },
            Self::Log { message, .. } | Self::Error { message, .. } => Texts {
                message: Some(message.into()),
                ..Texts::default()
            },
            Self::Result(Outcome::Quantize(QuantizeOutcome { warnings, .. }))
            | Self::Result(Outcome::Evaluate(EvaluateOutcome { warnings, .. })) => Texts {
                warnings: warnings.iter().map(Structured::from).collect(),
                ..Texts::default()
            },
        }
    }
}

/// The texts of an event, by the names of its members.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Texts {
    /// Title of the stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Structured>,
    /// What a step is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Structured>,
    /// The message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Structured>,
    /// The warnings of a result.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Structured>,
}

impl Stage {
    /// Name in the event stream and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Convert => "convert",
            Self::Calibrate => "calibrate",
            Self::Search => "search",
            Self::Quantize => "quantize",
            Self::Round => "round",
            Self::Correct => "correct",
            Self::Budget => "budget",
            Self::Verify => "verify",
            Self::Compare => "compare",
            Self::Write => "write",
            Self::EvaluateKeras => "evaluate_keras",
            Self::EvaluateTflite => "evaluate_tflite",
            Self::EvaluateTfliteQuantized => "evaluate_tflite_quantized",
        }
    }
}
