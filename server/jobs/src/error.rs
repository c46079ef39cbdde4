use std::io;
use std::path::PathBuf;

use configuration::{Job, NoClasses, written_size};
use localization::{Message, Phrase, Text, phrase, text};
use thiserror::Error;

/// Why a job did not finish. Every message is one sentence for the user.
#[derive(Debug, Error, Message)]
#[non_exhaustive]
pub enum JobError {
    /// The user stopped the job.
    #[error("cancelled; earlier results are as they were")]
    Cancelled,
    /// The model file could not be read.
    #[error(transparent)]
    Keras(#[from] keras::KerasError),
    /// The image folder is not usable.
    #[error(transparent)]
    Dataset(#[from] images::DatasetError),
    /// A picture is not usable.
    #[error(transparent)]
    Image(#[from] images::ImageError),
    /// Pictures and model do not fit.
    #[error(transparent)]
    Preprocessing(#[from] images::PreprocessingError),
    /// The label file is not usable.
    #[error(transparent)]
    Labels(#[from] images::LabelError),
    /// The float model could not be written.
    #[error("the model cannot be converted: {0}")]
    Write(#[from] tflite::WriteError),
    /// The model could not be quantized.
    #[error("the model cannot be quantized: {0}")]
    Quantization(#[from] quantization::QuantizationError),
    /// A model could not be run.
    #[error(transparent)]
    Inference(#[from] inference::InferenceError),
    /// A layer computes values that nothing can represent.
    #[error(
        "layer \"{layer}\" computes infinite or undefined values for the image \"{image}\"; check the model's weights and the key preprocessing"
    )]
    NonFinite {
        /// Name of the layer.
        layer: String,
        /// The picture.
        image: PathBuf,
    },
    /// The calibration folder has fewer pictures than a batch.
    #[error(
        "batch_size is {batch_size}, but there are only {images} images in \"{folder}\"; lower batch_size or add images"
    )]
    TooFewImages {
        /// Number asked for.
        batch_size: usize,
        /// Number found.
        images: usize,
        /// Where.
        folder: PathBuf,
    },
    /// The model has another size than the configuration says.
    #[error(
        "input_tensor_size is {configured}, but the model's input is {height} x {width} pixels; set it to the model's size",
        configured = size(.configured)
    )]
    InputSize {
        /// Height and width that the key has.
        configured: [usize; 2],
        /// Height of the input.
        height: usize,
        /// Width of the input.
        width: usize,
    },
    /// The model is no classifier of pictures.
    #[error(
        "the model \"{model}\" {problem}; only image classifiers with one input and one output can be used"
    )]
    NotClassifier {
        /// The model file.
        model: PathBuf,
        /// What it is instead, as the rest of the sentence.
        problem: Text,
    },
    /// Accuracy is asked for of a model that tells no classes apart.
    #[error("{reason}", reason = NoClasses(.reason))]
    NoClasses {
        /// Why not.
        reason: keras::NoScore,
    },
    /// The file of the target is not usable.
    #[error(transparent)]
    Target(#[from] configuration::target::TargetError),
    /// Settings are for a layer that the model does not have.
    #[error(
        "no layer of the model matches {pattern:?} in quantization.overrides; {remedy}",
        remedy = remedy(.nearest)
    )]
    NoSuchLayer {
        /// The name, which may have wildcards.
        pattern: String,
        /// Names like it, the best first.
        nearest: Vec<String>,
    },
    /// A layer shall be what the target does not allow.
    #[error(
        "the target {target:?} does not let the layer {layer:?} ({op}) {wanted}; change quantization.overrides or the target"
    )]
    NotOnTarget {
        /// Name of the target.
        target: String,
        /// Name of the node.
        layer: String,
        /// Its operator.
        op: &'static str,
        /// What it shall do, as a phrase.
        wanted: Phrase,
    },
    /// A TFLite model that Evaluate needs is not there.
    #[error("there is no \"{path}\"; run Quantize with this configuration first")]
    NotQuantized {
        /// The missing file.
        path: PathBuf,
    },
    /// A TFLite model was made from another Keras model.
    #[error(
        "the models in \"{folder}\" were made from another Keras model; run Quantize with this configuration first"
    )]
    OtherModel {
        /// `output_dir`.
        folder: PathBuf,
    },
    /// There is nothing to evaluate on.
    #[error("none of the {images} images in \"{folder}\" can be read, first: {first}")]
    NoReadableImage {
        /// Where.
        folder: PathBuf,
        /// Number of images.
        images: usize,
        /// Why the first cannot be read.
        first: Text,
    },
    /// A TFLite model could not be read.
    #[error(transparent)]
    ReadModel(#[from] tflite::LoadError),
    /// A file or folder could not be written.
    #[error("cannot write \"{path}\": {source}; {remedy}")]
    WriteFile {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
        /// What the user can do.
        remedy: Phrase,
    },
    /// A thread ended unexpectedly; a fault of this program.
    #[error("the job ended unexpectedly; please report this together with the model")]
    Panicked,
    /// The system gives no threads.
    #[error("the system starts no more threads; end other programs or raise its limit")]
    NoThreads,
    /// A file in `output_dir` is no model that the runtime can load.
    #[error(
        "\"{path}\" cannot be evaluated ({source}); run Quantize with this configuration again"
    )]
    Unloadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: inference::InferenceError,
    },
    /// A model computes values that are no scores.
    #[error(
        "the {model} model gives infinite or undefined scores for the image \"{image}\"; check the model's weights and the key preprocessing"
    )]
    NoScores {
        /// `Keras`, `TFLite` or `TFLite int8`.
        model: &'static str,
        /// The picture.
        image: PathBuf,
    },
    /// The quantized model does not run; a fault of this program.
    #[error("the quantized model does not run ({0}); please report this together with the model")]
    Unusable(inference::InferenceError),
}

