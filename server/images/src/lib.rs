//! Pictures and their labels: JPEG decoding, preprocessing as data, data set folders, label files.
//!
//! [`decode`] turns a file into a [`DecodedImage`], [`Preprocessing::apply`] turns that into the
//! values a model reads. [`find_images`] lists the pictures below a folder, [`labelled_images`]
//! lists them with the class that their folder names in a [`Labels`] file. Every file is treated
//! as untrusted: sizes are limited before memory is taken, and a bad file ends in an error that
//! names it.

mod dataset;
mod decode;
mod labels;
mod preprocessing;
mod thumbnail;

pub use dataset::{
    DatasetError, DatasetWarning, Extensions, ImageList, LabelledImage, LabelledImages, OtherFiles,
    find_images, labelled_images,
};
pub use decode::{DecodeLimits, DecodedImage, ImageError, decode, decode_bytes, examine};
pub use labels::{LabelError, LabelProblem, Labels};
pub use preprocessing::{
    ChannelOrder, Fit, Interpolation, Normalization, PerChannel, Preprocessing, PreprocessingError,
    Preset, Resize,
};
pub use thumbnail::Thumbnail;
