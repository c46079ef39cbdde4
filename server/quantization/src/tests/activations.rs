use serde_json::Value;

use super::{LP_POWER, assert_near, bell, numbers, reference};
use crate::activations::{ActivationRange, activation_range, divergence};
use crate::histogram::{GrowingHistogram, Histogram, Scratch};
use crate::quantizer::Quantizer;
use crate::{ActivationMethod, ActivationSettings, ErrorMethod};

const METHODS: [(&str, ErrorMethod); 4] = [
    ("MSE", ErrorMethod::Mse),
    ("MAE", ErrorMethod::Mae),
    ("LP", ErrorMethod::Lp(LP_POWER)),
    ("NOCLIPPING", ErrorMethod::NoClipping),
];

/// The values of a case of the reference, in three batches, and its z-threshold.
fn case(name: &str) -> (Vec<Vec<f64>>, f64) {
    let batch = |index: u32| -> Vec<f64> {
        let factor = 1.0 + 0.5 * f64::from(index);
        let values = bell(10 + index, 2000);
        values.iter().map(|value| value * factor).collect()
    };
    let z_threshold = match name {
        "outlier_z8" => 8.0,
        "signed_z3" => 3.0,
        _ => f64::INFINITY,
    };
    let change = |value: &mut f64| match name {
        "relu6" => *value = (2.0 * *value).clamp(0.0, 6.0),
        "negative_tail" => *value *= if *value > 0.0 { 3.0 } else { 0.02 },
        "outlier" | "outlier_z8" => *value = value.max(0.0),
        _ => (),
    };
    let batches = (0..3).map(|index| {
        let mut values = batch(index);
        values.iter_mut().for_each(change);
        if name.starts_with("outlier") {
            values[7] = 60.0;
        }
        values
    });
    (batches.collect(), z_threshold)
}

/// The histogram that the reference searches: each batch in 2048 bins of its own, moved to 2048
/// bins over the range of all.
fn reference_histogram(batches: &[Vec<f64>]) -> Histogram {
    let histograms: Vec<Histogram> = batches.iter().map(|batch| binned(batch)).collect();
    let lowest = histograms.iter().map(|h| h.edges[0]).reduce(f64::min);
    let highest = histograms.iter().map(|h| h.edges[2048]).reduce(f64::max);
    let (lowest, highest) = (lowest.unwrap(), highest.unwrap());
    let mut merged = histograms[0].with_range(lowest, highest);
    for histogram in &histograms[1..] {
        let moved = histogram.with_range(lowest, highest);
        for (total, count) in merged.counts.iter_mut().zip(&moved.counts) {
            *total += count;
        }
    }
    merged
}

fn binned(values: &[f64]) -> Histogram {
    let min = values.iter().copied().fold(f64::INFINITY, f64::min);
    let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let step = (max - min) / 2048.0;
    let mut edges: Vec<f64> = (0..2048).map(|bin| min + f64::from(bin) * step).collect();
    edges.push(max);
    let mut counts = vec![0.0; 2048];
    for &value in values {
        let above = edges.partition_point(|&edge| edge <= value);
        counts[above.clamp(1, 2048) - 1] += 1.0;
    }
    Histogram { edges, counts }
}

fn range(histogram: &Histogram, method: ActivationMethod, case: (ErrorMethod, f64)) -> Vec<f64> {
    let settings = ActivationSettings {
        method,
        error_method: case.0,
        z_threshold: case.1,
        ..ActivationSettings::default()
    };
    match activation_range(histogram, &settings) {
        ActivationRange::Threshold { threshold, .. } => vec![threshold],
        ActivationRange::Ends { low, high } => vec![low, high],
    }
}

/// Calls `check` with the name, batches, z-threshold and reference of each case.
fn for_each_case(check: impl Fn(&str, &[Vec<f64>], f64, &Value)) {
    let cases = reference("activations");
    assert_eq!(cases.as_object().unwrap().len(), 6);
    for (name, expected) in cases.as_object().unwrap() {
        let (batches, z_threshold) = case(name);
        check(name, &batches, z_threshold, expected);
    }
}

