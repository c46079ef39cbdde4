//! `.tflite` files in the TFLite runtime.

#[cfg(not(feature = "tflite-runtime"))]
#[path = "tflite/absent.rs"]
mod runtime;
#[cfg(feature = "tflite-runtime")]
#[path = "tflite/present.rs"]
mod runtime;
#[cfg(feature = "tflite-runtime")]
mod silence;
#[cfg(feature = "tflite-runtime")]
mod verification;

pub use runtime::{TfliteModel, start_tflite_runtime, tflite_runtime_version};

/// Which of the runtime's kernels compute. Their results differ in the last bits of a float, and
/// by one or a few steps of an 8-bit value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kernels {
    /// Those of XNNPACK, where it has one, as most applications use.
    Xnnpack,
    /// The runtime's own.
    Builtin,
}
