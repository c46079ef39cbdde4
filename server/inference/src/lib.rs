//! Engines that run a model on one image: the TFLite runtime and tract.
//!
//! A [`Model`] is what is shared between threads; each thread asks it for an [`Engine`] of its own,
//! which runs on that thread alone. The two kinds of model have no code in common, so that a fault
//! in the conversion to TFLite shows as a disagreement between them:
//!
//! * [`TfliteModel`] runs a `.tflite` file, float or quantized, and needs the native runtime
//!   (feature `tflite-runtime`);
//! * [`TractModel`] runs a [`graph::Graph`] by way of an ONNX model in memory.

mod error;
mod tflite;
mod tract;

pub use error::InferenceError;
pub use tflite::{Kernels, TfliteModel, start_tflite_runtime, tflite_runtime_version};
pub use tract::{TRACT_VERSION, TractModel};

use std::ops::Deref;

/// A loaded model.
pub trait Model: Sync {
    /// Makes an engine for the calling thread.
    ///
    /// # Errors
    /// [`InferenceError`] when the runtime cannot prepare the model.
    fn engine(&self) -> Result<Box<dyn Engine + '_>, InferenceError>;

    /// What runs the model, for reports: `TFLite 2.17.1 with XNNPACK`.
    fn description(&self) -> String;
}

/// Runs a model on one input at a time, on one thread.
///
/// Inputs and outputs are real numbers in row-major order. Where the model has quantized ones they
/// are converted with the scale and zero point in its file, rounding half away from zero.
pub trait Engine {
    /// Shape of the input, with the batch axis.
    fn input_shape(&self) -> &[usize];

    /// Shape of each output, with the batch axis.
    fn output_shapes(&self) -> &[Vec<usize>];

    /// Computes the outputs.
    ///
    /// # Errors
    /// [`InferenceError::InputLength`] when `input` has another number of elements than the model's
    /// input, [`InferenceError::Run`] when the runtime fails.
    fn run(&mut self, input: &[f32]) -> Result<(), InferenceError>;

    /// An output of the last [`Engine::run`].
    ///
    /// # Errors
    /// [`InferenceError::NoOutput`] when there is no such output, or nothing has run yet.
    fn output(&self, index: usize) -> Result<Output<'_>, InferenceError>;
}

/// Elements of an output tensor, in row-major order; reads like a slice.
pub struct Output<'a>(Elements<'a>);

enum Elements<'a> {
    Slice(&'a [f32]),
    #[cfg(feature = "tflite-runtime")]
    Tflite(tflitec::tensor::Tensor<'a>),
}

impl Deref for Output<'_> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match &self.0 {
            Elements::Slice(elements) => elements,
            #[cfg(feature = "tflite-runtime")]
            Elements::Tflite(tensor) => tensor.data(),
        }
    }
}
