//! What the checks have to know about files, folders and the model.

use std::collections::BTreeMap;
use std::path::Path;

/// Answers about the disk. The checks see the disk only through this trait, so that tests can
/// make one up and the language server can keep answers.
///
/// Reasons are whole sentences without a final full stop that name the file or folder and say
/// what to do.
pub trait Facts {
    /// What a path leads to, without following a link in its last component.
    fn entry(&self, path: &Path) -> Entry;

    /// Names in a folder, for suggestions; empty where they cannot be read.
    fn names(&self, folder: &Path) -> Vec<String>;

    /// What a model file says about its input and output. `input_size` is the side in pixels for
    /// models that leave it open.
    ///
    /// # Errors
    /// Why the model cannot be read or quantized.
    fn model(&self, file: &Path, input_size: Option<usize>) -> Result<ModelFacts, String>;

    /// The number of JPEG images in a folder and all folders below it.
    ///
    /// # Errors
    /// Why the folder's content cannot be told.
    fn calibration_images(&self, folder: &Path) -> Result<usize, FolderError>;

    /// The class folders of an evaluation folder, and how many files of each extension (without
    /// dot, as written) they have.
    ///
    /// # Errors
    /// Why the folder's content cannot be told.
    fn class_folders(&self, folder: &Path) -> Result<ClassFolders, FolderError>;

    /// The class names of a label file, in the order of the model's outputs.
    ///
    /// # Errors
    /// Why the file is no label file.
    fn labels(&self, file: &Path) -> Result<Vec<String>, String>;
}

/// Why the content of a folder cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FolderError {
    /// There is a symbolic link in it.
    SymbolicLink(String),
    /// Anything else.
    Unreadable(String),
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
    Unreadable(String),
}

/// Class names, each with the number of its files by extension.
pub type ClassFolders = BTreeMap<String, BTreeMap<String, usize>>;

/// What the checks need to know about a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelFacts {
    /// Input height in pixels; `None` where the model leaves it open.
    pub input_height: Option<usize>,
    /// Input width in pixels; `None` where the model leaves it open.
    pub input_width: Option<usize>,
    /// Channels of the input.
    pub channels: Option<usize>,
    /// Length of the output.
    pub classes: Option<usize>,
    /// Names of the layers that normalize the image inside the model.
    pub normalization_layers: Vec<String>,
}
