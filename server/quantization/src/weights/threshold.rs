//! Threshold of a group of weights: an output channel, or a whole kernel.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::error::{Grid, mean_error};
use crate::activations::divergence_threshold;
use crate::histogram::Histogram;
use crate::options::{ErrorMethod, WeightMethod, WeightSettings};
use crate::search::{Sweeps, best_power_of_two, best_threshold, covering_power_of_two};

/// Number of powers of two tried.
const POWERS_OF_TWO: i32 = 10;

/// Sweeps over the thresholds of one channel, and of a whole kernel.
const CHANNEL_SWEEPS: Sweeps = Sweeps {
    count: 15,
    narrowing: 3,
};
const TENSOR_SWEEPS: Sweeps = Sweeps {
    count: 40,
    narrowing: 5,
};

/// Sweeps where the search begins within a factor of two of the best threshold.
const WEIGHTED_SWEEPS: Sweeps = Sweeps {
    count: 4,
    narrowing: 1,
};

/// Thresholds of a kernel given as the weights of each output channel: one for each of them, or
/// the same for all. `None` when `cancelled` was set meanwhile.
///
/// `importance` says for each weight how much its error counts.
pub(crate) fn thresholds(
    channels: &[Vec<f32>],
    importance: Option<&[Vec<f32>]>,
    grid: Grid,
    settings: &WeightSettings,
    cancelled: &AtomicBool,
) -> Option<Vec<f64>> {
    if settings.per_channel {
        return channels
            .par_iter()
            .enumerate()
            .map(|(index, channel)| {
                let importance = importance.and_then(|all| all.get(index)).map(Vec::as_slice);
                threshold(
                    channel,
                    importance,
                    grid,
                    settings,
                    CHANNEL_SWEEPS,
                    cancelled,
                )
            })
            .collect();
    }
    let all = channels.concat();
    let importance = importance.map(<[Vec<f32>]>::concat);
    let importance = importance.as_deref();
    let threshold = threshold(&all, importance, grid, settings, TENSOR_SWEEPS, cancelled)?;
    Some(vec![threshold; channels.len()])
}

fn threshold(
    weights: &[f32],
    importance: Option<&[f32]>,
    grid: Grid,
    settings: &WeightSettings,
    sweeps: Sweeps,
    cancelled: &AtomicBool,
) -> Option<f64> {
    if cancelled.load(Ordering::Relaxed) {
        return None;
    }
    let (smallest, largest) = weights
        .iter()
        .fold((0.0f32, 0.0f32), |(low, high), &weight| {
            (low.min(weight), high.max(weight))
        });
    let start = grid.covering(smallest..=largest);
    if start < settings.min_threshold {
        return Some(settings.min_threshold);
    }
    let method = settings.error_method;
    let error = |threshold: f64| {
        // The search of a large kernel takes seconds.
        if cancelled.load(Ordering::Relaxed) {
            return f64::INFINITY;
        }
        mean_error(weights, importance, threshold, grid, method)
    };
    let found = match (settings.method, method) {
        (WeightMethod::Symmetric, ErrorMethod::NoClipping | ErrorMethod::Percentile(_)) => start,
        (WeightMethod::PowerOfTwo, ErrorMethod::NoClipping | ErrorMethod::Percentile(_)) => {
            covering_power_of_two(start)
        }
        (method, ErrorMethod::Kl) => {
            divergence_threshold(&Histogram::of(weights), method == WeightMethod::PowerOfTwo)
        }
        (WeightMethod::PowerOfTwo, _) => {
            let covering = covering_power_of_two(start);
            best_power_of_two(covering, POWERS_OF_TWO, settings.min_threshold, error)
        }
        // Large weights that hardly count can be far above the best threshold, with local minima
        // between, where a search from the top would end.
        (WeightMethod::Symmetric, _) if importance.is_some() => {
            let near = best_power_of_two(start / 2.0, POWERS_OF_TWO, 0.0, error);
            best_threshold(near, WEIGHTED_SWEEPS, error)
        }
        (WeightMethod::Symmetric, _) => best_threshold(start, sweeps, error),
    };
    let found = found.max(settings.min_threshold);
    (!cancelled.load(Ordering::Relaxed)).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::tests::bell;

    fn search(weights: &[f32], settings: WeightSettings) -> f64 {
        let channels = [weights.to_vec()];
        thresholds(
            &channels,
            None,
            Grid::TFLITE,
            &settings,
            &AtomicBool::new(false),
        )
        .unwrap()[0]
    }

    #[test]
    fn the_threshold_is_no_worse_than_any_on_a_fine_grid() {
        let check = |weights: &[f32], error_method: ErrorMethod, slack: f64| {
            let settings = WeightSettings {
                error_method,
                ..WeightSettings::default()
            };
            let error =
                |threshold| mean_error(weights, None, threshold, Grid::TFLITE, error_method);
            let found = error(search(weights, settings));
            let largest = weights.iter().fold(0.0f32, |m, weight| m.max(weight.abs()));
            let best = (400..1300)
                .map(|step| error(f64::from(largest) * f64::from(step) / 1000.0))
                .fold(f64::INFINITY, f64::min);
            assert!(found <= best * slack, "{found} against {best}");
        };
        let mut outlier = bell(1000, 0.01);
        outlier[17] = 0.2;
        for (method, slack) in [
            (ErrorMethod::Mse, 1.02),
            (ErrorMethod::Mae, 1.02),
            (ErrorMethod::Lp(3.0), 1.1),
        ] {
            check(&bell(27, 0.1), method, slack);
            check(&bell(500, 3.0), method, slack);
            check(&bell(4000, 1e-3), method, slack);
            check(&outlier, method, slack);
        }
    }

    /// One large weight that reads a channel of zeros must not take the levels of all others.
    #[test]
    fn weights_that_do_not_count_are_clipped() {
        let mut weights = bell(500, 0.1);
        let alone = search(&weights, WeightSettings::default());
        weights[17] = 60.0;
        let mut importance = vec![1.0; 500];
        importance[17] = 1e-6;
        let check = |importance: &[f32], from: f64, to: f64| {
            let (channels, importance) = ([weights.clone()], [importance.to_vec()]);
            let settings = WeightSettings::default();
            let none = AtomicBool::new(false);
            let found = thresholds(&channels, Some(&importance), Grid::TFLITE, &settings, &none);
            let found = found.unwrap()[0];
            assert!((from..=to).contains(&found), "{found}");
        };
        check(&importance, alone * 0.8, alone * 1.7);
        check(&[1.0; 500], 40.0, 80.0);
    }

    #[test]
    fn no_clipping_and_divergence_stay_near_the_largest_weight() {
        let weights = bell(4000, 0.1);
        let largest = weights.iter().fold(0.0f32, |m, weight| m.max(weight.abs()));
        let check = |method, error_method, from: f64, to: f64| {
            let settings = WeightSettings {
                method,
                error_method,
                ..WeightSettings::default()
            };
            let found = search(&weights, settings) / f64::from(largest);
            assert!((from..=to).contains(&found), "{error_method:?}: {found}");
        };
        check(WeightMethod::Symmetric, ErrorMethod::NoClipping, 1.0, 1.01);
        check(WeightMethod::PowerOfTwo, ErrorMethod::NoClipping, 1.0, 2.0);
        check(WeightMethod::Symmetric, ErrorMethod::Kl, 0.5, 1.2);
        check(WeightMethod::PowerOfTwo, ErrorMethod::Kl, 0.5, 2.0);
    }
}
