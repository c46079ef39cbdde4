//! Stands in for the TFLite runtime where it was not built in.

use std::convert::Infallible;
use std::marker::PhantomData;

use super::Kernels;
use crate::{Engine, InferenceError, Model};

/// A `.tflite` file. This build has no runtime for it, so there is never a value of this type.
pub struct TfliteModel<'a> {
    never: Infallible,
    bytes: PhantomData<&'a [u8]>,
}

impl<'a> TfliteModel<'a> {
    /// Tells how to build with the runtime.
    ///
    /// # Errors
    /// Always [`InferenceError::RuntimeAbsent`].
    pub fn from_bytes(_bytes: &'a [u8], _kernels: Kernels) -> Result<Self, InferenceError> {
        Err(InferenceError::RuntimeAbsent)
    }
}

impl Model for TfliteModel<'_> {
    fn engine(&self) -> Result<Box<dyn Engine + '_>, InferenceError> {
        match self.never {}
    }

    fn description(&self) -> String {
        match self.never {}
    }
}

/// Version of the TFLite runtime, if there is one in this build.
pub fn tflite_runtime_version() -> Option<String> {
    None
}

/// Does nothing: this build has no TFLite runtime to start.
pub fn start_tflite_runtime() {}
