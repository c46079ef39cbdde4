use std::path::{Path, PathBuf};

use super::found::Found;
use super::walk::{Entry, Walk};
use super::{DatasetError, DatasetWarning, Extensions};
use crate::Labels;

/// A picture and the class that its folder names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledImage {
    /// The file; begins with the folder that was searched.
    pub path: PathBuf,
    /// Id of the class in the label file.
    pub class: usize,
}

/// The pictures of a labelled data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledImages {
    /// At least one, sorted by the bytes of their path's components.
    pub images: Vec<LabelledImage>,
    /// What was left out or is missing and deserves a word.
    pub warnings: Vec<DatasetWarning>,
    /// Hidden files and folders that were left out: names that start with a dot, `__MACOSX`.
    pub hidden: usize,
}

/// Lists the pictures of a data set in ImageNet's layout, `folder/<class name>/<file>`. Pictures
/// deeper below a class folder belong to that class. No file is opened.
///
/// Labels without a folder, class folders without a picture, files outside the class folders and
/// files with other extensions become warnings.
///
/// # Errors
/// When a class folder is missing from the label file, and as
/// [`find_images`](super::find_images).
pub fn labelled_images(
    folder: &Path,
    extensions: &Extensions,
    labels: &Labels,
    cancelled: &dyn Fn() -> bool,
) -> Result<LabelledImages, DatasetError> {
    let mut walk = Walk::new(folder, cancelled)?;
    let (class_folders, files): (Vec<_>, Vec<_>) = walk
        .entries(folder)?
        .into_iter()
        .partition(|entry| entry.kind.is_dir());

    // All names are looked up before the first folder is listed: a wrong label file shows at once.
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    for Entry { name, path, .. } in class_folders {
        match name.to_str().and_then(|name| labels.id(name)) {
            Some(class) => known.push((class, path)),
            None => unknown.push(name.to_string_lossy().into_owned()),
        }
    }
    if !unknown.is_empty() {
        return Err(DatasetError::unlabelled(folder, unknown, labels));
    }

    let mut outside = Found::default();
    for file in files {
        outside.add(file, extensions)?;
    }
    let mut others = outside.others;

    let mut images = Vec::new();
    let mut has_folder = vec![false; labels.len()];
    let mut empty = Vec::new();
    for (class, path) in known {
        has_folder[class] = true;
        let found = Found::below(&path, extensions, &mut walk)?;
        if found.images.is_empty() {
            empty.push(labels.names()[class].clone());
        }
        others.merge(found.others);
        let labelled = |path| LabelledImage { path, class };
        images.extend(found.images.into_iter().map(labelled));
    }
    if images.is_empty() && !outside.images.is_empty() {
        return Err(DatasetError::NoClassFolders {
            path: folder.into(),
            count: outside.images.len(),
        });
    }
    if images.is_empty() {
        return Err(DatasetError::no_images(folder, extensions, others));
    }

    let missing: Vec<String> = labels
        .names()
        .iter()
        .zip(has_folder)
        .filter(|(_, has_folder)| !has_folder)
        .map(|(name, _)| name.clone())
        .collect();
    let warnings = [
        DatasetWarning::labels_without_folder(missing),
        DatasetWarning::empty_class_folders(empty),
        DatasetWarning::outside_class_folders(outside.images),
        DatasetWarning::other_files(others),
    ];
    Ok(LabelledImages {
        images,
        warnings: warnings.into_iter().flatten().collect(),
        hidden: walk.hidden,
    })
}
