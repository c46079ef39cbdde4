//! Checks of whole configurations: the cases of `tests/fixtures/configuration` on a made-up disk,
//! hostile text, and real folders.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up has to stop"
)]

mod assistance;
mod case;
mod disk;
mod expected;
mod findings;
mod label_files;
mod loading;
mod localization;
mod robustness;
mod schemas;
mod snapshot;
mod target_files;
