use std::sync::atomic::AtomicBool;

use super::{LP_POWER, assert_near, bell, numbers, reference};
use crate::weights::{Grid, thresholds};
use crate::{ErrorMethod, WeightMethod, WeightSettings};

/// The five output channels of the reference's kernel: the third is eight times larger, the fourth
/// has one large weight.
fn channels() -> Vec<Vec<f32>> {
    let values = bell(1, 180);
    let mut channels = vec![Vec::new(); 5];
    for (index, value) in values.iter().enumerate() {
        let value = match index {
            3 => 2.5,
            index if index % 5 == 2 => value * 0.8,
            _ => value * 0.1,
        };
        channels[index % 5].push(value as f32);
    }
    channels
}

#[test]
fn thresholds_are_those_of_the_reference() {
    let cases = reference("weights");
    for (key, error_method) in [
        ("MSE", ErrorMethod::Mse),
        ("MAE", ErrorMethod::Mae),
        ("LP", ErrorMethod::Lp(LP_POWER)),
        ("NOCLIPPING", ErrorMethod::NoClipping),
    ] {
        for (name, method) in [
            ("power_of_two", WeightMethod::PowerOfTwo),
            ("symmetric", WeightMethod::Symmetric),
        ] {
            for (granularity, per_channel) in [("channel", true), ("tensor", false)] {
                for bits in [8, 4] {
                    let settings = WeightSettings {
                        method,
                        error_method,
                        per_channel,
                        ..WeightSettings::default()
                    };
                    let case = format!("{key}_{bits}_{granularity}");
                    let grid = Grid::of_bits(bits);
                    let cancelled = AtomicBool::new(false);
                    let found = thresholds(&channels(), None, grid, &settings, &cancelled).unwrap();
                    let expected = numbers(&cases[&case][name]);
                    assert_eq!(expected.len(), if per_channel { 5 } else { 1 });
                    for (found, expected) in found.iter().zip(&expected) {
                        let what = format!("{case} {name}");
                        assert_near(*found, *expected, 1e-6, &what);
                    }
                }
            }
        }
    }
}
