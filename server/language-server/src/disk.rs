//! What is known about the disk.
//!
//! The checks never wait for a model to be read or a folder to be counted: they take what is
//! known, and run again when more is. Cheap questions, one system call each, are answered on the
//! spot, on the thread of the check.

mod answers;
mod asked;
mod stamp;
mod trust;

pub(crate) use answers::{Answers, Question};
pub(crate) use asked::{Asked, Dependencies};
pub(crate) use stamp::Mark;
pub(crate) use trust::{Trust, normal};
