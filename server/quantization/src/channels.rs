//! Moments of the channels of a tensor.

/// Mean and variance of the channels of a tensor, over all positions and images.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChannelMoments {
    /// Mean of each channel.
    pub means: Vec<f64>,
    /// Variance of each channel; empty where it was not asked for.
    pub variances: Vec<f64>,
    /// Smallest and largest value in each channel; empty where they were not asked for.
    pub ranges: Vec<[f64; 2]>,
}

/// Sums over each channel and the number of positions.
#[derive(Debug, Clone)]
pub(crate) struct ChannelSums {
    sums: Vec<f64>,
    /// Sums of squares; empty where no variance is asked for.
    squares: Vec<f64>,
    /// Smallest and largest values; empty where none is asked for.
    ranges: Vec<[f32; 2]>,
    count: f64,
}

/// Rows summed in `f32` before they join the `f64` total: short enough to lose nothing that
/// matters, long enough to be cheap.
const ROWS: usize = 32;

/// Range of a channel without values.
const NOTHING_SEEN: [f32; 2] = [f32::INFINITY, f32::NEG_INFINITY];

impl ChannelSums {
    pub(crate) fn new(channels: usize, variances: bool, ranges: bool) -> Self {
        Self {
            sums: vec![0.0; channels],
            squares: vec![0.0; if variances { channels } else { 0 }],
            ranges: vec![NOTHING_SEEN; if ranges { channels } else { 0 }],
            count: 0.0,
        }
    }

    pub(crate) fn add(&mut self, values: &[f32], weight: u32) {
        let channels = self.sums.len().max(1);
        let weight = f64::from(weight);
        let mut partial = vec![0.0f32; channels];
        let mut add = |rows: &[f32], totals: &mut [f64], term: fn(f32) -> f32| {
            partial.fill(0.0);
            for row in rows.chunks_exact(channels) {
                for (sum, &value) in partial.iter_mut().zip(row) {
                    *sum += term(value);
                }
            }
            for (total, &partial) in totals.iter_mut().zip(&partial) {
                *total += f64::from(partial) * weight;
            }
        };
        for rows in values.chunks(ROWS * channels) {
            add(rows, &mut self.sums, |value| value);
            if !self.squares.is_empty() {
                add(rows, &mut self.squares, |value| value * value);
            }
        }
        if !self.ranges.is_empty() {
            for row in values.chunks_exact(channels) {
                for ([smallest, largest], &value) in self.ranges.iter_mut().zip(row) {
                    *smallest = smallest.min(value);
                    *largest = largest.max(value);
                }
            }
        }
        self.count += (values.len() / channels) as f64 * weight;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (sum, other) in self.sums.iter_mut().zip(&other.sums) {
            *sum += other;
        }
        for (sum, other) in self.squares.iter_mut().zip(&other.squares) {
            *sum += other;
        }
        for (range, other) in self.ranges.iter_mut().zip(&other.ranges) {
            *range = [range[0].min(other[0]), range[1].max(other[1])];
        }
        self.count += other.count;
    }

    pub(crate) fn moments(&self) -> ChannelMoments {
        let count = self.count.max(1.0);
        let means: Vec<f64> = self.sums.iter().map(|sum| sum / count).collect();
        let squares = self.squares.iter().zip(&means);
        ChannelMoments {
            variances: squares
                .map(|(square, mean)| (square / count - mean * mean).max(0.0))
                .collect(),
            means,
            ranges: self
                .ranges
                .iter()
                .map(|range| range.map(f64::from))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_count_weights() {
        let mut sums = ChannelSums::new(2, true, true);
        sums.add(&[1.0, 10.0, 3.0, 30.0], 1);
        sums.add(&[8.0, 80.0], 2);
        let moments = sums.moments();
        assert_eq!(moments.means, [5.0, 50.0]);
        assert_eq!(moments.variances, [9.5, 950.0]);
        let mut other = ChannelSums::new(2, true, true);
        other.add(&[5.0, 50.0], 4);
        sums.merge(&other);
        assert_eq!(moments.ranges, [[1.0, 8.0], [10.0, 80.0]]);
        assert_eq!(sums.moments().means, [5.0, 50.0]);
        assert_eq!(sums.moments().variances, [4.75, 475.0]);
        let mut means = ChannelSums::new(1, false, false);
        means.add(&[1.0, 3.0], 1);
        assert_eq!(means.moments().means, [2.0]);
        assert!(means.moments().variances.is_empty());
        assert!(means.moments().ranges.is_empty());
    }
}
