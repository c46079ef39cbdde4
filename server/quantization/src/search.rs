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
    let mut best = (f64::INFINITY, covering);
    for threshold in candidates {
        let error = error(threshold);
        if error < best.0 {
            best = (error, threshold);
        }
    }
    best.1
}

/// The best threshold that sweeps around `start` come across.
pub(crate) fn best_threshold(start: f64, sweeps: Sweeps, mut error: impl FnMut(f64) -> f64) -> f64 {
    let mut best = (error(start), start);
    let mut current = start;
    let (mut lowest, mut highest) = (LOWEST, HIGHEST);
    for sweep in 0..sweeps.count {
        let (low, high) = (current * lowest, current * highest);
        let step = (high - low) / (INTERVALS - 1) as f64;
        let mut found = (f64::INFINITY, current);
        for interval in 0..INTERVALS {
            let candidate = if interval == INTERVALS - 1 {
                high
            } else {
                low + step * interval as f64
            };
            let error = error(candidate);
            if error < found.0 {
                found = (error, candidate);
            }
        }
        // The next sweep starts here even when an earlier choice was better: it may lead on.
        current = found.1;
        let gain = best.0 - found.0;
        if gain > 0.0 {
            best = found;
            if gain < TOLERANCE * found.0 {
                break;
            }
        }
        if sweep % sweeps.narrowing == 0 {
            lowest = (lowest * 1.02).min(0.97);
            highest = (highest * 0.98).max(1.03);
        }
    }
    best.1
}

/// The best range that sweeps over multiples of both ends come across, `samples` of each.
pub(crate) fn best_range(
    start: (f64, f64),
    samples: usize,
    sweeps: usize,
    mut error: impl FnMut(f64, f64) -> f64,
) -> (f64, f64) {
    let step = (HIGHEST - LOWEST) / (samples - 1) as f64;
    let multiples: Vec<f64> = (0..samples)
        .map(|sample| {
            if sample == samples - 1 {
                HIGHEST
            } else {
                LOWEST + step * sample as f64
            }
        })
        .collect();
    let mut best = (error(start.0, start.1), start);
    let mut current = start;
    for _ in 0..sweeps {
        let mut found = (f64::INFINITY, current);
        for low in multiples.iter().map(|multiple| multiple * current.0) {
            for high in multiples.iter().map(|multiple| multiple * current.1) {
                let error = error(low, high);
                if error < found.0 {
                    found = (error, (low, high));
                }
            }
            // Multiples of zero are all alike.
            if current.0 == 0.0 {
                break;
            }
        }
        current = found.1;
        let gain = best.0 - found.0;
        if gain > 0.0 {
            best = found;
            if gain < TOLERANCE * found.0 {
                break;
            }
        }
    }
    best.1
}
