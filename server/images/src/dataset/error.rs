use std::path::{Path, PathBuf};

use localization::{Message, Text, text};
use thiserror::Error;

use super::names::Names;
use super::other_files::OtherFiles;
use crate::Labels;

/// Why the pictures of a data set could not be listed.
#[derive(Debug, Error, Message)]
#[non_exhaustive]
pub enum DatasetError {
    /// A folder that cannot be listed, or does not exist.
    #[error("folder {path} cannot be listed: {source}", path = path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The folder of the data set is a file.
    #[error("{path} is not a folder", path = path.display())]
    NotAFolder {
        /// The file.
        path: PathBuf,
    },
    /// A symbolic link, to a file or to a folder.
    #[error(
        "{path} is a symbolic link; put the file or folder itself there",
        path = path.display()
    )]
    SymbolicLink {
        /// The link.
        path: PathBuf,
    },
    /// A pipe, socket or device with the name of a picture.
    #[error(
        "{path} is named like a picture but is not a regular file; remove it",
        path = path.display()
    )]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// Folders within folders without an end in sight.
    #[error(
        "folder {path} lies more than {limit} folders deep in the data set; move it up",
        path = path.display()
    )]
    TooDeep {
        /// The folder.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// More entries than are listed.
    #[error(
        "folder {path} holds more than {limit} files; name a smaller folder",
        path = path.display()
    )]
    TooManyFiles {
        /// The folder of the data set.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// An extension that cannot end a file name.
    #[error("\"{extension}\" is not a file extension; write one such as \".jpg\"")]
    Extension {
        /// What was given.
        extension: String,
    },
    /// No file has the extension.
    #[error(
        "folder {path} has no {extensions} file{rest}",
        path = path.display(),
        rest = instead(others)
    )]
    NoImages {
        /// The folder of the data set.
        path: PathBuf,
        /// The extensions looked for.
        extensions: Text,
        /// What is there instead.
        others: OtherFiles,
    },
    /// Pictures that are not in class folders.
    #[error(
        "the {count} pictures in folder {path} are in no class folder; put those of each class into a folder of its name",
        path = path.display()
    )]
    NoClassFolders {
        /// The folder of the data set.
        path: PathBuf,
        /// How many pictures lie directly in it.
        count: usize,
    },
    /// Class folders that the label file does not name.
    #[error(
        "{folders} not in the label file{hint}; add each class there, or rename or remove its folder in {path}",
        folders = folders_are(names),
        hint = similar(similar_label.as_deref()),
        path = path.display()
    )]
    Unlabelled {
        /// The folder of the data set.
        path: PathBuf,
        /// The class folders, sorted.
        names: Vec<String>,
        /// A label that differs from the first name only in case.
        similar_label: Option<String>,
    },
    /// The caller no longer wants the list.
    #[error("cancelled")]
    Cancelled,
}

impl DatasetError {
    pub(super) fn no_images(path: &Path, extensions: &impl Message, others: OtherFiles) -> Self {
        Self::NoImages {
            path: path.into(),
            extensions: extensions.text(),
            others,
        }
    }

    pub(super) fn unlabelled(path: &Path, names: Vec<String>, labels: &Labels) -> Self {
        let first = names.first().map(|name| name.to_lowercase());
        let similar_label = labels
            .names()
            .iter()
            .find(|label| Some(label.to_lowercase()) == first)
            .cloned();
        Self::Unlabelled {
            path: path.into(),
            names,
            similar_label,
        }
    }
}

fn instead(others: &OtherFiles) -> Text {
    match others.count() {
        0 => text!("; put pictures there or name another folder"),
        _ => text!(
            ", but {others}; name the extension exactly, capitals included, or another folder"
        ),
    }
}

fn folders_are(names: &[String]) -> Text {
    match Names::of(names) {
        Names::One(name) => text!("folder \"{name}\" is"),
        Names::Several { count, shown } => text!("{count} folders ({names}) are", names = shown),
    }
}

fn similar(label: Option<&str>) -> Text {
    label.map_or_else(Text::default, |label| {
        text!(", which has \"{label}\" (names are case sensitive)")
    })
}
