//! Preprocessing against what Pillow, TensorFlow and Keras make of the same pixels.

#![allow(clippy::unwrap_used, reason = "a failure here fails the test")]

use std::fs;
use std::path::{Path, PathBuf};

use images::{DecodedImage, Preprocessing};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    name: String,
    source: String,
    source_size: [usize; 2],
    size: [usize; 2],
    channels: usize,
    values: Values,
    preprocessing: Preprocessing,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Values {
    /// 8-bit levels.
    Levels,
    /// Little-endian 32-bit floats.
    Floats,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/images")
}

fn source(name: &str, [height, width]: [usize; 2]) -> DecodedImage {
    let path = fixtures()
        .join("resized")
        .join(format!("source_{name}.pixels"));
    DecodedImage::new(width, height, 3, fs::read(path).unwrap()).unwrap()
}

fn expected(case: &Case) -> Vec<f32> {
    let path = fixtures()
        .join("resized")
        .join(format!("{}.values", case.name));
    let bytes = fs::read(path).unwrap();
    match case.values {
        Values::Levels => bytes.into_iter().map(f32::from).collect(),
        Values::Floats => {
            let (values, rest) = bytes.as_chunks();
            assert!(rest.is_empty());
            values
                .iter()
                .map(|&value| f32::from_le_bytes(value))
                .collect()
        }
    }
}

/// The largest difference allowed: a level of Pillow's, which rounds in fixed point; for
/// TensorFlow the rounding of 32-bit floats, or of its table of 1,024 cubic weights.
fn tolerance(case: &Case) -> f32 {
    match case.values {
        Values::Levels => 1.0,
        Values::Floats if case.name.starts_with("bicubic") => 0.3,
        Values::Floats => 1e-3,
    }
}

#[test]
fn values_are_those_of_the_references() {
    let list = fs::read(fixtures().join("resized.json")).unwrap();
    let cases: Vec<Case> = serde_json::from_slice(&list).unwrap();
    assert!(cases.len() > 20, "{}", cases.len());
    for case in cases {
        let image = source(&case.source, case.source_size);
        let actual = case
            .preprocessing
            .apply(&image, case.size, case.channels)
            .unwrap();
        let expected = expected(&case);
        assert_eq!(actual.len(), expected.len(), "{}", case.name);
        let differences = || actual.iter().zip(&expected).map(|(a, b)| (a - b).abs());
        let largest = differences().fold(0.0, f32::max);
        println!("{}: largest difference {largest}", case.name);
        assert!(largest <= tolerance(&case), "{}: {largest}", case.name);
        if matches!(case.values, Values::Levels) {
            let other = differences().filter(|&difference| difference > 0.0).count();
            assert!(other * 100 <= actual.len(), "{}: {other} levels", case.name);
        }
    }
}
