//! Facts from the disk itself.

use crate::facts::{ClassFolders, Entry, Facts, FolderError, ModelFacts};
use images::{DatasetError, Extensions, Labels, find_images};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// Names that are read for suggestions; a misspelt name in a larger folder gets none.
const MAX_NAMES: usize = 1000;

/// Answers every question by looking at the disk, each time anew.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiskFacts;

impl Facts for DiskFacts {
    fn entry(&self, path: &Path) -> Entry {
        match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_symlink() => Entry::SymbolicLink,
            Ok(metadata) if metadata.is_file() => Entry::File,
            Ok(metadata) if metadata.is_dir() => Entry::Folder,
            Ok(_) => Entry::Other,
            // A path through a file is "not a directory" to the system: nothing is there.
            Err(error) => match error.kind() {
                ErrorKind::NotFound | ErrorKind::NotADirectory => Entry::Missing,
                _ => Entry::Unreadable(error.to_string()),
            },
        }
    }

    fn names(&self, folder: &Path) -> Vec<String> {
        let Ok(entries) = fs::read_dir(folder) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .take(MAX_NAMES)
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }

    fn model(&self, file: &Path, input_size: Option<usize>) -> Result<ModelFacts, String> {
        crate::model::facts(file, input_size)
    }

    fn calibration_images(&self, folder: &Path) -> Result<usize, FolderError> {
        match find_images(folder, &Extensions::jpeg(), &|| false) {
            Ok(list) => Ok(list.paths.len()),
            Err(DatasetError::NoImages { .. }) => Ok(0),
            Err(error) => Err(folder_error(&error)),
        }
    }

    fn class_folders(&self, folder: &Path) -> Result<ClassFolders, FolderError> {
        let unreadable = |error: std::io::Error| {
            let shown = folder.display();
            FolderError::Unreadable(format!(
                "{shown} cannot be listed ({error}); check its permissions"
            ))
        };
        let mut classes = ClassFolders::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type().map_err(unreadable)?;
            if kind.is_symlink() {
                return Err(FolderError::SymbolicLink(format!(
                    "{} is a symbolic link; put the folder itself there",
                    entry.path().display()
                )));
            }
            if kind.is_dir() && !hidden(&name) {
                classes.insert(name, extensions(&entry.path())?);
            }
        }
        Ok(classes)
    }

    fn labels(&self, file: &Path) -> Result<Vec<String>, String> {
        match Labels::read(file) {
            Ok(labels) => Ok(labels.names().to_vec()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// What the data set's reader passes over as well.
fn hidden(name: &str) -> bool {
    name.starts_with('.') || name == "__MACOSX"
}

/// How many files of each extension lie below a class folder: JPEG images, or where there are
/// none, whatever else there is.
fn extensions(folder: &Path) -> Result<BTreeMap<String, usize>, FolderError> {
    let mut counts = BTreeMap::new();
    match find_images(folder, &Extensions::jpeg(), &|| false) {
        Ok(list) => {
            for path in list.paths {
                let extension = path.extension().and_then(OsStr::to_str);
                *counts
                    .entry(extension.unwrap_or_default().to_owned())
                    .or_default() += 1;
            }
        }
        Err(DatasetError::NoImages { others, .. }) => {
            let others = others.by_extension();
            let bare = |name: &str| name.strip_prefix('.').unwrap_or(name).to_owned();
            counts.extend(others.map(|(name, count)| (bare(name), count)));
        }
        Err(error) => return Err(folder_error(&error)),
    }
    Ok(counts)
}

fn folder_error(error: &DatasetError) -> FolderError {
    match error {
        DatasetError::SymbolicLink { .. } => FolderError::SymbolicLink(error.to_string()),
        _ => FolderError::Unreadable(error.to_string()),
    }
}
