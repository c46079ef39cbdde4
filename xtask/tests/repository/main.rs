//! What the repository promises about itself: which module may use which, and that its documents
//! name files that there are.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot read the repository has to stop"
)]

mod circles;
mod contributing;
mod modules;
mod sources;

use std::path::{Path, PathBuf};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(repository().join(name)).unwrap()
}
