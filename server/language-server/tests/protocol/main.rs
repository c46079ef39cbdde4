//! The server over a pair of streams in memory, as a client sees it. Every message of the server
//! has to be expected by the test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod diagnostics;
mod disk;
mod help;
mod jobs;
mod lifecycle;
mod localization;
mod support;
