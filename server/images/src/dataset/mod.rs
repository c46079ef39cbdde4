//! Folders of pictures.

mod error;
mod extensions;
mod find;
mod found;
mod labelled;
mod names;
mod walk;
mod warning;

pub use error::DatasetError;
pub use extensions::Extensions;
pub use find::{ImageList, find_images};
pub use found::OtherFiles;
pub use labelled::{LabelledImage, LabelledImages, labelled_images};
pub use warning::DatasetWarning;
