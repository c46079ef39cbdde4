//! Files that users get.

use graph::Graph;
use tflite::{Encodings, WriteOptions};

use crate::error::JobError;

/// A model's file, with nothing in it but the model.
pub(crate) fn write(graph: &Graph, encodings: &Encodings) -> Result<Vec<u8>, JobError> {
    let options = WriteOptions {
        extra_outputs: &[],
        description: concat!("Model Quantizer ", env!("CARGO_PKG_VERSION")),
    };
    Ok(tflite::write(graph, encodings, &options)?)
}
