use std::path::{Path, PathBuf};

use super::other_files::OtherFiles;
use super::walk::{Entry, Walk};
use super::{DatasetError, Extensions};

/// What one walk found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) images: Vec<PathBuf>,
    pub(super) others: OtherFiles,
}

impl Found {
    /// Everything below `folder`.
    pub(super) fn below(
        folder: &Path,
        extensions: &Extensions,
        walk: &mut Walk<'_>,
    ) -> Result<Self, DatasetError> {
        let mut found = Self::default();
        walk.files(folder, &mut |entry| found.add(entry, extensions))?;
        Ok(found)
    }

    /// Takes note of one file.
    pub(super) fn add(
        &mut self,
        entry: Entry,
        extensions: &Extensions,
    ) -> Result<(), DatasetError> {
        if !extensions.matches(&entry.name) {
            self.others.add(&entry.path);
        } else if entry.kind.is_file() {
            self.images.push(entry.path);
        } else {
            // A pipe or device under the name of a picture would block whoever opens it.
            return Err(DatasetError::NotAFile { path: entry.path });
        }
        Ok(())
    }
}
