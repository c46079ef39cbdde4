//! Whether a change made a model better.

/// How much smaller the noise of a model got by a change, in dB for each image: the squared errors
/// of images differ by orders of magnitude, and a sum would let a few decide.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NoiseGain {
    /// Mean over images.
    pub mean: f64,
    /// Standard error of the mean.
    pub standard_error: f64,
    /// Sum of the squared errors after the change, as a share of the sum before it.
    pub share: f64,
}

/// By how much the sum of squared errors may grow while images get better in the mean.
const TOLERATED: f64 = 1.02;

impl NoiseGain {
    /// Compares the squared errors of the same images before and after a change. `None` where
    /// there are fewer than two images, or different numbers of them.
    pub fn of(before: &[f64], after: &[f64]) -> Option<Self> {
        if before.len() != after.len() || before.len() < 2 {
            return None;
        }
        // Errors of zero have no logarithm.
        let level = |error: &f64| 10.0 * error.max(f64::MIN_POSITIVE).log10();
        let pairs = before.iter().zip(after);
        let gains: Vec<f64> = pairs.map(|(a, b)| level(a) - level(b)).collect();
        let count = gains.len() as f64;
        let mean = gains.iter().sum::<f64>() / count;
        let squares: f64 = gains.iter().map(|gain| (gain - mean).powi(2)).sum();
        let sum = |errors: &[f64]| errors.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        Some(Self {
            mean,
            standard_error: (squares / (count - 1.0) / count).sqrt(),
            share: sum(after) / sum(before),
        })
    }

    /// Whether images got better by more than so many standard errors, and the sum of squared
    /// errors hardly worse.
    pub fn exceeds(&self, standard_errors: f64) -> bool {
        self.mean > standard_errors * self.standard_error && self.share < TOLERATED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_are_in_decibels_of_each_image() {
        let gain = NoiseGain::of(&[1.0, 1000.0, 10.0], &[0.1, 100.0, 1.0]).unwrap();
        assert!((gain.mean - 10.0).abs() < 1e-9 && gain.standard_error < 1e-9);
        assert!((gain.share - 0.1).abs() < 1e-9);
        assert!(gain.exceeds(2.0));
        // 0 dB and 20 dB: the standard error is 10 dB.
        let gain = NoiseGain::of(&[1.0, 100.0], &[1.0, 1.0]).unwrap();
        assert!((gain.mean - 10.0).abs() < 1e-9);
        assert!((gain.standard_error - 10.0).abs() < 1e-9);
        assert!(gain.exceeds(0.9) && !gain.exceeds(1.1));
    }

    #[test]
    fn one_image_that_gets_much_worse_forbids_a_change() {
        let gain = NoiseGain::of(&[1.0, 1.0, 1.0], &[0.1, 0.1, 9.0]).unwrap();
        assert!(gain.mean > 0.0 && !gain.exceeds(0.0));
        assert_eq!(NoiseGain::of(&[1.0], &[0.5]), None);
        assert_eq!(NoiseGain::of(&[1.0, 2.0], &[0.5]), None);
        assert!(
            !NoiseGain::of(&[0.0, 0.0], &[0.0, 0.0])
                .unwrap()
                .exceeds(0.0)
        );
    }
}
