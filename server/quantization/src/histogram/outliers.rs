use super::counts::Histogram;

impl Histogram {
    /// This histogram without the values whose bins begin farther than `z_threshold` standard
    /// deviations from the mean. The edges stay.
    pub fn without_outliers(&self, z_threshold: f64) -> Self {
        let bins = || self.edges.iter().zip(&self.counts);
        let total: f64 = self.counts.iter().sum();
        let mean = bins().map(|(edge, count)| edge * count).sum::<f64>() / total;
        let variance = bins()
            .map(|(edge, count)| (edge - mean).powi(2) * count)
            .sum::<f64>()
            / total;
        let farthest = z_threshold * variance.sqrt();
        let counts = bins()
            // Not `>` turned around: with an undefined distance every value stays.
            .map(|(edge, &count)| {
                if (edge - mean).abs() > farthest {
                    0.0
                } else {
                    count
                }
            })
            .collect();
        Self {
            edges: self.edges.clone(),
            counts,
        }
    }

    /// Whether any value lies in a bin that begins below zero.
    pub(crate) fn is_signed(&self) -> bool {
        let mut bins = self.edges.iter().zip(&self.counts);
        bins.any(|(&edge, &count)| count > 0.0 && edge < 0.0)
    }

    /// Lower edge of the first and upper edge of the last bin with a value.
    pub fn extent(&self) -> Option<(f64, f64)> {
        let first = self.counts.iter().position(|&count| count > 0.0)?;
        let last = self.counts.iter().rposition(|&count| count > 0.0)?;
        Some((*self.edges.get(first)?, *self.edges.get(last + 1)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thousand values around zero and one far away.
    fn with_outlier(outlier: f64) -> Histogram {
        let body = (0..1000).map(|index| f64::from(index % 21) / 10.0 - 1.0);
        let (min, max) = (-1.0, outlier);
        let width = (max - min) / 2048.0;
        let mut counts = vec![0.0; 2048];
        for value in body.chain([outlier]) {
            counts[(((value - min) / width) as usize).min(2047)] += 1.0;
        }
        let edges = (0..=2048).map(|bin| min + f64::from(bin) * width).collect();
        Histogram { edges, counts }
    }

    #[test]
    fn what_lies_far_from_the_mean_goes() {
        let check = |z_threshold: f64, kept: f64, farthest: f64| {
            let filtered = with_outlier(1000.0).without_outliers(z_threshold);
            assert_eq!(filtered.counts.iter().sum::<f64>(), kept);
            let (_, highest) = filtered.extent().unwrap();
            assert!(highest <= farthest, "{highest}");
            assert_eq!(filtered.edges, with_outlier(1000.0).edges);
        };
        check(5.0, 1000.0, 2.0);
        check(f64::INFINITY, 1001.0, 1000.0);
    }

    #[test]
    fn sign_and_extent_are_those_of_counted_bins() {
        let check = |counts: &[f64], signed: bool, extent: Option<(f64, f64)>| {
            let histogram = Histogram {
                edges: vec![-1.0, -0.5, 0.0, 0.5],
                counts: counts.to_vec(),
            };
            assert_eq!(histogram.is_signed(), signed);
            assert_eq!(histogram.extent(), extent);
        };
        check(&[0.0, 0.0, 3.0], false, Some((0.0, 0.5)));
        check(&[0.0, 1.0, 3.0], true, Some((-0.5, 0.5)));
        check(&[2.0, 0.0, 0.0], true, Some((-1.0, -0.5)));
        check(&[0.0; 3], false, None);
    }
}
