//! The JSON schemas of configurations and targets: the single source of keys, types, ranges and
//! help texts.

mod decimals;
mod document;
mod help;
mod message;
mod validation;

pub use document::configuration_schema;
pub(crate) use document::{CONFIGURATION, TARGET};
pub(crate) use help::defaults;
pub use help::{KeyHelp, ValueHelp, key_help, keys};
pub(crate) use message::{dotted, shown, type_name};
pub(crate) use validation::validate;

/// Whether a key holds a comment, which the jobs do not read.
pub fn is_comment_key(key: &str) -> bool {
    key.starts_with("//")
}
