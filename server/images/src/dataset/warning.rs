use std::path::PathBuf;

use localization::{Message, Phrase, Text, phrase, text};

use super::names::Names;
use super::other_files::OtherFiles;

/// Something about a data set that does not stop a job but that its user should know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Message)]
#[non_exhaustive]
pub enum DatasetWarning {
    /// Classes of the label file that no folder is named after.
    #[error(
        "{labels} no folder: no picture of {classes} is evaluated",
        labels = labels_have(names),
        classes = these_classes(names)
    )]
    LabelsWithoutFolder {
        /// The classes, by id.
        names: Vec<String>,
    },
    /// Class folders without a picture.
    #[error("{folders} no picture", folders = class_folders_have(names))]
    EmptyClassFolders {
        /// The classes, sorted.
        names: Vec<String>,
    },
    /// Pictures beside the class folders.
    #[error(
        "{count} picture(s) outside the class folders, such as {first}, are left out",
        first = first.display()
    )]
    OutsideClassFolders {
        /// How many there are.
        count: usize,
        /// The first of them.
        first: PathBuf,
    },
    /// Files with other extensions.
    #[error("{count} file(s) with another extension are left out ({files})", count = files.count())]
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

fn labels_have(names: &[String]) -> Text {
    match Names::of(names) {
        Names::One(name) => text!("label \"{name}\" has"),
        Names::Several { count, shown } => text!("{count} labels ({names}) have", names = shown),
    }
}

fn these_classes(names: &[String]) -> Phrase {
    match names {
        [_] => phrase!("this class"),
        _ => phrase!("these classes"),
    }
}

fn class_folders_have(names: &[String]) -> Text {
    match Names::of(names) {
        Names::One(name) => text!("class folder \"{name}\" has"),
        Names::Several { count, shown } => {
            text!("{count} class folders ({names}) have", names = shown)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences() {
        let check = |names: &[&str], expected: &str| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(labels_have(&names), expected);
        };
        check(&["a"], "label \"a\" has");
        check(&["a", "b"], "2 labels (\"a\", \"b\") have");
        check(
            &["a", "b", "c", "d"],
            "4 labels (\"a\", \"b\", \"c\", …) have",
        );
        check(&["a\n"], "label \"a\\n\" has");
    }
}