impl JobError {
    /// The key of the configuration at whose value the user has to look, where there is one.
    pub fn key(&self, job: Job) -> Option<&'static str> {
        let (images, outputs) = match job {
            Job::Quantize => ("dataset_image_dir", "output_dir"),
            Job::Evaluate => ("evaluate_image_dir", "evaluate_result_dir"),
        };
        match self {
            Self::Keras(_)
            | Self::Write(_)
            | Self::Quantization(_)
            | Self::NonFinite { .. }
            | Self::NotClassifier { .. }
            | Self::NoClasses { .. }
            | Self::NoScores { .. } => Some("source_keras_model"),
            Self::Dataset(_) | Self::Image(_) | Self::NoReadableImage { .. } => Some(images),
            Self::Preprocessing(_) => Some("preprocessing"),
            Self::Labels(_) => Some("evaluate_label_file"),
            Self::Target(_) => Some("target"),
            Self::NoSuchLayer { .. } | Self::NotOnTarget { .. } => Some("quantization"),
            Self::TooFewImages { .. } => Some("batch_size"),
            Self::InputSize { .. } => Some("input_tensor_size"),
            Self::NotQuantized { .. }
            | Self::OtherModel { .. }
            | Self::ReadModel(_)
            | Self::Unloadable { .. } => Some("output_dir"),
            Self::WriteFile { .. } => Some(outputs),
            Self::Cancelled
            | Self::Inference(_)
            | Self::Panicked
            | Self::NoThreads
            | Self::Unusable(_) => None,
        }
    }

    /// An error about an output, with a remedy that suits the cause.
    pub(crate) fn write(path: impl Into<PathBuf>, source: io::Error) -> Self {
        let remedy = match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                phrase!("choose a folder that you may write to")
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                phrase!("free some space and run the job again")
            }
            io::ErrorKind::IsADirectory => {
                phrase!("a folder or a link has its name; move that away")
            }
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
                phrase!("a file is where the folder should be; choose another folder")
            }
            _ => phrase!("check the folder and run the job again"),
        };
        Self::WriteFile {
            path: path.into(),
            source,
            remedy,
        }
    }
}

/// What to write in place of a name that matches no layer.
fn remedy(nearest: &[String]) -> Text {
    match nearest {
        [] => text!("write names that Inspect shows"),
        names => {
            let names = names.iter().map(|name| Text::verbatim(format!("{name:?}")));
            text!(
                "did you mean {names}?",
                names = Text::list(phrase!(" or "), names)
            )
        }
    }
}

fn size(written: &[usize; 2]) -> String {
    written_size(*written)
}
