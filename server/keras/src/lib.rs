//! Keras model files read into a model graph.
//!
//! `container` knows where a format keeps the configuration and the weights, `definition` and `layers`
//! know what the configuration means, and `assembly` follows the calls of layers. A SavedModel, which
//! need not have layers, is read by `saved_model`. All of them build a `draft` out of `operations`, in
//! which `recognition` finds what was spelled out, and which becomes a [`graph::Graph`]. Files are not
//! trusted: sizes are checked against the configuration and against limits before anything is allocated,
//! and no damage makes the reader panic or hang.

mod assembly;
mod computation;
mod container;
mod definition;
mod draft;
mod error;
mod half;
mod layers;
mod limits;
mod operations;
mod output_kind;
mod problem;
mod reading;
mod recognition;
mod saved_model;
mod settings;
mod summary;
mod survey;

pub use computation::OperatorSummary;
pub use error::{ErrorKind, KerasError, UnsupportedLayer};
pub use output_kind::{NoScore, OutputKind};
pub use reading::{Model, ReadOptions, inspect, read, read_classifier};
pub use summary::{InputNormalization, LayerSummary, OpenShape, Summary, TensorSummary};
