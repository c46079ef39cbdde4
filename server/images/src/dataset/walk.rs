//! A sorted, bounded, cancellable walk over a folder.

use std::ffi::OsString;
use std::fs::{self, FileType};
use std::path::{Path, PathBuf};

use super::DatasetError;

/// Folders within folders.
const MAX_DEPTH: usize = 32;

/// Files and folders in all: more than the 1.3 million of ImageNet.
const MAX_ENTRIES: usize = 2_000_000;

/// A file or folder that is neither hidden nor a symbolic link.
pub(super) struct Entry {
    pub(super) name: OsString,
    pub(super) path: PathBuf,
    pub(super) kind: FileType,
}

/// The state of one walk over a data set.
pub(super) struct Walk<'a> {
    cancelled: &'a dyn Fn() -> bool,
    root: PathBuf,
    entries: usize,
    /// Hidden files and folders that were left out.
    pub(super) hidden: usize,
}

impl<'a> Walk<'a> {
    /// Starts a walk at a folder that exists and is not a symbolic link itself.
    pub(super) fn new(root: &Path, cancelled: &'a dyn Fn() -> bool) -> Result<Self, DatasetError> {
        let metadata = fs::symlink_metadata(root).map_err(|source| DatasetError::Unreadable {
            path: root.into(),
            source,
        })?;
        if metadata.is_symlink() {
            return Err(DatasetError::SymbolicLink { path: root.into() });
        }
        if !metadata.is_dir() {
            return Err(DatasetError::NotAFolder { path: root.into() });
        }
        Ok(Self {
            cancelled,
            root: root.into(),
            entries: 0,
            hidden: 0,
        })
    }

    /// What a folder holds, sorted by the bytes of the names. Names that start with a dot and
    /// `__MACOSX`, which archives from a Mac bring along, are counted and left out.
    pub(super) fn entries(&mut self, folder: &Path) -> Result<Vec<Entry>, DatasetError> {
        let unreadable = |source| DatasetError::Unreadable {
            path: folder.into(),
            source,
        };
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            if (self.cancelled)() {
                return Err(DatasetError::Cancelled);
            }
            let entry = entry.map_err(unreadable)?;
            self.entries += 1;
            if self.entries > MAX_ENTRIES {
                return Err(DatasetError::TooManyFiles {
                    path: self.root.clone(),
                    limit: MAX_ENTRIES,
                });
            }
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(b".") || name == "__MACOSX" {
                self.hidden += 1;
                continue;
            }
            let path = entry.path();
            let kind = entry.file_type().map_err(unreadable)?;
            if kind.is_symlink() {
                return Err(DatasetError::SymbolicLink { path });
            }
            entries.push(Entry { name, path, kind });
        }
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// Calls `visit` for every file below `folder`, in the byte order of the paths' components.
    pub(super) fn files(
        &mut self,
        folder: &Path,
        visit: &mut dyn FnMut(Entry) -> Result<(), DatasetError>,
    ) -> Result<(), DatasetError> {
        self.files_at_depth(folder, 0, visit)
    }

    fn files_at_depth(
        &mut self,
        folder: &Path,
        depth: usize,
        visit: &mut dyn FnMut(Entry) -> Result<(), DatasetError>,
    ) -> Result<(), DatasetError> {
        if depth > MAX_DEPTH {
            return Err(DatasetError::TooDeep {
                path: folder.into(),
                limit: MAX_DEPTH,
            });
        }
        for entry in self.entries(folder)? {
            if entry.kind.is_dir() {
                self.files_at_depth(&entry.path, depth + 1, visit)?;
            } else {
                visit(entry)?;
            }
        }
        Ok(())
    }
}
