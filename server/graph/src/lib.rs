//! The model graph every other crate works on.
//!
//! A [`Graph`] is a list of [`Node`]s in execution order over [`Tensor`]s of `f32`, channels
//! last, batch one. Weights have TFLite's layouts (see [`Op`]), so that writing a file moves no
//! data. [`passes`] rewrite a graph without changing what it computes; [`reference`] computes it
//! the slow and obvious way.

#![expect(clippy::too_many_lines, reason = "long functions are left")]

mod cost;
mod error;
mod model;
mod op;
pub mod passes;
pub mod reference;
mod shape;

pub use cost::{multiply_accumulates, operator_multiply_accumulates};
pub use error::GraphError;
pub use model::{Constant, Graph, Node, NodeId, Tensor, TensorId};
pub use op::{
    Activation, BinaryOp, FusedActivation, Op, Padding, Pool, ReduceOp, ResizeMethod, Window,
};
pub use shape::{output_shape, same_padding};
