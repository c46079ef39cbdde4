//! One-dimensional and two-dimensional searches for the parameters of a quantizer, as Sony's Model
//! Compression Toolkit does them. Errors have many local minima, so that a derivative would be of
//! no use; a search sweeps over multiples of its last choice.

/// Share of the error that a sweep has to gain for a further one to be worth its time. The original
/// stops at 1e-11 whatever the scale, which is at once for a kernel of small weights.
const TOLERANCE: f64 = 1e-6;

/// Multiples of the last choice that a sweep begins and ends with.
const LOWEST: f64 = 0.7;
const HIGHEST: f64 = 1.2;

/// Number of candidates in one sweep of a line search.
const INTERVALS: usize = 30;

/// Extent of a line search.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sweeps {
    /// Largest number of sweeps.
    pub(crate) count: usize,
    /// Number of sweeps after which they become narrower.
    pub(crate) narrowing: usize,
}

/// The power of two that `value` does not exceed.
pub(crate) fn covering_power_of_two(value: f64) -> f64 {
    value.log2().ceil().exp2()
}

/// The best of twice `covering` and its `count - 1` halvings that are no smaller than `smallest`;
/// the largest of equals wins.
pub(crate) fn best_power_of_two(
    covering: f64,
    count: i32,
    smallest: f64,
    mut error: impl FnMut(f64) -> f64,
) -> f64 {
    let candidates = (0..count)
        .map(|halvings| 2.0 * covering / f64::from(halvings).exp2())
        .take_while(|&threshold| threshold >= smallest);
    let mut best = Choice::new(f64::INFINITY, covering);
    for threshold in candidates {
        best.take(error(threshold), threshold);
    }
    best.parameter
}

/// The best threshold that sweeps around `start` come across.
pub(crate) fn best_threshold(start: f64, sweeps: Sweeps, mut error: impl FnMut(f64) -> f64) -> f64 {
    let mut best = Choice::new(error(start), start);
    let mut current = start;
    let (mut lowest, mut highest) = (LOWEST, HIGHEST);
    for sweep in 0..sweeps.count {
        let mut found = Choice::new(f64::INFINITY, current);
        for candidate in spaced(current * lowest, current * highest, INTERVALS) {
            found.take(error(candidate), candidate);
        }
        // The next sweep starts here even when an earlier choice was better: it may lead on.
        current = found.parameter;
        if best.improve(found) {
            break;
        }
        if sweep % sweeps.narrowing == 0 {
            lowest = (lowest * 1.02).min(0.97);
            highest = (highest * 0.98).max(1.03);
        }
    }
    best.parameter
}

/// The best range that sweeps over multiples of both ends come across, `samples` of each.
pub(crate) fn best_range(
    start: (f64, f64),
    samples: usize,
    sweeps: usize,
    mut error: impl FnMut(f64, f64) -> f64,
) -> (f64, f64) {
    let multiples: Vec<f64> = spaced(LOWEST, HIGHEST, samples).collect();
    let mut best = Choice::new(error(start.0, start.1), start);
    let mut current = start;
    for _ in 0..sweeps {
        let mut found = Choice::new(f64::INFINITY, current);
        for low in multiples.iter().map(|multiple| multiple * current.0) {
            for high in multiples.iter().map(|multiple| multiple * current.1) {
                found.take(error(low, high), (low, high));
            }
            // Multiples of zero are all alike.
            if current.0 == 0.0 {
                break;
            }
        }
        current = found.parameter;
        if best.improve(found) {
            break;
        }
    }
    best.parameter
}

/// A parameter of a quantizer, and its error.
struct Choice<T> {
    error: f64,
    parameter: T,
}

impl<T> Choice<T> {
    fn new(error: f64, parameter: T) -> Self {
        Self { error, parameter }
    }

    /// Takes a parameter with a smaller error; the first of equals stays.
    fn take(&mut self, error: f64, parameter: T) {
        if error < self.error {
            *self = Self { error, parameter };
        }
    }

    /// Takes what a sweep has found, if that is better. Whether it is so little better that no
    /// further sweep is worth its time.
    fn improve(&mut self, found: Self) -> bool {
        let gain = self.error - found.error;
        let is_small = gain < TOLERANCE * found.error;
        let is_gain = gain > 0.0;
        if is_gain {
            *self = found;
        }
        is_gain && is_small
    }
}

/// So many values at equal distances, `low` and `high` among them.
fn spaced(low: f64, high: f64, count: usize) -> impl Iterator<Item = f64> {
    let step = (high - low) / (count - 1) as f64;
    (0..count).map(move |position| match position + 1 == count {
        true => high,
        false => low + step * position as f64,
    })
}
