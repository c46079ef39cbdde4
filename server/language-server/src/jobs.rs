//! Quantize and Evaluate as child processes of the same program, so that a crash or a lack of
//! memory in a job never takes the editor's diagnostics down, and cancelling is immediate.

mod arguments;
mod child;
mod failures;
mod pace;
mod progress;
mod registry;
mod stages;
mod status;

pub(crate) use arguments::{Arguments, WhenRunning, WhenUnsaved};
pub(crate) use child::{Event, GRACE, Process};
pub(crate) use failures::Failures;
pub(crate) use pace::Pace;
pub(crate) use progress::Progress;
pub(crate) use registry::{Job, Jobs};
pub(crate) use stages::percentage;
pub(crate) use status::{JobChanged, JobQuery, JobStatus, State, name};