#[test]
fn batches_merge_and_outliers_go_as_in_the_reference() {
    for_each_case(|name, batches, z_threshold, expected| {
        let histogram = reference_histogram(batches);
        let ends = numbers(&expected["range"]);
        assert_eq!([histogram.edges[0], histogram.edges[2048]], ends[..]);
        let cumulative: Vec<f64> = numbers(&expected["cumulative"]);
        let mut below = 0.0;
        let sixteenths = histogram.counts.chunks(128).map(|bins| {
            below += bins.iter().sum::<f64>();
            below
        });
        for (found, expected) in sixteenths.zip(cumulative) {
            assert_near(found, expected, 1e-9, name);
        }
        let filtered = histogram.without_outliers(z_threshold);
        let kept: f64 = filtered.counts.iter().sum();
        assert_near(kept, expected["kept"].as_f64().unwrap(), 1e-9, name);
        assert_eq!(filtered.is_signed(), expected["signed"], "{name}");
    });
}

#[test]
fn ranges_are_those_of_the_reference() {
    for_each_case(|name, batches, z_threshold, expected| {
        let histogram = reference_histogram(batches);
        let width = histogram.edges[1] - histogram.edges[0];
        for (key, error_method) in METHODS {
            let what = format!("{name} {key}");
            let expected = &expected[key];
            let found = |method| range(&histogram, method, (error_method, z_threshold));
            let power_of_two = found(ActivationMethod::PowerOfTwo)[0];
            let symmetric = found(ActivationMethod::Symmetric)[0];
            let uniform = found(ActivationMethod::Uniform);
            assert_eq!(power_of_two, expected["power_of_two"], "{what}");
            // The reference forgets the lower edge of the lowest bin when nothing may be clipped.
            let slack = match error_method {
                ErrorMethod::NoClipping => width / symmetric * 1.01,
                _ => 1e-9,
            };
            assert_near(
                symmetric,
                expected["symmetric"].as_f64().unwrap(),
                slack,
                &what,
            );
            for (found, expected) in uniform.iter().zip(numbers(&expected["uniform"])) {
                assert_near(*found, expected, 1e-9, &what);
            }
        }
    });
}

/// The reference computes divergences in single precision and falls for one of zero where a range
/// holds a single bin. Where it sees something, the choices here are as good as its own.
#[test]
fn divergences_are_as_small_as_those_of_the_reference() {
    for_each_case(|name, batches, z_threshold, expected| {
        let histogram = reference_histogram(batches).without_outliers(z_threshold);
        let signed = histogram.is_signed();
        let expected = &expected["KL"];
        let found = |method| range(&histogram, method, (ErrorMethod::Kl, f64::INFINITY));
        let at = |low: f64, high: f64, quantizer: Quantizer| {
            divergence(&histogram, &quantizer, low, high)
        };
        let threshold = |threshold: f64| {
            let low = if signed { -threshold } else { 0.0 };
            at(low, threshold, Quantizer::symmetric(threshold, signed, 8))
        };
        let ends = |ends: &[f64]| at(ends[0], ends[1], Quantizer::uniform(ends[0], ends[1], 8));
        let symmetric = threshold(found(ActivationMethod::Symmetric)[0]);
        let reference = threshold(expected["symmetric"].as_f64().unwrap());
        assert!(
            symmetric <= reference + 1e-6,
            "{name}: {symmetric}, {reference}"
        );
        let uniform = ends(&found(ActivationMethod::Uniform));
        let reference = ends(&numbers(&expected["uniform"]));
        assert!(
            uniform <= reference + 1e-6,
            "{name}: {uniform}, {reference}"
        );

        assert!(expected["power_of_two"].as_f64() < Some(0.1), "{name}");
        let chosen = found(ActivationMethod::PowerOfTwo)[0];
        let below = histogram.edges.iter().zip(&histogram.counts);
        let kept = below.filter(|(edge, _)| edge.abs() < chosen);
        let kept: f64 = kept.map(|(_, count)| count).sum();
        let all: f64 = histogram.counts.iter().sum();
        assert!(kept > 0.99 * all, "{name}: {chosen}");
    });
}

