//! What is to be said of the pictures in a folder.

use std::path::Path;

/// Pictures that a camera has marked as turned.
pub(crate) fn ignored_orientation(images: usize) -> String {
    format!(
        "the EXIF orientation of {images} image(s) is ignored, as TensorFlow ignores it; if the model was trained on turned pictures, turn their pixels"
    )
}

/// Files and folders that were passed over because their names hide them.
pub(crate) fn hidden_warning(folder: &Path, hidden: usize) -> Option<String> {
    (hidden > 0).then(|| {
        format!(
            "in \"{}\": {hidden} hidden file(s) or folder(s) are left out; rename those that start with a dot to use them",
            folder.display()
        )
    })
}
