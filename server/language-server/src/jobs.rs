//! Quantize and Evaluate as child processes of the same program, so that a crash or a lack of
//! memory in a job never takes the editor's diagnostics down, and cancelling is immediate.

mod arguments;
mod child;
mod command;
mod failures;
mod pace;
mod progress;
mod registry;
mod run;
mod stages;
mod status;

pub(crate) use command::{refusal, require_trust, start};
pub(crate) use failures::Failures;
pub(crate) use registry::Jobs;
pub(crate) use status::{JobQuery, JobStatus};
