//! Moments of the channels of a tensor.

/// Mean and variance of the channels of a tensor, over all positions and images.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChannelMoments {
    /// Mean of each channel.
    pub means: Vec<f64>,
    /// Variance of each channel; empty where it was not asked for.
    pub variances: Vec<f64>,
    /// Largest magnitude in each channel; empty where it was not asked for.
    pub largest: Vec<f64>,
}

/// Sums over each channel and the number of positions.
#[derive(Debug, Clone)]
pub(crate) struct ChannelSums {
    sums: Vec<f64>,
    /// Sums of squares; empty where no variance is asked for.
    squares: Vec<f64>,
    /// Largest magnitudes; empty where none is asked for.
    largest: Vec<f32>,
    count: f64,
}

/// Rows summed in `f32` before they join the `f64` total: short enough to lose nothing that
/// matters, long enough to be cheap.
const ROWS: usize = 32;

impl ChannelSums {
    pub(crate) fn new(channels: usize, variances: bool, largest: bool) -> Self {
        Self {
            sums: vec![0.0; channels],
            squares: vec![0.0; if variances { channels } else { 0 }],
            largest: vec![0.0; if largest { channels } else { 0 }],
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
        if !self.largest.is_empty() {
            for row in values.chunks_exact(channels) {
                for (largest, value) in self.largest.iter_mut().zip(row) {
                    *largest = largest.max(value.abs());
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
        for (largest, other) in self.largest.iter_mut().zip(&other.largest) {
            *largest = largest.max(*other);
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
            largest: self.largest.iter().copied().map(f64::from).collect(),
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
        assert_eq!(moments.largest, [8.0, 80.0]);
        assert_eq!(sums.moments().means, [5.0, 50.0]);
        assert_eq!(sums.moments().variances, [4.75, 475.0]);
        let mut means = ChannelSums::new(1, false, false);
        means.add(&[1.0, 3.0], 1);
        assert_eq!(means.moments().means, [2.0]);
        assert!(means.moments().variances.is_empty());
        assert!(means.moments().largest.is_empty());
    }
}
