//! Rules about layers.

use configuration::{Choice, Effort};
use graph::{Activation, Op, Window};
use report::{Comparison, Layer};
use serde_json::json;

use super::{Case, bell};
use crate::overrides;

const SHAPE: [usize; 4] = [1, 8, 8, 8];

/// Nearly normal pixels, one of which is this one on two images.
fn image_with(number: usize, shape: &[usize], outlier: f32) -> Vec<f32> {
    let mut pixels = bell(number as u32, shape.iter().product());
    // One in each half.
    if number / 2 == 3 {
        pixels[5] = outlier;
    }
    pixels
}

#[test]
fn outliers_that_hold_the_range_wide() {
    let check = |image: fn(usize, &[usize]) -> Vec<f32>, z_threshold: f64, expected: &[&str]| {
        let mut case = Case::new(&SHAPE);
        case.settings.quantization.z_threshold = z_threshold;
        case.image = image;
        let shown = case.activation("shown", Activation::Relu, case.input);
        let output = case.conv("last", shown, 4, |o, i| ((o + i) % 3) as f32 - 1.0);
        case.expect(output, expected)
    };
    let far = |number, shape: &[usize]| image_with(number, shape, 60.0);
    let advice = check(far, f64::INFINITY, &["activation-outliers"]);
    let value = advice[0].value.clone().unwrap();
    let distances: Vec<u64> = match value.as_array() {
        Some(entries) => entries
            .iter()
            .map(|entry| entry["z_threshold"].as_u64().unwrap())
            .collect(),
        None => vec![value.as_u64().unwrap()],
    };
    let smallest = *distances.first().unwrap();
    assert!(distances.iter().all(|distance| (5..=20).contains(distance)));
    assert!(advice[0].layers.contains(&"shown".to_owned()));
    check(far, smallest as f64, &[]);
    check(
        |number, shape| image_with(number, shape, 10.0),
        f64::INFINITY,
        &[],
    );
    check(
        |number, shape| image_with(number, shape, 0.5),
        f64::INFINITY,
        &[],
    );
}

#[test]
fn tails_that_leave_levels_idle() {
    let check = |activation: Activation, factor: f32, on: bool, expected: &[&str]| {
        let mut case = Case::new(&SHAPE);
        let correction = &mut case
            .settings
            .quantization
            .shift_negative_activation_correction;
        *correction = if on { Choice::On } else { Choice::Off };
        let wide = case.conv("wide", case.input, 8, |o, i| {
            factor * if o == i { 1.0 } else { 0.0 }
        });
        let tailed = case.activation("tailed", activation, wide);
        let output = case.conv("last", tailed, 4, |o, i| ((o + i) % 3) as f32 - 1.0);
        case.expect(output, expected)
    };
    let (swish, idle) = (Activation::HardSwish, ["idle-negative-levels"]);
    let advice = check(swish, 4.0, false, &idle);
    assert_eq!(advice[0].layers, ["tailed"]);
    assert_eq!(
        advice[0].key,
        "quantization.shift_negative_activation_correction"
    );
    assert_eq!(advice[0].value, Some(true.into()));
    // Three eighths of 16 / 128.
    assert!(advice[0].message.contains("3 of 128 levels"), "{advice:?}");
    assert!(!advice[0].message.contains("ratio"), "{advice:?}");
    check(swish, 4.0, true, &[]);
    // More than a twentieth of the threshold, which is four here.
    let advice = check(swish, 1.0, false, &idle);
    assert!(advice[0].message.contains("`shift_negative_ratio` to 0.1"));
    check(swish, 1.0, true, &[]);
    // Large against the range, and nothing below zero.
    check(swish, 0.3, false, &[]);
    check(Activation::Relu, 4.0, false, &[]);
}

#[test]
fn branches_with_ranges_far_apart() {
    let check = |factor: f32, expected: &[&str]| {
        let mut case = Case::new(&SHAPE);
        let diagonal = |factor: f32| move |o, i| if o == i { factor } else { 0.0 };
        let large = case.conv("large", case.input, 8, diagonal(1.0));
        let small = case.conv("small", case.input, 8, diagonal(factor));
        let joined = case.add("joined", Op::Concatenate { axis: 3 }, &[large, small]);
        let output = case.conv("last", joined, 4, |o, i| ((o + i) % 3) as f32 - 1.0);
        case.expect(output, expected)
    };
    let advice = check(0.05, &["unbalanced-concatenation"]);
    assert_eq!(advice[0].layers, ["small"]);
    let entry = json!([{"layers": "joined", "activation_bits": 16}]);
    assert_eq!(advice[0].value, overrides::exist().then_some(entry));
    assert!(advice[0].message.contains("13 of 256 levels"), "{advice:?}");
    check(0.08, &[]);
    check(1.0, &[]);
}

#[test]
fn channels_with_ranges_far_apart() {
    // The weights behind a channel make up for its size, as if batch normalization had moved it.
    let check = |spread: f32, made_up_for: bool, rectifier: Activation, expected: &[&str]| {
        let mut case = Case::new(&SHAPE);
        case.settings.quantization.cross_layer_equalization = Choice::Off;
        let size = move |channel: usize| spread.powi(channel as i32);
        let spread_out = case.conv(
            "spread",
            case.input,
            8,
            move |o, i| {
                if o == i { size(o) } else { 0.0 }
            },
        );
        let rectified = case.activation("rectified", rectifier, spread_out);
        let output = case.conv("last", rectified, 4, move |o, i| {
            let weight = ((o + i) % 3) as f32 - 1.0;
            if made_up_for {
                weight / size(i)
            } else {
                weight
            }
        });
        case.expect(output, expected)
    };
    let advice = check(0.3, true, Activation::Relu, &["unbalanced-channels"]);
    assert_eq!(advice[0].key, "quantization.cross_layer_equalization");
    assert_eq!(advice[0].value, Some(true.into()));
    assert_eq!(advice[0].layers, ["rectified"]);
    // A function that does not commute with factors.
    let advice = check(0.3, true, Activation::Tanh, &["unbalanced-channels"]);
    assert_ne!(advice[0].key, "quantization.cross_layer_equalization");
    // The small channels matter little, or are not small.
    check(0.3, false, Activation::Relu, &[]);
    check(0.8, true, Activation::Relu, &[]);
}

