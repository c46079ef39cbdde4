use super::counts::Histogram;

impl Histogram {
    /// The smallest magnitude that `percentage` of the values do not exceed; values are evenly
    /// spread within a bin. `percentage` is above 0 and at most 100.
    pub fn magnitude_percentile(&self, percentage: f64) -> f64 {
        let wanted = self.total() * percentage / 100.0;
        let mut magnitudes: Vec<f64> = self.edges.iter().map(|edge| edge.abs()).collect();
        magnitudes.push(0.0);
        magnitudes.sort_by(f64::total_cmp);
        let within = |magnitude: f64| self.below(magnitude) - self.below(-magnitude);
        crossing(&magnitudes, wanted, within)
    }

    /// The ends between which `percentage` of the values lie, with as many values below as above.
    /// `percentage` is above 0 and at most 100.
    pub(crate) fn central_interval(&self, percentage: f64) -> (f64, f64) {
        let total = self.total();
        let cut = total * (100.0 - percentage) / 200.0;
        let low = match cut > 0.0 {
            true => crossing(&self.edges, cut, |edge| self.below(edge)),
            // Nothing is cut, not even the empty bins' share of rounding.
            false => self.extent().map_or(0.0, |(low, _)| low),
        };
        (
            low,
            crossing(&self.edges, total - cut, |edge| self.below(edge)),
        )
    }

    fn total(&self) -> f64 {
        self.counts.iter().sum()
    }

    /// Number of values below `value`.
    fn below(&self, value: f64) -> f64 {
        let position = self.edges.partition_point(|&edge| edge <= value);
        let Some(bin) = position.checked_sub(1) else {
            return 0.0;
        };
        let whole: f64 = self.counts.iter().take(bin).sum();
        match self.bins().nth(bin) {
            Some(([start, end], count)) => whole + count * (value - start) / (end - start),
            None => whole,
        }
    }
}

/// Where a function that grows linearly between ascending points reaches `wanted` first; the last
/// point where rounding keeps it below. Zero without points.
fn crossing(points: &[f64], wanted: f64, function: impl Fn(f64) -> f64) -> f64 {
    // Each evaluation sums up to all bins, so that only some are made.
    let position = points.partition_point(|&point| function(point) < wanted);
    let start = position.checked_sub(1).and_then(|start| points.get(start));
    match (start, points.get(position)) {
        (Some(&start), Some(&end)) => {
            let (before, after) = (function(start), function(end));
            start + (end - start) * (wanted - before) / (after - before)
        }
        (Some(&only), None) | (None, Some(&only)) => only,
        (None, None) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2048 bins over `[low, high]` with as many values in each as `count` says of its middle.
    fn histogram(low: f64, high: f64, count: impl Fn(f64) -> f64) -> Histogram {
        let width = (high - low) / 2048.0;
        let edges: Vec<f64> = (0..=2048).map(|bin| low + f64::from(bin) * width).collect();
        let counts = edges[..2048]
            .iter()
            .map(|edge| count(edge + width / 2.0))
            .collect();
        Histogram { edges, counts }
    }

    #[test]
    fn the_given_share_of_values_lies_within() {
        let check = |low: f64, high: f64, percentage: f64, magnitude: f64, ends: (f64, f64)| {
            let even = histogram(low, high, |_| 1.0);
            let found = even.magnitude_percentile(percentage);
            assert!((found - magnitude).abs() < 1e-9, "{percentage}: {found}");
            let found = even.central_interval(percentage);
            let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
            assert!(
                near(found.0, ends.0) && near(found.1, ends.1),
                "{percentage}: {found:?}"
            );
        };
        check(0.0, 10.0, 90.0, 9.0, (0.5, 9.5));
        check(0.0, 10.0, 99.99, 9.999, (0.0005, 9.9995));
        check(-10.0, 10.0, 90.0, 9.0, (-9.0, 9.0));
        // Of the larger side alone: 3 of 4 values lie in [-2, 1], 9 of 10 in [-2.6, 1].
        check(-3.0, 1.0, 75.0, 2.0, (-2.5, 0.5));
        check(-3.0, 1.0, 100.0, 3.0, (-3.0, 1.0));
        check(-9.0, -1.0, 75.0, 7.0, (-8.0, -2.0));
    }

    #[test]
    fn all_values_are_those_between_bins_that_count() {
        let middle = histogram(-8.0, 8.0, |value| f64::from(u8::from(value.abs() < 2.0)));
        assert_eq!(middle.magnitude_percentile(100.0), 2.0);
        assert_eq!(middle.central_interval(100.0), (-2.0, 2.0));
        let one = histogram(-8.0, 8.0, |value| f64::from(u8::from(value > 7.99)));
        assert!(one.magnitude_percentile(99.0) > 7.98);
    }
}
