//! What fuzzing runs: a [`Target`] for everything that reads files or texts of other people.
//!
//! The targets are used twice: libFuzzer drives them for as long as one likes (`cargo xtask fuzz`,
//! the package in `libfuzzer/`), and `tests/mutations.rs` for some seconds in every test run. Seeds
//! are made from the fixtures of the tests, taken apart where a checksum would otherwise keep the
//! fuzzer at the gate. `docs/fuzzing.md` tells what has been run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a target fails by panicking"
)]

mod archive;
mod checkpoint;
mod disk;
mod models;
mod parts;
mod scratch;
mod seeds;
mod target;
mod targets;

pub use target::{TARGETS, Target};
