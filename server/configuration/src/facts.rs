//! What the checks and the help have to know about files, folders and the model.

use crate::code::Code;
use crate::integer::FloatLayer;
use keras::OutputKind;
use localization::Text;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// Answers about the disk. The checks see the disk only through this trait, so that tests can
/// make one up and the language server can keep answers.
///
/// `None` and [`Entry::Unknown`] mean that the answer is not known, because it is still being
/// looked for or must not be looked for: whatever depends on it is then left unsaid. Reasons are
/// whole sentences without a final full stop that name the file or folder and say what to do.
pub trait Facts {
    /// What a path leads to, without following a link in its last component.
    fn entry(&self, path: &Path) -> Entry;

    /// The path that a symbolic link leads to in the end.
    fn link_target(&self, link: &Path) -> Option<PathBuf>;

    /// What a folder holds, sorted by name, at most a thousand of it; empty where that cannot be
    /// told.
    fn listing(&self, folder: &Path) -> Vec<Listed>;

    /// Length of a file in bytes.
    fn size(&self, file: &Path) -> Option<u64>;

    /// When a file was written last.
    fn modified(&self, file: &Path) -> Option<SystemTime>;

    /// The content of a label or target file.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn text(&self, file: &Path) -> Option<Result<Arc<str>, Text>>;

    /// What a model says about itself. `input_size` is the height and width in pixels for
    /// models that leave them open.
    ///
    /// # Errors
    /// Why the model cannot be read or quantized.
    fn model(
        &self,
        path: &Path,
        input_size: Option<[usize; 2]>,
    ) -> Option<Result<Arc<ModelFacts>, ModelProblem>>;

    /// The number of JPEG images in a folder and all folders below it.
    ///
    /// # Errors
    /// Why the folder's content cannot be told.
    fn calibration_images(&self, folder: &Path) -> Option<Result<usize, FolderError>>;

    /// Which JPEG images in a folder and all folders below it cannot be read.
    fn unreadable_images(&self, folder: &Path) -> Option<Arc<ImageExamination>>;

    /// The class folders of an evaluation folder, and how many files of each extension (without
    /// dot, as written) they have.
    ///
    /// # Errors
    /// Why the folder's content cannot be told.
    fn class_folders(&self, folder: &Path) -> Option<Result<Arc<ClassFolders>, FolderError>>;

    /// What the quantization report in a file advises; `None` also where there is no such report.
    fn advice(&self, report: &Path) -> Option<Arc<ReportedAdvice>>;

    /// Whether JPEG images are in the folder or in a folder right below it, by a quick look.
    fn holds_images(&self, folder: &Path) -> Option<bool>;
}

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Nothing.
    Missing,
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, wherever it leads.
    SymbolicLink,
    /// A device, a pipe or a socket.
    Other,
    /// It cannot be told, for this reason.
    Unreadable(Text),
    /// Nobody looked, because the path lies outside the folders that the user trusts.
    OutsideTrust,
    /// Nobody has looked yet.
    Unknown,
}

/// A name in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The name.
    pub name: String,
    /// What it leads to.
    pub entry: Entry,
}

/// Why the content of a folder cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FolderError {
    /// There is a symbolic link in it.
    SymbolicLink(Text),
    /// Anything else.
    Unreadable(Text),
}

/// Class names, each with the number of its files by extension.
pub type ClassFolders = BTreeMap<String, BTreeMap<String, usize>>;

/// What an examination of images found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageExamination {
    /// How many images were examined; of a large set it is a sample.
    pub examined: usize,
    /// The images that cannot be read, with the reason, which names the file.
    pub unreadable: Vec<(PathBuf, Text)>,
}

/// What a model says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelFacts {
    /// File format, such as `Keras HDF5 (.h5)`.
    pub format: String,
    /// Version of Keras that wrote it.
    pub keras_version: Option<String>,
    /// Name of the input.
    pub input_name: String,
    /// Input height in pixels; `None` where the model leaves it open.
    pub input_height: Option<usize>,
    /// Input width in pixels; `None` where the model leaves it open.
    pub input_width: Option<usize>,
    /// Channels of the input.
    pub channels: Option<usize>,
    /// What the numbers in the output mean.
    pub output: Option<OutputKind>,
    /// Layers that TFLite cannot compute on integers.
    pub float_layers: Vec<FloatLayer>,
    /// Number of layers.
    pub layers: usize,
    /// Names of the layers, in execution order.
    pub layer_names: Vec<String>,
    /// Number of weights.
    pub parameters: u64,
    /// Names of the layers that normalize the image inside the model.
    pub normalization_layers: Vec<String>,
}

impl ModelFacts {
    /// How many classes the output tells apart.
    pub fn classes(&self) -> Option<usize> {
        self.output.as_ref()?.classes()
    }
}

/// What a quantization report advises.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReportedAdvice {
    /// The members of the configuration that decided the result, as they were written.
    pub configuration: serde_json::Value,
    /// Each piece of advice, what the report says first first.
    pub pieces: Vec<AdvicePiece>,
}

/// A piece of advice in a quantization report.
#[derive(Clone, Debug, PartialEq)]
pub struct AdvicePiece {
    /// Which kind of problem.
    pub code: Code,
    /// The names of the members that lead to the value concerned.
    pub path: Vec<String>,
    /// The value that would help, where there is one.
    pub value: Option<serde_json::Value>,
    /// What was seen and what to do, without characters that control a terminal.
    pub message: Text,
}

/// Why a model cannot be read or quantized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelProblem {
    /// Which kind of problem.
    pub kind: ModelProblemKind,
    /// What is wrong and what to do.
    pub message: Text,
    /// Every layer that cannot be converted, one phrase each.
    pub layers: Vec<String>,
}

/// The kinds of [`ModelProblem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelProblemKind {
    /// A file of weights without layers.
    WeightsOnly,
    /// The file is a model, but not one that can be quantized.
    Unsupported,
    /// The file is damaged, or is no model.
    Unreadable,
}
