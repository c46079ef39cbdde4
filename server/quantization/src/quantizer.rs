/// Rounds real numbers to an evenly spaced grid, as storing them in a few bits does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Quantizer {
    low: f64,
    high: f64,
    step: f64,
}

impl Quantizer {
    /// `[-threshold, threshold)` if `signed`, `[0, threshold)` otherwise, in `2^bits` levels.
    pub(crate) fn symmetric(threshold: f64, signed: bool, bits: u32) -> Self {
        let levels = f64::from(bits).exp2();
        let low = if signed { -threshold } else { 0.0 };
        let step = (threshold - low) / levels;
        Self {
            low,
            high: threshold - step,
            step,
        }
    }

    /// `[low, high]` in `2^bits` levels, moved by at most half a step so that zero is one of them;
    /// a range beside zero is widened up to it.
    pub(crate) fn uniform(low: f64, high: f64, bits: u32) -> Self {
        let steps = f64::from(bits).exp2() - 1.0;
        let (low, high) = (low.min(0.0), high.max(0.0));
        let step = (high - low) / steps;
        let nudged = step * (low / step).round_ties_even();
        Self {
            low: nudged,
            high: high - low + nudged,
            step,
        }
    }

    /// The nearest level; of two equally near ones the even one, counted from the lowest.
    pub(crate) fn round(&self, value: f64) -> f64 {
        // Adding and taking away 1.5 * 2^52 rounds to the nearest integer, ties to even, and
        // unlike a call to the rounding function is vectorized on every processor.
        const ROUND: f64 = 6_755_399_441_055_744.0;
        let level = (value.clamp(self.low, self.high) - self.low) / self.step + ROUND - ROUND;
        level * self.step + self.low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_to_the_nearest_level() {
        let check = |quantizer: Quantizer, value: f64, expected: f64| {
            let rounded = quantizer.round(value);
            assert!((rounded - expected).abs() < 1e-12, "{value}: {rounded}");
        };
        let signed = Quantizer::symmetric(1.0, true, 8);
        check(signed, 0.0, 0.0);
        check(signed, 0.3, 38.0 / 128.0);
        check(signed, 5.0, 127.0 / 128.0);
        check(signed, -5.0, -1.0);
        let unsigned = Quantizer::symmetric(1.0, false, 8);
        check(unsigned, -0.5, 0.0);
        check(unsigned, 0.999, 255.0 / 256.0);
        let uniform = Quantizer::uniform(-0.28, 4.0, 8);
        check(uniform, 0.0, 0.0);
        check(uniform, 9.0, uniform.low + 255.0 * uniform.step);
        check(Quantizer::uniform(1.0, 255.0, 8), 0.3, 0.0);
        check(Quantizer::uniform(-255.0, -1.0, 8), -0.3, 0.0);
    }

    #[test]
    fn a_range_keeps_its_width_when_zero_becomes_a_level() {
        let check = |low: f64, high: f64| {
            let quantizer = Quantizer::uniform(low, high, 8);
            let zero = -quantizer.low / quantizer.step;
            assert!((zero - zero.round()).abs() < 1e-9, "{zero}");
            assert!((quantizer.step * 255.0 - (high - low)).abs() < 1e-12);
            assert!((quantizer.low - low).abs() <= quantizer.step / 2.0 + 1e-12);
        };
        check(-1.0, 1.0);
        check(-0.2785, 7.3);
        check(-3.0, 0.001);
    }
}
