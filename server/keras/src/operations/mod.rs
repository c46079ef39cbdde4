//! The operations of Keras and TensorFlow, each once, whatever format asks for it.
//!
//! An operation adds its operators to a [`Draft`](crate::draft::Draft). What a format writes
//! (arguments, attributes, settings) has been read before; what is checked here holds for all.

pub(crate) mod arrangement;
pub(crate) mod blocks;
pub(crate) mod einsum;
pub(crate) mod elementwise;
pub(crate) mod function;
pub(crate) mod product;
pub(crate) mod reduction;
pub(crate) mod shapes;
pub(crate) mod slicing;
