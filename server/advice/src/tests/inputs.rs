//! Rules about images and what the model does to them.

use graph::{BinaryOp, Op, TensorId};
use images::{Preprocessing, Preset};
use serde_json::Value;

use super::{Case, IMAGES, bell, set};
use crate::Names;
use crate::unfamiliar::FirstLayer;

const SHAPE: [usize; 4] = [1, 8, 8, 1];

/// A model whose output is a convolution of its input.
fn plain() -> (Case, TensorId) {
    let mut case = Case::new(&SHAPE);
    let output = case.conv("last", case.input, 4, |o, _| o as f32 - 1.5);
    (case, output)
}

#[test]
fn few_images_and_few_samples() {
    let check = |images: usize, samples: usize, key: Option<&str>| {
        let (mut case, output) = plain();
        case.calibration = set(images, 0.0, 0.5);
        case.samples = samples;
        let codes: &[&str] = match key {
            Some(_) => &["few-calibration-images"],
            None => &[],
        };
        let advice = case.expect(output, codes);
        assert_eq!(advice.first().map(|advice| advice.key.as_str()), key);
    };
    check(100, 100, None);
    check(99, 990, Some("dataset_image_dir"));
    check(60, 60, Some("iteration_count"));
}

#[test]
fn halves_that_give_other_ranges() {
    let check = |image: fn(usize, &[usize]) -> Vec<f32>, codes: &[&str]| {
        let (mut case, output) = plain();
        case.image = image;
        case.expect(output, codes)
    };
    // Every other image is of the first half.
    let advice = check(
        |number, shape| {
            let size = if number % 2 == 0 { 1.0 } else { 1.5 };
            let pixels = bell(number as u32, shape.iter().product());
            pixels.iter().map(|pixel| pixel * size).collect()
        },
        &["calibration-unsettled"],
    );
    assert!(advice[0].layers.contains(&"last".to_owned()), "{advice:?}");
    check(
        |number, shape| {
            let size = if number / 2 % 2 == 0 { 1.0 } else { 1.5 };
            let pixels = bell(number as u32 / 4, shape.iter().product());
            pixels.iter().map(|pixel| pixel * size).collect()
        },
        &[],
    );
}

#[test]
fn classes_that_no_image_shows() {
    let check = |classes: usize, images: Option<Vec<usize>>, codes: &[&str]| {
        let (mut case, output) = plain();
        case.classes = Some(Names {
            classes: (0..classes).map(|class| format!("class {class}")).collect(),
            images,
        });
        case.expect(output, codes)
    };
    // The model names the classes 0 to 3.
    let advice = check(5, None, &["classes-not-calibrated"]);
    assert!(advice[0].message.contains("`class 4`"), "{advice:?}");
    check(4, None, &[]);
    let advice = check(4, Some(vec![60, 0, 60, 8]), &["classes-not-calibrated"]);
    assert!(advice[0].message.contains("`class 1`"), "{advice:?}");
    check(5, Some(vec![1; 5]), &[]);
    // Too few images for so many classes to show.
    check(IMAGES, None, &[]);
}

#[test]
fn evaluation_images_that_differ() {
    let check = |count: usize, mean: f64, deviation: f64, codes: &[&str]| {
        let (mut case, output) = plain();
        case.evaluation = Some(set(count, mean, deviation));
        case.expect(output, codes)
    };
    let unlike = ["calibration-unlike-evaluation"];
    let advice = check(64, 0.4, 0.5, &unlike);
    assert!(advice[0].message.contains("mean"), "{advice:?}");
    let advice = check(64, 0.0, 0.2, &unlike);
    assert!(advice[0].message.contains("contrast"), "{advice:?}");
    check(64, 0.05, 0.5, &[]);
    check(64, 0.0, 0.49, &[]);
    check(8, 0.4, 0.5, &[]);
    let spread = |factor: f64| {
        let mut set = set(64, 0.0, 0.5);
        for moments in &mut set.moments {
            moments.means[0] *= factor;
        }
        set
    };
    let check = |factor: f64, codes: &[&str]| {
        let (mut case, output) = plain();
        case.evaluation = Some(spread(factor));
        case.expect(output, codes)
    };
    let advice = check(3.0, &unlike);
    assert!(
        advice[0].message.contains("from image to image"),
        "{advice:?}"
    );
    check(0.3, &unlike);
    check(2.0, &[]);
}

