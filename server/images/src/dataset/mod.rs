//! Folders of pictures.

mod error;
mod extensions;
mod find;
mod found;
mod labelled;
mod names;
mod other_files;
mod walk;
mod warning;

pub use error::DatasetError;
pub use extensions::Extensions;
pub use find::{ImageList, find_images};
pub use labelled::{LabelledImage, LabelledImages, labelled_images};
pub use other_files::OtherFiles;
pub use warning::DatasetWarning;
