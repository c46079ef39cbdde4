//! Coordinate descent over the levels of one output channel.

/// Added to the diagonal, as a share of its mean: other images are not exactly like these.
const DAMPING: f32 = 0.01;

/// Passes over all weights at most; ten are the rule.
const SWEEPS: usize = 30;

/// Chooses for each target, a weight in steps, the whole level below or above it so that the
/// squared error of the channel's output gets smaller than with `levels`. `moments` is a symmetric
/// matrix. A target that had to be clipped keeps its level.
pub(crate) fn descend(targets: &[f32], moments: &[f32], levels: &mut [i8]) {
    const LARGEST: f32 = 127.0;
    let size = targets.len();
    debug_assert_eq!((moments.len(), levels.len()), (size * size, size));
    let rows: Vec<&[f32]> = moments.chunks_exact(size.max(1)).collect();
    let diagonal: Vec<f32> = moments.iter().step_by(size + 1).copied().collect();
    let trace: f32 = diagonal.iter().sum();
    // False where it is not a number.
    if !(trace > 0.0 && trace.is_finite()) {
        return;
    }
    let mut gradient = Gradient {
        values: vec![0.0; size],
        damping: DAMPING * trace / size as f32,
    };
    for (tap, ((row, &target), &level)) in rows.iter().zip(targets).zip(&*levels).enumerate() {
        gradient.step(tap, row, f32::from(level) - target);
    }
    for _ in 0..SWEEPS {
        let mut changed = false;
        let weights = targets.iter().zip(levels.iter_mut());
        let moments = rows.iter().zip(&diagonal);
        for (tap, ((&target, stored), (row, moment))) in weights.zip(moments).enumerate() {
            // There is a derivative for every level.
            let Some(slope) = gradient.at(tap) else {
                break;
            };
            if target.is_nan() || target.abs() > LARGEST {
                continue;
            }
            let curvature = moment + gradient.damping;
            let level = f32::from(*stored);
            let best = (level - slope / curvature)
                .round_ties_even()
                .clamp(target.floor(), target.ceil());
            let change = best - level;
            if change * (2.0 * slope + change * curvature) < 0.0 {
                gradient.step(tap, row, change);
                *stored = best as i8;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
}

/// Half the derivative of the squared error with respect to each level.
struct Gradient {
    values: Vec<f32>,
    damping: f32,
}

impl Gradient {
    fn at(&self, tap: usize) -> Option<f32> {
        self.values.get(tap).copied()
    }

    /// Follows a step of a level, which has these moments with all others.
    fn step(&mut self, tap: usize, row: &[f32], step: f32) {
        for (value, moment) in self.values.iter_mut().zip(row) {
            *value += moment * step;
        }
        if let Some(value) = self.values.get_mut(tap) {
            *value += self.damping * step;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(targets: &[f32], moments: &[f32], levels: &[i8]) -> f64 {
        let size = targets.len();
        let errors: Vec<f64> = targets
            .iter()
            .zip(levels)
            .map(|(&target, &level)| f64::from(level) - f64::from(target))
            .collect();
        (0..size * size)
            .map(|at| f64::from(moments[at]) * errors[at / size] * errors[at % size])
            .sum()
    }

    #[test]
    fn errors_of_weights_that_see_the_same_cancel_out() {
        // Both inputs are always equal, so one weight up and one down is right.
        let mut levels = [0, 0];
        descend(&[0.4, 0.4], &[1.0; 4], &mut levels);
        assert_eq!(levels.iter().sum::<i8>(), 1);
        // Inputs that have nothing to do with each other keep the nearest levels.
        let mut levels = [0, 0];
        descend(&[0.4, 0.4], &[1.0, 0.0, 0.0, 1.0], &mut levels);
        assert_eq!(levels, [0, 0]);
    }

    #[test]
    fn no_exchange_of_a_single_level_is_better() {
        const SIZE: usize = 12;
        let value = |seed: usize| ((seed * 7919 + 13) % 101) as f32 / 101.0;
        let inputs: Vec<Vec<f32>> = (0..40)
            .map(|row| {
                let common = value(row);
                let own = |tap: usize| common + 0.5 * value(row * SIZE + tap);
                (0..SIZE).map(own).collect()
            })
            .collect();
        let product = |a: usize, b: usize| inputs.iter().map(|row| row[a] * row[b]).sum::<f32>();
        let moments: Vec<f32> = (0..SIZE * SIZE)
            .map(|at| product(at / SIZE, at % SIZE))
            .collect();
        let targets: Vec<f32> = (0..SIZE).map(|tap| 20.0 * value(tap + 5) - 10.0).collect();
        let nearest: Vec<i8> = targets.iter().map(|t| t.round_ties_even() as i8).collect();
        let mut levels = nearest.clone();
        descend(&targets, &moments, &mut levels);
        let found = error(&targets, &moments, &levels);
        assert!(found < 0.25 * error(&targets, &moments, &nearest));
        for tap in 0..SIZE {
            assert!((f32::from(levels[tap]) - targets[tap]).abs() < 1.0);
            for level in [targets[tap].floor() as i8, targets[tap].ceil() as i8] {
                let mut other = levels.clone();
                other[tap] = level;
                // The damping may decide between levels that are nearly equal.
                assert!(error(&targets, &moments, &other) > 0.9 * found);
            }
        }
    }

    #[test]
    fn clipped_weights_stay_and_nothing_seen_changes_nothing() {
        let mut levels = [127, -127, 3];
        descend(&[140.2, -130.0, 2.6], &[1.0; 9], &mut levels);
        assert_eq!(levels[..2], [127, -127]);
        for moments in [[0.0; 4], [f32::NAN; 4], [f32::INFINITY; 4]] {
            let mut levels = [1, 2];
            descend(&[1.4, 1.6], &moments, &mut levels);
            assert_eq!(levels, [1, 2]);
        }
        descend(&[], &[], &mut []);
    }
}
