//! Keras model files read into a model graph.
//!
//! A file passes through three rooms: `container` knows where a format keeps the configuration and
//! the weights, `definition` and `layers` know what the configuration means, and `assembly` turns
//! both into a [`graph::Graph`]. Files are not trusted: sizes are checked against the configuration
//! and against limits before anything is allocated, and no damage makes the reader panic or hang.

#![expect(clippy::too_many_lines, reason = "long functions are left")]

mod assembly;
mod container;
mod definition;
mod error;
mod half;
mod layers;
mod limits;
mod reading;
mod saved_model;
mod summary;
mod survey;

pub use error::{ErrorKind, KerasError};
pub use reading::{Model, ReadOptions, inspect, read};
pub use summary::{
    InputNormalization, LayerSummary, OpenShape, Summary, TensorSummary, UnsupportedLayer,
};
