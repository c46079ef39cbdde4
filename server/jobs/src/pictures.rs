//! What is to be said of the pictures in a folder.

use std::path::Path;

use localization::{Text, text};

/// Pictures that a camera has marked as turned.
pub(crate) fn ignored_orientation(images: usize) -> Text {
    text!(
        "the EXIF orientation of {images} image(s) is ignored, as TensorFlow ignores it; if the model was trained on turned pictures, turn their pixels"
    )
}

/// Files and folders that were passed over because their names hide them.
pub(crate) fn hidden_warning(folder: &Path, hidden: usize) -> Option<Text> {
    (hidden > 0).then(|| {
        text!(
            "in \"{folder}\": {hidden} hidden file(s) or folder(s) are left out; rename those that start with a dot to use them", folder = folder.display())
    })
}
