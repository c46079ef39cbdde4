//! configuration.json from text to typed settings: a syntax tree with ranges, validation against
//! the JSON schema, checks against the disk and the model, and help on every key.
//!
//! [`Configuration::load`] reads a file, [`check`] a text. Both look at the disk only through
//! [`Facts`], which [`DiskFacts`] implements. What is wrong is a list of [`Finding`]s, each with
//! a [`Code`] that `docs/diagnostics.md` explains; [`Configuration::settings_for`] gives the
//! [`Settings`] for a job when nothing stops it.

mod checks;
mod code;
mod configuration;
mod disk;
mod facts;
mod finding;
mod model;
mod paths;
pub mod report;
mod schema;
mod settings;
mod starting;
mod suggestion;
pub mod syntax;
pub mod text;

pub use code::{Code, Severity, Stage};
pub use configuration::{Configuration, Job, LoadError, check, stops};
pub use disk::DiskFacts;
pub use facts::{ClassFolders, Entry, Facts, FolderError, ModelFacts};
pub use finding::{Finding, Replacement};
pub use schema::{KeyHelp, ValueHelp, configuration_schema, is_comment_key, key_help, keys};
pub use settings::{InferenceInputType, QuantizationSettings, Settings, Target};
pub use starting::starting_configuration;
