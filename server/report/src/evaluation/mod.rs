//! How well the three models name what is on pictures.

mod classes;
mod confusion;
mod gallery;
mod page;
#[cfg(test)]
mod tests;

use crate::output::Output;
use serde::Serialize;
use serde_json::Value;

/// `evaluation_report.json` (`schemas/evaluation_report.schema.json`), and the page that shows it.
///
/// Wherever there is a figure for each model, they are in the order of `models`: Keras, TFLite,
/// TFLite int8.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvaluationReport {
    /// File name of the Keras model.
    pub model: String,
    /// Images evaluated.
    pub images: usize,
    /// What the output of the models means.
    pub output: Output,
    /// Rows of the accuracy table.
    pub models: Vec<EvaluatedModel>,
    /// What becomes of the float TFLite model's answers in int8.
    pub changes: Changes,
    /// Classes in the order of the model's outputs.
    pub classes: Vec<EvaluatedClass>,
    /// What is taken for what.
    pub confusion: ConfusionFigures,
    /// Images that the float and the int8 TFLite model take for different classes.
    pub disagreements: Disagreements,
    /// What may spoil the accuracy, as the quantization report says.
    pub advice: Vec<EvaluationAdvice>,
    /// Anything else that the user should know.
    pub warnings: Vec<String>,
    /// Program and version.
    pub generator: String,
}

/// Figures of one model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvaluatedModel {
    /// `Keras`, `TFLite` or `TFLite int8`.
    pub name: String,
    /// What ran it.
    pub engine: String,
    /// Size of the file in bytes.
    pub file_bytes: u64,
    /// Fraction of images, in [0, 1].
    pub top_1_accuracy: f64,
    /// Fraction of images, in [0, 1]; only for more than ten classes.
    pub top_5_accuracy: Option<f64>,
    /// Fraction of images on which it names the same class as the Keras model, in [0, 1].
    pub agreement_with_keras: f64,
    /// Median time of one inference; the only figure that varies between runs.
    pub milliseconds_per_image: f64,
}

/// Numbers of images by what the float and the int8 TFLite model make of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// The same class.
    pub same: usize,
    /// Float is right, int8 is not.
    pub lost: usize,
    /// Int8 is right, float is not.
    pub gained: usize,
    /// Different classes, neither right.
    pub otherwise_wrong: usize,
}

/// Figures of one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EvaluatedClass {
    /// Name in the label file.
    pub name: String,
    /// Images of the class.
    pub images: usize,
    /// Images that each model names right.
    pub correct: Vec<usize>,
}

/// What is taken for what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfusionFigures {
    /// For each model the number of images by actual class (row) and answer (column), where the
    /// classes are few enough to look at; `results.json` has them in any case. A last column counts
    /// answers without a label where there are such outputs.
    pub matrices: Option<Vec<Vec<Vec<usize>>>>,
    /// Errors, those that int8 makes most often first.
    pub pairs: Vec<ConfusedPair>,
    /// Further kinds of errors, which are not in `pairs`.
    pub further_pairs: usize,
}

/// One kind of error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfusedPair {
    /// Class of the images.
    pub actual: String,
    /// What they are taken for; `None` for outputs without a label.
    pub predicted: Option<String>,
    /// Images for each model.
    pub images: Vec<usize>,
    /// Images of the actual class.
    pub of: usize,
}

/// Images that get different answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Disagreements {
    /// How many there are.
    pub total: usize,
    /// Some of them: first those that int8 loses, then those that it gains, then the rest.
    pub images: Vec<Disagreement>,
}

/// An image that gets different answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Disagreement {
    /// File below the folder of images, with `/` between folders.
    pub file: String,
    /// Its class.
    pub actual: String,
    /// Answer of the float TFLite model.
    pub float: Answer,
    /// Answer of the int8 TFLite model.
    pub int8: Answer,
    /// A small copy.
    pub thumbnail: Option<Picture>,
}

/// The class with the highest score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// Its name; `None` for an output without a label.
    pub class: Option<String>,
    /// Its score, as the model gives it.
    pub score: f32,
}

/// A small picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Picture {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// A JPEG file as a `data:` URI.
    pub uri: String,
}

/// A likely cause of lost accuracy, as `quantization_report.json` has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvaluationAdvice {
    /// Stable name of the kind of problem.
    pub code: String,
    /// The layers concerned, the worst first.
    pub layers: Vec<String>,
    /// The key of the configuration that is concerned.
    pub key: String,
    /// The value of the key that would help.
    pub value: Option<Value>,
    /// What was seen, and what to do.
    pub message: String,
}

impl Picture {
    /// A picture from the content of a JPEG file.
    pub fn jpeg(width: usize, height: usize, file: &[u8]) -> Self {
        use base64::Engine as _;
        let encoded = base64::engine::general_purpose::STANDARD.encode(file);
        Self {
            width,
            height,
            uri: format!("data:image/jpeg;base64,{encoded}"),
        }
    }
}

impl EvaluationReport {
    /// The most classes whose confusion matrix is shown whole.
    pub const MATRIX_CLASSES: usize = 24;

    /// The most kinds of errors that are listed.
    pub const PAIRS: usize = 100;

    /// The most images that the gallery shows.
    pub const GALLERY: usize = 48;

    /// The report as a page.
    pub fn to_html(&self) -> String {
        page::page(self)
    }

    /// A figure of the accuracy table; the models are always three.
    fn model(&self, which: Which) -> Option<&EvaluatedModel> {
        self.models.get(which as usize)
    }
}

/// Positions in lists with an entry for each model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Keras = 0,
    Float = 1,
    Int8 = 2,
}
