//! Runs the program as a user does, on copies of the flowers demo project.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[cfg(feature = "tflite-runtime")]
mod advice;
#[cfg(feature = "tflite-runtime")]
mod budget;
#[cfg(feature = "tflite-runtime")]
mod cancellation;
#[cfg(feature = "tflite-runtime")]
mod commands;
#[cfg(feature = "tflite-runtime")]
mod determinism;
#[cfg(feature = "tflite-runtime")]
mod events;
#[cfg(feature = "tflite-runtime")]
mod jobs;
#[cfg(feature = "tflite-runtime")]
mod lsp;
#[cfg(feature = "tflite-runtime")]
mod quantized_model;
#[cfg(feature = "tflite-runtime")]
mod refusals;
#[cfg(feature = "tflite-runtime")]
mod reports;
#[cfg(feature = "tflite-runtime")]
mod rounding;
#[cfg(feature = "tflite-runtime")]
mod runs;
#[cfg(feature = "tflite-runtime")]
mod same_rules;
#[cfg(feature = "tflite-runtime")]
mod single_outputs;
#[cfg(feature = "tflite-runtime")]
mod support;
#[cfg(feature = "tflite-runtime")]
mod targets;

#[cfg(not(feature = "tflite-runtime"))]
#[test]
fn says_how_to_build_with_the_runtime() {
    eprintln!("not run: the TFLite runtime is not in this build; use `cargo xtask test`");
    let doctor = std::process::Command::new(env!("CARGO_BIN_EXE_model-quantizer"))
        .arg("doctor")
        .output()
        .unwrap();
    let said = String::from_utf8(doctor.stdout).unwrap();
    assert!(said.contains("cargo xtask build"), "{said}");
}