/// A batch normalization that could not be folded is one weight for each channel.
#[test]
fn channels_that_a_normalization_makes_equal() {
    let check = |spread: f32, expected: &[&str]| {
        let mut case = Case::new(&SHAPE);
        let size = move |channel: usize| spread.powi(channel as i32);
        let spread_out = case.conv(
            "spread",
            case.input,
            8,
            move |o, i| {
                if o == i { size(o) } else { 0.0 }
            },
        );
        let weights = (0..8).map(|channel| 1.0 / size(channel)).collect();
        let kernel = case.constant(&[1, 1, 1, 8], weights);
        let op = Op::DepthwiseConv2d {
            window: Window::UNIT,
            multiplier: 1,
        };
        let output = case.add("normalized", op, &[spread_out, kernel]);
        case.expect(output, expected)
    };
    let advice = check(0.3, &["unbalanced-channels"]);
    assert_eq!(advice[0].layers, ["spread"]);
    check(0.8, &[]);
}

fn layer(name: &str, position: usize, loss: f64) -> Layer {
    Layer {
        name: name.to_owned(),
        operator: "Conv2D".to_owned(),
        position,
        output_shape: vec![1, 8, 8, 8],
        sqnr_db: Some(20.0),
        sqnr_loss_db: Some(loss),
        cosine_similarity: Some(0.99),
        activation: None,
        weights: None,
        macs: 0,
    }
}

#[test]
fn noise_in_logits() {
    let check_at = |effort, losses: [f64; 3], logits: Option<f64>, budget, expected: &[&str]| {
        let mut case = Case::new(&SHAPE);
        case.settings.quantization.effort = effort;
        case.settings.quantization.accuracy_budget = budget;
        let names = ["quiet", "lossy", "lossier"];
        case.layers = (0..3)
            .map(|index| layer(names[index], index, losses[index]))
            .collect();
        case.comparison = Some(Comparison {
            images: 32,
            from_evaluation: true,
            logits_sqnr_db: logits,
            logits_sqnr_interval_db: None,
            logits_sqnr_5th_percentile_db: None,
            top_1_agreement: Some(0.75),
            engine: "TFLite".to_owned(),
        });
        let output = case.conv("last", case.input, 4, |o, i| ((o + i) % 3) as f32 - 1.0);
        case.expect(output, expected)
    };
    let check = |losses, logits, budget, expected: &[&str]| {
        check_at(Effort::Best, losses, logits, budget, expected)
    };
    let losses = [0.5, 6.0, 9.0];
    let advice = check_at(
        Effort::Balanced,
        losses,
        Some(12.0),
        None,
        &["noisy-logits"],
    );
    assert_eq!(advice[0].key, "quantization.effort");
    assert_eq!(advice[0].value, Some("best".into()));
    let advice = check(losses, Some(12.0), None, &["noisy-logits"]);
    assert_eq!(advice[0].layers, ["lossier", "lossy"]);
    assert!(advice[0].message.contains("12.0 dB"), "{advice:?}");
    assert!(advice[0].message.contains("75 % of 32"), "{advice:?}");
    assert!(
        advice[0].message.contains("`accuracy_budget`"),
        "{advice:?}"
    );
    check(losses, Some(25.0), None, &[]);
    check(losses, None, None, &[]);
    // A search that was made is not proposed.
    for effort in [Effort::Balanced, Effort::Best] {
        let advice = check_at(effort, losses, Some(12.0), Some(1.0), &["noisy-logits"]);
        assert!(
            !advice[0].message.contains("`accuracy_budget`"),
            "{advice:?}"
        );
    }
    let advice = check([0.5; 3], Some(12.0), None, &["noisy-logits"]);
    assert_eq!(advice[0].key, "quantization.accuracy_budget");
}

#[test]
fn noise_in_weights() {
    // The weights of the first output channel are so many times as large as the others.
    let check = |large: f32, per_channel: bool, optimized: bool, expected: &[&str]| {
        let mut case = Case::new(&SHAPE);
        case.settings.quantization.weights_per_channel_threshold = per_channel;
        case.settings.quantization.weights_rounding_optimization = match optimized {
            true => Choice::On,
            false => Choice::Off,
        };
        let output = case.conv("last", case.input, 4, move |o, i| {
            let weight = 1.0 + 0.13 * ((o * 7 + i * 3) % 5) as f32;
            if o == 0 { large * weight } else { weight }
        });
        case.expect(output, expected)
    };
    check(1.0, false, false, &[]);
    check(100.0, true, false, &[]);
    // Errors of single weights say nothing where they make up for each other.
    check(100.0, false, true, &[]);
    let advice = check(100.0, false, false, &["noisy-weights"]);
    assert_eq!(advice[0].layers, ["last"]);
    assert_eq!(advice[0].value, Some(true.into()));
}
