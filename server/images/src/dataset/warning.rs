use std::path::PathBuf;

use super::names::Names;
use super::other_files::OtherFiles;

/// Something about a data set that does not stop a job but that its user should know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetWarning {
    /// Classes of the label file that no folder is named after.
    #[error("{} no folder: no picture of {} is evaluated",
        Names::new("label", "labels", names).followed_by("has", "have"),
        if names.len() == 1 { "this class" } else { "these classes" })]
    LabelsWithoutFolder {
        /// The classes, by id.
        names: Vec<String>,
    },
    /// Class folders without a picture.
    #[error("{} no picture", Names::new("class folder", "class folders", names).followed_by("has", "have"))]
    EmptyClassFolders {
        /// The classes, sorted.
        names: Vec<String>,
    },
    /// Pictures beside the class folders.
    #[error("{count} picture(s) outside the class folders, such as {}, are left out", first.display())]
    OutsideClassFolders {
        /// How many there are.
        count: usize,
        /// The first of them.
        first: PathBuf,
    },
    /// Files with other extensions.
    #[error("{} file(s) with another extension are left out ({files})", files.count())]
    OtherFiles {
        /// Their counts by extension.
        files: OtherFiles,
    },
}

impl DatasetWarning {
    pub(super) fn labels_without_folder(names: Vec<String>) -> Option<Self> {
        (!names.is_empty()).then_some(Self::LabelsWithoutFolder { names })
    }

    pub(super) fn empty_class_folders(names: Vec<String>) -> Option<Self> {
        (!names.is_empty()).then_some(Self::EmptyClassFolders { names })
    }

    pub(super) fn outside_class_folders(paths: Vec<PathBuf>) -> Option<Self> {
        let count = paths.len();
        let first = paths.into_iter().next()?;
        Some(Self::OutsideClassFolders { count, first })
    }

    pub(super) fn other_files(files: OtherFiles) -> Option<Self> {
        (files.count() > 0).then_some(Self::OtherFiles { files })
    }
}
