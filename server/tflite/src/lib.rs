//! TFLite FlatBuffers written from a model graph, and read back.
//!
//! The format is TensorFlow's `schema.fbs`, schema version 3. [`write()`] turns a [`graph::Graph`],
//! whose nodes all have a TFLite operator, into a file, each tensor stored as its [`Encoding`]
//! says; [`read()`] looks into any such file without trusting it.

mod builtin;
mod element;
mod encoding;
mod error;
mod file;
mod flatbuffer;
mod kernels;
mod load;
mod lower;
mod options;
mod payload;
mod plan;
mod planned;
mod read;
mod rules;
#[cfg(any(test, feature = "samples"))]
pub mod samples;
mod schema;
mod stored;
mod version;
mod write;

pub use builtin::Builtin;
pub use element::ElementType;
pub use encoding::{Encoding, Encodings, QuantizedConstant, QuantizedValues};
pub use error::{ReadError, WriteError};
pub use file::{File, Operator, OperatorKind, Quantization, Signature, Tensor};
pub use kernels::{KernelTraits, Scales, has_int16_kernel};
pub use load::{LoadError, load};
pub use options::{OptionValue, Options};
pub use read::read;
pub use write::{WriteOptions, write};

#[cfg(test)]
mod tests;
