use std::path::{Path, PathBuf};

use super::found::Found;
use super::walk::Walk;
use super::{DatasetError, DatasetWarning, Extensions};

/// The pictures below a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageList {
    /// At least one, sorted by the bytes of their path's components; each begins with the folder
    /// that was searched.
    pub paths: Vec<PathBuf>,
    /// What was left out and deserves a word.
    pub warnings: Vec<DatasetWarning>,
    /// Hidden files and folders that were left out: names that start with a dot, `__MACOSX`.
    pub hidden: usize,
}

/// Lists the pictures below a folder, at any depth. No file is opened.
///
/// `cancelled` is asked once an entry.
///
/// # Errors
/// When there is no picture, when something cannot be listed, for symbolic links (the folder
/// itself included), for pipes and devices named like pictures, beyond 32 folders within each
/// other or two million entries, and when cancelled.
pub fn find_images(
    folder: &Path,
    extensions: &Extensions,
    cancelled: &dyn Fn() -> bool,
) -> Result<ImageList, DatasetError> {
    let mut walk = Walk::new(folder, cancelled)?;
    let Found { images, others } = Found::below(folder, extensions, &mut walk)?;
    if images.is_empty() {
        return Err(DatasetError::no_images(folder, extensions, others));
    }
    let warnings = DatasetWarning::other_files(others).into_iter().collect();
    Ok(ImageList {
        paths: images,
        warnings,
        hidden: walk.hidden,
    })
}
