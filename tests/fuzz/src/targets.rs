//! One module a target.

pub(crate) mod checkpoint;
pub(crate) mod configuration;
pub(crate) mod h5;
pub(crate) mod jpeg;
pub(crate) mod keras_archive;
pub(crate) mod keras_members;
pub(crate) mod labels;
pub(crate) mod saved_model;
pub(crate) mod tflite;
