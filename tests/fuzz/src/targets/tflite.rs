//! `.tflite` files, which tables for people and the comparison of models are made from.

use std::path::Path;

use graph::passes::prepare;
use keras::ReadOptions;
use tflite::{Encodings, WriteOptions};

use crate::{Target, seeds};

pub(crate) const TARGET: Target = Target {
    name: "tflite",
    seeds: || {
        let models = seeds::fixtures("keras", &["h5"]);
        models.iter().filter_map(|model| convert(model)).collect()
    },
    examine: |input| {
        if let Err(error) = tflite::read(input) {
            assert!(!error.to_string().is_empty());
        }
    },
};

fn convert(model: &Path) -> Option<Vec<u8>> {
    let options = ReadOptions {
        input_size: Some([8; 2]),
    };
    let model = keras::read(model, &options).ok()?;
    let options = WriteOptions {
        description: "seed",
        ..WriteOptions::default()
    };
    tflite::write(&prepare(&model.graph), &Encodings::default(), &options).ok()
}
