//! A client that forgets nothing, and projects to open in it.

mod client;
mod project;

pub(crate) use client::{Client, RICH};
pub(crate) use project::Project;

/// The longest that a test waits for anything.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
