//! configuration.json from text to typed settings: a syntax tree with ranges, validation against
//! the JSON schema, checks against the disk and the model, and help on every key.
//!
//! [`Configuration::load`] reads a file for a job, [`Document`] holds a text for an editor. Both
//! look at the disk only through [`Facts`], which [`DiskFacts`] implements. What is wrong is a
//! list of [`Finding`]s, each with a [`Code`] that `docs/diagnostics.md` explains, and with
//! [`Fix`]es where there are any; [`Configuration::settings_for`] gives the [`Settings`] for a job
//! when nothing stops it. What an editor shows besides is in [`assist`].

pub mod assist;
mod checks;
mod code;
mod configuration;
mod disk;
mod document;
mod edit;
mod facts;
mod finding;
mod fix;
mod integer;
mod kept;
pub mod labels;
mod layers;
mod model;
mod paths;
mod repetition;
pub mod report;
mod reported;
mod role;
mod schema;
mod settings;
mod starting;
mod suggestion;
pub mod syntax;
pub mod target;
pub mod text;

pub use code::{Code, JOB_FAILED, Owner, Severity, Stage};
pub use configuration::{Configuration, Job, LoadError, stops};
pub use disk::{CancellableFacts, DiskFacts};
pub use document::{Document, Mention};
pub use facts::{
    AdvicePiece, ClassFolders, Entry, Facts, FolderError, ImageExamination, Listed, ModelFacts,
    ModelProblem, ModelProblemKind, ReportedAdvice,
};
pub use finding::{Finding, Place, Related, list, quoted};
pub use fix::{Change, Fix, Replacement, apply};
pub use integer::{FloatLayer, no_integer};
pub use kept::{KEPT_CONFIGURATION, is_kept_configuration, is_run_name};
pub use layers::{matches_layer, nearest_layers};
pub use model::NoClasses;
pub use role::PathRole;
pub use schema::{KeyHelp, ValueHelp, configuration_schema, is_comment_key, key_help, keys};
pub use settings::{
    BudgetPrecision, Choice, Effort, ErrorMethod, LayerOverride, QuantizationSettings, Settings,
    UnsupportedOperators, input_size, written_size,
};
pub use starting::{starting_configuration, write_starting_configuration};
pub use target::Target;