#[test]
fn inputs_that_are_normalized_twice() {
    let check = |scale: f32, offset: f32, mean: f64, deviation: f64, codes: &[&str]| {
        let mut case = Case::new(&SHAPE);
        case.calibration = set(IMAGES, mean, deviation);
        let by = case.constant(&[1], vec![scale]);
        let less = case.constant(&[1], vec![offset]);
        let scaled = case.add(
            "rescaling",
            Op::Binary(BinaryOp::Multiply),
            &[case.input, by],
        );
        let moved = case.add(
            "rescaling/offset",
            Op::Binary(BinaryOp::Add),
            &[scaled, less],
        );
        let output = case.conv("last", moved, 4, |o, _| o as f32 - 1.5);
        // Such graphs are rewritten before they are quantized; only the advice counts.
        let advice = case.advise(output);
        let found: Vec<&str> = advice.iter().map(|advice| advice.code).collect();
        let found: Vec<&str> = found
            .into_iter()
            .filter(|&code| code == "unfitting-normalization")
            .collect();
        assert_eq!(found, codes, "{advice:?}");
    };
    let twice = ["unfitting-normalization"];
    check(1.0 / 127.5, -1.0, -0.1, 0.5, &twice);
    check(1.0 / 127.5, -1.0, 118.0, 60.0, &[]);
    check(1.0 / 255.0, 0.0, 0.4, 0.25, &twice);
    check(1.0 / 255.0, 0.0, 118.0, 60.0, &[]);
    // Pixels less a mean, as some models of Caffe have it.
    check(1.0, -110.0, 118.0, 60.0, &[]);
    check(1.0, -110.0, 0.0, 0.5, &twice);
    // Dark pictures.
    check(1.0 / 127.5, -1.0, 6.0, 12.0, &[]);
    check(1.0, 0.0, 0.0, 0.5, &[]);
}

/// A model whose first layer was trained on grey levels around 120, divided like this.
#[test]
fn inputs_that_the_model_was_not_trained_on() {
    let check = |trained: Preset, present: Preset, pixels: f64, expected: Option<&str>| {
        let mut case = Case::new(&SHAPE);
        let deviation = 60.0;
        let through = |preset: Preset, level: f64| {
            let normalization = Preprocessing::from(preset).normalization;
            let [mean, std] = [normalization.mean(), normalization.std()];
            (level - mean.values()[0]) / std.values()[0]
        };
        let spread = through(trained, deviation) - through(trained, 0.0);
        case.settings.preprocessing = present.into();
        let scale = through(present, deviation) - through(present, 0.0);
        case.calibration = set(IMAGES, through(present, pixels), scale);
        let conv = case.conv("first", case.input, 4, |o, _| o as f32 - 1.5);
        let per_channel = |case: &mut Case, value: &dyn Fn(f64) -> f64| {
            let values = (0..4).map(|channel| value(f64::from(channel) - 1.5) as f32);
            case.constant(&[4], values.collect())
        };
        let mean = through(trained, 120.0);
        let parameters = [
            per_channel(&mut case, &|_| 1.0),
            per_channel(&mut case, &|_| 0.0),
            per_channel(&mut case, &|weight| weight * mean),
            per_channel(&mut case, &|weight| (weight * spread).powi(2)),
        ];
        let op = Op::BatchNormalization { epsilon: 1e-3 };
        let normalized = case.add("normalized", op, &[&[conv], &parameters[..]].concat());
        case.graph.set_outputs(&[normalized]);
        let first = FirstLayer::of(&case.graph);
        assert!(first.is_some());
        let mut other = Case::new(&SHAPE);
        let output = other.conv("last", other.input, 4, |o, _| o as f32 - 1.5);
        other.source = Some(case.graph);
        other.settings = case.settings;
        other.calibration = case.calibration;
        let codes: &[&str] = match expected {
            Some(_) => &["unfamiliar-inputs"],
            None => &[],
        };
        let advice = other.expect(output, codes);
        let value = advice.first().and_then(|advice| advice.value.clone());
        assert_eq!(value, expected.map(Value::from));
    };
    check(Preset::Mobilenet, Preset::Mobilenet, 120.0, None);
    check(Preset::Mobilenet, Preset::Mobilenet, 135.0, None);
    check(Preset::Mobilenet, Preset::Unit, 120.0, Some("mobilenet"));
    check(Preset::Unit, Preset::Mobilenet, 120.0, Some("unit"));
    check(Preset::None, Preset::Mobilenet, 120.0, Some("none"));
    check(Preset::Mobilenet, Preset::None, 120.0, Some("mobilenet"));
}
