use graph::Op;
use localization::{phrase, text};
use serde_json::{Value, json};

use super::layer::{Parsed, build_one};
use crate::problem::{LayerProblem, invalid};
use crate::settings::Settings;

/// Settings that have one number for each axis of the positions.
const BY_AXIS: &[&str] = &[
    "kernel_size",
    "strides",
    "dilation_rate",
    "pool_size",
    "size",
];

/// A layer over sequences `[batch, positions, features]`, as the layer of the same kind over images
/// with one row, which `parse` reads.
pub(super) fn sequence(settings: &Settings, parse: fn(&Settings) -> Parsed) -> Parsed {
    let mut flat = Settings {
        values: settings.values.clone(),
        generation: settings.generation,
    };
    for &key in BY_AXIS {
        if let Some([first, ..]) = settings.integers(key)?.as_deref() {
            flat.values.insert(key.to_owned(), json!([1, first]));
        }
    }
    for key in ["cropping", "padding"] {
        let pairs = match settings.integers(key).unwrap_or_default().as_deref() {
            Some(&[both]) => json!([[0, 0], [both, both]]),
            Some(&[before, after]) => json!([[0, 0], [before, after]]),
            _ => continue,
        };
        flat.values.insert(key.to_owned(), pairs);
    }
    // Zeros in front of the sequence.
    let mut before = 0;
    if settings.text("padding") == Some("causal") {
        before = causal_reach(settings)?;
        flat.values
            .insert("padding".to_owned(), Value::from("valid"));
    }
    Ok(parse(&flat)?.wrapped(move |scope, mut x, inner| {
        let &[batch, positions, features] = scope.draft.shape(x) else {
            return invalid(text!(
                "its input has shape {shape:?} instead of a sequence",
                shape = scope.draft.shape(x)
            ));
        };
        let shape = vec![batch, 1, positions, features];
        x = scope.draft.reshape("row", x, shape)?;
        if before > 0 {
            let op = Op::Pad {
                before: vec![0, 0, before, 0],
                after: vec![0; 4],
                value: 0.0,
            };
            x = scope.draft.node("padded", op, &[x])?;
        }
        let output = build_one(inner, scope, x)?;
        let &[batch, _, positions, features] = scope.draft.shape(output) else {
            return Ok(output);
        };
        let shape = vec![batch, positions, features];
        scope.draft.reshape("sequence", output, shape)
    }))
}

/// Positions that a causal kernel looks back.
fn causal_reach(settings: &Settings) -> Result<usize, LayerProblem> {
    let one = |key: &str| -> Result<i64, LayerProblem> {
        let numbers = settings.integers(key)?;
        Ok(numbers.and_then(|it| it.first().copied()).unwrap_or(1))
    };
    let reach = (one("kernel_size")? - 1).checked_mul(one("dilation_rate")?);
    match reach.and_then(|reach| usize::try_from(reach).ok()) {
        Some(reach) => Ok(reach),
        None => invalid(phrase!("\"dilation_rate\" is out of range")),
    }
}