/// The histogram that calibration grows gives the thresholds of the reference's, to within a bin.
#[test]
fn the_growing_histogram_gives_the_same_thresholds() {
    for_each_case(|name, batches, z_threshold, expected| {
        let mut growing = GrowingHistogram::new();
        let mut ends = (f64::INFINITY, f64::NEG_INFINITY);
        for batch in batches {
            let values: Vec<f32> = batch.iter().map(|&value| value as f32).collect();
            let range = values
                .iter()
                .fold((f32::MAX, f32::MIN), |(low, high), &value| {
                    (low.min(value), high.max(value))
                });
            ends = (
                ends.0.min(f64::from(range.0)),
                ends.1.max(f64::from(range.1)),
            );
            growing.add(&values, range, 1, &mut Scratch::new());
        }
        let histogram = growing.to_histogram().with_range(ends.0, ends.1);
        let case = (ErrorMethod::Mse, z_threshold);
        let expected = &expected["MSE"];
        let power_of_two = range(&histogram, ActivationMethod::PowerOfTwo, case)[0];
        assert_eq!(power_of_two, expected["power_of_two"], "{name}");
        let symmetric = range(&histogram, ActivationMethod::Symmetric, case)[0];
        assert_near(
            symmetric,
            expected["symmetric"].as_f64().unwrap(),
            0.02,
            name,
        );
    });
}

/// Against the sorted values themselves: a bin holds less than a thousandth of the range.
#[test]
fn percentiles_are_covered_by_every_kind_of_range() {
    let batches = [bell(10, 20_000)];
    let histogram = reference_histogram(&batches);
    let width = histogram.edges[1] - histogram.edges[0];
    let sorted = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values
    };
    let values = sorted(batches[0].clone());
    let magnitudes = sorted(values.iter().map(|value| value.abs()).collect());
    let at = |sorted: &[f64], percentage: f64| {
        let position = (sorted.len() as f64 * percentage / 100.0).ceil() as usize;
        sorted[position.clamp(1, sorted.len()) - 1]
    };
    for percentage in [60.0, 95.0, 99.9, 100.0] {
        let method = ErrorMethod::Percentile(percentage);
        let found = |range_method| range(&histogram, range_method, (method, f64::INFINITY));
        let threshold = at(&magnitudes, percentage);
        let symmetric = found(ActivationMethod::Symmetric)[0];
        assert!(
            (symmetric - threshold).abs() <= 2.0 * width,
            "{percentage}: {symmetric} {threshold}"
        );
        let power_of_two = found(ActivationMethod::PowerOfTwo)[0];
        assert_eq!(power_of_two.log2().fract(), 0.0);
        assert!(power_of_two >= symmetric && power_of_two < 2.0 * symmetric);
        let cut = (100.0 - percentage) / 2.0;
        let ends = [at(&values, cut), at(&values, 100.0 - cut)];
        for (found, end) in found(ActivationMethod::Uniform).iter().zip(ends) {
            assert!(
                (found - end).abs() <= 2.0 * width,
                "{percentage}: {found} {end}"
            );
        }
    }
    // Nothing is cut where all values count, whatever the kind of range.
    let all = |method| {
        range(
            &histogram,
            method,
            (ErrorMethod::Percentile(100.0), f64::INFINITY),
        )
    };
    let none = |method| range(&histogram, method, (ErrorMethod::NoClipping, f64::INFINITY));
    for method in [
        ActivationMethod::PowerOfTwo,
        ActivationMethod::Symmetric,
        ActivationMethod::Uniform,
    ] {
        for (all, none) in all(method).iter().zip(none(method)) {
            assert!((all - none).abs() < 1e-9, "{all} {none}");
        }
    }
}
