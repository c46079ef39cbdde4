//! Demo projects in folders of their own, and what the program does with them.

mod finished;
mod project;
mod schema;

pub(crate) use finished::Finished;
pub(crate) use project::Project;
pub(crate) use schema::Schema;

use std::path::{Path, PathBuf};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_model-quantizer");

/// A path in the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// A model of this folder's fixtures.
pub(crate) fn fixture(name: &str) -> PathBuf {
    repository("server/cli/tests/fixtures").join(name)
}
