//! Comparison with Sony's Model Compression Toolkit 2.6.1 on known numbers. The script beside
//! `tests/fixtures/quantization/mct_2.6.1.json` says how the numbers were made.

mod activations;
mod bias;
mod centering;
mod equalization;
mod layers;
mod rules;
mod weights;

use std::path::Path;

use serde_json::Value;

/// Power of the Lp error in the reference.
const LP_POWER: f64 = 3.0;

/// A part of the reference.
fn reference(part: &str) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/quantization");
    let text = std::fs::read_to_string(root.join("mct_2.6.1.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(all["lp_power"], LP_POWER);
    all[part].clone()
}

fn numbers(value: &Value) -> Vec<f64> {
    let number = |value: &Value| value.as_f64().unwrap();
    value.as_array().unwrap().iter().map(number).collect()
}

/// Sums of twelve numbers of a linear congruential generator, less six: nearly normal.
fn bell(seed: u32, count: usize) -> Vec<f64> {
    let mut state = seed;
    let mut uniform = || {
        state = state.wrapping_mul(1664525).wrapping_add(1013904223);
        f64::from(state) / 4_294_967_296.0
    };
    (0..count)
        .map(|_| (0..12).map(|_| uniform()).sum::<f64>() - 6.0)
        .collect()
}

#[track_caller]
fn assert_near(found: f64, expected: f64, relative: f64, what: &str) {
    let difference = (found - expected).abs();
    assert!(
        difference <= relative * expected.abs(),
        "{what}: {found} against {expected}"
    );
}
