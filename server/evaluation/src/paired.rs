use crate::fraction;

/// Quantile of the standard normal distribution for a two-sided interval of 95 %.
const QUANTILE: f64 = 1.959_963_984_540_054;

/// How often two models name the same images right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PairedAccuracy {
    /// Images that both name right.
    pub both: usize,
    /// Images that the first alone names right.
    pub first_only: usize,
    /// Images that the second alone names right.
    pub second_only: usize,
    /// Images that neither names right.
    pub neither: usize,
}

impl PairedAccuracy {
    /// Counts images, for each of which it is known whether the first and the second model are right.
    pub fn of(answers: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let mut counted = Self::default();
        for answer in answers {
            *match answer {
                (true, true) => &mut counted.both,
                (true, false) => &mut counted.first_only,
                (false, true) => &mut counted.second_only,
                (false, false) => &mut counted.neither,
            } += 1;
        }
        counted
    }

    /// Number of images.
    pub fn images(&self) -> usize {
        self.both + self.first_only + self.second_only + self.neither
    }

    /// Top-1 accuracy of the first model, in [0, 1].
    pub fn first(&self) -> f64 {
        fraction(self.both + self.first_only, self.images())
    }

    /// Top-1 accuracy of the second model, in [0, 1].
    pub fn second(&self) -> f64 {
        fraction(self.both + self.second_only, self.images())
    }

    /// What the second model loses against the first, in [-1, 1].
    pub fn loss(&self) -> f64 {
        let images = self.images().max(1) as f64;
        (self.first_only as f64 - self.second_only as f64) / images
    }

    /// The 95 % interval of that loss on other images of the kind: Newcombe's method 10 (Statistics in
    /// Medicine 17, 1998, 2635), which holds for few images and for few that the models differ on.
    pub fn loss_interval(&self) -> [f64; 2] {
        let images = self.images() as f64;
        if images == 0.0 {
            return [-1.0, 1.0];
        }
        let (first, second) = (self.first(), self.second());
        let [first_low, first_high] = wilson(first, images);
        let [second_low, second_high] = wilson(second, images);
        let correlation = self.correlation();
        let distance = |a: f64, b: f64| (a * a - 2.0 * correlation * a * b + b * b).max(0.0).sqrt();
        [
            self.loss() - distance(first - first_low, second_high - second),
            self.loss() + distance(first_high - first, second - second_low),
        ]
    }

    /// Correlation of the models' answers, with the correction for continuity of method 10.
    fn correlation(&self) -> f64 {
        let [both, first, second, neither] =
            [self.both, self.first_only, self.second_only, self.neither].map(|count| count as f64);
        let margins = (both + first) * (second + neither) * (both + second) * (first + neither);
        if margins == 0.0 {
            return 0.0;
        }
        let product = both * neither - first * second;
        let half = (both + first + second + neither) / 2.0;
        let corrected = match product {
            product if product > half => product - half,
            product if product < 0.0 => product,
            _ => 0.0,
        };
        corrected / margins.sqrt()
    }
}

/// Wilson's 95 % interval of a fraction.
fn wilson(fraction: f64, count: f64) -> [f64; 2] {
    let squared = QUANTILE * QUANTILE;
    let center = fraction + squared / (2.0 * count);
    let variance = fraction * (1.0 - fraction) / count + squared / (4.0 * count * count);
    [-1.0, 1.0].map(|sign| {
        ((center + sign * QUANTILE * variance.sqrt()) / (1.0 + squared / count)).clamp(0.0, 1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(
        both: usize,
        first_only: usize,
        second_only: usize,
        neither: usize,
    ) -> PairedAccuracy {
        PairedAccuracy {
            both,
            first_only,
            second_only,
            neither,
        }
    }

    #[test]
    fn answers_are_counted_in_pairs() {
        let answers = [(true, true), (true, false), (true, false), (false, true)];
        let counted = PairedAccuracy::of(answers);
        assert_eq!(counted, counts(1, 2, 1, 0));
        assert_eq!(counted.images(), 4);
        assert_eq!((counted.first(), counted.second()), (0.75, 0.5));
        assert_eq!(counted.loss(), 0.25);
    }

    #[test]
    fn the_interval_is_that_of_newcombe() {
        // The first example of the paper's table III.
        let [low, high] = counts(36, 12, 2, 0).loss_interval();
        assert!((low - 0.0569).abs() < 1e-4, "{low}");
        assert!((high - 0.3404).abs() < 1e-4, "{high}");
    }

    #[test]
    fn few_images_prove_nothing() {
        let [low, high] = counts(20, 0, 0, 0).loss_interval();
        assert!(low < -0.1 && high > 0.1, "{low} {high}");
        // Nor do many where none differs, but they say more.
        let [low, high] = counts(900, 0, 0, 100).loss_interval();
        assert!(
            (-0.01..0.0).contains(&low) && (0.0..0.01).contains(&high),
            "{low} {high}"
        );
        assert_eq!(PairedAccuracy::default().loss_interval(), [-1.0, 1.0]);
    }
}
